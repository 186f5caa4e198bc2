//! The models that are known, how each behaves now, and what happened at each.
//!
//! Counting is part of the answer's life: [`InFlight`] is made when a request is read and dropped with the
//! answer. A drop before the answer's end can only mean that the client went away, so the moment of the drop is
//! the moment at which the vendor noticed.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwap;
use serde::Serialize;

use super::behaviour::ModelBehaviour;

/// What happened at one model since it was first heard of.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ModelCounters {
    /// Requests that were read whole and understood.
    pub requests: u64,
    /// Requests that are being answered, stalled ones included.
    pub active: u64,
    /// Answered to the end, as a well vendor would.
    pub answered: u64,
    /// Ended by an error or a fault of the settings.
    pub troubled: u64,
    /// Left by the client before the answer's end.
    pub cancelled_by_client: u64,
    /// Tokens handed to the socket; those of cancelled answers count as far as they got.
    pub tokens_sent: u64,
    /// The last cancelled requests, oldest first.
    pub recent_cancels: Vec<Cancel>,
}

/// One request whose client went away.
#[derive(Clone, Debug, Serialize)]
pub struct Cancel {
    /// Number of the request at its model, from 1.
    pub request_number: u64,
    /// When the vendor noticed, by the clock that cannot be set.
    #[serde(skip)]
    pub noticed_at: Instant,
    /// The same by the wall clock.
    pub noticed_unix_ms: u64,
    /// From the request's arrival until the vendor noticed.
    pub after_ms: u64,
    pub tokens_sent: u64,
}

pub(super) struct Registry {
    default_behaviour: ModelBehaviour,
    models: RwLock<HashMap<String, Arc<Model>>>,
}

pub(super) struct Model {
    pub(super) name: String,
    pub(super) behaviour: ArcSwap<ModelBehaviour>,
    requests: AtomicU64,
    answered: AtomicU64,
    troubled: AtomicU64,
    cancelled: AtomicU64,
    tokens_sent: AtomicU64,
    recent_cancels: Mutex<VecDeque<Cancel>>,
}

/// One request from its arrival to the end of its answer.
pub(super) struct InFlight {
    model: Arc<Model>,
    /// From 1.
    pub(super) request_number: u64,
    arrived: Instant,
    tokens_sent: u64,
    over: bool,
}

/// Names come from clients; beyond this number the longest-known stay and newcomers share one place.
const MOST_MODELS: usize = 20_000;
const NAME_OF_THE_REST: &str = "(other models)";
const CANCELS_KEPT: usize = 100;

impl Registry {
    pub(super) fn new(default_behaviour: ModelBehaviour) -> Registry {
        Registry {
            default_behaviour,
            models: RwLock::default(),
        }
    }

    /// The model of this name; a name that was never heard of starts with the default behaviour.
    pub(super) fn model(&self, name: &str) -> Arc<Model> {
        if let Some(known) = self.known(name) {
            return known;
        }
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        let name = if models.len() < MOST_MODELS {
            name
        } else {
            NAME_OF_THE_REST
        };
        let new = || Arc::new(Model::new(name, self.default_behaviour.clone()));
        Arc::clone(models.entry(name.to_owned()).or_insert_with(new))
    }

    pub(super) fn known(&self, name: &str) -> Option<Arc<Model>> {
        self.models
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// All models, by name.
    pub(super) fn all(&self) -> Vec<Arc<Model>> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = models.values().cloned().collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    pub(super) fn default_behaviour(&self) -> &ModelBehaviour {
        &self.default_behaviour
    }
}

impl Model {
    fn new(name: &str, behaviour: ModelBehaviour) -> Model {
        Model {
            name: name.to_owned(),
            behaviour: ArcSwap::from_pointee(behaviour),
            requests: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            troubled: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            tokens_sent: AtomicU64::new(0),
            recent_cancels: Mutex::default(),
        }
    }

    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        let request_number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        InFlight {
            model: Arc::clone(self),
            request_number,
            arrived: Instant::now(),
            tokens_sent: 0,
            over: false,
        }
    }

    pub(super) fn counters(&self) -> ModelCounters {
        // The ends are read before the beginnings, so that the difference never goes below zero.
        let answered = self.answered.load(Ordering::Acquire);
        let troubled = self.troubled.load(Ordering::Acquire);
        let cancelled_by_client = self.cancelled.load(Ordering::Acquire);
        let requests = self.requests.load(Ordering::Acquire);
        let recent = self.recent_cancels.lock().unwrap_or_else(PoisonError::into_inner);
        ModelCounters {
            requests,
            active: requests.saturating_sub(answered + troubled + cancelled_by_client),
            answered,
            troubled,
            cancelled_by_client,
            tokens_sent: self.tokens_sent.load(Ordering::Acquire),
            recent_cancels: recent.iter().cloned().collect(),
        }
    }

    fn note_cancel(&self, cancel: Cancel) {
        let mut recent = self.recent_cancels.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == CANCELS_KEPT {
            recent.pop_front();
        }
        recent.push_back(cancel);
        self.cancelled.fetch_add(1, Ordering::Release);
    }
}

impl InFlight {
    pub(super) fn count_tokens(&mut self, tokens: u64) {
        self.tokens_sent += tokens;
        self.model.tokens_sent.fetch_add(tokens, Ordering::Relaxed);
    }

    pub(super) fn answered(&mut self) {
        if !std::mem::replace(&mut self.over, true) {
            self.model.answered.fetch_add(1, Ordering::Release);
        }
    }

    pub(super) fn troubled(&mut self) {
        if !std::mem::replace(&mut self.over, true) {
            self.model.troubled.fetch_add(1, Ordering::Release);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        self.model.note_cancel(Cancel {
            request_number: self.request_number,
            noticed_at: Instant::now(),
            noticed_unix_ms: whole_milliseconds(since_epoch),
            after_ms: whole_milliseconds(self.arrived.elapsed()),
            tokens_sent: self.tokens_sent,
        });
    }
}

fn whole_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_dropped_before_its_end_was_cancelled() {
        let model = Registry::new(ModelBehaviour::instant()).model("m");
        let mut left = model.begin();
        left.count_tokens(3);
        assert_eq!(model.counters().active, 1);
        drop(left);
        let mut answered = model.begin();
        answered.answered();
        drop(answered);
        let counters = model.counters();
        assert_eq!(
            (counters.requests, counters.active, counters.cancelled_by_client),
            (2, 0, 1)
        );
        assert_eq!(
            counters.recent_cancels.first().map(|cancel| cancel.tokens_sent),
            Some(3)
        );
    }

    #[test]
    fn names_beyond_the_bound_share_one_place() {
        let registry = Registry::new(ModelBehaviour::instant());
        for number in 0..MOST_MODELS + 10 {
            registry.model(&format!("m{number}"));
        }
        assert_eq!(registry.all().len(), MOST_MODELS + 1);
    }
}
