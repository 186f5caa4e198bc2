//! Where rollouts under way get their messages, and finished requests on the way there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use gateway::Outcome;
use tokio::sync::mpsc;

use super::finished::finished;
use super::running::{Message, Rollout};

/// Messages that wait for one rollout at most; more than a second's worth at 20,000 requests a second.
const WAITING: usize = 32_768;

/// By deployment.
#[derive(Default)]
pub(super) struct Inboxes(RwLock<HashMap<String, Inbox>>);

#[derive(Clone)]
struct Inbox {
    /// The rollout's.
    id: String,
    /// Digest of the green that it judges.
    candidate: String,
    messages: mpsc::Sender<Message>,
    /// Finished requests that did not fit.
    missed: Arc<AtomicU64>,
}

impl Inboxes {
    /// A new rollout's.
    pub(super) fn open(&self, rollout: &Rollout) -> (mpsc::Sender<Message>, mpsc::Receiver<Message>) {
        let (messages, inbox) = mpsc::channel(WAITING);
        let opened = Inbox {
            id: rollout.id.clone(),
            candidate: rollout.candidate.clone(),
            messages: messages.clone(),
            missed: Arc::default(),
        };
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(rollout.deployment.clone(), opened);
        (messages, inbox)
    }

    pub(super) fn close(&self, deployment: &str, id: &str) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.get(deployment).is_some_and(|inbox| inbox.id == id) {
            all.remove(deployment);
        }
    }

    pub(super) fn of(&self, deployment: &str) -> Option<mpsc::Sender<Message>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(deployment).map(|inbox| inbox.messages.clone())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// By the rollout's id.
    pub(super) fn deployment(&self, id: &str) -> Option<String> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|(_, inbox)| inbox.id == id);
        found.map(|(deployment, _)| deployment.clone())
    }

    pub(super) fn candidate(&self, deployment: &str) -> Option<String> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(deployment).map(|inbox| inbox.candidate.clone())
    }

    pub(super) fn missed(&self, deployment: &str) -> u64 {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(deployment)
            .map_or(0, |inbox| inbox.missed.load(Ordering::Relaxed))
    }

    /// Called for every request, so it must not wait.
    pub(super) fn hear(&self, outcome: &Outcome) {
        let Some(deployment) = outcome.deployment.as_deref() else {
            return;
        };
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(inbox) = all.get(deployment) else { return };
        let Some(finished) = finished(outcome) else { return };
        if inbox
            .messages
            .try_send(Message::Finished(Box::new(finished)))
            .is_err()
        {
            inbox.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}
