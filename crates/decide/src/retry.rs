//! How many retries an upstream may be sent: a share of its requests plus a small constant.
//!
//! Without a budget, retries double the load on a vendor that is failing because of load.

/// Tokens are counted in thousandths, so that a fifth of a token is exact.
const ONE: i64 = 1_000;
/// A full bucket holds what ten seconds of the constant rate would fill.
const SECONDS_KEPT: i64 = 10;

/// What may be retried, as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Retries per hundred requests.
    pub percent: u32,
    /// Retries a second that are allowed whatever the traffic.
    pub per_second: u32,
}

impl Default for Allowance {
    fn default() -> Self {
        Allowance {
            percent: 20,
            per_second: 10,
        }
    }
}

/// A bucket that requests and time fill and retries empty. Times are monotonic milliseconds.
#[derive(Clone, Debug)]
pub struct Budget {
    allowance: Allowance,
    balance: i64,
    filled_at: u64,
}

impl Budget {
    pub fn new(allowance: Allowance, now: u64) -> Budget {
        Budget {
            allowance,
            balance: i64::from(allowance.per_second) * ONE,
            filled_at: now,
        }
    }

    /// A first attempt is sent.
    pub fn request(&mut self, now: u64) {
        self.fill(now);
        self.balance = (self.balance + i64::from(self.allowance.percent) * ONE / 100).min(self.most());
    }

    /// Takes one retry out, if there is one.
    pub fn take(&mut self, now: u64) -> bool {
        self.fill(now);
        let enough = self.balance >= ONE;
        if enough {
            self.balance -= ONE;
        }
        enough
    }

    fn fill(&mut self, now: u64) {
        let elapsed = i64::try_from(now.saturating_sub(self.filled_at)).unwrap_or(i64::MAX);
        let earned = elapsed.saturating_mul(i64::from(self.allowance.per_second) * ONE) / 1_000;
        self.balance = self.balance.saturating_add(earned).min(self.most());
        self.filled_at = self.filled_at.max(now);
    }

    fn most(&self) -> i64 {
        i64::from(self.allowance.per_second.max(1)) * SECONDS_KEPT * ONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_failures_is_retried_by_a_fifth() {
        let mut budget = Budget::new(
            Allowance {
                percent: 20,
                per_second: 0,
            },
            0,
        );
        let retried = (0..1_000)
            .filter(|_| {
                budget.request(0);
                budget.take(0)
            })
            .count();
        assert_eq!(retried, 200);
    }

    #[test]
    fn a_quiet_upstream_still_gets_its_retries() {
        let mut budget = Budget::new(Allowance::default(), 0);
        assert_eq!((0..50).filter(|_| budget.take(0)).count(), 10);
        assert_eq!((0..50).filter(|_| budget.take(500)).count(), 5);
        assert_eq!(
            (0..500).filter(|_| budget.take(3_600_000)).count(),
            100,
            "an hour of quiet is not hoarded"
        );
    }

    #[test]
    fn a_clock_that_stands_still_gives_nothing() {
        let mut budget = Budget::new(Allowance::default(), 1_000);
        while budget.take(1_000) {}
        assert!(!budget.take(10));
    }
}
