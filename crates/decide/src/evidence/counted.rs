//! The two kinds of streams: cases that are counted, and measurements that are ranked.

use crate::Side;

use super::label::rank_prices;
use super::mixture::{Mixture, Tally};
use super::rank::BlueRank;

/// Blue's measurements before a rank among them means anything.
pub const WARM_BLUE: f64 = 50.0;

/// A stream of cases: what failed, what was slow.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cases<const N: usize> {
    pub(super) mixture: Mixture<N>,
    pub(super) counts: Tally,
}

impl<const N: usize> Cases<N> {
    pub(super) fn new(patience: f64) -> Cases<N> {
        Cases {
            mixture: Mixture::new(patience),
            counts: Tally::default(),
        }
    }

    /// Counts one request and hands back what had been counted before.
    pub(super) fn count(&mut self, side: Side, is_case: bool, at: f64) -> Tally {
        let before = Tally { at, ..self.counts };
        let case = if is_case { 1.0 } else { 0.0 };
        add(&mut self.counts, side, case, at);
        before
    }

    pub(super) fn window(&self) -> Tally {
        self.counts.since(self.mixture.window_start())
    }
}

/// A stream of measurements, each judged by its rank among blue's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ranked<const BUCKETS: usize> {
    pub(super) mixture: Mixture<3>,
    /// The sums are of logarithms.
    pub(super) counts: Tally,
    pub(super) blue: BlueRank<BUCKETS>,
}

impl<const BUCKETS: usize> Ranked<BUCKETS> {
    pub(super) fn new(patience: f64, least: f64, most: f64) -> Ranked<BUCKETS> {
        Ranked {
            mixture: Mixture::new(patience),
            counts: Tally::default(),
            blue: BlueRank::new(least, most),
        }
    }

    pub(super) fn measure(&mut self, side: Side, weight: f64, value: f64, at: f64) {
        if !value.is_finite() {
            return;
        }
        let before = Tally { at, ..self.counts };
        // Keeps the logarithm of a measurement of nothing finite.
        let floor = self.blue.least - std::f64::consts::LN_10;
        let log = if value > 0.0 { value.ln().max(floor) } else { floor };
        add(&mut self.counts, side, log, at);
        let bucket = self.blue.bucket_of_log(log);
        if self.blue.remembered() >= WARM_BLUE || self.counts.blue_n > WARM_BLUE {
            let rank = self.blue.rank_of(bucket);
            self.mixture.settle(rank_prices(side, weight, rank), before);
        }
        if side == Side::Blue {
            self.blue.add_to(bucket);
        }
    }

    pub(super) fn window(&self) -> Tally {
        self.counts.since(self.mixture.window_start())
    }
}

fn add(counts: &mut Tally, side: Side, value: f64, at: f64) {
    let (n, sum) = match side {
        Side::Green => (&mut counts.green_n, &mut counts.green_sum),
        Side::Blue => (&mut counts.blue_n, &mut counts.blue_sum),
    };
    *n += 1.0;
    *sum += value;
    counts.at = at;
}
