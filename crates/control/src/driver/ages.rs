//! Which requests have become slow: older than blue's 95th percentile, as it was known when they began, without a
//! byte of an answer. Each is told once, while it waits or at its end.

use std::collections::{HashSet, VecDeque};

/// Limits are remembered this long: no request waits longer.
const REMEMBERED_SECONDS: f64 = 1_200.0;
/// A new limit is written down at most this often.
const EVERY_SECONDS: f64 = 0.5;
/// Tokens kept of slow requests whose end has not been seen; more than can wait at a time.
const TOKENS: usize = 16_384;

#[derive(Debug, Default)]
pub(super) struct Ages {
    /// From when on a limit held. Times are seconds on the driver's clock.
    limits: VecDeque<(f64, f64)>,
    told: HashSet<u64>,
}

impl Ages {
    /// The limit for requests that begin from `now` on.
    pub(super) fn note_limit(&mut self, now: f64, slow_after: f64) {
        let is_new = |&(at, limit): &(f64, f64)| limit != slow_after && now - at >= EVERY_SECONDS;
        if self.limits.back().is_none_or(is_new) {
            self.limits.push_back((now, slow_after));
        }
        while self
            .limits
            .get(1)
            .is_some_and(|(at, _)| now - at > REMEMBERED_SECONDS)
        {
            self.limits.pop_front();
        }
    }

    /// Whether a request that began then and still waits is to be told as slow, which is said once.
    pub(super) fn is_slow_now(&mut self, token: u64, began: f64, now: f64) -> bool {
        if now - began < self.limit_at(began) || self.told.contains(&token) {
            return false;
        }
        if self.told.len() >= TOKENS {
            self.told.clear();
        }
        self.told.insert(token)
    }

    /// For a request that has ended: whether it was slow, or `None` if that was told, or cannot be known.
    pub(super) fn at_end(&mut self, token: u64, began: f64, silent_seconds: f64) -> Option<bool> {
        let limit = self.limit_at(began);
        (!self.told.remove(&token) && limit.is_finite()).then_some(silent_seconds >= limit)
    }

    fn limit_at(&self, began: f64) -> f64 {
        let held = self.limits.iter().rev().find(|(at, _)| *at <= began);
        held.map_or(f64::INFINITY, |(_, limit)| *limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_judged_by_the_limit_of_its_beginning_and_told_once() {
        let mut ages = Ages::default();
        ages.note_limit(10.0, 1.0);
        ages.note_limit(12.0, 5.0);
        assert!(!ages.is_slow_now(1, 11.0, 11.9));
        assert!(ages.is_slow_now(1, 11.0, 12.1));
        assert!(!ages.is_slow_now(1, 11.0, 12.2));
        assert!(!ages.is_slow_now(2, 12.0, 16.9));
        assert_eq!(ages.at_end(1, 11.0, 9.0), None);
        assert_eq!(ages.at_end(2, 12.0, 4.9), Some(false));
        assert_eq!(ages.at_end(3, 12.0, 5.1), Some(true));
        assert_eq!(ages.at_end(4, 9.0, 100.0), None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut ages = Ages::default();
        for second in 0..10_000 {
            ages.note_limit(f64::from(second), f64::from(second));
        }
        assert!(ages.limits.len() < 1_300, "{}", ages.limits.len());
    }
}
