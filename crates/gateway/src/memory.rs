//! Memory for what is as large as others make it: requests' bodies and vendors' whole answers.
//!
//! All workers count into one sum. What does not fit is refused while it is being read, before it is there; what is
//! small is not counted at all, so that an ordinary request touches no shared word.

use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::worker::Worker;

/// What every request may use unasked, in bytes.
const FREE: usize = 64 << 10;
/// A body is held twice: as it came, and as the vendor or the client gets it.
const COPIES: usize = 2;

/// Bytes that requests hold, and may hold, together.
#[derive(Debug)]
pub(crate) struct Memory {
    held: AtomicUsize,
    most: AtomicUsize,
}

/// One request's part of it, given back when it is dropped. Small requests have none.
pub(crate) struct Room {
    worker: Rc<Worker>,
    /// Counted so far.
    held: usize,
    /// What is held of bodies that are whole.
    settled: usize,
}

impl Memory {
    pub(crate) fn new(most: usize) -> Memory {
        Memory {
            held: AtomicUsize::new(0),
            most: AtomicUsize::new(most),
        }
    }

    /// What is held already stays, whatever the new limit.
    pub(crate) fn allow(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
    }

    fn take(&self, more: usize) -> bool {
        let most = self.most.load(Ordering::Relaxed);
        let fits = |held: usize| held.checked_add(more).filter(|sum| *sum <= most);
        let taken = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        taken.is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Has room for a body that takes this many bytes now; false if there is none.
pub(crate) fn make_room(room: &mut Option<Box<Room>>, worker: &Rc<Worker>, bytes: usize) -> bool {
    if bytes <= FREE {
        return true;
    }
    let new = || {
        Box::new(Room {
            worker: Rc::clone(worker),
            held: 0,
            settled: 0,
        })
    };
    room.get_or_insert_with(new).grow_to(bytes)
}

impl Room {
    fn grow_to(&mut self, bytes: usize) -> bool {
        let wanted = self.settled.saturating_add(bytes.saturating_mul(COPIES));
        let more = wanted.saturating_sub(self.held);
        if more > 0 && !self.worker.shared.memory.take(more) {
            return false;
        }
        self.held = self.held.max(wanted);
        true
    }

    /// The body is whole, and the next one comes on top of it.
    pub(crate) fn settle(&mut self) {
        self.settled = self.held;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.worker.shared.memory.give_back(self.held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_taken_and_what_is_given_back_is_free() {
        let memory = Memory::new(100);
        assert!(memory.take(60) && !memory.take(41) && memory.take(40));
        memory.give_back(60);
        assert!(!memory.take(usize::MAX) && memory.take(60));
        memory.allow(10);
        assert!(!memory.take(1), "what is held stays held");
    }
}
