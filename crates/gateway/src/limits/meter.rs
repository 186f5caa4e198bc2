//! What one key has used of its limits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use decide::limit::{Left, Rate, Refused, Used};

use super::{KeyLimits, Limit, Limits, Met, Standing};

/// The limits of a key and what is used up of them.
#[derive(Debug)]
pub struct Meter {
    key: Arc<str>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limits: KeyLimits,
    all: Gauge,
    by_model: BTreeMap<String, Gauge>,
}

/// What is used up in one scope.
#[derive(Clone, Copy, Debug, Default)]
struct Gauge {
    requests: Used,
    tokens: Used,
    under_way: u64,
}

impl Meter {
    pub(super) fn new(key: Arc<str>, limits: KeyLimits) -> Meter {
        let state = State {
            limits,
            all: Gauge::default(),
            by_model: BTreeMap::new(),
        };
        Meter {
            key,
            state: Mutex::new(state),
        }
    }

    pub fn key(&self) -> &Arc<str> {
        &self.key
    }

    /// The limits of the key as a whole, and those for this model.
    pub(super) fn limits(&self, model: &str) -> (Limits, Option<Limits>) {
        let state = self.state();
        (state.limits.all, state.limits.by_model.get(model).copied())
    }

    /// Takes a request of so many tokens, or says which limit it met; then nothing is taken. Each limit is
    /// divided by `gateways`.
    ///
    /// # Errors
    /// [`Met`].
    pub fn enter(&self, model: &str, tokens: u64, gateways: u64, now: u64) -> Result<(), Met> {
        let mut state = self.state();
        let State {
            limits,
            all,
            by_model,
        } = &mut *state;
        let next = all.with_one_more(limits.all.shared_by(gateways), tokens, now)?;
        if let Some(limits) = limits.by_model.get(model) {
            let gauge = by_model.get(model).copied().unwrap_or_default();
            let gauge = gauge.with_one_more(limits.shared_by(gateways), tokens, now)?;
            by_model.insert(model.to_owned(), gauge);
        }
        *all = next;
        Ok(())
    }

    /// A request has ended that had reserved so many tokens, and used so many.
    pub fn leave(&self, model: &str, reserved: u64, used: u64, gateways: u64, now: u64) {
        let mut state = self.state();
        let State {
            limits,
            all,
            by_model,
        } = &mut *state;
        all.settle(limits.all.shared_by(gateways), reserved, used, now);
        if let Some(gauge) = by_model.get_mut(model) {
            let limits = limits.by_model.get(model).copied().unwrap_or_default();
            gauge.settle(limits.shared_by(gateways), reserved, used, now);
        }
    }

    /// What is left for a request for this model: of the key's limit and the model's, the one with less.
    pub fn standing(&self, model: &str, gateways: u64, now: u64) -> Standing {
        let state = self.state();
        let all = state.all.standing(state.limits.all.shared_by(gateways), now);
        let Some(limits) = state.limits.by_model.get(model) else {
            return all;
        };
        let gauge = state.by_model.get(model).copied().unwrap_or_default();
        all.or_less(gauge.standing(limits.shared_by(gateways), now))
    }

