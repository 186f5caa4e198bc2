//! Chance that repeats: every draw follows from the simulator's seed, the model's name and the number of the
//! request at that model. Two runs that send the same requests in the same order meet the same faults.

use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64_with_seed;

pub(super) struct Dice(fastrand::Rng);

impl Dice {
    pub(super) fn for_request(seed: u64, model: &str, request_number: u64) -> Dice {
        let model_seed = xxh3_64_with_seed(model.as_bytes(), seed);
        Dice(fastrand::Rng::with_seed(xxh3_64_with_seed(
            &request_number.to_le_bytes(),
            model_seed,
        )))
    }

    /// Uniform, from 0 up to but not including 1.
    pub(super) fn chance(&mut self) -> f64 {
        self.0.f64()
    }

    /// A log-normal duration: half of all draws are below `median_ms`; `spread` is the standard deviation of the
    /// logarithm. At a spread of 0.3 one draw in twenty is above 1.64 medians.
    pub(super) fn duration(&mut self, median_ms: f64, spread: f64) -> Duration {
        if median_ms <= 0.0 {
            return Duration::ZERO;
        }
        let milliseconds = median_ms * (spread * self.normal()).exp();
        Duration::try_from_secs_f64(milliseconds / 1000.0)
            .unwrap_or(LONGEST_DRAW)
            .min(LONGEST_DRAW)
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.0.f64()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.0.f64()).cos()
    }
}

/// Beyond an hour a delay is a stall, and a stall is a fault of its own.
const LONGEST_DRAW: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_meets_the_same_chance() {
        let draw = |number| Dice::for_request(7, "gpt-4.1", number).chance();
        assert_eq!(draw(3).to_bits(), draw(3).to_bits());
        assert_ne!(draw(3).to_bits(), draw(4).to_bits());
    }

    #[test]
    fn half_of_the_draws_are_below_the_median() {
        let below = (0..4000)
            .filter(|&number| {
                Dice::for_request(1, "m", number).duration(100.0, 0.3) < Duration::from_millis(100)
            })
            .count();
        assert!(
            (1850..2150).contains(&below),
            "{below} of 4000 draws lie below the median"
        );
    }

    #[test]
    fn without_spread_every_draw_is_the_median() {
        let drawn = Dice::for_request(1, "m", 1).duration(120.0, 0.0);
        assert_eq!(drawn, Duration::from_millis(120));
    }
}
