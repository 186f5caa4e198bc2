//! One wealth for each stream, fed with observations.
//!
//! Times are seconds since the rollout began and only mark windows. The caller leaves out forced
//! requests, probes, retries, rescues, the gateway's own refusals, clients that left before blue's
//! 95th percentile, and all but a unit's first failure, first latency and so on.

use crate::Side;

use super::counted::{Cases, Ranked, WARM_BLUE};
use super::draw::Draw;
use super::label::{Witness, error_prices, tail_prices, witness_prices};
use super::mixture::{Mixture, Tally};
use super::stream::Stream;

/// A request is slow once it is older than this part of blue's first bytes.
pub const SLOW_QUANTILE: f64 = 0.95;

/// Patience of the trickle: rare events (failures) have little of it, frequent ones more.
mod patience {
    pub(super) const ERROR: f64 = 20.0;
    pub(super) const HARD: f64 = 200.0;
    pub(super) const RANKED: f64 = 200.0;
    pub(super) const TAIL: f64 = 50.0;
}

#[derive(Clone, Debug, PartialEq)]
pub struct Engine {
    pub(super) error: Cases<4>,
    /// The same failures, bet the other way round: is blue the worse side?
    pub(super) blue_error: Mixture<4>,
    /// "Blue" counts the requests that it got because green had failed them.
    pub(super) hard: Cases<4>,
    pub(super) tail: Cases<3>,
    pub(super) latency: Ranked<256>,
    pub(super) time_per_output_token: Ranked<64>,
    pub(super) cost: Ranked<64>,
    pub(super) output_length: Ranked<64>,
}

impl Default for Engine {
    fn default() -> Engine {
        Engine {
            error: Cases::new(patience::ERROR),
            blue_error: Mixture::new(patience::ERROR),
            hard: Cases::new(patience::HARD),
            tail: Cases::new(patience::TAIL),
            // Seconds: from a local answer to the longest that anybody waits.
            latency: Ranked::new(patience::RANKED, 0.001, 600.0),
            // Seconds: from 10,000 tokens a second to one in 10 s.
            time_per_output_token: Ranked::new(patience::RANKED, 0.0001, 10.0),
            // US dollars: from one cheap token to a book by the dearest model.
            cost: Ranked::new(patience::RANKED, 0.000_000_01, 10.0),
            // Tokens.
            output_length: Ranked::new(patience::RANKED, 1.0, 1_000_000.0),
        }
    }
}

impl Engine {
    /// To be called at every change of green's weight.
    pub fn weight_changed(&mut self) {
        for mixture in [
            &mut self.error.mixture,
            &mut self.blue_error,
            &mut self.hard.mixture,
        ] {
            mixture.weight_changed();
        }
        for mixture in [
            &mut self.tail.mixture,
            &mut self.latency.mixture,
            &mut self.time_per_output_token.mixture,
            &mut self.cost.mixture,
            &mut self.output_length.mixture,
        ] {
            mixture.weight_changed();
        }
    }

    /// How a request's first attempt ended.
    pub fn outcome(&mut self, draw: Draw, failed: bool, at: f64) {
        let before = self.error.count(draw.side, failed, at);
        if failed {
            let weight = draw.weight();
            self.error.mixture.settle(error_prices(draw.side, weight), before);
            let (side, weight) = draw.turned();
            self.blue_error.settle(error_prices(side, weight), before);
        }
    }

    /// What became of a request of green's, where blue could have taken it over.
    pub fn witnessed(&mut self, seen: Witness, at: f64) {
        let before = self.hard.count(Side::Green, seen != Witness::GreenOk, at);
        if seen != Witness::GreenOk {
            self.hard.count(Side::Blue, seen == Witness::BothFailed, at);
        }
        self.hard.mixture.settle(witness_prices(seen), before);
    }

    /// Seconds to the first byte of a success.
    pub fn first_byte(&mut self, draw: Draw, seconds: f64, at: f64) {
        self.latency
            .measure(draw.side, draw.weight_if_drawn(), seconds, at);
    }

