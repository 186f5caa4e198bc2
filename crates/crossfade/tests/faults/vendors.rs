//! Vendors that fail in every way there is: the client gets an error that says so, in the time that was given, and
//! nothing is left behind.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::bad_upstream::{
    BadUpstream, BlackHole, Certificate, Step, TestAuthority, chunk, gzip_bomb, json_answer, last_chunk,
    sse_event, stream_head,
};
use testkit::wait::{self, CrossfadeProcess, Reply};

use crate::house::*;
use crate::invariants;
use crate::leaving::{file_for, first_event};
use crate::measure::{figure, sized};

/// Limits that a test can wait for.
const TIMEOUTS: &str = "timeouts: {connect: 300ms, first_byte: 500ms, idle: 700ms, total: 3s}";
/// What a busy machine may add to them.
const LATE: Duration = Duration::from_secs(2);

/// The usual file for one vendor, with short limits and without second tries.
pub(crate) fn impatient(vendor: &str) -> String {
    file_for(vendor).replace("health:", &format!("{TIMEOUTS}, health:"))
        + "retry: {budget_percent: 0, budget_per_second: 0}\n"
}

async fn ask(gateway: &CrossfadeProcess, stream: bool) -> Reply {
    let body = if stream { streamed() } else { chat() };
    post_to(gateway, APP, &[], &body).await
}

fn head(lines: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{lines}\r\n")
}

fn stream_of(then: Vec<Step>) -> Vec<Step> {
    let mut steps = vec![Step::ReadRequest, stream_head(), sse_event(&first_event())];
    steps.extend(then);
    steps.push(Step::Close);
    steps
}

