//! Times in fixed buckets, as Prometheus wants them.

use std::time::Duration;

/// Whole answers: from a cached completion to a long reasoning run.
pub(super) const DURATION_SECONDS: [f64; 15] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0,
];
/// First bytes.
pub(super) const FIRST_BYTE_SECONDS: [f64; 13] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];
/// The gateway's own share: tens of microseconds when all is well.
pub(super) const OVERHEAD_SECONDS: [f64; 12] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 1.0,
];

#[derive(Debug)]
pub(super) struct Buckets {
    /// Upper bound and count, the last one without a bound.
    pub(super) counts: Vec<(f64, u64)>,
    pub(super) count: u64,
    pub(super) sum_seconds: f64,
}

impl Buckets {
    pub(super) fn new(bounds: &[f64]) -> Buckets {
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        Buckets {
            counts: bounds.map(|bound| (bound, 0)).collect(),
            count: 0,
            sum_seconds: 0.0,
        }
    }

    pub(super) fn add(&mut self, time: Duration) {
        let seconds = time.as_secs_f64();
        self.count += 1;
        self.sum_seconds += seconds;
        if let Some((_, count)) = self.counts.iter_mut().find(|(bound, _)| seconds <= *bound) {
            *count += 1;
        }
    }
}
