//! Clients that take their time: each costs little, and none stays for ever.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::bad_upstream::{BadUpstream, Step, stream_head};
use testkit::wait::{self, CrossfadeProcess, RawConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::house::*;
use crate::invariants;
use crate::leaving::{file_for, first_event, request_with};
use crate::measure::{figure, is_full, sized};
use crate::vendors::futures_of;
use crate::wire2::{Frames, PREFACE};

/// What a slow reader may cost, in KiB.
const EACH: u64 = 64;

/// A vendor that sends events for as long as they are taken.
async fn talkative() -> BadUpstream {
    let event = format!("data: {}\n\n", first_event());
    let chunk = format!("{:x}\r\n{event}\r\n", event.len());
    let endless = Step::SendEndlessly {
        bytes: chunk.repeat(64).into_bytes(),
        most: 1 << 40,
    };
    BadUpstream::start(vec![Step::ReadRequest, stream_head(), endless]).await
}

fn taken(vendor: &BadUpstream) -> u64 {
    vendor.truth().iter().map(|truth| truth.bytes_sent).sum()
}

/// Waits until the vendor can send no more to anybody.
async fn until_stuck(vendor: &BadUpstream) {
    let (mut last, mut since) = (0, Instant::now());
    wait::until("nobody takes any more", SOON * 3, || {
        let now = taken(vendor);
        if now != last {
            (last, since) = (now, Instant::now());
        }
        now > 0 && since.elapsed() > Duration::from_millis(700)
    })
    .await;
}

/// A connection with a small window, so that the kernel holds little.
async fn narrow(gateway: &CrossfadeProcess) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    socket.connect(gateway.client_addr).await.unwrap()
}

#[tokio::test]
async fn a_client_that_reads_nothing_costs_little_and_holds_its_vendor_back() {
    let vendor = talkative().await;
    let file = file_for(&vendor.url()).replace("health:", "timeouts: {idle: 10m, total: 20m}, health:");
    let gateway = wait::spawn_crossfade(BINARY, &file, &[]).await;
    let before = invariants::before(&gateway);
    let count = sized(200, 400);
    let mut clients = Vec::new();
    for _ in 0..count {
        let mut client = narrow(&gateway).await;
        client
            .write_all(request_with(&streamed().to_string()).as_bytes())
            .await
            .unwrap();
        clients.push(client);
    }
    wait::until("all are answered", SOON * 3, || vendor.connections() == count).await;
    until_stuck(&vendor).await;
    let each = invariants::resident(&gateway).saturating_sub(before.resident()) / count as u64;
    figure("slow readers, KiB each", format!("{each}, N {count}"));
    assert!(each <= EACH, "{each} KiB each");
    let quick = wait::get(gateway.client_addr, "/health", &[]).await;
    assert_eq!(quick.status, 200);
    drop(clients);
    invariants::hold(&gateway, &before).await;
}

/// One connection of HTTP/2 with a window as wide as it gets, and a reader that stops.
#[tokio::test]
async fn streams_of_http2_that_nobody_reads_cost_little() {
    let vendor = talkative().await;
    let file = file_for(&vendor.url()).replace("health:", "timeouts: {idle: 10m, total: 20m}, health:");
    let gateway = wait::spawn_crossfade(BINARY, &file, &[]).await;
    let before = invariants::before(&gateway);
    let (connections, streams) = (sized(2, 8), 100);
    let mut open = Vec::new();
    for _ in 0..connections {
        let mut client = narrow(&gateway).await;
        let mut frames = Frames::begin_with_window(0x7fff_ffff);
        for number in 0..streams {
            frames.request(number * 2 + 1, &streamed().to_string());
        }
        client.write_all(&frames.bytes).await.unwrap();
        open.push(client);
    }
    let count = connections * streams as usize;
    wait::until("all are answered", SOON * 3, || vendor.connections() == count).await;
    until_stuck(&vendor).await;
    let each = invariants::resident(&gateway).saturating_sub(before.resident()) / count as u64;
    figure(
        "slow readers over HTTP/2, KiB a stream",
        format!("{each}, N {count}"),
    );
    assert!(each <= EACH, "{each} KiB each");
    drop(open);
    invariants::hold(&gateway, &before).await;
}