    /// Once per request: when its age reaches the `slow_after` that held at its start (`slow`), or
    /// when its first byte came before that.
    pub fn aged(&mut self, draw: Draw, slow: bool, at: f64) {
        let before = self.tail.count(draw.side, slow, at);
        if slow {
            let prices = tail_prices(draw.side, draw.weight_if_drawn());
            self.tail.mixture.settle(prices, before);
        }
    }

    pub fn time_per_output_token(&mut self, draw: Draw, seconds: f64, at: f64) {
        let weight = draw.weight_if_drawn();
        self.time_per_output_token.measure(draw.side, weight, seconds, at);
    }

    pub fn cost(&mut self, draw: Draw, usd: f64, at: f64) {
        self.cost.measure(draw.side, draw.weight_if_drawn(), usd, at);
    }

    pub fn output_tokens(&mut self, draw: Draw, tokens: f64, at: f64) {
        let weight = draw.weight_if_drawn();
        self.output_length.measure(draw.side, weight, tokens, at);
    }

    /// Age in seconds at which a request that starts now is slow; infinite until blue is known.
    pub fn slow_after(&self) -> f64 {
        if self.latency.counts.blue_n < WARM_BLUE {
            return f64::INFINITY;
        }
        self.latency.blue.quantile(SLOW_QUANTILE)
    }

    pub fn evidence(&self, stream: Stream) -> f64 {
        match stream {
            Stream::Hard => self.hard.mixture.evidence(),
            Stream::Error => self.error.mixture.evidence(),
            Stream::Latency => self.latency.mixture.evidence(),
            Stream::Tail => self.tail.mixture.evidence(),
            Stream::TimePerOutputToken => self.time_per_output_token.mixture.evidence(),
            Stream::Cost => self.cost.mixture.evidence(),
            Stream::OutputLength => self.output_length.mixture.evidence(),
        }
    }

    /// What was counted while the evidence was earned; `at` is how long that took.
    pub fn window(&self, stream: Stream) -> Tally {
        match stream {
            Stream::Hard => self.hard.window(),
            Stream::Error => self.error.window(),
            Stream::Latency => self.latency.window(),
            Stream::Tail => self.tail.window(),
            Stream::TimePerOutputToken => self.time_per_output_token.window(),
            Stream::Cost => self.cost.window(),
            Stream::OutputLength => self.output_length.window(),
        }
    }

    /// What was counted since the rollout began.
    pub fn counts(&self, stream: Stream) -> Tally {
        match stream {
            Stream::Hard => self.hard.counts,
            Stream::Error => self.error.counts,
            Stream::Latency => self.latency.counts,
            Stream::Tail => self.tail.counts,
            Stream::TimePerOutputToken => self.time_per_output_token.counts,
            Stream::Cost => self.cost.counts,
            Stream::OutputLength => self.output_length.counts,
        }
    }

    /// The size of the effect over the window: a difference of rates or a ratio of means.
    pub fn effect(&self, stream: Stream) -> f64 {
        let window = self.window(stream);
        match stream {
            // The part of green's requests that only blue could answer.
            Stream::Hard => (window.green_sum - window.blue_sum) / window.green_n.max(1.0),
            Stream::Error | Stream::Tail => window.rate_increase(),
            Stream::Latency | Stream::TimePerOutputToken | Stream::Cost | Stream::OutputLength => {
                window.mean_ratio()
            }
        }
    }

    /// Evidence that blue is the worse side.
    pub fn blue_is_worse(&self) -> f64 {
        self.blue_error.evidence()
    }

    /// Blue's failure rate less green's, while that evidence was earned.
    pub fn blue_increase(&self) -> f64 {
        -self
            .error
            .counts
            .since(self.blue_error.window_start())
            .rate_increase()
    }

    /// Bets anew whether blue is the worse side.
    pub fn forgive_blue(&mut self) {
        self.blue_error = Mixture::new(patience::ERROR);
    }

    /// Evidence starts over, what is known of blue's measurements stays.
    pub fn start_over(&mut self) {
        let fresh = Engine::default();
        let known = std::mem::replace(self, fresh);
        self.latency.blue = known.latency.blue;
        self.time_per_output_token.blue = known.time_per_output_token.blue;
        self.cost.blue = known.cost.blue;
        self.output_length.blue = known.output_length.blue;
    }
}
