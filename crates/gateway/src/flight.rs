//! How many requests are under way on an environment, counted across all workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The count of one environment.
#[derive(Debug, Default)]
pub struct Flight(AtomicU32);

impl Flight {
    pub fn in_flight(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts one more until the guard is dropped; `None` where that would pass `most`.
    pub(crate) fn board(self: &Arc<Self>, most: Option<u32>) -> Option<Boarded> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        let boarded = Boarded(Arc::clone(self));
        most.is_none_or(|most| before < most).then_some(boarded)
    }
}

/// One request under way.
#[derive(Debug)]
pub(crate) struct Boarded(Arc<Flight>);

impl Drop for Boarded {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_environment_takes_nobody_and_forgets_nobody() {
        let flight = Arc::new(Flight::default());
        let first = flight.board(Some(1));
        assert!(first.is_some());
        assert!(flight.board(Some(1)).is_none());
        assert_eq!(flight.in_flight(), 1);
        drop(first);
        assert_eq!(flight.in_flight(), 0);
        assert!(flight.board(Some(1)).is_some());
    }
}
