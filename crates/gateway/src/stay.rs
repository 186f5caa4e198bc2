//! Who leaves before a whole answer has come leaves it to be paid for.
//!
//! A stream that is cut has shown how far it came, a whole answer has not: its vendor works on it, takes its price,
//! and says what that is at its end alone. So where somebody pays, such an answer is awaited even if nobody will read
//! it. It is not tried again elsewhere, and it has the time limit of any answer.

use std::cell::Cell;
use std::rc::Rc;

use crate::ticket::Ticket;

/// Of one request: shared between its connection, which sees the client leave, and its ticket.
#[derive(Debug, Default)]
pub(crate) struct Stay {
    wanted: Cell<bool>,
    left: Cell<bool>,
}

impl Stay {
    /// From now on the request is to be finished, whether or not its client stays.
    pub(crate) fn want(&self) {
        self.wanted.set(true);
    }

    /// The client has left; whether the request is to be finished all the same.
    pub(crate) fn leave(&self) -> bool {
        self.left.set(self.wanted.get());
        self.wanted.get()
    }

    pub(crate) fn has_left(&self) -> bool {
        self.left.get()
    }
}

/// Ends a task that nobody waits for any more, unless it is to be finished.
pub(crate) struct EndedWithoutClient {
    pub(crate) task: tokio::task::AbortHandle,
    pub(crate) stay: Rc<Stay>,
}

impl Drop for EndedWithoutClient {
    fn drop(&mut self) {
        if !self.stay.leave() {
            self.task.abort();
        }
    }
}

impl Ticket {
    pub(crate) fn finish_without_client(&self) {
        if let Some(stay) = &self.stay {
            stay.want();
        }
    }

    pub(crate) fn client_has_left(&self) -> bool {
        self.stay.as_ref().is_some_and(|stay| stay.has_left())
    }
}
