//! One request and its answer's head over an HTTP/1.1 connection.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::body::{Body, Http1Body};
use super::endpoint::Endpoint;
use super::exchange::{Response, Unanswered, Wire};
use super::failure::Failure;
use super::io::Io;
use super::pool::Pool;
use crate::outcome::FailureKind;
use crate::wire::head::{AnswerHead, BadHead, read_answer, whole};

/// Bodies up to this size are copied behind their head, so that both leave in one write.
const JOINED: usize = 64 << 10;
/// How every answer begins.
const VERSION: &[u8] = b"HTTP/1.";

pub(super) async fn exchange(
    pool: &Rc<Pool>,
    endpoint: &Endpoint,
    io: Io,
    wire: &Wire<'_>,
) -> Result<Response, Unanswered> {
    let mut joined = pool.outgoing.take();
    write_head(endpoint, wire, &mut joined);
    let rest = if wire.body.len() <= JOINED {
        joined.extend_from_slice(wire.body);
        &[][..]
    } else {
        wire.body
    };
    let mut talk = Talk {
        io,
        pool,
        joined,
        written: 0,
        rest,
        incoming: Vec::new(),
        searched: 0,
    };
    let head = std::future::poll_fn(|cx| talk.poll_head(cx)).await;
    // An answer before the end of the request leaves the connection in the middle of it.
    let sent_whole = talk.joined.is_empty() && talk.rest.is_empty();
    let Talk { io, mut incoming, .. } = talk;
    let head = head.map_err(|failure| Unanswered {
        stale: incoming.is_empty() && failure.retryable,
        failure,
    })?;
    let ahead = incoming.split_off(head.length);
    let AnswerHead {
        status,
        spans,
        framing,
        keep_alive,
        ..
    } = head;
    let framing = if wire.method == http::Method::HEAD {
        crate::wire::head::Framing::Length(0)
    } else {
        framing
    };
    let body = Http1Body::new(
        io,
        Rc::clone(pool),
        endpoint.id,
        framing,
        ahead,
        keep_alive && sent_whole,
    );
    Ok(Response {
        status,
        bytes: incoming,
        spans,
        body: Body::Http1(body),
    })
}

fn write_head(endpoint: &Endpoint, wire: &Wire<'_>, head: &mut Vec<u8>) {
    head.reserve(512 + wire.lines.len() + wire.body.len().min(JOINED));
    for part in [
        wire.method.as_str(),
        " ",
        &endpoint.prefix,
        wire.path,
        " HTTP/1.1\r\nhost: ",
        &endpoint.authority,
    ] {
        head.extend_from_slice(part.as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    for (name, value) in endpoint.headers() {
        for part in [name, ": ", value, "\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
    }
    head.extend_from_slice(wire.lines);
    if !wire.body.is_empty() || wire.method != http::Method::GET {
        head.extend_from_slice(b"content-length: ");
        crate::answer::push_number(head, wire.body.len() as u64);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
}

/// Writing a request while listening for its answer.
struct Talk<'a> {
    io: Io,
    pool: &'a Pool,
    /// The head and what leaves with it; given back once it is written.
    joined: Vec<u8>,
    written: usize,
    /// What is still to be written after it.
    rest: &'a [u8],
    incoming: Vec<u8>,
    searched: usize,
}

impl Talk<'_> {
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<AnswerHead, Failure>> {
        let mut write_failed = None;
        match self.poll_write(cx) {
            // A vendor that refuses a body may close while we write; its answer can still be read.
            Poll::Ready(Err(error)) => write_failed = Some(Failure::from_io(&error)),
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        loop {
            match self.poll_more(cx) {
                Poll::Ready(Ok(0)) => {
                    let closed = || Failure::new(FailureKind::Disconnected, "closed before an answer");
                    return Poll::Ready(Err(write_failed.unwrap_or_else(closed)));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Failure::from_io(&error))),
                Poll::Pending => {
                    return match write_failed {
                        Some(failure) => Poll::Ready(Err(failure)),
                        None => Poll::Pending,
                    };
                }
            }
            match self.head() {
                Ok(None) => {}
                Ok(Some(head)) => return Poll::Ready(Ok(head)),
                Err(BadHead::Malformed(why) | BadHead::TooLarge(why)) => {
                    return Poll::Ready(Err(Failure::new(FailureKind::Invalid, why)));
                }
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(left) = self.joined.get(self.written..).filter(|left| !left.is_empty()) {
            self.written += ready!(Pin::new(&mut self.io).poll_write(cx, left))?;
        }
        if !self.joined.is_empty() {
            self.pool.keep_outgoing(std::mem::take(&mut self.joined));
            self.written = 0;
        }
        while !self.rest.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, self.rest))?;
            self.rest = self.rest.get(written..).unwrap_or_default();
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Reads once; 0 is the end.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut landing = self.pool.landing.borrow_mut();
        let mut buffer = ReadBuf::new(&mut landing);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
        if self.incoming.capacity() == 0 {
            self.incoming = self.pool.heads.take(buffer.filled().len());
        }
        self.incoming.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// The head, once it is whole; heads of 1xx are passed over.
    fn head(&mut self) -> Result<Option<AnswerHead>, BadHead> {
        let read = |bytes: &[u8]| read_answer(bytes, &self.pool.spans);
        loop {
            let Some(head) = whole(&self.incoming, &mut self.searched, read)? else {
                // What speaks something else may never end what would be a head.
                let is_http = self.incoming.iter().zip(VERSION).all(|(byte, ours)| byte == ours);
                let other = BadHead::Malformed("the answer is not HTTP/1");
                return if is_http { Ok(None) } else { Err(other) };
            };
            match head.status {
                101 => return Err(BadHead::Malformed("the vendor switched protocols")),
                100..200 => {
                    self.incoming.drain(..head.length);
                    self.searched = 0;
                }
                _ => return Ok(Some(head)),
            }
        }
    }
}
