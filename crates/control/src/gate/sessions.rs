//! Sessions of browsers. They live in this process alone: after a restart people log in again.

use std::collections::HashMap;
use std::time::Duration;

use gateway::Digest;
use tokio::time::Instant;

/// A working day; then the token is asked for again.
pub const LIFETIME: Duration = Duration::from_secs(12 * 3_600);
/// Sessions at a time. The one that would end first makes room for one more.
const MOST: usize = 1_000;

#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    /// It ends when its token does.
    pub(super) token: Digest,
    pub(super) until: Instant,
}

/// By the hash of their ids.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<Digest, Session>);

impl Sessions {
    pub(super) fn begin(&mut self, id: Digest, session: Session, now: Instant) {
        self.0.retain(|_, session| session.until > now);
        if self.0.len() >= MOST {
            let first = self.0.iter().min_by_key(|(_, session)| session.until);
            if let Some(id) = first.map(|(id, _)| *id) {
                self.0.remove(&id);
            }
        }
        self.0.insert(id, session);
    }

    pub(super) fn find(&self, id: &Digest, now: Instant) -> Option<Session> {
        self.0.get(id).copied().filter(|session| session.until > now)
    }

    pub(super) fn end(&mut self, id: &Digest) {
        self.0.remove(id);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn sessions_are_bounded_and_the_one_that_ends_first_makes_room() {
        let (mut sessions, start) = (Sessions::default(), Instant::now());
        let id = |number: usize| gateway::digest(&number.to_le_bytes());
        for number in 0..=MOST {
            let until = start + LIFETIME + Duration::from_secs(number as u64);
            let token = id(0);
            sessions.begin(id(number), Session { token, until }, start);
        }
        assert_eq!(sessions.len(), MOST);
        assert!(sessions.find(&id(0), start).is_none());
        assert!(sessions.find(&id(1), start).is_some());
        assert!(sessions.find(&id(1), start + LIFETIME * 2).is_none());
    }
}
