//! Clients that leave: whatever they leave in, and however, the upstream connection is closed at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::bad_upstream::{BadUpstream, Step, sse_event, stream_head};
use testkit::wait::{self, CrossfadeProcess, RawConnection};

use crate::house::*;
use crate::invariants;
use crate::measure::{Times, figure, is_full, sized};

/// Where a request is when its client leaves.
#[derive(Clone, Copy, Debug)]
enum When {
    /// The vendor has the request and says nothing yet.
    Before,
    /// The client has the first event of a stream.
    Middle,
}

/// How it leaves.
#[derive(Clone, Copy, Debug)]
enum How {
    Fin,
    Reset,
    /// It says that it sends no more, and waits.
    HalfClose,
    /// Its next request is sent already.
    Pipelined,
    /// It has sent a part of its next request's body.
    PipelinedInPart,
}

const WHENS: [When; 2] = [When::Before, When::Middle];
const HOWS: [How; 5] = [
    How::Fin,
    How::Reset,
    How::HalfClose,
    How::Pipelined,
    How::PipelinedInPart,
];

/// A file whose only vendor is reached by clients' requests alone.
pub(crate) fn file_for(vendor: &str) -> String {
    format!(
        "admin_token: ${{CROSSFADE_ADMIN_TOKEN}}
workers: 2
providers:
  sim: {{dialect: openai, base_url: {vendor}/v1, api_key: {VENDOR_KEY}}}
deployments:
  assistant:
    blue: {{provider: sim, model: blue-model, health: {{probe: off}}}}
keys:
  - {{name: app, secret: {APP}}}
"
    )
}

