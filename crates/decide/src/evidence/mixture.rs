//! One stream's wealth, spread over several bets because nobody knows how bad green will be, and
//! over time because nobody knows when it will go bad.
//!
//! Of the wealth of 1 that a stream begins with, 0.3 is staked at once, 0.1 at each of the first
//! five changes of the weight, and 0.2 trickles in, so that a green which goes bad after a
//! thousand good requests meets fresh money.

/// What the streams count on both sides: how many, and the sum of what was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    pub green_n: f64,
    pub green_sum: f64,
    pub blue_n: f64,
    pub blue_sum: f64,
    /// Seconds since the rollout began.
    pub at: f64,
}

impl Tally {
    /// What was counted after `earlier`.
    pub fn since(self, earlier: Tally) -> Tally {
        Tally {
            green_n: self.green_n - earlier.green_n,
            green_sum: self.green_sum - earlier.green_sum,
            blue_n: self.blue_n - earlier.blue_n,
            blue_sum: self.blue_sum - earlier.blue_sum,
            at: self.at - earlier.at,
        }
    }

    /// Green's rate less blue's; half a case is added to each, so that few requests say little.
    pub fn rate_increase(self) -> f64 {
        let rate = |sum: f64, n: f64| (sum + 0.5) / (n + 1.0);
        rate(self.green_sum, self.green_n) - rate(self.blue_sum, self.blue_n)
    }

    /// Green's geometric mean over blue's, where the sums are of logarithms.
    pub fn mean_ratio(self) -> f64 {
        if self.green_n <= 0.0 || self.blue_n <= 0.0 {
            return 1.0;
        }
        (self.green_sum / self.green_n - self.blue_sum / self.blue_n).exp()
    }
}

const STAKED_AT_START: f64 = 0.3;
const RESERVED_FOR_CHANGES: f64 = 0.5;
const STAKED_PER_CHANGE: f64 = 0.1;
const TRICKLED: f64 = 0.2;
/// Far above every limit; it only keeps the arithmetic finite.
const GREATEST: f64 = 1e15;
/// The same for gains, which tell the best bet from the others and so may grow further.
const GREATEST_GAIN: f64 = 1e300;

/// A bet that is followed on its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bet {
    pub(super) wealth: f64,
    /// The product of its prices since that product was lowest, and what had been counted there:
    /// the evidence was earned since.
    pub(super) gain: f64,
    pub(super) counted_at_lowest: Tally,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Mixture<const N: usize> {
    /// Events after which half of the trickle has joined the bets.
    pub(super) patience: f64,
    pub(super) reserve: f64,
    pub(super) trickle: f64,
    pub(super) events: f64,
    pub(super) bets: [Bet; N],
}

impl<const N: usize> Mixture<N> {
    pub fn new(patience: f64) -> Mixture<N> {
        let bet = Bet {
            wealth: STAKED_AT_START,
            gain: 1.0,
            counted_at_lowest: Tally::default(),
        };
        Mixture {
            patience,
            reserve: RESERVED_FOR_CHANGES,
            trickle: TRICKLED,
            events: 0.0,
            bets: [bet; N],
        }
    }

    /// Stakes a part of the reserve: a weight has changed, and trouble likes to begin there.
    pub fn weight_changed(&mut self) {
        let stake = STAKED_PER_CHANGE.min(self.reserve);
        self.reserve -= stake;
        for bet in &mut self.bets {
            bet.wealth += stake;
        }
    }

    /// Settles one observation; `before` is what had been counted before it.
    pub fn settle(&mut self, prices: [f64; N], before: Tally) {
        self.events += 1.0;
        let stake = self.trickle / (self.patience + self.events);
        self.trickle -= stake;
        for (bet, price) in self.bets.iter_mut().zip(prices) {
            if bet.gain <= 1.0 {
                bet.gain = 1.0;
                bet.counted_at_lowest = before;
            }
            bet.wealth = ((bet.wealth + stake) * price).min(GREATEST);
            bet.gain = (bet.gain * price).min(GREATEST_GAIN);
        }
    }

    pub fn evidence(&self) -> f64 {
        let bets: f64 = self.bets.iter().map(|bet| bet.wealth).sum();
        self.reserve + self.trickle + bets / N as f64
    }

    /// What had been counted when the window began in which the best bet earned its money.
    pub fn window_start(&self) -> Tally {
        let mut best = (0.0, Tally::default());
        for bet in &self.bets {
            if bet.gain > best.0 {
                best = (bet.gain, bet.counted_at_lowest);
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_the_wealth_of_a_stream_is_one_until_it_is_bet() {
        let mut mixture: Mixture<4> = Mixture::new(20.0);
        for _ in 0..7 {
            assert!((mixture.evidence() - 1.0).abs() < 1e-12);
            mixture.weight_changed();
        }
        for _ in 0..1000 {
            mixture.settle([1.0; 4], Tally::default());
        }
        assert!(
            (mixture.evidence() - 1.0).abs() < 1e-9,
            "fair prices of 1 change nothing"
        );
    }

    #[test]
    fn the_window_begins_where_the_best_bet_was_lowest() {
        let mut mixture: Mixture<1> = Mixture::new(20.0);
        let seen = |n: u32| Tally {
            blue_n: f64::from(n),
            ..Tally::default()
        };
        for (n, price) in [0.5, 0.5, 2.0, 2.0, 2.0].into_iter().enumerate() {
            mixture.settle([price], seen(n as u32));
        }
        assert_eq!(mixture.window_start(), seen(2));
    }

    #[test]
    fn wealth_stays_finite() {
        let mut mixture: Mixture<1> = Mixture::new(20.0);
        for _ in 0..100_000 {
            mixture.settle([20.0], Tally::default());
        }
        assert!(mixture.evidence() <= 2.0 * GREATEST);
    }
}
