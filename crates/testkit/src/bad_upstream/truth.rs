//! What really happened on each connection, by the upstream's own clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

/// One connection as the upstream saw it.
#[derive(Clone, Debug)]
pub struct ConnectionTruth {
    /// From 0, in the order of arrival.
    pub number: usize,
    pub accepted_at: Instant,
    /// All that the peer sent (after TLS), in full.
    pub received: Vec<u8>,
    /// Whole HTTP requests among it that the script waited for.
    pub requests: usize,
    /// Bytes handed to the kernel.
    pub bytes_sent: u64,
    /// Tokens handed to the kernel by [`super::Step::StreamTokens`].
    pub tokens_sent: u64,
    /// Steps that are done; a paused connection waits in the step of this index.
    pub steps_done: usize,
    /// When and how the peer ended its side.
    pub peer_ended: Option<PeerEnd>,
    /// When the script ended the connection.
    pub we_ended: Option<Instant>,
    /// Why no TLS session came about.
    pub tls_failure: Option<String>,
}

#[derive(Clone, Copy, Debug)]
pub struct PeerEnd {
    pub at: Instant,
    pub how: HowEnded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HowEnded {
    /// FIN
    Closed,
    /// RST
    Reset,
}

#[derive(Default)]
pub(super) struct TruthLog(Mutex<Vec<Arc<ConnectionLog>>>);

/// The log of one connection while it lives; each change wakes who waits for one.
pub(super) struct ConnectionLog(watch::Sender<ConnectionTruth>);

impl ConnectionTruth {
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.peer_ended.is_none() && self.we_ended.is_none()
    }

    /// What the peer sent, as text.
    #[must_use]
    pub fn received_text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}

impl TruthLog {
    pub(super) fn begin(&self) -> Arc<ConnectionLog> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (truth, _) = watch::channel(ConnectionTruth {
            number: all.len(),
            accepted_at: Instant::now(),
            received: Vec::new(),
            requests: 0,
            bytes_sent: 0,
            tokens_sent: 0,
            steps_done: 0,
            peer_ended: None,
            we_ended: None,
            tls_failure: None,
        });
        let log = Arc::new(ConnectionLog(truth));
        all.push(Arc::clone(&log));
        log
    }

    pub(super) fn all(&self) -> Vec<ConnectionTruth> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|log| log.0.borrow().clone()).collect()
    }
}

impl ConnectionLog {
    pub(super) fn number(&self) -> usize {
        self.0.borrow().number
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut ConnectionTruth)) {
        self.0.send_modify(change);
    }

    /// Only the first end counts.
    pub(super) fn note_peer_ended(&self, how: HowEnded) {
        self.note(|truth| {
            truth.peer_ended.get_or_insert(PeerEnd {
                at: Instant::now(),
                how,
            });
        });
    }

    pub(super) fn note_we_ended(&self) {
        self.note(|truth| truth.we_ended = Some(Instant::now()));
    }

    /// Returns once the condition holds.
    pub(super) async fn until(&self, condition: impl FnMut(&ConnectionTruth) -> bool) {
        // An error would mean that the sender is gone, and it is `self`.
        let _ = self.0.subscribe().wait_for(condition).await;
    }
}
