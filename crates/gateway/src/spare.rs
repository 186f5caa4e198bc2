//! Room that a worker's requests leave to those after them: asking the allocator for it and giving it back costs more
//! than a short message.

use std::cell::RefCell;

/// Pieces of room that are kept.
const KEPT: usize = 16;
/// And as many elements each at most, of which a few uncommonly large messages would otherwise leave much behind.
const KEPT_SIZE: usize = 4 << 10;

/// Empty vectors with their room.
pub(crate) struct Spare<T>(RefCell<Vec<Vec<T>>>);

impl<T> Default for Spare<T> {
    fn default() -> Spare<T> {
        Spare(RefCell::default())
    }
}

impl<T> Spare<T> {
    /// An empty one, with room for as many if there is one to be had.
    pub(crate) fn take(&self, wanted: usize) -> Vec<T> {
        let kept = self.0.borrow_mut().pop();
        kept.unwrap_or_else(|| Vec::with_capacity(wanted))
    }

    /// Keeps the room for the next that asks, unless there is enough of it.
    pub(crate) fn keep(&self, mut room: Vec<T>) {
        let mut kept = self.0.borrow_mut();
        if room.capacity() <= KEPT_SIZE && kept.len() < KEPT {
            room.clear();
            kept.push(room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_comes_back_empty_and_what_is_large_does_not() {
        let spare = Spare::default();
        let mut room = spare.take(10);
        room.extend_from_slice(b"text");
        let place = room.as_ptr();
        spare.keep(room);
        let again = spare.take(10);
        assert!(again.is_empty() && again.as_ptr() == place);
        spare.keep(Vec::with_capacity(KEPT_SIZE + 1));
        assert_eq!(spare.take(1).capacity(), 1);
    }

    #[test]
    fn no_more_is_kept_than_a_few() {
        let spare = Spare::default();
        (0..KEPT + 5).for_each(|_| spare.keep(Vec::<u8>::with_capacity(8)));
        assert_eq!(spare.0.borrow().len(), KEPT);
    }
}
