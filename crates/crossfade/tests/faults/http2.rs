//! HTTP/2 against the gateway: floods, resets, and frames that no library sends.

use std::time::{Duration, Instant};

use testkit::bad_upstream::{BadUpstream, Step};
use testkit::wait::{self, CrossfadeProcess};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::*;
use crate::invariants;
use crate::leaving::file_for;
use crate::measure::{figure, sized};
use crate::wire2::{Frames, field};

/// What a flood may cost beyond what is given back, in KiB.
const FLOOD: u64 = 48 << 10;

async fn silent() -> (BadUpstream, CrossfadeProcess) {
    let vendor = BadUpstream::start(vec![Step::ReadRequest, Step::HoldUntilPeerEnds]).await;
    let gateway = wait::spawn_crossfade(BINARY, &file_for(&vendor.url()), &[]).await;
    (vendor, gateway)
}

/// Sends the bytes until they are sent or refused, reading what comes back; others must be served meanwhile.
async fn flood(gateway: &CrossfadeProcess, bytes: &[u8]) -> (bool, Duration) {
    let stream = TcpStream::connect(gateway.client_addr).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let reading = tokio::spawn(async move {
        let mut bytes = vec![0; 64 << 10];
        while let Ok(1..) = read.read(&mut bytes).await {}
    });
    let sending = async {
        let sent = tokio::time::timeout(Duration::from_secs(60), write.write_all(bytes)).await;
        // What was sent is read to its end before the connection goes.
        let _ = tokio::time::timeout(Duration::from_secs(1), reading).await;
        matches!(sent, Ok(Ok(())))
    };
    let worst = async {
        let mut worst = Duration::ZERO;
        for _ in 0..10 {
            let asked = Instant::now();
            assert_eq!(wait::get(gateway.client_addr, "/health", &[]).await.status, 200);
            worst = worst.max(asked.elapsed());
        }
        worst
    };
    tokio::join!(sending, worst)
}

#[tokio::test]
async fn floods_of_frames_cost_little_and_hold_up_nobody() {
    let (vendor, gateway) = silent().await;
    let before = invariants::before(&gateway);
    let count = u32::try_from(sized(5_000, 200_000)).unwrap();
    let body = chat().to_string();
    let mut rows = Vec::new();
    let mut row = |name, fill: &dyn Fn(&mut Frames, u32)| {
        let mut frames = Frames::begin();
        (0..count).for_each(|number| fill(&mut frames, number));
        rows.push((name, frames.bytes));
    };
    row("rapid reset", &|frames, number| {
        frames.request(number * 2 + 1, &body);
        frames.reset(number * 2 + 1);
    });
    row("rapid reset of heads", &|frames, number| {
        frames.head(number * 2 + 1, 100);
        frames.reset(number * 2 + 1);
    });
    row("streams without end", &|frames, number| {
        frames.head(number * 2 + 1, 100)
    });
    row("pings", &|frames, _| frames.ping());
    row("settings", &|frames, _| frames.settings());
    row("empty data", &|frames, number| match number {
        0 => frames.head(1, 100),
        _ => frames.data(1, b"", false),
    });
    row("continuations", &|frames, number| match number {
        0 => frames.unfinished_head(1),
        _ => frames.continuation(1, b""),
    });
    row("continuations with fields", &|frames, number| {
        let mut block = Vec::new();
        field(&mut block, "x-more", &"a".repeat(200));
        match number {
            0 => frames.unfinished_head(1),
            _ => frames.continuation(1, &block),
        }
    });
    row("priorities", &|frames, number| {
        frames.frame(2, 0, number * 2 + 1, &[0, 0, 0, 0, 1])
    });
    row("windows", &|frames, _| frames.frame(8, 0, 0, &[0, 0, 0, 1]));
    row("unknown frames", &|frames, _| frames.frame(0x42, 0, 0, b"what"));
    for (name, bytes) in rows {
        let (sent, worst) = flood(&gateway, &bytes).await;
        let more = invariants::resident(&gateway).saturating_sub(before.resident());
        let outcome = if sent { "taken" } else { "ended by the gateway" };
        figure(
            &format!("http2 flood, {name}"),
            format!(
                "{outcome}, {more} KiB, others wait {:.0} ms at most, N {count}",
                worst.as_secs_f64() * 1e3
            ),
        );
        assert!(more <= FLOOD, "{name}: {more} KiB");
        assert!(worst < Duration::from_secs(3), "{name}: {worst:?}");
    }
    wait::until("the vendor is let go", SOON, || vendor.open_connections() == 0).await;
    invariants::hold(&gateway, &before).await;
}

