//! One attempt, up to the point where its answer may go to the client.
//!
//! A stream is held until its first event, a whole answer until its end: before that, whatever
//! goes wrong can still be answered by somebody else.

use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use dialect::{Broken, Door, Reader};
use tokio::time::{Instant, timeout_at};

use crate::answer::{push_field, push_line};
use crate::forward;
use crate::memory::{Room, make_room};
use crate::outcome::FailureKind;
use crate::refused::Refused;
use crate::request::Head;
use crate::snapshot::Environment;
use crate::upstream::{self, Body, Failure, Response, Wire};
use crate::worker::Worker;

/// Room for a head's lines to begin with, in bytes.
const USUAL_LINES: usize = 512;
/// A vendor's error is read up to this many bytes.
const ERROR_LIMIT: usize = 1 << 20;
/// And a whole answer up to this many: what is larger is not an answer in JSON.
const ANSWER_LIMIT: usize = 64 << 20;

/// What is asked of the vendor, beyond what the environment says.
pub(crate) struct Errand<'a> {
    pub(crate) door: Door,
    /// The model name that the client asked for.
    pub(crate) public_model: &'a str,
    pub(crate) head: &'a Head<'a>,
    pub(crate) body: &'a [u8],
    pub(crate) payload: &'a Payload,
    pub(crate) key_headers: &'a [String],
    /// Unix milliseconds at which the head arrived.
    pub(crate) at: u64,
}

/// The body, as it was read.
pub(crate) enum Payload {
    Json(dialect::Scan),
    Form(dialect::multipart::Form),
}

impl Payload {
    pub(crate) fn model(&self) -> Option<&str> {
        let named = match self {
            Payload::Json(scan) => scan.model.as_ref(),
            Payload::Form(form) => form.model.as_ref(),
        };
        named.map(|named| named.name.as_str())
    }

    pub(crate) fn streams(&self) -> bool {
        match self {
            Payload::Json(scan) => scan.stream,
            Payload::Form(form) => form.stream,
        }
    }
}

/// An answer that has begun.
pub(crate) struct Begun {
    pub(crate) status: u16,
    /// The vendor's header lines that go on.
    pub(crate) lines: Vec<u8>,
    /// What the client gets first.
    pub(crate) out: Vec<u8>,
    pub(crate) reader: Reader,
    /// What is still to come; `None` where `out` is all.
    pub(crate) rest: Option<Body>,
    /// The environment's total limit, counted from the attempt's start.
    pub(crate) total_by: Instant,
    /// Fields that were changed for the vendor's sake.
    pub(crate) adapted: Vec<&'static str>,
}

/// Why there is no answer from this attempt.
pub(crate) enum Unbegun {
    /// The vendor's API cannot take the request; nothing was sent.
    Refused(Refused),
    Failed(Failure),
}

impl From<Failure> for Unbegun {
    fn from(failure: Failure) -> Unbegun {
        Unbegun::Failed(failure)
    }
}

/// What an attempt has of its request's record.
pub(crate) struct Trial<'a> {
    pub(crate) request_id: &'a str,
    /// Its limits count from here.
    pub(crate) started: Instant,
    /// For large bodies.
    pub(crate) room: &'a mut Option<Box<Room>>,
}