/// Faults before the client's first byte, and what the client is told.
fn before_the_answer() -> Vec<(&'static str, bool, Vec<Step>, &'static str)> {
    let read = |then: Vec<Step>| {
        let mut steps = vec![Step::ReadRequest];
        steps.extend(then);
        steps.push(Step::Close);
        steps
    };
    let text = |bytes: &str| Step::send(bytes);
    let refusal = json!({"error": {"message": "no", "type": "server_error", "code": null, "param": null}});
    let endless = |bytes: &str| Step::SendEndlessly {
        bytes: bytes.as_bytes().to_vec(),
        most: 1 << 32,
    };
    vec![
        (
            "no answer",
            false,
            read(vec![Step::HoldUntilPeerEnds]),
            "504 upstream_timeout",
        ),
        (
            "no event",
            true,
            read(vec![stream_head(), Step::HoldUntilPeerEnds]),
            "504 upstream_timeout",
        ),
        (
            "half a head",
            false,
            read(vec![text("HTTP/1.1 200"), Step::HoldUntilPeerEnds]),
            "504 upstream_timeout",
        ),
        (
            "closed",
            false,
            read(vec![Step::Close]),
            "502 upstream_disconnected",
        ),
        (
            "closed before the request",
            false,
            vec![Step::Close],
            "502 upstream_disconnected",
        ),
        (
            "reset",
            false,
            read(vec![Step::Reset]),
            "502 upstream_disconnected",
        ),
        (
            "reset in the head",
            false,
            read(vec![text("HTTP/1.1 2"), Step::Reset]),
            "502 upstream_disconnected",
        ),
        (
            "reset in the body",
            false,
            read(vec![text(&head("content-length: 9\r\n")), text("{"), Step::Reset]),
            "502 upstream_disconnected",
        ),
        (
            "truncated",
            false,
            read(vec![
                text(&head("content-length: 99\r\n")),
                text("{"),
                Step::Close,
            ]),
            "502 upstream_disconnected",
        ),
        (
            "truncated chunks",
            false,
            read(vec![
                text(&head("transfer-encoding: chunked\r\n")),
                chunk("{"),
                Step::Close,
            ]),
            "502 upstream_disconnected",
        ),
        (
            "half a body",
            false,
            read(vec![
                text(&head("content-length: 99\r\n")),
                text("{"),
                Step::HoldUntilPeerEnds,
            ]),
            "504 upstream_timeout",
        ),
        (
            "garbage",
            false,
            read(vec![Step::Send(vec![0xff; 4_000]), Step::Close]),
            "502 upstream_invalid_response",
        ),
        (
            "no HTTP",
            false,
            read(vec![text("220 smtp.example ESMTP\r\n"), Step::HoldUntilPeerEnds]),
            "502 upstream_invalid_response",
        ),
        (
            "a body that is no JSON",
            false,
            read(vec![text(&head("content-length: 4\r\n")), text("oops")]),
            "502 upstream_invalid_response",
        ),
        (
            "garbage as an event",
            true,
            read(vec![stream_head(), chunk("data: {]\n\n"), last_chunk()]),
            "502 upstream_invalid_response",
        ),
        (
            "an endless head",
            false,
            read(vec![text("HTTP/1.1 200 OK\r\nx: "), Step::endless_line()]),
            "502 upstream_invalid_response",
        ),
        (
            "endless headers",
            false,
            read(vec![text("HTTP/1.1 200 OK\r\n"), endless("x: y\r\n")]),
            "502 upstream_invalid_response",
        ),
        (
            "endless continues",
            false,
            read(vec![endless("HTTP/1.1 100 Continue\r\n\r\n")]),
            "504 upstream_timeout",
        ),
        (
            "an endless event",
            true,
            read(vec![
                stream_head(),
                text("40000000\r\ndata: "),
                Step::endless_line(),
            ]),
            "502 upstream_invalid_response",
        ),
        (
            "endless comments",
            true,
            read(vec![
                stream_head(),
                text("40000000\r\n"),
                endless(": a comment\n\n"),
            ]),
            "504 upstream_timeout",
        ),
        (
            "an endless body",
            false,
            read(vec![
                text(&head("connection: close\r\n")),
                text("{\"a\": \""),
                Step::endless_line(),
            ]),
            "502 upstream_invalid_response",
        ),
        (
            "a gzip bomb",
            false,
            read(vec![gzip_bomb(1 << 30)]),
            "502 upstream_invalid_response",
        ),
        (
            "an error in a 200",
            false,
            read(vec![json_answer(200, &refusal)]),
            "502 upstream_invalid_response",
        ),
        (
            "an error as the first event",
            true,
            read(vec![stream_head(), sse_event(&refusal), last_chunk()]),
            "502 upstream_invalid_response",
        ),
        (
            "a redirect",
            false,
            read(vec![text(
                "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            )]),
            "502 upstream_unavailable",
        ),
    ]
}

#[tokio::test]
async fn whatever_a_vendor_does_instead_of_an_answer_the_client_is_told_in_time() {
    let vendor = BadUpstream::start(vec![Step::Close]).await;
    let gateway = wait::spawn_crossfade(BINARY, &impatient(&vendor.url()), &[]).await;
    let before = invariants::before(&gateway);
    let rows = before_the_answer();
    for (name, stream, script, expected) in &rows {
        vendor.change_script(script.clone());
        for _ in 0..sized(1, 20) {
            let started = Instant::now();
            let reply = ask(&gateway, *stream).await;
            assert_eq!(&refusal(&reply), expected, "{name}: {}", reply.text());
            let took = started.elapsed();
            assert!(took < Duration::from_millis(1_500) + LATE, "{name}: {took:?}");
        }
    }
    figure("vendors, faults before the answer", rows.len());
    wait::until("no connection is kept", SOON, || vendor.open_connections() == 0).await;
    invariants::hold(&gateway, &before).await;
}

#[tokio::test]
async fn a_vendor_that_is_not_there_or_swallows_every_packet_is_given_up_in_time() {
    let (hole, free) = (BlackHole::open(), wait::free_port());
    for (name, address, expected) in [
        ("a black hole", hole.addr().to_string(), "504 upstream_timeout"),
        ("nobody", format!("127.0.0.1:{free}"), "502 upstream_unavailable"),
    ] {
        let gateway = wait::spawn_crossfade(BINARY, &impatient(&format!("http://{address}")), &[]).await;
        let before = invariants::before(&gateway);
        let asking: Vec<_> = (0..sized(20, 200)).map(|_| ask(&gateway, false)).collect();
        let started = Instant::now();
        for reply in futures_of(asking).await {
            assert_eq!(refusal(&reply), expected, "{name}");
        }
        assert!(
            started.elapsed() < Duration::from_millis(300) + LATE,
            "{name}: {:?}",
            started.elapsed()
        );
        invariants::hold(&gateway, &before).await;
    }
}

/// All of them at once, on this task.
pub(crate) async fn futures_of<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut pinned: Vec<_> = futures
        .into_iter()
        .map(|future| (Box::pin(future), None))
        .collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, done) in &mut pinned {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *done = Some(value),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(())
        }
    })
    .await;
    pinned.into_iter().map(|(_, done)| done.unwrap()).collect()
}

