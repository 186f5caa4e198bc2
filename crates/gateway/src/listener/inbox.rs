//! Reading a client's requests off its connection, with limits on size and on patience.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::waits::Waits;
use crate::life::Visit;
use crate::refused::Refused;
use crate::upstream::{Landing, Pool, READ_SIZE};
use crate::wire::Chunked;
use crate::wire::head::{BadHead, Framing, RequestHead, read_request, whole};

/// A new connection that says nothing is closed after this.
const FIRST_BYTE_LIMIT: Duration = Duration::from_secs(10);
/// One that was used before may rest this long.
pub(super) const REST_LIMIT: Duration = Duration::from_secs(120);
/// When the gateway ends, a request may be on its way on a connection that looks idle: it is still taken
/// within this.
const LAST_CALL: Duration = Duration::from_secs(1);
/// A head that has begun must be whole within this.
const HEAD_TIME_LIMIT: Duration = Duration::from_secs(10);
/// A body may be this late, on top of what its size takes at the slowest rate.
const BODY_PATIENCE: Duration = Duration::from_secs(20);
/// The slowest rate a body may come at, bytes a second.
const BODY_RATE: u64 = 1_024;
/// What an idle connection keeps of its buffer.
const KEPT_ROOM: usize = 16 << 10;
/// How HTTP/2 begins (RFC 9113, 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\n";

#[derive(Default)]
pub(super) struct Inbox {
    pub(super) bytes: Vec<u8>,
    searched: usize,
    /// The payload of a chunked body.
    decoded: Vec<u8>,
}

/// What came first.
pub(super) enum Came {
    Head(RequestHead),
    Http2,
    /// Nothing more, in order.
    Closed,
    Refused(Refused),
}

impl Inbox {
    /// The head of the next request; `used` if the connection had one before.
    pub(super) async fn head(
        &mut self,
        (stream, pool): (&mut TcpStream, &Pool),
        waits: &mut Waits,
        used: bool,
    ) -> Came {
        let landing = &pool.landing;
        let mut began = None;
        let mut first_byte = None;
        let mut ending = None;
        loop {
            match self.whole_head(pool) {
                Ok(None) => {}
                Ok(Some(came)) => return came,
                Err(bad) => return Came::Refused(of_bad_head(bad)),
            }
            // Clocks are read where a head is waited for, which is after what is there was not all.
            let now = Instant::now();
            let began = *began.get_or_insert(now);
            if !self.bytes.is_empty() {
                first_byte.get_or_insert(now);
            }
            let limit = if used { REST_LIMIT } else { FIRST_BYTE_LIMIT };
            let mut deadline = first_byte.map_or(began + limit, |first| first + HEAD_TIME_LIMIT);
            if let (None, Some(ending)) = (first_byte, ending) {
                deadline = deadline.min(ending + LAST_CALL);
            }
            let next = poll_fn(|cx| {
                if let Poll::Ready(read) = self.poll_more(stream, landing, cx) {
                    return Poll::Ready(Next::Read(read));
                }
                let may_end = first_byte.is_none() && ending.is_none();
                if may_end && waits.poll_ending(cx).is_ready() {
                    return Poll::Ready(Next::Ending);
                }
                waits.poll_late(deadline, cx).map(|()| Next::Late)
            });
            match next.await {
                Next::Read(Ok(0) | Err(_)) => return Came::Closed,
                Next::Read(Ok(_)) => {}
                Next::Ending => ending = Some(Instant::now()),
                Next::Late if first_byte.is_none() => return Came::Closed,
                Next::Late => return Came::Refused(timed_out("the request's head took too long")),
            }
        }
    }

