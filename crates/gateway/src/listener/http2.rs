//! A client's HTTP/2 connection, by prior knowledge. hyper carries it; the requests are handled
//! as those of HTTP/1.1 are, so whatever holds there holds here.
//!
//! hyper's patience has no end: a stream whose client gives no window, and a connection that asks for
//! nothing, would be kept for as long as pings are answered. [`Turns`] ends both.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialect::Door;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;
use tokio::time::timeout_at;

use super::Phase;
use super::http1::WRITE_LIMIT;
use super::inbox::{Pace, too_large, too_slow};
use super::prefixed::Prefixed;
use super::turns::{Turns, offered};
use crate::answer::{Answer, AnswerBody, lines};
use crate::life::{self, Admission, Visit};
use crate::outcome::End;
use crate::refused::Refused;
use crate::relay::{Relay, Step};
use crate::request::Head;
use crate::stay::EndedWithoutClient;
use crate::ticket::Ticket;
use crate::upstream::flatten;
use crate::wire::Headers;
use crate::wire::head::{HEAD_LIMIT, TARGET_LIMIT};
use crate::worker::Worker;

/// Streams one connection may have open.
const STREAMS: u32 = 250;
/// A connection on which nothing answers a ping is closed.
const PING_EVERY: Duration = Duration::from_secs(30);
/// What of an answer waits in the connection for the client to read it, for one stream, besides the piece
/// that is being sent.
const SEND_ROOM: usize = 8 << 10;
/// Whole answers leave in pieces of this size, each within the time that a client has to take it.
const PIECE: usize = 32 << 10;

pub(super) async fn serve(worker: Rc<Worker>, io: Prefixed, mut phase: watch::Receiver<Phase>) {
    let service = service_fn(move |request| {
        let worker = Rc::clone(&worker);
        async move { Ok::<_, Infallible>(answer(&worker, request).await) }
    });
    let turns = Turns::default();
    let connection = Builder::new(turns.clone())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_send_buf_size(SEND_ROOM)
        .max_header_list_size(HEAD_LIMIT as u32)
        .keep_alive_interval(PING_EVERY)
        .serve_connection(TokioIo::new(io), service);
    let mut connection = std::pin::pin!(connection);
    let mut cut = phase.clone();
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        _ = phase.wait_for(|phase| *phase > Phase::Serving) => {}
        () = turns.rested() => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ = connection => {}
        _ = cut.wait_for(|phase| *phase == Phase::Stopped) => {}
        () = turns.are_over(WRITE_LIMIT) => {}
    }
}

async fn answer(worker: &Rc<Worker>, request: Request<Incoming>) -> Response<Outgoing> {
    let (parts, body) = request.into_parts();
    let (bytes, spans) = flatten(&parts.headers);
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let head = Head {
        method: &parts.method,
        target,
        headers: Headers {
            bytes: &bytes,
            spans: &spans,
        },
    };
    if target.len() > TARGET_LIMIT {
        let ticket = Ticket::new(worker, String::new(), Door::Other, "");
        let long = Refused::new(431, "headers_too_large", "the request's path is over 8 KiB");
        return response(life::refuse(ticket, Door::Other, &long));
    }
    let mut visit = match life::admit(worker, &head).await {
        Admission::Admitted(visit) => visit,
        Admission::Answered(answer) => return response(answer),
    };
    let body = match collect(body, &mut visit).await {
        Ok(body) => body,
        Err(refused) => return response(visit.refuse(&refused)),
    };
    let Some(stay) = visit.stay(worker) else {
        return response(life::handle(worker, visit, &head, &body).await);
    };
    // hyper drops this future once the client has left, and the request may have to be finished.
    let (worker, method, target) = (Rc::clone(worker), parts.method.clone(), target.to_owned());
    let task = tokio::task::spawn_local(async move {
        let headers = Headers {
            bytes: &bytes,
            spans: &spans,
        };
        let head = Head {
            method: &method,
            target: &target,
            headers,
        };
        life::handle(&worker, visit, &head, &body).await
    });
    let _ended = EndedWithoutClient {
        task: task.abort_handle(),
        stay,
    };
    task.await.map_or_else(
        |_| {
            let mut broken = Response::new(Outgoing::Whole(Bytes::new(), None));
            *broken.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
            broken
        },
        response,
    )
}

async fn collect(mut body: Incoming, visit: &mut Visit) -> Result<BytesMut, Refused> {
    let limit = visit.snapshot.settings.body_limit;
    let broken = || Refused::new(400, "invalid_request", "The request's body broke off");
    let (pace, mut bytes) = (Pace::start(), BytesMut::new());
    while let Some(frame) = timeout_at(pace.deadline(bytes.len()), body.frame())
        .await
        .map_err(|_| too_slow())?
    {
        if let Some(data) = frame.map_err(|_| broken())?.data_ref() {
            bytes.extend_from_slice(data);
        }
        if bytes.len() > limit {
            return Err(too_large(limit));
        }
        visit.make_room(bytes.capacity())?;
    }
    Ok(bytes)
}

fn response(answer: Answer) -> Response<Outgoing> {
    let body = match answer.body {
        AnswerBody::Whole(body, record) => Outgoing::Whole(body.into(), record),
        AnswerBody::Stream(relay) => Outgoing::Stream(relay, false),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        http::StatusCode::from_u16(answer.status).unwrap_or(http::StatusCode::BAD_GATEWAY);
    for (name, value) in lines(&answer.lines) {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// An answer as hyper asks for it.
enum Outgoing {
    Whole(Bytes, Option<(Ticket, End)>),
    /// And whether it is over.
    Stream(Box<Relay>, bool),
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = match self.get_mut() {
            Outgoing::Whole(body, record) => {
                let piece = body.split_to(body.len().min(PIECE));
                if body.is_empty()
                    && let Some((ticket, ended)) = record.take()
                {
                    // hyper asks for the last frame when it can send it.
                    ticket.end(ended);
                }
                Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
            }
            Outgoing::Stream(relay, over) => {
                if *over {
                    relay.close();
                    return Poll::Ready(None);
                }
                let mut out = Vec::new();
                relay.poll(cx, &mut out).map(|step| {
                    *over = step == Step::End;
                    Some(Ok(Frame::data(out.into())))
                })
            }
        };
        offered(matches!(frame, Poll::Ready(Some(_))));
        frame
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Outgoing::Whole(body, None) if body.is_empty())
    }
}
