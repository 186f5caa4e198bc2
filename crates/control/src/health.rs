//! Whether an environment's vendor is there, found out by small requests of our own.
//!
//! Probes go through the gateway's own upstream code, but not through a deployment: they are no
//! requests, so no statistics and no evidence can count them.

mod board;
mod probes;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use decide::Side;
use gateway::Snapshot;
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use crate::config::HealthProbe;
use crate::events::{EventKind, Hub};
use board::{Board, Change};
pub use probes::keep_probing;

/// By deployment and side.
pub type Key = (Arc<str>, Side);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Healthy,
    Unhealthy,
    /// Not probed, or not yet.
    #[default]
    Unknown,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Healthy => "healthy",
            Status::Unhealthy => "unhealthy",
            Status::Unknown => "unknown",
        }
    }
}

/// What is known of one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EnvironmentHealth {
    pub status: Status,
    /// Since when it has this status, RFC 3339; `None` for one that nobody follows.
    pub since: Option<String>,
    /// Why the last probe that failed did; kept until one succeeds.
    pub last_error: Option<&'static str>,
}

/// All environments of the gateway.
pub struct Health {
    board: Mutex<Board>,
    hub: Arc<Hub>,
    born: Instant,
}

impl Health {
    pub fn new(hub: Arc<Hub>) -> Health {
        Health {
            board: Mutex::new(Board::default()),
            hub,
            born: Instant::now(),
        }
    }

    /// How environments are to be probed. One that is not listed is left alone.
    pub fn configure(&self, probes: HashMap<Key, HealthProbe>) {
        let now = self.now();
        self.board().configure(probes, now, &moment());
    }

    pub fn of(&self, deployment: &str, side: Side) -> EnvironmentHealth {
        self.board().health_of(deployment, side)
    }

    /// Follows the environments of this snapshot from now on. What is known of an environment moves
    /// with it, as when green becomes blue.
    pub(crate) fn follow(&self, snapshot: &Snapshot) {
        let now = self.now();
        self.board().follow(snapshot, now, &moment());
    }

    fn tell(&self, changes: Vec<Change>) {
        for change in changes {
            let (deployment, environment) = (&*change.key.0, change.key.1.name());
            let EnvironmentHealth {
                status,
                since,
                last_error,
            } = change.now;
            if status == Status::Unhealthy {
                tracing::warn!(
                    deployment,
                    environment,
                    error = last_error,
                    "an environment is unhealthy"
                );
            } else {
                tracing::info!(deployment, environment, "an environment is {}", status.name());
            }
            let data = json!({
                "deployment": deployment, "environment": environment,
                "health": status.name(), "since": since, "last_error": last_error,
            });
            self.hub.publish(EventKind::Health, data);
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since the start.
    fn now(&self) -> Duration {
        self.born.elapsed()
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Health")
    }
}

fn moment() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests;
