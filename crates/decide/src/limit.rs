//! Limits per minute, by the generic cell rate algorithm: one number says how much is used up, so there is no
//! window whose edge lets twice as much through.
//!
//! A limit of `n` a minute lets a burst of `n` through at once, then one each 60 s / n. Unlike a plain limiter
//! it lets what was reserved be settled: an answer's tokens are only known at its end. What was reserved too
//! much is given back, what was used beyond is owed, and later requests wait for it.
//!
//! Time is in ticks since whenever the caller likes; [`TICKS_PER_SECOND`] makes 64 of a nanosecond, fine enough
//! for thousands of millions of tokens a minute, and lasts for nine years.

/// Ticks in a second.
pub const TICKS_PER_SECOND: u64 = 64_000_000_000;

const TICKS_PER_MINUTE: u64 = 60 * TICKS_PER_SECOND;

/// How much a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    per_minute: u64,
    /// What one unit takes, rounded up: never more than the limit passes.
    ticks_per_unit: u64,
}

impl Rate {
    /// At least 1 a minute, at most one each tick.
    pub fn per_minute(limit: u64) -> Rate {
        let per_minute = limit.clamp(1, TICKS_PER_MINUTE);
        Rate {
            per_minute,
            ticks_per_unit: TICKS_PER_MINUTE.div_ceil(per_minute),
        }
    }

    pub const fn limit(self) -> u64 {
        self.per_minute
    }

    /// What a unit takes, in ticks.
    pub const fn ticks_per_unit(self) -> u64 {
        self.ticks_per_unit
    }

    fn ticks(self, units: u64) -> u64 {
        self.ticks_per_unit.saturating_mul(units)
    }

    fn capacity(self) -> u64 {
        self.ticks(self.per_minute)
    }
}

/// How much of a limit is used up: the moment at which all of it will be there again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    full_at: u64,
}

/// Why a reservation was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// After this many ticks it would pass.
    Wait(u64),
    /// It is more than the limit ever has.
    Never,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    pub limit: u64,
    /// Units that would pass now.
    pub remaining: u64,
    /// Ticks until all of it is there again.
    pub reset: u64,
}

impl Used {
    /// What a moment says that was kept elsewhere.
    pub const fn until(full_at: u64) -> Used {
        Used { full_at }
    }

    /// The moment at which all of it will be there again.
    pub const fn full_at(self) -> u64 {
        self.full_at
    }

    /// Takes so many units, or says when they would be there. Nothing is taken then.
    pub fn reserve(self, rate: Rate, units: u64, now: u64) -> Result<Used, Refused> {
        if units > rate.limit() {
            return Err(Refused::Never);
        }
        let full_at = self.full_at.max(now).saturating_add(rate.ticks(units));
        let ahead = full_at - now;
        match ahead.checked_sub(rate.capacity()) {
            None | Some(0) => Ok(Used { full_at }),
            Some(wait) => Err(Refused::Wait(wait)),
        }
    }

    /// Corrects a reservation to what was really used.
    #[must_use]
    pub fn settle(self, rate: Rate, reserved: u64, used: u64, now: u64) -> Used {
        let full_at = if used >= reserved {
            self.full_at.max(now).saturating_add(rate.ticks(used - reserved))
        } else {
            self.full_at.saturating_sub(rate.ticks(reserved - used))
        };
        Used { full_at }
    }

    pub fn left(self, rate: Rate, now: u64) -> Left {
        let ahead = self.full_at.saturating_sub(now);
        Left {
            limit: rate.limit(),
            remaining: rate.capacity().saturating_sub(ahead) / rate.ticks_per_unit,
            reset: ahead,
        }
    }