/// Faults after the first event: what came is with the client, then one error, and no orderly end is made up.
#[tokio::test]
async fn a_stream_that_fails_in_its_middle_ends_in_one_error() {
    let error = json!({"error": {"message": "no", "type": "server_error", "code": null, "param": null}});
    let rows = [
        ("stall", vec![Step::HoldUntilPeerEnds], "upstream_timeout"),
        (
            "reset",
            vec![Step::pause("seen"), Step::Reset],
            "upstream_disconnected",
        ),
        ("close", vec![Step::Close], "upstream_disconnected"),
        (
            "an end without a finish",
            vec![last_chunk(), Step::Close],
            "upstream_disconnected",
        ),
        (
            "garbage",
            vec![chunk("data: \u{0}\u{1}{{{\n\n"), last_chunk()],
            "upstream_invalid_response",
        ),
        (
            "a broken chunk",
            vec![Step::send("zz\r\n"), Step::HoldUntilPeerEnds],
            "upstream_invalid_response",
        ),
        (
            "an endless line",
            vec![Step::send("40000000\r\ndata: "), Step::endless_line()],
            "upstream_invalid_response",
        ),
        (
            "an error",
            vec![sse_event(&error), last_chunk()],
            "upstream_invalid_response",
        ),
    ];
    let vendor = BadUpstream::start(vec![Step::Close]).await;
    vendor.release("seen");
    let gateway = wait::spawn_crossfade(BINARY, &impatient(&vendor.url()), &[]).await;
    let before = invariants::before(&gateway);
    let bearer = format!("Bearer {APP}");
    for (name, then, expected) in rows {
        vendor.change_script(stream_of(then));
        for _ in 0..sized(1, 20) {
            let mut stream = wait::stream(
                gateway.client_addr,
                CHAT,
                &[("authorization", &bearer)],
                &streamed(),
            )
            .await;
            if stream.status != 200 {
                // The fault came with the first event: nothing was begun.
                assert!(stream.status >= 500, "{name}: {}", stream.status);
                continue;
            }
            let events = stream.collect().await;
            let errors: Vec<_> = events
                .iter()
                .filter(|event| event.data.contains("\"error\""))
                .collect();
            assert_eq!(errors.len(), 1, "{name}: {events:?}");
            assert!(errors[0].data.contains(expected), "{name}: {}", errors[0].data);
            assert!(
                events.iter().all(|event| event.data != "[DONE]"),
                "{name}: {events:?}"
            );
        }
    }
    wait::until("no connection is kept", SOON, || vendor.open_connections() == 0).await;
    invariants::hold(&gateway, &before).await;
}

/// Slow is not broken: a stream that trickles outlives every limit but the total one.
#[tokio::test]
async fn a_stream_that_trickles_is_not_cut() {
    let event = format!("data: {}\n\n", first_event());
    let chunked = format!("{:x}\r\n{event}\r\n", event.len());
    let trickle = Step::Trickle {
        piece: chunked.len().div_ceil(8),
        bytes: chunked.repeat(3).into_bytes(),
        pause: Duration::from_millis(70),
    };
    let finish = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "blue-model",
        "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    let done = chunk("data: [DONE]\n\n");
    let script = vec![
        Step::ReadRequest,
        stream_head(),
        trickle,
        sse_event(&finish),
        done,
        last_chunk(),
        Step::Repeat,
    ];
    let vendor = BadUpstream::start(script).await;
    let file = impatient(&vendor.url()).replace("idle: 700ms, total: 3s", "idle: 700ms, total: 60s");
    let file = file.replace("first_byte: 500ms", "first_byte: 5s");
    let gateway = wait::spawn_crossfade(BINARY, &file, &[]).await;
    let before = invariants::before(&gateway);
    let started = Instant::now();
    for reply in futures_of((0..sized(5, 100)).map(|_| ask(&gateway, true)).collect()).await {
        assert_eq!((reply.status, reply.complete), (200, true), "{}", reply.text());
        assert!(reply.text().ends_with("data: [DONE]\n\n"), "{}", reply.text());
    }
    assert!(
        started.elapsed() > Duration::from_millis(1_500),
        "it did not trickle"
    );
    invariants::hold(&gateway, &before).await;
}

/// Certificates that are wrong in one way each; the good one works.
#[tokio::test]
async fn a_vendor_that_cannot_prove_who_it_is_gets_nothing() {
    let authority = TestAuthority::new();
    let folder = wait::TempStore::new();
    let trusted = folder.write("authority.pem", authority.pem());
    for (certificate, expected) in [
        (Certificate::Good, "200 -"),
        (Certificate::Expired, "502 upstream_tls_error"),
        (Certificate::WrongHost, "502 upstream_tls_error"),
        (Certificate::UnknownAuthority, "502 upstream_tls_error"),
    ] {
        let script = vec![
            Step::ReadRequest,
            json_answer(200, &crate::smuggling::answer()),
            Step::Repeat,
        ];
        let vendor = BadUpstream::start_tls(script, &authority, certificate).await;
        let trust = format!("api_key: {VENDOR_KEY}, ca_file: {}", trusted.display());
        let file = impatient(&vendor.url()).replace(&format!("api_key: {VENDOR_KEY}"), &trust);
        let file = file.replace("connect: 300ms", "connect: 3s");
        let gateway = wait::spawn_crossfade(BINARY, &file, &[]).await;
        let before = invariants::before(&gateway);
        for _ in 0..sized(2, 50) {
            let reply = ask(&gateway, false).await;
            assert_eq!(refusal(&reply), expected, "{certificate:?}: {}", reply.text());
        }
        if certificate != Certificate::Good {
            assert!(
                vendor.truth().iter().all(|truth| truth.received.is_empty()),
                "{certificate:?}"
            );
        }
        invariants::hold(&gateway, &before).await;
    }
}
