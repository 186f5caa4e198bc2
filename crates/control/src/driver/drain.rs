//! Watching the requests in flight on a side that gets no new ones.

use std::sync::Arc;
use std::time::Duration;

use decide::Side;
use gateway::Flight;
use serde_json::json;
use tokio::time::Instant;

use super::running::Rollout;
use crate::events::{EventKind, Hub};

/// Changed counts are told at most this often; the last one always.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// A request that took the old route a moment ago may not be counted yet, so one empty look is not enough.
const EMPTY_LOOKS: u32 = 2;

#[derive(Debug)]
pub(super) struct Draining {
    id: String,
    deployment: String,
    side: Side,
    flight: Arc<Flight>,
    until: Instant,
    empty_looks: u32,
    is_over: bool,
    told: Option<(u32, Instant)>,
}

impl Draining {
    pub(super) fn new(rollout: &Rollout, side: Side, flight: Arc<Flight>, until: Instant) -> Draining {
        Draining {
            id: rollout.id.clone(),
            deployment: rollout.deployment.clone(),
            side,
            flight,
            until,
            empty_looks: 0,
            is_over: false,
            told: None,
        }
    }

    /// The side, once, when nothing is in flight on it any more.
    pub(super) fn look(&mut self, hub: &Hub) -> Option<Side> {
        if self.is_over {
            return None;
        }
        let in_flight = self.flight.in_flight();
        self.empty_looks = if in_flight == 0 { self.empty_looks + 1 } else { 0 };
        self.is_over = self.empty_looks >= EMPTY_LOOKS;
        let is_due = |(count, at): (u32, Instant)| count != in_flight && at.elapsed() >= TELL_EVERY;
        if self.is_over || self.told.is_none_or(is_due) {
            self.told = Some((in_flight, Instant::now()));
            let data = json!({
                "deployment": self.deployment, "rollout": self.id, "environment": self.side.name(),
                "in_flight": in_flight, "drained": self.is_over,
            });
            hub.publish(EventKind::Drain, data);
        }
        self.is_over.then_some(self.side)
    }

    /// Side, requests in flight, seconds left.
    pub(super) fn shown(&self) -> (Side, u32, f64) {
        let left = self.until.saturating_duration_since(Instant::now());
        (self.side, self.flight.in_flight(), left.as_secs_f64())
    }
}
