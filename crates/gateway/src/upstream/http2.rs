//! Requests over HTTP/2, for providers that are configured so.
//!
//! A vendor limits the streams of one connection, and 250 slow calls over one that allows 100
//! take three times as long; so each worker spreads its calls over a few.

use std::cell::Cell;
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioIo, TokioTimer};

use super::body::Body;
use super::connect;
use super::endpoint::Endpoint;
use super::exchange::{Response, Wire};
use super::failure::Failure;
use super::pool::Pool;
use crate::outcome::FailureKind;
use crate::snapshot::Timeouts;
use crate::wire::Span;

/// Connections of one worker to one endpoint.
const SHARDS: usize = 4;

#[derive(Default)]
pub(super) struct Shards {
    open: [Option<SendRequest<Full<Bytes>>>; SHARDS],
    next: Cell<usize>,
}

impl Shards {
    pub(super) fn any_open(&self) -> bool {
        self.open.iter().flatten().any(|sender| !sender.is_closed())
    }
}

pub(super) async fn send(
    pool: &Rc<Pool>,
    endpoint: &Endpoint,
    timeouts: &Timeouts,
    wire: &Wire<'_>,
) -> Result<Response, Failure> {
    let mut sender = sender(pool, endpoint, timeouts).await?;
    let request =
        request_of(endpoint, wire).map_err(|error| Failure::new(FailureKind::Invalid, error.to_string()))?;
    let answer = sender.send_request(request).await.map_err(|error| {
        let kind = if error.is_timeout() {
            FailureKind::FirstByteTimeout
        } else {
            FailureKind::Reset
        };
        Failure::new(kind, error.to_string())
    })?;
    let (parts, incoming) = answer.into_parts();
    let (bytes, spans) = flatten(&parts.headers);
    Ok(Response {
        status: parts.status.as_u16(),
        bytes,
        spans,
        body: Body::Http2(incoming),
    })
}

async fn sender(
    pool: &Rc<Pool>,
    endpoint: &Endpoint,
    timeouts: &Timeouts,
) -> Result<SendRequest<Full<Bytes>>, Failure> {
    let slot = {
        let mut shards = pool.http2.borrow_mut();
        let shards = shards.entry(endpoint.id).or_default();
        let slot = shards.next.get() % SHARDS;
        shards.next.set(slot + 1);
        match shards.open.get(slot) {
            Some(Some(sender)) if !sender.is_closed() => return Ok(sender.clone()),
            _ => slot,
        }
    };
    let io = connect::open(pool, endpoint, timeouts.connect).await?;
    let shaken = Builder::new(LocalExec)
        .timer(TokioTimer::new())
        .handshake(TokioIo::new(io))
        .await;
    let (sender, connection) = shaken.map_err(|error| Failure::new(FailureKind::Reset, error.to_string()))?;
    // Its end shows in the sender; what it died of reaches each request.
    tokio::task::spawn_local(async move { drop(connection.await) });
    if let Some(shards) = pool.http2.borrow_mut().get_mut(&endpoint.id)
        && let Some(place) = shards.open.get_mut(slot)
    {
        *place = Some(sender.clone());
    }
    Ok(sender)
}

fn request_of(endpoint: &Endpoint, wire: &Wire<'_>) -> Result<http::Request<Full<Bytes>>, http::Error> {
    let scheme = if endpoint.tls.is_some() { "https" } else { "http" };
    let uri = format!(
        "{scheme}://{}{}{}",
        endpoint.authority, endpoint.prefix, wire.path
    );
    let mut request = http::Request::builder().method(wire.method).uri(uri);
    for (name, value) in endpoint.headers() {
        request = request.header(name, value);
    }
    for (name, value) in crate::answer::lines(wire.lines) {
        request = request.header(name, value);
    }
    request.body(Full::new(Bytes::copy_from_slice(wire.body)))
}

/// The header map as the bytes and places that HTTP/1.1 answers come in.
pub(crate) fn flatten(headers: &http::HeaderMap) -> (Vec<u8>, Vec<Span>) {
    let mut bytes = Vec::with_capacity(headers.len() * 40);
    let mut spans = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let start = bytes.len() as u32;
        bytes.extend_from_slice(name.as_str().as_bytes());
        let middle = bytes.len() as u32;
        bytes.extend_from_slice(value.as_bytes());
        spans.push(Span::new(&bytes, (start, middle), (middle, bytes.len() as u32)));
    }
    (bytes, spans)
}

/// Runs hyper's tasks on the worker they belong to.
#[derive(Clone, Copy)]
struct LocalExec;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for LocalExec {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}
