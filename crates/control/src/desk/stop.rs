//! Taking green out at once, before anything else is asked.
//!
//! A rollback must not wait for the desk's lock: whoever holds it may be waiting for the store. So
//! green is stopped in the snapshot first, and every snapshot that is put in force meanwhile is
//! made to say the same, until the rollback has been decided and its route is in force.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use decide::Share;
use gateway::Snapshot;

use super::{Desk, DeskError, Live, build};

/// Deployments whose green is stopped, with the number of rollbacks that wait to be decided.
#[derive(Default)]
pub(super) struct Stops(Mutex<BTreeMap<String, u32>>);

impl Stops {
    fn waiting(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Puts a snapshot in force, with green stopped where a rollback is under way.
    pub(super) fn put(&self, mut snapshot: Snapshot) {
        let stops = self.stops.waiting();
        for name in stops.keys() {
            stop(&mut snapshot, name);
        }
        self.shared.swap(snapshot);
    }

    /// From when this returns, no request is routed to green but a forced one, whatever else is put in force, until
    /// [`Desk::let_go`] was called as often.
    pub(crate) fn stop_green(&self, name: &str) {
        let mut stops = self.stops.waiting();
        *stops.entry(name.to_owned()).or_default() += 1;
        let before = self.shared.snapshot();
        let mut snapshot = build::copy(&before);
        stop(&mut snapshot, name);
        self.shared.swap(snapshot);
    }

    /// Ends a stop; what is held by now says what green gets.
    pub(crate) async fn let_go(&self, name: &str) {
        let mut live = self.live().await;
        if let Err(error) = self.end_stop(&mut live, name, true) {
            tracing::error!(deployment = name, %error, "green stays out: no snapshot can be made of what is held");
        }
    }

    /// The rollback is decided: `held` says from now on what green gets.
    pub(super) fn end_stop(&self, live: &mut Live, name: &str, refused: bool) -> Result<(), DeskError> {
        {
            let mut stops = self.stops.waiting();
            if let Some(waiting) = stops.get_mut(name) {
                *waiting -= 1;
            }
            stops.retain(|_, waiting| *waiting > 0);
        }
        if refused {
            self.put(build::snapshot(live)?);
        }
        Ok(())
    }
}

fn stop(snapshot: &mut Snapshot, name: &str) {
    let index = snapshot.table.names.deployment(name);
    let Some(route) = index.and_then(|index| snapshot.table.routes.get_mut(index)) else {
        return;
    };
    if route.has_green && !route.latched {
        // The revision that the rollback will have, unless something else comes first.
        route.revision += 1;
        route.green = Share::NONE;
        route.latched = true;
    }
}
