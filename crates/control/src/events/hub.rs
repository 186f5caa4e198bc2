//! The hub and its listeners.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Event, EventKind};

/// Events kept for listeners that come back; ticks of statistics are not among them.
const KEPT: usize = 1_000;
/// Events that wait for one listener: with nothing but ticks, four minutes' worth.
const WAITING: usize = 256;
/// Listeners at a time. A dashboard is one; more than this is a mistake somewhere.
const LISTENERS: usize = 1_000;

pub struct Hub(Mutex<Inner>);

struct Inner {
    last_id: u64,
    /// No event up to this id can be replayed.
    gone: u64,
    kept: VecDeque<Arc<Event>>,
    listeners: Vec<mpsc::Sender<Arc<Event>>>,
    notice: Option<String>,
}

impl Hub {
    /// `now` in Unix milliseconds: ids begin there, so that they go on growing after a restart.
    pub fn new(now: u64) -> Hub {
        Hub(Mutex::new(Inner {
            last_id: now,
            gone: now,
            kept: VecDeque::new(),
            listeners: Vec::new(),
            notice: None,
        }))
    }

    /// Tells everybody; drops who cannot take it.
    pub fn publish(&self, kind: EventKind, data: Value) {
        let mut inner = self.inner();
        inner.last_id += 1;
        let event = Arc::new(Event {
            id: inner.last_id,
            kind,
            data,
        });
        if kind != EventKind::Stats {
            inner.kept.push_back(Arc::clone(&event));
            if inner.kept.len() > KEPT
                && let Some(oldest) = inner.kept.pop_front()
            {
                inner.gone = oldest.id;
            }
        }
        inner
            .listeners
            .retain(|listener| listener.try_send(Arc::clone(&event)).is_ok());
    }

    /// Tells everybody something in words, and whoever comes later.
    pub fn notify(&self, message: &str) {
        self.inner().notice = Some(message.to_owned());
        self.publish(EventKind::Notice, json!({ "message": message }));
    }

    /// What was told last in words.
    pub fn notice(&self) -> Option<String> {
        self.inner().notice.clone()
    }

    /// Events from now on, or all after the one with this id.
    pub fn subscribe(&self, after: Option<u64>) -> Subscription {
        let mut inner = self.inner();
        let mut backlog: VecDeque<Arc<Event>> = VecDeque::new();
        if let Some(after) = after {
            if after < inner.gone || after > inner.last_id {
                let why = "events were missed: read the deployments again";
                backlog.push_back(missed(inner.last_id, why));
            }
            let newer = inner.kept.iter().filter(|event| event.id > after);
            backlog.extend(newer.cloned());
        }
        let (sender, queue) = mpsc::channel(WAITING);
        inner.listeners.retain(|listener| !listener.is_closed());
        // One too many hears what is there, and that it was dropped.
        if inner.listeners.len() < LISTENERS {
            inner.listeners.push(sender);
        }
        Subscription {
            backlog,
            queue,
            last_id: inner.last_id,
            ended: false,
        }
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        let mut inner = self.inner();
        inner.listeners.retain(|listener| !listener.is_closed());
        inner.listeners.len()
    }

    /// Ends every subscription: the gateway goes down.
    pub fn close(&self) {
        self.inner().listeners.clear();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Hub(at {})", self.inner().last_id)
    }
}

/// One listener's events.
#[derive(Debug)]
pub struct Subscription {
    backlog: VecDeque<Arc<Event>>,
    queue: mpsc::Receiver<Arc<Event>>,
    last_id: u64,
    ended: bool,
}

impl Subscription {
    /// The next event; `None` after the last one. May be dropped and called again.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        if let Some(event) = self.backlog.pop_front() {
            return Some(event);
        }
        if let Some(event) = self.queue.recv().await {
            self.last_id = event.id;
            return Some(event);
        }
        if std::mem::replace(&mut self.ended, true) {
            return None;
        }
        let why = "this listener was dropped, since it was too slow or the gateway ends";
        Some(missed(self.last_id, why))
    }
}

/// With the id of the last event before it, so that resuming after it misses nothing.
fn missed(id: u64, why: &str) -> Arc<Event> {
    Arc::new(Event {
        id,
        kind: EventKind::Missed,
        data: json!({ "message": why }),
    })
}
