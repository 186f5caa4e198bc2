//! How long things took, in buckets that grow with the time: small, mergeable, and exact enough.
//!
//! Times are counted in whole microseconds: exactly below 16, then in 16 steps for each doubling. A
//! step is at most 1/16 of its start, and its middle is told, so a percentile is off by at most 3.2 %.
//! Only steps that were hit are kept: a second's worth of an environment is a few dozen pairs, and
//! never more than [`STEPS`], whatever the traffic.

use std::time::Duration;

/// Binary digits of a time that are kept behind its first one.
const DIGITS: u32 = 4;
const STEPS_A_DOUBLING: usize = 1 << DIGITS;
/// Longer times count as this long: 71 minutes, well above any total limit worth having.
const LONGEST_MICROS: u64 = (1 << 32) - 1;
/// The number of steps up to [`LONGEST_MICROS`].
const STEPS: usize = (32 - DIGITS as usize + 1) * STEPS_A_DOUBLING;

/// Times of one second of one environment.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    /// Step and count, by step.
    hits: Vec<(u16, u32)>,
    sum_micros: u64,
}

impl Histogram {
    pub(super) fn add(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let step = step_of(micros);
        self.sum_micros = self.sum_micros.saturating_add(micros);
        match self.hits.binary_search_by_key(&step, |(step, _)| *step) {
            Ok(place) => {
                if let Some((_, count)) = self.hits.get_mut(place) {
                    *count = count.saturating_add(1);
                }
            }
            Err(place) => self.hits.insert(place, (step, 1)),
        }
    }
}

/// Times of many seconds together.
#[derive(Clone, Debug)]
pub(super) struct Total {
    counts: Vec<u64>,
    count: u64,
    sum_micros: u64,
}

impl Default for Total {
    fn default() -> Total {
        Total {
            counts: vec![0; STEPS],
            count: 0,
            sum_micros: 0,
        }
    }
}

impl Total {
    pub(super) fn add(&mut self, second: &Histogram) {
        for (step, count) in &second.hits {
            if let Some(total) = self.counts.get_mut(usize::from(*step)) {
                *total += u64::from(*count);
                self.count += u64::from(*count);
            }
        }
        self.sum_micros = self.sum_micros.saturating_add(second.sum_micros);
    }

    /// Microseconds, exact; `None` without any.
    pub(super) fn average(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_micros as f64 / self.count as f64)
    }

    /// Microseconds below or at which this share (0 to 1) of the times lies; `None` without any.
    pub(super) fn percentile(&self, share: f64) -> Option<f64> {
        // The nearest rank: the 95th of 100, never one that does not exist.
        let rank = ((self.count as f64 * share).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        let hit = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        hit.map(middle_of)
    }
}

fn step_of(micros: u64) -> u16 {
    let micros = micros.min(LONGEST_MICROS);
    let Some(shift) = micros.checked_ilog2().and_then(|log| log.checked_sub(DIGITS)) else {
        return micros as u16;
    };
    let digits = (micros >> shift) as usize % STEPS_A_DOUBLING;
    ((shift as usize + 1) * STEPS_A_DOUBLING + digits) as u16
}

/// The middle of a step, in microseconds.
fn middle_of(step: usize) -> f64 {
    if step < STEPS_A_DOUBLING {
        return step as f64;
    }
    let shift = step / STEPS_A_DOUBLING - 1;
    let start = (STEPS_A_DOUBLING + step % STEPS_A_DOUBLING) << shift;
    let last = start + (1 << shift) - 1;
    (start + last) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_time_is_told_within_four_percent() {
        let mut micros = 1_u64;
        while micros < LONGEST_MICROS {
            let told = middle_of(usize::from(step_of(micros)));
            let error = (told - micros as f64).abs() / micros as f64;
            assert!(error <= 0.032, "{micros} us was told as {told}");
            micros += micros / 97 + 1;
        }
    }

    #[test]
    fn the_longest_times_share_the_last_step() {
        assert_eq!(usize::from(step_of(LONGEST_MICROS)), STEPS - 1);
        assert_eq!(usize::from(step_of(u64::MAX)), STEPS - 1);
        let mut histogram = Histogram::default();
        histogram.add(Duration::MAX);
        histogram.add(Duration::MAX);
        assert_eq!(histogram.hits.len(), 1);
    }

    #[test]
    fn percentiles_are_nearest_ranks_and_the_average_is_exact() {
        let mut total = Total::default();
        for part in [1..=50_u64, 51..=100] {
            let mut second = Histogram::default();
            part.for_each(|millis| second.add(Duration::from_millis(millis)));
            total.add(&second);
        }
        assert_eq!(total.average(), Some(50_500.0));
        for (share, millis) in [(0.0, 1.0), (0.5, 50.0), (0.95, 95.0), (0.99, 99.0), (1.0, 100.0)] {
            let told = total.percentile(share).unwrap() / 1_000.0;
            assert!((told - millis).abs() / millis < 0.032, "{share}: {told}");
        }
    }

    #[test]
    fn nothing_has_no_average_and_no_percentile() {
        let total = Total::default();
        assert_eq!((total.average(), total.percentile(0.5)), (None, None));
    }

    #[test]
    fn memory_does_not_grow_with_the_traffic() {
        let mut histogram = Histogram::default();
        for micros in 0..200_000 {
            histogram.add(Duration::from_micros(micros * 37));
        }
        assert!(histogram.hits.len() <= STEPS);
    }
}
