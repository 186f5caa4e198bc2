//! Sending one request and getting the head of its answer.

use std::pin::pin;
use std::rc::Rc;

use tokio::time::{Instant, timeout_at};

use super::body::Body;
use super::failure::Failure;
use super::pool::Pool;
use super::{connect, http1, http2};
use crate::outcome::FailureKind;
use crate::snapshot::{Provider, Timeouts};
use crate::wire::{Headers, Span};

/// What is sent: the endpoint adds its own headers, the host and the length.
#[derive(Debug)]
pub(crate) struct Wire<'a> {
    pub(crate) method: &'a http::Method,
    /// Below the endpoint's base, query included.
    pub(crate) path: &'a str,
    /// Complete lines, `name: value\r\n` each.
    pub(crate) lines: &'a [u8],
    pub(crate) body: &'a [u8],
}

/// An answer whose body is still to come.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(super) bytes: Vec<u8>,
    pub(super) spans: Vec<Span>,
    pub(crate) body: Body,
}

impl Response {
    /// Its body; the room that its head took is kept for others.
    pub(crate) fn into_body(self, pool: &Pool) -> Body {
        pool.heads.keep(self.bytes);
        pool.spans.keep(self.spans);
        self.body
    }

    pub(crate) fn headers(&self) -> Headers<'_> {
        Headers {
            bytes: &self.bytes,
            spans: &self.spans,
        }
    }
}

/// Sends `wire` and waits for the answer's head, until `first_byte_by` at the latest.
///
/// A kept connection that the vendor closed in the meantime is not the vendor's failure: if not
/// one byte came back on it, the request goes out once more on a new one.
pub(crate) async fn send(
    pool: &Rc<Pool>,
    provider: &Provider,
    timeouts: &Timeouts,
    first_byte_by: Instant,
    wire: &Wire<'_>,
) -> Result<Response, Failure> {
    let endpoint = &provider.endpoint;
    // What is seldom waited for is in boxes: every connection to a client would keep room for it.
    if endpoint.http2 {
        let sent = Box::pin(http2::send(pool, endpoint, timeouts, wire));
        return within(first_byte_by, sent).await;
    }
    if let Some(kept) = pool.take(endpoint.id) {
        match within(first_byte_by, http1::exchange(pool, endpoint, kept, wire)).await {
            Err(failure) if failure.stale => {}
            other => return other.map_err(|failure| failure.failure),
        }
    }
    let open = || Box::pin(connect::open(pool, endpoint, timeouts.connect));
    let opened = match open().await {
        Err(failure) if failure.kind == FailureKind::Capacity && pool.close_idle() => open().await?,
        opened => opened?,
    };
    let sent = within(first_byte_by, http1::exchange(pool, endpoint, opened, wire)).await;
    sent.map_err(|failure| failure.failure)
}

async fn within<T, E: From<Failure>>(
    deadline: Instant,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    // In its place, instead of being moved into another future.
    match timeout_at(deadline, pin!(work)).await {
        Ok(result) => result,
        Err(_) => Err(Failure::new(FailureKind::FirstByteTimeout, "no answer in time").into()),
    }
}

/// A failed exchange on one connection.
pub(super) struct Unanswered {
    pub(super) failure: Failure,
    /// Not one byte came back, so the request may safely go out again on a new connection.
    pub(super) stale: bool,
}

impl From<Failure> for Unanswered {
    fn from(failure: Failure) -> Unanswered {
        Unanswered {
            failure,
            stale: false,
        }
    }
}
