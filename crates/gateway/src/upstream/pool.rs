//! One worker's connections to its upstreams.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use foldhash::HashMap;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Instant;

use super::http2;
use super::io::Io;
use super::names::Names;
use crate::descriptors::{Line, Lines};
use crate::spare::Spare;
use crate::wire::Span;

/// Vendors' edges close idle connections after minutes; we do it before they do.
const IDLE_LIMIT: Duration = Duration::from_secs(90);
/// Idle connections kept for one endpoint by one worker.
const IDLE_MOST: usize = 256;
/// What one read takes at most, and all of it leaves at once: far more than a vendor sends in one go, and little
/// enough that thousands of clients may stop reading with as much waiting for each.
pub(crate) const READ_SIZE: usize = 16 << 10;

/// Room for requests of this size is kept.
const KEPT_ROOM: usize = 64 << 10;

/// Where a worker's reads land.
pub(crate) type Landing = RefCell<Box<[u8]>>;

pub(crate) struct Pool {
    idle: RefCell<HashMap<u64, Vec<Idle>>>,
    pub(super) names: Names,
    /// Of all workers.
    lines: Arc<Lines>,
    pub(super) http2: RefCell<HashMap<u64, http2::Shards>>,
    /// Every read of this worker, of clients too, lands here and is taken out before the next one, so an open
    /// connection owns no read buffer.
    pub(crate) landing: Landing,
    /// For lines of heads, and answers' heads as they come.
    pub(crate) heads: Spare<u8>,
    /// For the places of heads' fields.
    pub(crate) spans: Spare<Span>,
    /// Where a request is put together; empty while one is being written.
    pub(super) outgoing: Cell<Vec<u8>>,
    swept: Cell<Instant>,
}

struct Idle {
    io: Io,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(lines: Arc<Lines>) -> Pool {
        Pool {
            idle: RefCell::default(),
            names: Names::default(),
            lines,
            http2: RefCell::default(),
            landing: RefCell::new(vec![0; READ_SIZE].into()),
            heads: Spare::default(),
            spans: Spare::default(),
            outgoing: Cell::default(),
            swept: Cell::new(Instant::now()),
        }
    }

    /// Keeps the room that a request was put together in for the next one, unless it is uncommonly large.
    pub(super) fn keep_outgoing(&self, mut room: Vec<u8>) {
        if room.capacity() <= KEPT_ROOM {
            room.clear();
            self.outgoing.set(room);
        }
    }

    /// The most recently used idle connection that is still open.
    pub(super) fn take(&self, endpoint: u64) -> Option<Io> {
        let mut idle = self.idle.borrow_mut();
        let waiting = idle.get_mut(&endpoint)?;
        while let Some(mut found) = waiting.pop() {
            if found.since.elapsed() < IDLE_LIMIT && is_quiet(&mut found.io) {
                return Some(found.io);
            }
        }
        None
    }

    pub(super) fn put(&self, endpoint: u64, io: Io) {
        let now = Instant::now();
        {
            let mut idle = self.idle.borrow_mut();
            let waiting = idle.entry(endpoint).or_default();
            if waiting.len() < IDLE_MOST {
                waiting.push(Idle { io, since: now });
            }
        }
        if now.duration_since(self.swept.get()) > IDLE_LIMIT {
            self.sweep();
        }
    }

    /// Room for one more connection.
    pub(super) fn line(&self) -> Option<Line> {
        self.lines.take()
    }

    /// Closes all that is idle, because this machine has no descriptor left; false if nothing was.
    pub(super) fn close_idle(&self) -> bool {
        let idle = std::mem::take(&mut *self.idle.borrow_mut());
        idle.values().any(|waiting| !waiting.is_empty())
    }

    /// Closes what has been idle for too long, or was closed by the other end.
    pub(crate) fn sweep(&self) {
        self.swept.set(Instant::now());
        let mut idle = self.idle.borrow_mut();
        for waiting in idle.values_mut() {
            waiting.retain_mut(|idle| idle.since.elapsed() < IDLE_LIMIT && is_quiet(&mut idle.io));
        }
        idle.retain(|_, waiting| !waiting.is_empty());
        self.http2.borrow_mut().retain(|_, shards| shards.any_open());
    }
}

/// Nothing to read and not closed: a byte that nobody asked for makes a connection unusable.
fn is_quiet(io: &mut Io) -> bool {
    let mut byte = [0];
    let mut buffer = ReadBuf::new(&mut byte);
    let mut context = Context::from_waker(Waker::noop());
    matches!(Pin::new(io).poll_read(&mut context, &mut buffer), Poll::Pending)
}