/// Writes a byte now and then until the peer ends the connection; how long that took.
async fn drips(mut stream: TcpStream, start: &[u8], drop: &[u8], every: Duration) -> Duration {
    let started = Instant::now();
    stream.write_all(start).await.unwrap();
    let (mut read, mut write) = stream.split();
    let (mut bytes, mut all) = (vec![0; 4_096], Vec::new());
    loop {
        let read = tokio::time::timeout(every, read.read(&mut bytes)).await;
        match read {
            Ok(Ok(0) | Err(_)) => return started.elapsed(),
            Ok(Ok(length)) => {
                all.extend(&bytes[..length]);
                // A stream that has its answer is over; the connection may serve others.
                if Frames::answers(&all, 1) {
                    return started.elapsed();
                }
            }
            Err(_) if !drop.is_empty() => {
                if write.write_all(drop).await.is_err() {
                    return started.elapsed();
                }
            }
            Err(_) => {}
        }
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "it was served for ever"
        );
    }
}

/// The forms of a slow client, each on several connections at once, and how long the gateway bears with them.
#[tokio::test]
async fn no_form_of_slow_client_is_borne_for_ever() {
    let vendor = talkative().await;
    let gateway = wait::spawn_crossfade(BINARY, &file_for(&vendor.url()), &[]).await;
    let before = invariants::before(&gateway);
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {APP}\r\n");
    let (length, chunked) = (
        format!("{head}content-length: 1000000\r\n\r\n{{"),
        format!("{head}transfer-encoding: chunked\r\n\r\n"),
    );
    let mut body_over_http2 = Frames::begin();
    body_over_http2.head(1, 1_000_000);
    let mut data = Frames::default();
    data.data(1, b" ", false);
    let mut empty = Frames::default();
    empty.data(1, b"", false);
    let mut half_a_head = Frames::begin();
    half_a_head.unfinished_head(1);
    let silent = PREFACE.to_vec();
    // Name, what it begins with, what it drips, and within how many seconds it must be over.
    let rows: Vec<(&str, &[u8], &[u8], u64)> = vec![
        ("says nothing", b"", b"", 12),
        ("drips its head", head.as_bytes(), b"x: y\r\n", 12),
        ("drips its body", length.as_bytes(), b"a", 24),
        ("drips its chunks", chunked.as_bytes(), b"1\r\na\r\n", 24),
        (
            "drips its body over HTTP/2",
            &body_over_http2.bytes,
            &data.bytes,
            24,
        ),
        (
            "drips empty frames over HTTP/2",
            &body_over_http2.bytes,
            &empty.bytes,
            24,
        ),
        ("begins HTTP/2 and is silent", &silent, b"", 60),
        (
            "begins a head over HTTP/2 and is silent",
            &half_a_head.bytes,
            b"",
            60,
        ),
    ];
    let mut running = Vec::new();
    for (name, start, drop, within) in rows {
        if within > 30 && !is_full() {
            continue;
        }
        for _ in 0..sized(2, 20) {
            let stream = TcpStream::connect(gateway.client_addr).await.unwrap();
            running.push(async move {
                let took = drips(stream, start, drop, Duration::from_millis(900)).await;
                (name, took, within)
            });
        }
    }
    for (name, took, within) in futures_of(running).await {
        figure(
            &format!("slowloris, {name}"),
            format!("ended after {:.1} s", took.as_secs_f64()),
        );
        assert!(took <= Duration::from_secs(within), "{name}: {took:?}");
    }
    assert_eq!(vendor.connections(), 0, "none of them was a request");
    invariants::hold(&gateway, &before).await;
}