pub(crate) async fn run(
    worker: &Rc<Worker>,
    environment: &Environment,
    errand: &Errand<'_>,
    trial: Trial<'_>,
) -> Result<Box<Begun>, Unbegun> {
    let Trial {
        request_id,
        started,
        room,
    } = trial;
    let call = match prepare(environment, errand, request_id) {
        Ok(call) => call,
        Err(bad) => return Err(Unbegun::Refused(bad.into())),
    };
    let limits = &environment.timeouts;
    let total_by = started + limits.total;
    let first_byte_by = total_by.min(started + limits.connect + limits.first_byte);
    let mut lines = worker.pool.heads.take(USUAL_LINES);
    push_request_lines(environment, errand, &call, &mut lines);
    let wire = Wire {
        method: errand.head.method,
        path: &call.path,
        lines: &lines,
        body: &call.body,
    };
    let provider = &environment.provider;
    let answer = upstream::send(&worker.pool, provider, limits, first_byte_by, &wire).await?;
    worker.pool.heads.keep(lines);
    if !(200..300).contains(&answer.status) {
        return Err(vendor_failure(environment, errand, request_id, answer)
            .await
            .into());
    }
    // It is handed from one to the next, and large.
    let mut begun = Box::new(Begun {
        status: answer.status,
        lines: worker.pool.heads.take(USUAL_LINES),
        out: Vec::new(),
        reader: call.reader,
        rest: None,
        total_by,
        adapted: call.adapted,
    });
    if answer
        .headers()
        .get("content-encoding")
        .is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity"))
        && errand.door != Door::Other
    {
        return Err(Failure::new(FailureKind::Invalid, "a compressed answer that was not asked for").into());
    }
    let own_type = begun.reader.content_type();
    let ours: &[&str] = if own_type.is_some() {
        &["content-type"]
    } else {
        &[]
    };
    forward::answer_lines(&answer, ours, &mut begun.lines);
    if let Some(kind) = own_type {
        push_line(&mut begun.lines, "content-type", kind.as_bytes());
    }
    let streams = streams(&answer, errand);
    let mut body = answer.into_body(&worker.pool);
    if streams {
        let first_event = begin_stream(&mut body, &mut begun);
        let ended = match timeout_at(first_byte_by, first_event).await {
            Ok(result) => result?,
            Err(_) => return Err(Failure::new(FailureKind::FirstByteTimeout, "no event in time").into()),
        };
        begun.rest = (!ended).then_some(body);
        return Ok(begun);
    }
    if let Some(room) = room {
        room.settle();
    }
    let whole = match body.at_once() {
        Some(whole) => whole,
        None => {
            let fits = |bytes| make_room(room, worker, bytes);
            let whole = collect(&mut body, (ANSWER_LIMIT, fits), first_byte_by, limits.idle);
            let late = |_| Failure::new(FailureKind::TotalTimeout, "no whole answer in time");
            timeout_at(total_by, whole).await.map_err(late)??
        }
    };
    begun.out = begun.reader.whole_body(whole).map_err(of_broken)?;
    Ok(begun)
}

fn prepare(
    environment: &Environment,
    errand: &Errand<'_>,
    request_id: &str,
) -> Result<dialect::Call, dialect::BadRequest> {
    let target = dialect::Target {
        dialect: environment.provider.dialect,
        model: &environment.model,
        set: &environment.set,
        default: &environment.default,
        meter: true,
        public_model: errand.public_model,
        server: environment.provider.server,
        request_id,
        now_unix_seconds: errand.at / 1_000,
    };
    match errand.payload {
        Payload::Json(scan) => dialect::call(errand.door, errand.head.target, errand.body, scan, &target),
        Payload::Form(form) => dialect::call_form(errand.head.target, errand.body, form, &target),
    }
}

fn push_request_lines(
    environment: &Environment,
    errand: &Errand<'_>,
    call: &dialect::Call,
    lines: &mut Vec<u8>,
) {
    let content_type = errand.head.content_type().unwrap_or("application/json");
    push_field(lines, b"content-type", content_type.as_bytes());
    lines.extend_from_slice(b"accept-encoding: identity\r\n");
    for (name, value) in &call.headers {
        push_line(lines, name, value.as_bytes());
    }
    let same = errand.door.dialect() == environment.provider.dialect;
    let endpoint = &environment.provider.endpoint;
    forward::request_lines(errand.head.headers, same, errand.key_headers, endpoint, lines);
}

