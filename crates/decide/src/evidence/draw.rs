//! How a request was drawn, and the weight that its bets are priced with.

use crate::Side;

use super::label::effective_weight;

/// How a request was drawn: its side, and green's weight (0 to 1) when it started and when it is
/// reported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    pub side: Side,
    pub at_start: f64,
    pub at_report: f64,
}

impl Draw {
    pub(super) fn weight(self) -> f64 {
        effective_weight(self.at_start, self.at_report)
    }

    /// Measurements of requests that were in flight when the rollout started warm the histograms
    /// and prove nothing; only failures of those count.
    pub(super) fn weight_if_drawn(self) -> f64 {
        if self.at_start > 0.0 { self.weight() } else { 0.0 }
    }

    /// The same coin looked at from blue's side, again with the weight that proves less.
    pub(super) fn turned(self) -> (Side, f64) {
        let side = match self.side {
            Side::Blue => Side::Green,
            Side::Green => Side::Blue,
        };
        (side, effective_weight(1.0 - self.at_start, 1.0 - self.at_report))
    }
}