    /// Other limits from now on; what is used up stays so.
    pub(super) fn change(&self, limits: &KeyLimits, now: u64) {
        let mut state = self.state();
        if state.limits == *limits {
            return;
        }
        let before = std::mem::replace(&mut state.limits, limits.clone());
        let State {
            limits,
            all,
            by_model,
        } = &mut *state;
        all.move_to(before.all, limits.all, now);
        by_model.retain(|model, gauge| match limits.by_model.get(model) {
            Some(after) => {
                gauge.move_to(
                    before.by_model.get(model).copied().unwrap_or_default(),
                    *after,
                    now,
                );
                true
            }
            None => false,
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Limits {
    /// One gateway's share, at least 1.
    pub(super) fn shared_by(self, gateways: u64) -> Limits {
        let share = |limit: Option<u64>| limit.map(|limit| limit.div_ceil(gateways.max(1)));
        Limits {
            requests_per_minute: share(self.requests_per_minute),
            tokens_per_minute: share(self.tokens_per_minute),
            concurrent_requests: share(self.concurrent_requests),
        }
    }
}

/// What a request takes of a limit of tokens: one that would never fit by its `max_tokens` alone waits until
/// the limit is unused, because answers rarely get as long as they may, and what they get is settled.
pub(super) fn taken(limit: u64, tokens: u64) -> u64 {
    tokens.min(limit)
}

impl Gauge {
    fn with_one_more(self, limits: Limits, tokens: u64, now: u64) -> Result<Gauge, Met> {
        if let Some(most) = limits.concurrent_requests
            && self.under_way >= most
        {
            return Err(Met {
                limit: Limit::Concurrent,
                size: most,
                // Nobody knows when one ends; as soon as it does.
                wait: Some(0),
            });
        }
        let take = |limit: Limit, used: Used, size: Option<u64>, units: u64| {
            let Some(size) = size else { return Ok(used) };
            used.reserve(Rate::per_minute(size), taken(size, units), now)
                .map_err(|refused| Met {
                    limit,
                    size,
                    wait: match refused {
                        Refused::Wait(ticks) => Some(ticks),
                        Refused::Never => None,
                    },
                })
        };
        Ok(Gauge {
            requests: take(Limit::Requests, self.requests, limits.requests_per_minute, 1)?,
            tokens: take(Limit::Tokens, self.tokens, limits.tokens_per_minute, tokens)?,
            under_way: self.under_way + 1,
        })
    }

    fn settle(&mut self, limits: Limits, reserved: u64, used: u64, now: u64) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some(size) = limits.tokens_per_minute {
            let rate = Rate::per_minute(size);
            self.tokens = self.tokens.settle(rate, taken(size, reserved), used, now);
        }
    }

    fn standing(&self, limits: Limits, now: u64) -> Standing {
        let left = |used: Used, size: Option<u64>| size.map(|size| used.left(Rate::per_minute(size), now));
        Standing {
            requests: left(self.requests, limits.requests_per_minute),
            tokens: left(self.tokens, limits.tokens_per_minute),
        }
    }

    fn move_to(&mut self, before: Limits, after: Limits, now: u64) {
        let moved = |used: Used, before: Option<u64>, after: Option<u64>| match (before, after) {
            (Some(before), Some(after)) => used.moved(Rate::per_minute(before), Rate::per_minute(after), now),
            _ => Used::default(),
        };
        self.requests = moved(
            self.requests,
            before.requests_per_minute,
            after.requests_per_minute,
        );
        self.tokens = moved(self.tokens, before.tokens_per_minute, after.tokens_per_minute);
    }
}

impl Standing {
    /// Of each kind what has less left.
    pub(super) fn or_less(self, other: Standing) -> Standing {
        let less = |one: Option<Left>, other: Option<Left>| match (one, other) {
            (Some(one), Some(other)) => Some(if other.remaining < one.remaining {
                other
            } else {
                one
            }),
            (one, other) => one.or(other),
        };
        Standing {
            requests: less(self.requests, other.requests),
            tokens: less(self.tokens, other.tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use decide::limit::TICKS_PER_SECOND;

    fn limits(requests: Option<u64>, tokens: Option<u64>, concurrent: Option<u64>) -> Limits {
        Limits {
            requests_per_minute: requests,
            tokens_per_minute: tokens,
            concurrent_requests: concurrent,
        }
    }

    fn meter(all: Limits, m: Limits) -> Meter {
        let by_model = BTreeMap::from([("m".to_owned(), m)]);
        Meter::new("key".into(), KeyLimits { all, by_model })
    }

    fn met(entered: Result<(), Met>) -> Option<(Limit, u64)> {
        entered.err().map(|met| (met.limit, met.size))
    }

    #[test]
    fn a_request_that_one_limit_refuses_takes_nothing_of_the_others() {
        let meter = meter(limits(Some(10), Some(1_000), None), limits(Some(1), None, None));
        assert_eq!(met(meter.enter("m", 100, 1, 0)), None);
        assert_eq!(met(meter.enter("m", 100, 1, 0)), Some((Limit::Requests, 1)));
        let left = meter.standing("other", 1, 0);
        assert_eq!(left.requests.map(|left| left.remaining), Some(9));
        assert_eq!(left.tokens.map(|left| left.remaining), Some(900));
        assert_eq!(
            meter.standing("m", 1, 0).requests.map(|left| left.remaining),
            Some(0)
        );
    }

    #[test]
    fn tokens_are_settled_by_what_was_used() {
        let meter = meter(limits(None, Some(1_000), None), Limits::default());
        assert_eq!(met(meter.enter("m", 900, 1, 0)), None);
        assert_eq!(met(meter.enter("m", 900, 1, 0)), Some((Limit::Tokens, 1_000)));
        meter.leave("m", 900, 50, 1, 0);
        assert_eq!(met(meter.enter("m", 900, 1, 0)), None);
    }

    #[test]
    fn a_request_that_may_get_longer_than_the_limit_passes_when_nothing_is_used() {
        let meter = meter(limits(None, Some(1_000), None), Limits::default());
        assert_eq!(met(meter.enter("m", 64_000, 1, 0)), None);
        assert_eq!(met(meter.enter("m", 1, 1, 0)), Some((Limit::Tokens, 1_000)));
        meter.leave("m", 64_000, 10, 1, 0);
        assert_eq!(met(meter.enter("m", 990, 1, 0)), None);
    }

    #[test]
    fn places_are_given_back() {
        let meter = meter(limits(None, None, Some(2)), limits(None, None, Some(1)));
        assert_eq!(met(meter.enter("m", 1, 1, 0)), None);
        assert_eq!(met(meter.enter("m", 1, 1, 0)), Some((Limit::Concurrent, 1)));
        assert_eq!(met(meter.enter("other", 1, 1, 0)), None);
        assert_eq!(met(meter.enter("other", 1, 1, 0)), Some((Limit::Concurrent, 2)));
        meter.leave("m", 1, 1, 1, 0);
        assert_eq!(met(meter.enter("m", 1, 1, 0)), None);
    }

    #[test]
    fn changed_limits_remember_what_was_used() {
        let meter = meter(limits(Some(10), None, None), Limits::default());
        (0..10).for_each(|_| assert_eq!(met(meter.enter("m", 0, 1, 0)), None));
        let all = limits(Some(20), None, None);
        meter.change(
            &KeyLimits {
                all,
                ..KeyLimits::default()
            },
            0,
        );
        (0..10).for_each(|_| assert_eq!(met(meter.enter("m", 0, 1, 0)), None));
        assert_eq!(met(meter.enter("m", 0, 1, 0)), Some((Limit::Requests, 20)));
        assert_eq!(met(meter.enter("m", 0, 1, 3 * TICKS_PER_SECOND)), None);
    }

    #[test]
    fn gateways_that_cannot_ask_each_other_take_their_share() {
        let meter = meter(limits(Some(10), None, None), Limits::default());
        (0..4).for_each(|_| assert_eq!(met(meter.enter("m", 0, 3, 0)), None));
        assert_eq!(met(meter.enter("m", 0, 3, 0)), Some((Limit::Requests, 4)));
    }
}