/// Fields that would be lines, or frame a message twice, in HTTP/1.1 (RFC 9113, 8.2 and 8.3).
#[tokio::test]
async fn fields_that_mean_something_else_in_http1_reach_no_vendor() {
    let (vendor, gateway) = silent().await;
    let before = invariants::before(&gateway);
    let bearer = format!("Bearer {APP}");
    let usual = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/v1/files"),
        (":authority", "a"),
        ("authorization", bearer.as_str()),
    ];
    let odd: [(&str, &str); 14] = [
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("upgrade", "h2c"),
        ("keep-alive", "5"),
        ("proxy-connection", "keep-alive"),
        ("te", "chunked"),
        ("x-a", "b\r\nx-injected: 1"),
        ("x-a", "b\nx-injected: 1"),
        ("x-a", "b\0c"),
        ("x-a\r\nx-injected", "1"),
        ("X-Upper", "1"),
        ("x a", "1"),
        (":path", "/v1/other"),
        (":unknown", "1"),
    ];
    let paths = [
        "/v1/x HTTP/1.1\r\nx-injected: 1",
        "/v1/x y",
        "",
        "v1/files",
        "/v1/../admin",
        "/v1/%2e%2e/admin",
    ];
    let with_field = odd.iter().map(|extra| [&usual[..], &[*extra]].concat());
    let with_path = paths.iter().map(|path| {
        let mut fields = usual.to_vec();
        fields[2].1 = path;
        fields
    });
    for fields in with_field.chain(with_path) {
        let mut frames = Frames::begin();
        frames.fields(1, &fields);
        let mut stream = TcpStream::connect(gateway.client_addr).await.unwrap();
        stream.write_all(&frames.bytes).await.unwrap();
        let (mut bytes, mut all) = (vec![0; 4_096], Vec::new());
        while !Frames::answers(&all, 1) {
            match tokio::time::timeout(SOON, stream.read(&mut bytes)).await.unwrap() {
                Ok(length @ 1..) => all.extend(&bytes[..length]),
                _ => break,
            }
        }
    }
    assert_eq!(vendor.connections(), 0, "{:?}", vendor.truth());
    invariants::hold(&gateway, &before).await;
}

/// A stream that its client resets, and a connection that goes: the vendor is let go at once, as over HTTP/1.1.
#[tokio::test]
async fn a_client_that_leaves_over_http2_has_its_upstream_connection_closed_at_once() {
    let (vendor, gateway) = silent().await;
    let before = invariants::before(&gateway);
    let mut took = Vec::new();
    for by_reset in [true, false] {
        let mut client = Some(TcpStream::connect(gateway.client_addr).await.unwrap());
        client
            .as_mut()
            .unwrap()
            .write_all(&Frames::begin().bytes)
            .await
            .unwrap();
        for number in 0..u32::try_from(sized(20, 400)).unwrap() {
            let at = vendor.connections();
            let mut frames = Frames::default();
            frames.request(number * 2 + 1, &chat().to_string());
            client.as_mut().unwrap().write_all(&frames.bytes).await.unwrap();
            let asked = || vendor.truth().get(at).is_some_and(|truth| truth.requests == 1);
            wait::until("the vendor is asked", SOON, asked).await;
            let left = Instant::now();
            if by_reset {
                let mut frames = Frames::default();
                frames.reset(number * 2 + 1);
                client.as_mut().unwrap().write_all(&frames.bytes).await.unwrap();
            } else {
                drop(client.take());
                let mut next = TcpStream::connect(gateway.client_addr).await.unwrap();
                next.write_all(&Frames::begin().bytes).await.unwrap();
                client = Some(next);
            }
            let ended = || vendor.truth()[at].peer_ended;
            wait::until("the vendor sees the end", SOON, || ended().is_some()).await;
            took.push(ended().unwrap().at - left);
        }
    }
    let took = crate::measure::Times::of(took);
    figure("leaving over HTTP/2", &took);
    let most = if crate::measure::is_full() {
        (10, 100)
    } else {
        (100, 1_000)
    };
    assert!(took.percentile(50) <= Duration::from_millis(most.0));
    assert!(took.percentile(99) <= Duration::from_millis(most.1));
    invariants::hold(&gateway, &before).await;
}