/// An answer that is not read for a minute is given up, whichever protocol carries it.
#[tokio::test]
async fn a_client_that_never_reads_is_given_up() {
    if !is_full() {
        // A minute long by its nature.
        return;
    }
    let vendor = talkative().await;
    let file = file_for(&vendor.url()).replace("health:", "timeouts: {idle: 10m, total: 20m}, health:");
    let gateway = wait::spawn_crossfade(BINARY, &file, &[]).await;
    let before = invariants::before(&gateway);
    let mut over_http1 = narrow(&gateway).await;
    over_http1
        .write_all(request_with(&streamed().to_string()).as_bytes())
        .await
        .unwrap();
    let mut over_http2 = TcpStream::connect(gateway.client_addr).await.unwrap();
    let mut frames = Frames::begin();
    frames.request(1, &streamed().to_string());
    over_http2.write_all(&frames.bytes).await.unwrap();
    wait::until("both are answered", SOON, || vendor.connections() == 2).await;
    let started = Instant::now();
    let (mut read, mut write) = over_http2.into_split();
    // It is alive: it answers pings, and gives no window.
    let alive = tokio::spawn(async move {
        let mut bytes = vec![0; 64 << 10];
        while let Ok(1..) = read.read(&mut bytes).await {
            if let Some(pong) = Frames::pong_for(&bytes)
                && write.write_all(&pong).await.is_err()
            {
                return;
            }
        }
    });
    wait::until("both vendors are let go", Duration::from_secs(100), || {
        vendor.open_connections() == 0
    })
    .await;
    figure(
        "a client that never reads",
        format!("given up after {:.0} s", started.elapsed().as_secs_f64()),
    );
    alive.abort();
    drop(over_http1);
    invariants::hold(&gateway, &before).await;
}

/// Bodies as large as they may be, from many at once: what cannot be held is refused, and the rest goes on.
#[tokio::test]
async fn large_bodies_from_many_at_once_do_not_take_all_memory() {
    let vendor = crate::smuggling::well_vendor().await;
    let most: u64 = 96 << 10;
    let limits = format!("limits: {{body: 32MiB, memory: {}MiB}}\n", most >> 10);
    let gateway = wait::spawn_crossfade(BINARY, &(file_for(&vendor.url()) + &limits), &[]).await;
    let before = invariants::before(&gateway);
    let mut body = chat();
    body["messages"][0]["content"] = json!("a".repeat(30 << 20));
    let request = request_with(&body.to_string());
    let (mut peak, over) = (0, std::cell::Cell::new(false));
    let senders = async {
        let one = || async {
            let mut client = RawConnection::open(gateway.client_addr).await;
            client.send(&request).await;
            client.read_reply().await
        };
        let replies = futures_of((0..sized(12, 40)).map(|_| one()).collect()).await;
        over.set(true);
        replies
    };
    let watch = async {
        while !over.get() {
            peak = peak.max(invariants::resident(&gateway));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let (replies, ()) = tokio::join!(senders, watch);
    let mut counts = std::collections::BTreeMap::new();
    for reply in &replies {
        *counts.entry(refusal(reply)).or_insert(0) += 1;
    }
    let used = peak.saturating_sub(before.resident()) >> 10;
    figure(
        "large bodies",
        format!("{counts:?}, {used} MiB more at most, {} MiB allowed", most >> 10),
    );
    assert!(
        counts.keys().all(|key| key == "200 -" || key == "503 overloaded"),
        "{counts:?}"
    );
    assert!(
        counts.contains_key("200 -") && counts.contains_key("503 overloaded"),
        "{counts:?}"
    );
    let overloaded = replies.iter().find(|reply| reply.status == 503).unwrap();
    assert_eq!(overloaded.header("retry-after"), Some("1"));
    assert!(used << 10 <= most + most / 3, "{used} MiB");
    assert_eq!(post_to(&gateway, APP, &[], &chat()).await.status, 200);
    invariants::hold(&gateway, &before).await;
}
