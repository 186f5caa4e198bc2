//! What happens, told to whoever listens: the hub behind `GET /events`.
//!
//! Publishing never waits. Each listener has a bounded queue of its own; one that does not keep up
//! is dropped, with a last notice that says so. Events have ids that grow, over restarts too, and
//! the last ones are kept, so that a listener that was cut off goes on where it was.

mod hub;
mod stats;

pub use hub::{Hub, Subscription};
pub use stats::tick_stats;

use serde_json::Value;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Figures of all deployments, each second.
    Stats,
    Split,
    Health,
    Rollout,
    Verdict,
    Drain,
    Config,
    Audit,
    /// What the demonstration is about to show.
    Notice,
    /// Events were missed: read the deployments again. The last event of a listener that was too slow.
    Missed,
}

impl EventKind {
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Stats => "stats",
            EventKind::Split => "split",
            EventKind::Health => "health",
            EventKind::Rollout => "rollout",
            EventKind::Verdict => "verdict",
            EventKind::Drain => "drain",
            EventKind::Config => "config",
            EventKind::Audit => "audit",
            EventKind::Notice => "notice",
            EventKind::Missed => "missed",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// To resume after; grows by at least one.
    pub id: u64,
    pub kind: EventKind,
    pub data: Value,
}

#[cfg(test)]
mod tests;
