//! Decisions as pure functions: where a request goes, and what happens to a release.
//!
//! Nothing here reads a clock, rolls dice, opens a file or logs. Time, randomness and facts are
//! arguments, so every decision can be replayed from its inputs.

pub mod attempt;
pub mod book;
pub mod evidence;
pub mod limit;
pub mod money;
pub mod price;
pub mod release;
pub mod retry;
pub mod rollout;
pub mod route;
pub mod side;

pub use side::{Share, Side};
