//! Is green worse than blue? Evidence that may be looked at after every request.
//!
//! A request goes to green with a known probability `w`. If green is no worse than blue, then
//! whatever was observed about the request says nothing about the side it went to, so the side is
//! still a coin with that probability. A bet against that coin has a fair price; wealth won with
//! such bets is evidence, and the chance that it ever reaches `1 / alpha` is at most `alpha`: for
//! ever-changing weights, and whatever happens to both sides alike (outages, load, time of day).
//!
//! `label` holds the prices, `mixture` the wealth, `rank` turns a measurement into its place among
//! blue's, `counted` and `engine` keep one wealth for each stream, `stream` says when a stream
//! acts, `units` counts a unit that stays on its side once, `guard` is the alarm for weights at
//! which the side of a request says little, `window` the plain limits for those who want them.

mod counted;
mod draw;
mod engine;
mod guard;
mod label;
mod mixture;
mod numbers;
mod rank;
mod stream;
mod units;
mod window;

pub use counted::WARM_BLUE;
pub use draw::Draw;
pub use engine::{Engine, SLOW_QUANTILE};
pub use guard::{Guard, tolerated_failure_rate};
pub use label::{
    ERROR_RATIOS, GUARD_MULTIPLES, TAIL_RATIOS, WITNESS_STAKES, Witness, WitnessStake, effective_weight,
    error_prices, guard_prices, likelihood_ratio, rank_prices, rank_ratios, tail_prices, witness_prices,
};
pub use mixture::{Mixture, Tally};
pub use numbers::Numbers;
pub use rank::BlueRank;
pub use stream::{Action, Finding, Metric, Metrics, Standing, Stream, Streams};
pub use units::{FirstOfUnit, UnitEvent};
pub use window::{InWindow, Limits, TOLERATED_SLOW, Window};