pub(crate) fn request_with(body: &str) -> String {
    let length = body.len();
    format!(
        "POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {APP}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn script(when: When) -> Vec<Step> {
    match when {
        When::Before => vec![Step::ReadRequest, Step::HoldUntilPeerEnds],
        When::Middle => vec![
            Step::ReadRequest,
            stream_head(),
            sse_event(&first_event()),
            Step::HoldUntilPeerEnds,
        ],
    }
}

pub(crate) fn first_event() -> Value {
    json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "blue-model",
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": "so"}, "finish_reason": null}]})
}

/// One client that comes and leaves; how long its upstream connection outlived it.
async fn comes_and_leaves(
    gateway: &CrossfadeProcess,
    vendor: &BadUpstream,
    when: When,
    how: How,
) -> Duration {
    let number = vendor.connections();
    let mut client = RawConnection::open(gateway.client_addr).await;
    client.send(request_with(&streamed().to_string())).await;
    match when {
        When::Before => {
            let asked = || {
                vendor
                    .truth()
                    .get(number)
                    .is_some_and(|truth| truth.requests == 1)
            };
            wait::until("the vendor is asked", SOON, asked).await;
        }
        When::Middle => while !client.read_some().await.unwrap().ends_with(b"\n\n\r\n") {},
    }
    let next = request_with(&chat().to_string());
    match how {
        How::Pipelined => client.send(&next).await,
        How::PipelinedInPart => client.send(&next[..next.len() - 5]).await,
        How::Fin | How::Reset | How::HalfClose => {}
    }
    let left = Instant::now();
    let mut kept = None;
    match how {
        How::Reset => client.reset(),
        How::HalfClose => {
            client.half_close().await;
            kept = Some(client);
        }
        How::Fin | How::Pipelined | How::PipelinedInPart => drop(client),
    }
    let ended = || vendor.truth()[number].peer_ended;
    wait::until("the vendor sees the end", SOON, || ended().is_some()).await;
    drop(kept);
    ended().unwrap().at - left
}

#[tokio::test]
async fn a_client_that_leaves_has_its_upstream_connection_closed_at_once() {
    let vendor = BadUpstream::start(script(When::Before)).await;
    let gateway = wait::spawn_crossfade(BINARY, &file_for(&vendor.url()), &[]).await;
    let before = invariants::before(&gateway);
    let mut all = Vec::new();
    for when in WHENS {
        vendor.change_script(script(when));
        for how in HOWS {
            let mut took = Vec::new();
            for _ in 0..sized(8, 200) {
                took.push(comes_and_leaves(&gateway, &vendor, when, how).await);
            }
            all.extend(&took);
            figure(&format!("leaving {when:?} {how:?}"), Times::of(took));
        }
    }
    let took = Times::of(all);
    figure("leaving, all", &took);
    // A machine that builds something else takes its time.
    let most = if is_full() { (10, 100) } else { (100, 1_000) };
    let (p50, p99) = (took.percentile(50), took.percentile(99));
    assert!(p50 <= Duration::from_millis(most.0), "p50 {p50:?}");
    assert!(p99 <= Duration::from_millis(most.1), "p99 {p99:?}");
    assert_eq!(vendor.open_connections(), 0);
    invariants::hold(&gateway, &before).await;
}

/// The vendor takes none of a body that is too large to wait in the kernel.
#[tokio::test]
async fn a_client_that_leaves_while_the_vendor_reads_nothing_is_not_waited_for() {
    let vendor = BadUpstream::start(vec![Step::StopReading, Step::HoldUntilPeerEnds]).await;
    let gateway = wait::spawn_crossfade(BINARY, &file_for(&vendor.url()), &[]).await;
    let before = invariants::before(&gateway);
    let mut body = streamed();
    body["messages"][0]["content"] = json!("a".repeat(16 << 20));
    let request = request_with(&body.to_string());
    for leave in [How::Fin, How::Reset] {
        let mut client = RawConnection::open(gateway.client_addr).await;
        client.send(&request).await;
        let asked = vendor.connections() + 1;
        wait::until("the vendor is called", SOON, || vendor.connections() >= asked).await;
        match leave {
            How::Reset => client.reset(),
            _ => drop(client),
        }
        let gone = || invariants::Open::of(&gateway).upstream == 0;
        wait::until("the connection is gone", SOON, gone).await;
    }
    invariants::hold(&gateway, &before).await;
}

/// Nothing is sent to a vendor for a request that was never whole.
#[tokio::test]
async fn a_client_that_leaves_within_its_request_reaches_no_vendor() {
    let vendor = BadUpstream::start(script(When::Before)).await;
    let gateway = wait::spawn_crossfade(BINARY, &file_for(&vendor.url()), &[]).await;
    let before = invariants::before(&gateway);
    let request = request_with(&chat().to_string());
    let chunked = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {APP}\r\ntransfer-encoding: chunked\r\n\r\n\
         ffff\r\n{{\"model\""
    );
    let head = request.find("\r\n\r\n").unwrap();
    let parts = [
        &request[..1],
        &request[..head],
        &request[..head + 4],
        &request[..request.len() - 1],
        &chunked,
    ];
    for _ in 0..sized(5, 100) {
        for part in parts {
            for how in [How::Fin, How::Reset, How::HalfClose] {
                let mut client = RawConnection::open(gateway.client_addr).await;
                client.send(part).await;
                match how {
                    How::Reset => client.reset(),
                    How::HalfClose => {
                        client.half_close().await;
                        let said = client.read_to_end().await;
                        assert!(said.is_empty(), "{}", String::from_utf8_lossy(&said));
                    }
                    _ => drop(client),
                }
            }
        }
    }
    invariants::hold(&gateway, &before).await;
    assert_eq!(vendor.connections(), 0);
}

/// Who is refused before its body is read gets its answer, not a reset, and is not read for long.
#[tokio::test]
async fn a_refusal_with_the_body_unread_reaches_its_client() {
    let vendor = BadUpstream::start(script(When::Before)).await;
    let gateway = wait::spawn_crossfade(BINARY, &file_for(&vendor.url()), &[]).await;
    let before = invariants::before(&gateway);
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer cf-nobodys\r\n");
    let body = "a".repeat(600_000);
    for _ in 0..sized(10, 200) {
        let mut client = RawConnection::open(gateway.client_addr).await;
        client
            .send(format!("{head}content-length: {}\r\n\r\n{body}", body.len()))
            .await;
        let reply = client.read_reply().await;
        assert_eq!((reply.status, reply.complete), (401, true));
    }
    invariants::hold(&gateway, &before).await;
    assert_eq!(vendor.connections(), 0);
}