    /// The same units used up under another limit: who changes a limit does not forgive what was used.
    #[must_use]
    pub fn moved(self, from: Rate, to: Rate, now: u64) -> Used {
        let ahead = u128::from(self.full_at.saturating_sub(now));
        let scaled = ahead * u128::from(to.ticks_per_unit) / u128::from(from.ticks_per_unit);
        Used {
            full_at: now.saturating_add(u64::try_from(scaled).unwrap_or(u64::MAX)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn seconds(count: u64) -> u64 {
        count * TICKS_PER_SECOND
    }

    #[test]
    fn ten_a_minute_are_a_burst_of_ten_and_then_one_each_six_seconds() {
        let rate = Rate::per_minute(10);
        let mut used = Used::default();
        for request in 0..10 {
            used = used.reserve(rate, 1, 0).unwrap();
            assert_eq!(used.left(rate, 0).remaining, 9 - request);
        }
        assert_eq!(used.reserve(rate, 1, 0), Err(Refused::Wait(seconds(6))));
        assert_eq!(used.reserve(rate, 1, seconds(6) - 1), Err(Refused::Wait(1)));
        let next = used.reserve(rate, 1, seconds(6)).unwrap();
        assert_eq!(next.reserve(rate, 1, seconds(6)), Err(Refused::Wait(seconds(6))));
        assert_eq!(next.left(rate, seconds(6)).reset, seconds(60));
        assert_eq!(
            next.left(rate, seconds(66)),
            Left {
                limit: 10,
                remaining: 10,
                reset: 0
            }
        );
    }

    #[test]
    fn what_was_reserved_too_much_is_given_back_and_what_was_used_beyond_is_owed() {
        let rate = Rate::per_minute(1_000);
        let all = Used::default().reserve(rate, 1_000, 0).unwrap();
        assert!(all.reserve(rate, 1, 0).is_err());
        let settled = all.settle(rate, 1_000, 100, 0);
        assert_eq!(settled.left(rate, 0).remaining, 900);
        let owing = all.settle(rate, 1_000, 2_000, 0);
        assert_eq!(owing.left(rate, 0).remaining, 0);
        assert_eq!(owing.reserve(rate, 100, 0), Err(Refused::Wait(seconds(66))));
    }

    #[test]
    fn what_never_fits_is_not_told_to_wait() {
        assert_eq!(
            Used::default().reserve(Rate::per_minute(10), 11, 0),
            Err(Refused::Never)
        );
    }

    #[test]
    fn a_changed_limit_does_not_forget_what_was_used() {
        let (before, after) = (Rate::per_minute(100), Rate::per_minute(10));
        let used = Used::default().reserve(before, 5, 0).unwrap();
        assert_eq!(used.moved(before, after, 0).left(after, 0).remaining, 5);
        let used = Used::default().reserve(before, 100, 0).unwrap();
        assert_eq!(used.moved(before, after, 0).left(after, 0).remaining, 0);
    }

    #[test]
    fn absurd_limits_and_uses_neither_wrap_nor_panic() {
        for limit in [0, 1, 7, u64::MAX] {
            let rate = Rate::per_minute(limit);
            let used = Used::default().reserve(rate, 1, u64::MAX / 2).unwrap();
            let owing = used.settle(rate, 0, u64::MAX, u64::MAX / 2);
            assert!(owing.reserve(rate, 1, u64::MAX / 2).is_err());
            assert!(owing.left(rate, 0).remaining == 0);
        }
    }

    proptest! {
        #[test]
        fn no_minute_and_no_span_lets_more_through_than_the_burst_and_its_share(
            limit in 1u64..5_000,
            asks in prop::collection::vec((0u64..120_000, 1u64..50), 1..200),
        ) {
            let rate = Rate::per_minute(limit);
            let mut used = Used::default();
            let mut now = 0;
            let mut passed = 0u128;
            for (pause_millis, units) in asks {
                now += pause_millis * TICKS_PER_SECOND / 1_000;
                if let Ok(taken) = used.reserve(rate, units, now) {
                    used = taken;
                    passed += u128::from(units);
                }
                let share = u128::from(now) * u128::from(limit) / u128::from(TICKS_PER_MINUTE);
                prop_assert!(passed <= u128::from(limit) + share + 1);
            }
        }

        #[test]
        fn requests_pass_exactly_where_an_established_limiter_lets_them(
            // Limits whose share of a minute is whole nanoseconds: it rounds the others down, we round up.
            limit in prop::sample::select(vec![1u32, 3, 8, 10, 60, 100, 600, 3_000]),
            pauses in prop::collection::vec(0u64..30_000, 1..200),
        ) {
            let clock = governor::clock::FakeRelativeClock::default();
            let quota = governor::Quota::per_minute(std::num::NonZeroU32::new(limit).unwrap());
            let oracle = governor::RateLimiter::direct_with_clock(quota, clock.clone());
            let rate = Rate::per_minute(u64::from(limit));
            let (mut used, mut now) = (Used::default(), 0);
            for millis in pauses {
                clock.advance(std::time::Duration::from_millis(millis));
                now += millis * TICKS_PER_SECOND / 1_000;
                let ours = used.reserve(rate, 1, now);
                prop_assert_eq!(ours.is_ok(), oracle.check().is_ok());
                used = ours.unwrap_or(used);
            }
        }

        #[test]
        fn whoever_waits_as_told_passes(limit in 1u64..100_000, first in 1u64..100_000, units in 1u64..100_000) {
            let rate = Rate::per_minute(limit);
            let used = Used::default().reserve(rate, first.min(limit), 5).unwrap();
            match used.reserve(rate, units, 5) {
                Ok(_) => {}
                Err(Refused::Never) => prop_assert!(units > limit),
                Err(Refused::Wait(ticks)) => {
                    prop_assert!(used.reserve(rate, units, 5 + ticks - 1).is_err());
                    prop_assert!(used.reserve(rate, units, 5 + ticks).is_ok());
                }
            }
        }

        #[test]
        fn settling_is_as_if_the_right_amount_had_been_reserved(
            limit in 1_000u64..100_000, reserved in 0u64..1_000, really in 0u64..1_000, later in 0u64..1_000,
        ) {
            let rate = Rate::per_minute(limit);
            let start = Used::default().reserve(rate, limit / 2, 0).unwrap();
            let Ok(guessed) = start.reserve(rate, reserved, later) else { return Ok(()) };
            let settled = guessed.settle(rate, reserved, really, later);
            if let Ok(known) = start.reserve(rate, really, later) {
                prop_assert_eq!(settled, known);
            }
        }
    }
}
