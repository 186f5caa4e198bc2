//! Which places of `concurrent_requests` this gateway's requests have: they are renewed while it lives.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gateway::Asked;

use super::calls;

/// By the name under which Redis keeps them.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<HashMap<String, HashSet<u64>>>);

impl Places {
    pub(super) fn take(&self, asked: &Asked) {
        let mut places = self.places();
        for name in calls::places(asked) {
            places.entry(name).or_default().insert(asked.id);
        }
    }

    pub(super) fn leave(&self, asked: &Asked) {
        let mut places = self.places();
        for name in calls::places(asked) {
            if let Some(of_name) = places.get_mut(&name) {
                of_name.remove(&asked.id);
                if of_name.is_empty() {
                    places.remove(&name);
                }
            }
        }
    }

    pub(super) fn taken(&self) -> HashMap<String, HashSet<u64>> {
        self.places().clone()
    }

    fn places(&self) -> MutexGuard<'_, HashMap<String, HashSet<u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
