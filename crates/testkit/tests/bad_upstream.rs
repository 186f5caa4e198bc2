//! The scripted bad upstream does what its script says and records what really happened.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::json;
use testkit::bad_upstream::{
    BadUpstream, BlackHole, Certificate, HowEnded, Step, TestAuthority, chunk, gzip_bomb, json_answer,
    last_chunk, sse_event, stream_head,
};
use testkit::wait::{RawConnection, get, post, raw, stream, until};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_request_is_read_whole_and_answered_as_scripted() {
    let upstream = BadUpstream::start(vec![
        Step::ReadRequest,
        json_answer(200, &json!({"ok": true})),
        Step::Repeat,
    ])
    .await;
    let reply = post(upstream.addr(), "/v1/x", &[("x-test", "1")], &json!({"a": 1})).await;
    assert_eq!((reply.status, reply.json()), (200, json!({"ok": true})));
    let truth = &upstream.truth()[0];
    assert_eq!(truth.requests, 1);
    assert!(
        truth.received_text().starts_with("POST /v1/x HTTP/1.1\r\n")
            && truth.received_text().ends_with("{\"a\":1}")
    );
}

#[tokio::test]
async fn one_connection_serves_requests_again_and_again() {
    let upstream = BadUpstream::start(vec![
        Step::ReadRequest,
        json_answer(200, &json!({})),
        Step::Repeat,
    ])
    .await;
    let mut connection = RawConnection::open(upstream.addr()).await;
    for _ in 0..3 {
        connection
            .send("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
            .await;
        assert_eq!(connection.read_reply().await.status, 200);
    }
    assert_eq!((upstream.connections(), upstream.truth()[0].requests), (1, 3));
}

#[tokio::test]
async fn each_connection_has_its_own_script_and_the_last_serves_the_rest() {
    let answer = |status| vec![Step::ReadRequest, json_answer(status, &json!({})), Step::Close];
    let upstream = BadUpstream::start_each(vec![answer(500), answer(200)]).await;
    for expected in [500, 200, 200] {
        assert_eq!(get(upstream.addr(), "/", &[]).await.status, expected);
    }
    upstream.change_script(answer(404));
    assert_eq!(get(upstream.addr(), "/", &[]).await.status, 404);
}

#[tokio::test]
async fn a_silent_upstream_notices_when_and_how_its_peer_ends() {
    let upstream = BadUpstream::start(vec![Step::HoldUntilPeerEnds]).await;
    let mut closing = RawConnection::open(upstream.addr()).await;
    closing.send("GET / HTTP/1.1\r\n\r\n").await;
    let resetting = RawConnection::open(upstream.addr()).await;
    until("all has arrived", SOON, || {
        upstream.connections() == 2 && upstream.truth()[0].received.len() == 18
    })
    .await;
    assert_eq!(upstream.open_connections(), 2);
    let ended_at = Instant::now();
    drop(closing);
    resetting.reset();
    until("both ends were noticed", SOON, || {
        upstream.open_connections() == 0
    })
    .await;
    let truth = upstream.truth();
    let ends: Vec<_> = truth.iter().map(|truth| truth.peer_ended.unwrap()).collect();
    assert_eq!((ends[0].how, ends[1].how), (HowEnded::Closed, HowEnded::Reset));
    assert!(ends.iter().all(|end| end.at >= ended_at));
}

#[tokio::test]
async fn a_pause_lasts_until_the_test_releases_it() {
    let first = sse_event(&json!({"n": 1}));
    let upstream = BadUpstream::start(vec![
        Step::ReadRequest,
        stream_head(),
        first,
        Step::pause("half"),
        sse_event(&json!({"n": 2})),
        last_chunk(),
        Step::Close,
    ])
    .await;
    let mut events = stream(upstream.addr(), "/", &[], &json!({})).await;
    assert_eq!(events.next().await.unwrap().json(), json!({"n": 1}));
    assert_eq!(upstream.truth()[0].steps_done, 3);
    upstream.release("half");
    assert_eq!(events.next().await.unwrap().json(), json!({"n": 2}));
    assert!(events.next().await.is_none() && events.ended_orderly());
}

#[tokio::test]
async fn a_reset_resets_and_a_close_closes() {
    let upstream = BadUpstream::start_each(vec![
        vec![
            Step::ReadRequest,
            stream_head(),
            chunk("data: 1\n\n"),
            Step::pause("cut"),
            Step::Reset,
        ],
        vec![Step::ReadBytes(4), Step::Close],
    ])
    .await;
    let mut connection = RawConnection::open(upstream.addr()).await;
    connection.send("GET / HTTP/1.1\r\n\r\n").await;
    assert!(connection.read_some().await.unwrap().starts_with(b"HTTP/1.1 200"));
    upstream.release("cut");
    let error = loop {
        match connection.read_some().await {
            Ok(bytes) => assert!(!bytes.is_empty(), "closed instead of reset"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(raw(upstream.addr(), "GET ").await.is_empty());
    until("the script's own ends are recorded", SOON, || {
        upstream.truth().iter().all(|truth| truth.we_ended.is_some())
    })
    .await;
}

#[tokio::test]
async fn a_half_close_still_reads() {
    let upstream = BadUpstream::start(vec![Step::HalfClose, Step::ReadBytes(5), Step::Close]).await;
    let mut connection = RawConnection::open(upstream.addr()).await;
    assert!(connection.read_some().await.unwrap().is_empty());
    connection.send("later").await;
    until("the bytes arrived after the half close", SOON, || {
        upstream.truth()[0].received == b"later"
    })
    .await;
}

#[tokio::test]
async fn a_trickle_comes_piece_by_piece() {
    let pause = Duration::from_millis(5);
    let upstream = BadUpstream::start(vec![
        Step::Trickle {
            bytes: b"0123456789".to_vec(),
            piece: 3,
            pause,
        },
        Step::Close,
    ])
    .await;
    let started = Instant::now();
    assert_eq!(raw(upstream.addr(), "").await, b"0123456789");
    assert!(started.elapsed() >= 4 * pause);
    assert_eq!(upstream.truth()[0].bytes_sent, 10);
}

#[tokio::test]
async fn tokens_are_counted_until_the_peer_leaves() {
    let pause = Duration::from_millis(2);
    let script = vec![
        Step::ReadRequest,
        stream_head(),
        Step::StreamTokens {
            count: 1_000_000,
            pause,
        },
    ];
    let upstream = BadUpstream::start(script).await;
    let mut events = stream(upstream.addr(), "/", &[], &json!({})).await;
    for _ in 0..5 {
        assert_eq!(
            events.next().await.unwrap().json()["choices"][0]["delta"]["content"],
            " token"
        );
    }
    events.leave();
    until("the end was noticed", SOON, || upstream.open_connections() == 0).await;
    assert!((5..100_000).contains(&upstream.truth()[0].tokens_sent));
}

#[tokio::test]
async fn an_endless_line_stops_when_the_peer_leaves() {
    let upstream = BadUpstream::start(vec![stream_head(), Step::endless_line()]).await;
    let mut connection = RawConnection::open(upstream.addr()).await;
    let mut received = 0;
    while received < 1_000_000 {
        received += connection.read_some().await.unwrap().len();
    }
    drop(connection);
    until("the end was noticed", SOON, || upstream.open_connections() == 0).await;
    assert!((1_000_000..100_000_000).contains(&upstream.truth()[0].bytes_sent));
}

#[tokio::test]
async fn a_peer_that_is_not_read_from_is_held_up() {
    let upstream =
        BadUpstream::start(vec![Step::StopReading, Step::pause("read"), Step::ResumeReading]).await;
    let sender = tokio::spawn({
        let addr = upstream.addr();
        async move { raw(addr, vec![b'x'; 20_000_000]).await }
    });
    until("reading has stopped", SOON, || {
        upstream.connections() == 1 && upstream.truth()[0].steps_done == 1
    })
    .await;
    let before = upstream.truth()[0].received.len();
    assert!(before < 20_000_000);
    upstream.release("read");
    until("all has arrived", SOON, || {
        upstream.truth()[0].received.len() == 20_000_000
    })
    .await;
    sender.abort();
}

#[tokio::test]
async fn a_gzip_bomb_is_small_on_the_wire() {
    let upstream = BadUpstream::start(vec![Step::ReadRequest, gzip_bomb(10_000_000), Step::Close]).await;
    let reply = get(upstream.addr(), "/", &[]).await;
    assert!(reply.complete && reply.body.len() < 20_000);
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(reply.body.as_slice())
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked.len(), 10_000_000 + 14);
    assert!(serde_json::from_slice::<serde_json::Value>(&unpacked).is_ok());
}

#[tokio::test]
async fn a_black_hole_neither_accepts_nor_refuses() {
    let hole = BlackHole::open();
    let attempt = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(hole.addr())).await;
    assert!(attempt.is_err(), "{attempt:?}");
}

/// What a client that trusts `authority` says to this upstream's certificate.
async fn handshake(authority: &TestAuthority, certificate: Certificate) -> Result<(), String> {
    let upstream = BadUpstream::start_tls(vec![Step::HoldUntilPeerEnds], authority, certificate).await;
    assert!(upstream.url().starts_with("https://localhost:"));
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(upstream.addr()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    if shaken.is_err() {
        until("the failure is recorded", SOON, || {
            upstream.truth()[0].tls_failure.is_some()
        })
        .await;
    }
    shaken.map(|_| ()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn each_certificate_is_wrong_in_its_own_way() {
    let authority = TestAuthority::new();
    assert_eq!(handshake(&authority, Certificate::Good).await, Ok(()));
    assert!(
        handshake(&authority, Certificate::Expired)
            .await
            .unwrap_err()
            .contains("expired")
    );
    assert!(
        handshake(&authority, Certificate::WrongHost)
            .await
            .unwrap_err()
            .contains("not valid for name")
    );
    assert!(
        handshake(&authority, Certificate::UnknownAuthority)
            .await
            .unwrap_err()
            .contains("UnknownIssuer")
    );
}
