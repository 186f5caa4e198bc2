//! The last finished requests, in memory: what an operator asks about is mostly seconds old.
//!
//! They are kept as they came and found by looking through them, newest first: an index would cost
//! every request, a search costs only who asks (0.1 ms at most).

use std::collections::VecDeque;

use gateway::{Attempt, Outcome};

/// Requests kept.
const MOST: usize = 10_000;
/// Bytes kept, about; typical requests stay at a third of it.
const MOST_BYTES: usize = 24 << 20;
/// A longer path is a client's own text, of which the start is enough.
const PATH_LIMIT: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Recent {
    kept: VecDeque<Box<Outcome>>,
    bytes: usize,
}

impl Recent {
    pub(crate) fn add(&mut self, mut outcome: Box<Outcome>) {
        if outcome.path.len() > PATH_LIMIT {
            let end = (0..=PATH_LIMIT)
                .rev()
                .find(|end| outcome.path.is_char_boundary(*end));
            outcome.path.truncate(end.unwrap_or_default());
            outcome.path.shrink_to_fit();
        }
        self.bytes += size_of(&outcome);
        self.kept.push_back(outcome);
        while self.kept.len() > MOST || self.bytes > MOST_BYTES {
            let Some(oldest) = self.kept.pop_front() else {
                return;
            };
            self.bytes = self.bytes.saturating_sub(size_of(&oldest));
        }
    }

    /// The latest with this id, which may be the client's own and come twice.
    pub(crate) fn find(&self, id: &str) -> Option<&Outcome> {
        self.kept
            .iter()
            .rev()
            .find(|outcome| outcome.request_id == id)
            .map(|outcome| &**outcome)
    }

    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn size_of(outcome: &Outcome) -> usize {
    std::mem::size_of::<Outcome>()
        + outcome.request_id.capacity()
        + outcome.path.capacity()
        + outcome.attempts.capacity() * std::mem::size_of::<Attempt>()
}