    fn whole_head(&mut self, pool: &Pool) -> Result<Option<Came>, BadHead> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        if self.bytes.starts_with(HTTP2_PREFACE) {
            return Ok(Some(Came::Http2));
        }
        let read = |bytes: &[u8]| read_request(bytes, &pool.spans);
        let head = whole(&self.bytes, &mut self.searched, read)?;
        Ok(head.map(Came::Head))
    }

    /// Whether a part of the body has come with the head.
    pub(super) fn has_body_bytes(&self, head: &RequestHead) -> bool {
        self.bytes.len() > head.length
    }

    /// Reads the body that belongs to `head`; returns how many bytes head and body have taken.
    pub(super) async fn body(
        &mut self,
        (stream, landing): (&mut TcpStream, &Landing),
        head: &RequestHead,
        visit: &mut Visit,
    ) -> Result<usize, Unread> {
        let limit = visit.snapshot.settings.body_limit;
        match head.framing {
            Framing::Length(length) => {
                let length = usize::try_from(length).ok().filter(|length| *length <= limit);
                let Some(length) = length else {
                    return Err(Unread::Refused(too_large(limit)));
                };
                self.fill((stream, landing), head.length + length, visit).await?;
                Ok(head.length + length)
            }
            Framing::Chunked => self.chunks((stream, landing), head.length, visit).await,
            Framing::UntilClose => Ok(head.length),
        }
    }

    /// The body's bytes, once `body` has said where they end.
    pub(super) fn body_bytes(&self, head: &RequestHead, end: usize) -> &[u8] {
        match head.framing {
            Framing::Chunked => &self.decoded,
            Framing::Length(_) | Framing::UntilClose => self.bytes.get(head.length..end).unwrap_or_default(),
        }
    }

    /// Forgets a request that was answered; `ahead` is what came after it.
    pub(super) fn advance(&mut self, end: usize, ahead: &mut Vec<u8>) {
        self.bytes.drain(..end.min(self.bytes.len()));
        self.bytes.append(ahead);
        self.bytes.shrink_to(KEPT_ROOM);
        self.decoded = Vec::new();
        self.searched = 0;
    }

    /// The same, and keeps no room.
    pub(super) fn let_go(&mut self, end: usize, ahead: &mut Vec<u8>) {
        self.advance(end, ahead);
        self.bytes.shrink_to_fit();
    }

    async fn fill(
        &mut self,
        (stream, landing): (&mut TcpStream, &Landing),
        wanted: usize,
        visit: &mut Visit,
    ) -> Result<(), Unread> {
        let had = self.bytes.len();
        if had >= wanted {
            return Ok(());
        }
        let pace = Pace::start();
        while self.bytes.len() < wanted {
            self.make_room(wanted);
            visit.make_room(self.bytes.capacity()).map_err(Unread::Refused)?;
            pace.read(
                self.bytes.len().saturating_sub(had),
                self.read_more(stream, landing),
            )
            .await?;
        }
        Ok(())
    }

    async fn chunks(
        &mut self,
        (stream, landing): (&mut TcpStream, &Landing),
        start: usize,
        visit: &mut Visit,
    ) -> Result<usize, Unread> {
        let limit = visit.snapshot.settings.body_limit;
        let pace = Pace::start();
        let (mut chunked, mut at) = (Chunked::default(), start);
        loop {
            let input = self.bytes.get(at..).unwrap_or_default();
            match chunked.decode(input, &mut self.decoded) {
                Ok(taken) => at += taken,
                Err(bad) => {
                    return Err(Unread::Refused(Refused::new(
                        400,
                        "invalid_request",
                        bad.to_string(),
                    )));
                }
            }
            if self.decoded.len() > limit {
                return Err(Unread::Refused(too_large(limit)));
            }
            if chunked.is_done() {
                return Ok(at);
            }
            visit
                .make_room(self.decoded.capacity())
                .map_err(Unread::Refused)?;
            // What was decoded is not kept twice.
            self.bytes.truncate(start);
            at = start;
            pace.read(self.decoded.len(), self.read_more(stream, landing))
                .await?;
        }
    }

    /// Reads once; 0 is the end. A read that leaves room tells the runtime that nothing more is
    /// there, so watching for the client's leaving begins without another read.
    fn poll_more(
        &mut self,
        stream: &mut TcpStream,
        landing: &Landing,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut landing = landing.borrow_mut();
        let mut buffer = ReadBuf::new(&mut landing);
        ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
        self.bytes.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    async fn read_more(&mut self, stream: &mut TcpStream, landing: &Landing) -> io::Result<usize> {
        poll_fn(|cx| self.poll_more(stream, landing, cx)).await
    }

    /// Of a large body, makes room for the next read, and for no more than what is still wanted besides. A small one grows
    /// by itself.
    fn make_room(&mut self, wanted: usize) {
        let length = self.bytes.len();
        let still = wanted.saturating_sub(length);
        if still > READ_SIZE && self.bytes.capacity() - length < READ_SIZE {
            let more = length.max(READ_SIZE).min(still.saturating_add(READ_SIZE));
            self.bytes.reserve_exact(more);
        }
    }
}

/// What comes next, while a head is awaited.
enum Next {
    Read(io::Result<usize>),
    /// The gateway goes down.
    Ending,
    Late,
}

/// Why there is no body.
pub(super) enum Unread {
    ClientLeft,
    Refused(Refused),
}

/// Allows a body the time that its size takes at the slowest rate, and some patience.
pub(super) struct Pace(Instant);

impl Pace {
    pub(super) fn start() -> Pace {
        Pace(Instant::now())
    }

    /// When a body of which so much has come is too late.
    pub(super) fn deadline(&self, had: usize) -> Instant {
        self.0 + BODY_PATIENCE + Duration::from_secs(had as u64 / BODY_RATE)
    }

    async fn read(&self, had: usize, read: impl Future<Output = io::Result<usize>>) -> Result<(), Unread> {
        match timeout_at(self.deadline(had), read).await {
            Ok(Ok(0)) | Ok(Err(_)) => Err(Unread::ClientLeft),
            Ok(Ok(_)) => Ok(()),
            Err(_) => Err(Unread::Refused(too_slow())),
        }
    }
}

fn of_bad_head(bad: BadHead) -> Refused {
    match bad {
        BadHead::Malformed(why) => Refused::new(400, "invalid_request", format!("Malformed request: {why}")),
        BadHead::TooLarge(why) => Refused::new(431, "headers_too_large", why),
    }
}

fn timed_out(what: &str) -> Refused {
    Refused::new(408, "request_timeout", format!("Timed out: {what}"))
}

pub(super) fn too_slow() -> Refused {
    timed_out("the request's body came too slowly")
}

pub(super) fn too_large(limit: usize) -> Refused {
    let message = format!("The request's body is over the limit of {limit} bytes");
    Refused::new(413, "request_too_large", message)
}
