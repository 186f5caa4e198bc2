//! How much a key may ask for: requests and tokens a minute, requests at the same time, for the key as a whole
//! and for single models.
//!
//! A key with limits has a [`Meter`]. One lock a key, held for some hundred nanoseconds, makes all its limits
//! one decision: either each of them takes the request or none does. Keys without limits have no meter and pay
//! nothing. Meters outlive configuration reloads and rotated secrets, since they are found by the key's name.
//!
//! Several gateways share limits through a [`SharedLimiter`] when there is one; while it does not answer, each
//! gateway goes by its own meter and takes its share.

mod lines;
mod meter;
mod pass;
mod shared;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arc_swap::ArcSwapOption;
use decide::limit::TICKS_PER_SECOND;
use tokio::time::Instant;

pub use decide::limit::Left;
pub(crate) use lines::refusal;
pub use meter::Meter;
pub(crate) use pass::{Pass, enter};
pub use shared::{Asked, Bucket, Granted, Leave, SharedLimiter};

/// Limits of one kind each; `None` does not limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// A burst of as many passes at once.
    pub requests_per_minute: Option<u64>,
    /// Of prompt and answer together.
    pub tokens_per_minute: Option<u64>,
    pub concurrent_requests: Option<u64>,
}

impl Limits {
    pub fn is_none(&self) -> bool {
        *self == Limits::default()
    }
}

/// The limits of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyLimits {
    /// Of all its requests.
    pub all: Limits,
    /// And besides of those for a model, by the public name.
    pub by_model: BTreeMap<String, Limits>,
}

impl KeyLimits {
    pub fn is_none(&self) -> bool {
        self.all.is_none() && self.by_model.values().all(Limits::is_none)
    }
}

/// Which limit was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Requests,
    Tokens,
    Concurrent,
}

/// A limit that a request met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    pub limit: Limit,
    /// How much it lets through.
    pub size: u64,
    /// Ticks of `decide::limit` after which it would let the request through; `None`: it never will.
    pub wait: Option<u64>,
}

/// What is left of the limits that a request is under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub requests: Option<Left>,
    pub tokens: Option<Left>,
}

/// The meters of all keys that have limits.
#[derive(Debug)]
pub struct Meters {
    born: Instant,
    /// Only the control plane looks here; requests have their key's meter at hand.
    by_key: Mutex<Known>,
    shared: ArcSwapOption<SharedSlot>,
    /// Requests that a meter of this gateway decided while the shared limiter was to.
    alone: AtomicU64,
}

/// Meters by their keys' names. Those of keys that are gone are thrown away whenever there are twice as many
/// as there were in use.
#[derive(Debug, Default)]
struct Known {
    meters: HashMap<Arc<str>, Weak<Meter>>,
    throw_away_at: usize,
}

impl Known {
    fn insert(&mut self, meter: &Arc<Meter>) {
        if self.meters.len() >= self.throw_away_at {
            self.meters.retain(|_, meter| meter.strong_count() > 0);
            self.throw_away_at = 64 + 2 * self.meters.len();
        }
        self.meters.insert(Arc::clone(meter.key()), Arc::downgrade(meter));
    }
}

/// A trait object is two words, and the swap takes one.
#[derive(Debug)]
struct SharedSlot(Arc<dyn SharedLimiter>);

impl Default for Meters {
    fn default() -> Meters {
        Meters {
            born: Instant::now(),
            by_key: Mutex::default(),
            shared: ArcSwapOption::empty(),
            alone: AtomicU64::new(0),
        }
    }
}

impl Meters {
    /// The meter of this key with these limits; `None` without any. What was used up before stays so.
    pub fn of(&self, key: &Arc<str>, limits: &KeyLimits) -> Option<Arc<Meter>> {
        let mut known = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        if limits.is_none() {
            known.meters.remove(key);
            return None;
        }
        if let Some(meter) = known.meters.get(key).and_then(Weak::upgrade) {
            meter.change(limits, self.now());
            return Some(meter);
        }
        let meter = Arc::new(Meter::new(Arc::clone(key), limits.clone()));
        known.insert(&meter);
        Some(meter)
    }

    /// From now on, limits are shared with other gateways through this; `None`: no more.
    pub fn share(&self, limiter: Option<Arc<dyn SharedLimiter>>) {
        self.shared
            .store(limiter.map(|limiter| Arc::new(SharedSlot(limiter))));
    }

    /// Requests that this gateway decided alone although limits are shared.
    pub fn decided_alone(&self) -> u64 {
        self.alone.load(Ordering::Relaxed)
    }

    fn shared(&self) -> Option<Arc<dyn SharedLimiter>> {
        self.shared.load().as_ref().map(|slot| Arc::clone(&slot.0))
    }

    fn count_alone(&self) {
        self.alone.fetch_add(1, Ordering::Relaxed);
    }

    /// In ticks of `decide::limit` since the start.
    fn now(&self) -> u64 {
        let nanos = u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX);
        nanos.saturating_mul(TICKS_PER_SECOND / 1_000_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> KeyLimits {
        KeyLimits {
            all: Limits {
                requests_per_minute: Some(1),
                ..Limits::default()
            },
            ..KeyLimits::default()
        }
    }

    #[test]
    fn meters_of_keys_that_are_gone_are_thrown_away_and_those_in_use_are_kept() {
        let meters = Meters::default();
        let kept: Vec<_> = (0..50)
            .map(|key| meters.of(&format!("kept{key}").into(), &one()))
            .collect();
        for key in 0..10_000 {
            assert!(meters.of(&format!("gone{key}").into(), &one()).is_some());
        }
        assert!(meters.by_key.lock().unwrap().meters.len() < 300);
        for (key, meter) in (0..50).zip(&kept) {
            let again = meters.of(&format!("kept{key}").into(), &one());
            assert!(
                again
                    .zip(meter.as_ref())
                    .is_some_and(|(again, meter)| Arc::ptr_eq(&again, meter))
            );
        }
    }
}