/// Whether the answer goes on as it comes, rather than when it is whole.
fn streams(answer: &Response, errand: &Errand<'_>) -> bool {
    let kind = answer.headers().get("content-type").unwrap_or_default();
    let is = |prefix: &[u8]| {
        kind.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    // On paths whose bodies are not looked into anything may come, of any size.
    is(b"text/event-stream") || errand.door == Door::Other && !is(b"application/json")
}

/// Reads until the first event has come; true if the answer was over with it.
async fn begin_stream(body: &mut Body, begun: &mut Begun) -> Result<bool, Failure> {
    let mut payload = Vec::new();
    loop {
        payload.clear();
        if !poll_fn(|cx| body.poll_read(cx, &mut payload))
            .await
            .map_err(|error| Failure::from_io(&error))?
        {
            begun.reader.end(&mut begun.out).map_err(of_broken)?;
            return Ok(true);
        }
        // Growing piece by piece would make twice the room, which the client may leave waiting.
        begun.out.reserve(payload.len());
        begun.reader.feed(&payload, &mut begun.out).map_err(of_broken)?;
        if begun.reader.begun() {
            return Ok(false);
        }
    }
}

/// Reads a body of at most `limit` bytes to its end, as long as what it takes `fits`: its first bytes by `first_by`, all
/// others at most `idle` apart.
pub(crate) async fn collect(
    body: &mut Body,
    (limit, mut fits): (usize, impl FnMut(usize) -> bool),
    first_by: Instant,
    idle: Duration,
) -> Result<Vec<u8>, Failure> {
    let mut payload = Vec::new();
    let (mut deadline, mut late) = (first_by, FailureKind::FirstByteTimeout);
    loop {
        match timeout_at(deadline, poll_fn(|cx| body.poll_read(cx, &mut payload))).await {
            Ok(Ok(true)) if payload.len() <= limit && fits(payload.capacity()) => {}
            Ok(Ok(true)) if payload.len() <= limit => {
                return Err(Failure::new(
                    FailureKind::Capacity,
                    "there is no memory for the answer",
                ));
            }
            Ok(Ok(true)) => return Err(Failure::new(FailureKind::Invalid, "an answer that is too large")),
            Ok(Ok(false)) => return Ok(payload),
            Ok(Err(error)) => return Err(Failure::from_io(&error)),
            Err(_) => return Err(Failure::new(late, "the answer did not come, or stopped coming")),
        }
        (deadline, late) = (Instant::now() + idle, FailureKind::IdleTimeout);
    }
}

/// A status that is no success: what the vendor says, and what that is to the client.
async fn vendor_failure(
    environment: &Environment,
    errand: &Errand<'_>,
    request_id: &str,
    mut answer: Response,
) -> Failure {
    let (status, idle) = (answer.status, environment.timeouts.idle);
    let body = match collect(
        &mut answer.body,
        (ERROR_LIMIT, |_| true),
        Instant::now() + idle,
        idle,
    )
    .await
    {
        Ok(body) => body,
        Err(failure) => return failure,
    };
    let content_type = answer.headers().text("content-type").unwrap_or_default();
    let asked = dialect::Asked {
        door: errand.door,
        names_model: !errand.public_model.is_empty(),
        request_id,
    };
    let said = dialect::vendor_error(environment.provider.dialect, &asked, status, content_type, &body);
    let kind = match status {
        _ if said.caller_fault => FailureKind::Caller,
        429 => FailureKind::RateLimited,
        300..400 => FailureKind::Invalid,
        _ => FailureKind::Status,
    };
    let mut failure = Failure::new(kind, format!("status {status}"));
    failure.retryable = said.retryable && status != 429;
    failure.status = Some(status);
    // The type is said anyway; an id that the body does not repeat would be another request's.
    let ours: &[&str] = match said.untouched {
        true => &["content-type"],
        false => &["content-type", "request-id"],
    };
    forward::answer_lines(&answer, ours, &mut failure.lines);
    failure.answer = Some(said);
    failure
}

/// A 200 that turned out to be none.
pub(crate) fn of_broken(broken: Broken) -> Failure {
    let kind = match &broken {
        Broken::Garbage(_) | Broken::TooLarge => FailureKind::Invalid,
        Broken::Disconnected => FailureKind::Disconnected,
        Broken::VendorError { .. } => FailureKind::ErrorEvent,
    };
    let mut failure = Failure::new(kind, broken.to_string());
    // The connection did its part; a second try is worth it where the vendor just let go.
    failure.retryable = kind == FailureKind::Disconnected;
    failure
}
