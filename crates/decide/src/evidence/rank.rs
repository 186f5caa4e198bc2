//! Where a measurement stands among blue's recent ones.
//!
//! A histogram over logarithmic buckets that forgets: after 2,000 measurements an old one counts
//! half. Instead of shrinking all the old counts with each measurement, the new one counts more
//! (and everything is scaled down, exactly, by a power of two before numbers get large). The
//! counts lie in a binary indexed tree: a rank costs eight additions, not two hundred.

/// How much more each measurement counts than the one before: 2,000 of them make it twice.
const GROWTH: f64 = 1.000_346_633_653_845_4;
/// Reached after 120,000 measurements; far from the end of an f64.
const SCALE_DOWN_AT: f64 = (1u64 << 60) as f64;

/// `N` buckets, a power of two. The first and the last hold what lies outside of the bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct BlueRank<const N: usize> {
    /// Natural logarithms of the least measurement that is told from less, and of a bucket's width.
    pub(super) least: f64,
    width: f64,
    /// Entry `i` holds the sum of the buckets `(i & (i + 1)) ..= i`.
    pub(super) tree: [f64; N],
    pub(super) total: f64,
    /// What the newest measurement counted; the sums are in units of it.
    pub(super) newest: f64,
}

impl<const N: usize> BlueRank<N> {
    /// For measurements between `least` and `most`, both positive.
    pub fn new(least: f64, most: f64) -> BlueRank<N> {
        BlueRank {
            least: least.ln(),
            width: (most / least).ln() / (N as f64 - 2.0),
            tree: [0.0; N],
            total: 0.0,
            newest: 1.0,
        }
    }

    pub fn bucket(&self, value: f64) -> usize {
        if value <= 0.0 {
            return 0;
        }
        self.bucket_of_log(value.ln())
    }

    /// The same of a measurement's natural logarithm.
    pub(super) fn bucket_of_log(&self, log: f64) -> usize {
        if log <= self.least {
            return 0;
        }
        // What is no number is as bad as can be.
        let place = (log - self.least) / self.width;
        if place < N as f64 - 2.0 {
            1 + place as usize
        } else {
            N - 1
        }
    }

    /// How many measurements are remembered, old ones counting less.
    pub fn remembered(&self) -> f64 {
        self.total / self.newest
    }

    /// The place of `value`, between 0 (faster than all) and 1: half of its own bucket is below.
    pub fn rank(&self, value: f64) -> f64 {
        self.rank_of(self.bucket(value))
    }

    pub(super) fn rank_of(&self, bucket: usize) -> f64 {
        let below = self.sum_of_first(bucket);
        let own = (self.sum_of_first(bucket + 1) - below).max(0.0);
        ((below + 0.5 * own) / self.newest + 0.5) / (self.remembered() + 1.0)
    }

    pub fn add(&mut self, value: f64) {
        self.add_to(self.bucket(value));
    }

    pub(super) fn add_to(&mut self, bucket: usize) {
        if self.newest >= SCALE_DOWN_AT {
            self.tree = self.tree.map(|sum| sum / SCALE_DOWN_AT);
            self.total /= SCALE_DOWN_AT;
            self.newest /= SCALE_DOWN_AT;
        }
        self.newest *= GROWTH;
        self.total += self.newest;
        let mut at = bucket;
        while let Some(sum) = self.tree.get_mut(at) {
            *sum += self.newest;
            at |= at + 1;
        }
    }

    /// The value below which a part `q` (0 to 1) lies, as the upper edge of its bucket; infinite
    /// while nothing was measured.
    pub fn quantile(&self, q: f64) -> f64 {
        if self.total <= 0.0 {
            return f64::INFINITY;
        }
        // Descends the tree to the first bucket at which the running sum reaches the target.
        let (mut bucket, mut missing, mut stride) = (0, q * self.total, N / 2);
        while stride > 0 {
            if let Some(sum) = self.tree.get(bucket + stride - 1).filter(|sum| **sum < missing) {
                missing -= sum;
                bucket += stride;
            }
            stride /= 2;
        }
        (self.least + self.width * bucket as f64).exp()
    }

    fn sum_of_first(&self, buckets: usize) -> f64 {
        let (mut sum, mut end) = (0.0, buckets);
        while let Some(part) = end.checked_sub(1).and_then(|last| self.tree.get(last)) {
            sum += part;
            end &= end - 1;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same histogram, written down as plainly as possible.
    struct Plain {
        counts: Vec<f64>,
    }

    impl Plain {
        fn add(&mut self, bucket: usize) {
            let kept = 0.5_f64.powf(1.0 / 2000.0);
            self.counts.iter_mut().for_each(|count| *count *= kept);
            self.counts[bucket] += 1.0;
        }

        fn rank(&self, bucket: usize) -> f64 {
            let below: f64 = self.counts[..bucket].iter().sum();
            let all: f64 = self.counts.iter().sum();
            (below + 0.5 * self.counts[bucket] + 0.5) / (all + 1.0)
        }
    }

    #[test]
    fn ranks_are_those_of_the_plain_histogram_also_after_it_was_scaled_down() {
        let mut ours: BlueRank<64> = BlueRank::new(0.001, 600.0);
        let mut plain = Plain {
            counts: vec![0.0; 64],
        };
        let mut dice = 1u64;
        for n in 0..130_000 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let value = 0.0005 * (1.0 + (dice >> 44) as f64);
            let bucket = ours.bucket(value);
            ours.add(value);
            plain.add(bucket);
            if n % 1000 == 0 {
                let (got, want) = (ours.rank(value), plain.rank(bucket));
                assert!((got / want - 1.0).abs() < 1e-9, "{n}: {got} {want}");
            }
        }
    }

    #[test]
    fn values_that_are_no_numbers_do_no_harm() {
        let mut rank: BlueRank<64> = BlueRank::new(0.001, 600.0);
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0] {
            rank.add(value);
            let place = rank.rank(value);
            assert!((0.0..=1.0).contains(&place), "{value}: {place}");
        }
        assert_eq!(rank.bucket(f64::NAN), 63);
    }

    #[test]
    fn the_quantile_of_nothing_is_never_reached() {
        assert_eq!(BlueRank::<256>::new(0.001, 600.0).quantile(0.95), f64::INFINITY);
    }
}
