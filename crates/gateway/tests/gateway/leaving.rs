use std::time::{Duration, Instant};

use gateway::End;
use testkit::vendors::{Fault, ModelBehaviour};
use testkit::wait::{self, RawConnection};

use crate::harness::*;

fn request(body: &str) -> String {
    let length = body.len();
    format!(
        "POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {SECRET}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// Lets a client leave once its request is under way, and waits for the vendor to notice.
async fn noticed(house: &House, body: &str, leave: impl AsyncFnOnce(RawConnection)) -> Duration {
    let before = house.vendors.counters("blue-model");
    let mut connection = RawConnection::open(house.addr).await;
    connection.send(request(body)).await;
    let under_way = || house.vendors.counters("blue-model").active > 0;
    wait::until("the request is under way", DEADLINE, under_way).await;
    let left = Instant::now();
    leave(connection).await;
    let cancelled = || house.vendors.counters("blue-model").cancelled_by_client > before.cancelled_by_client;
    wait::until("the vendor sees the client leave", DEADLINE, cancelled).await;
    left.elapsed()
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_upstream_request() {
    let house = house(Plan::default()).await;
    let slow = ModelBehaviour {
        tokens_per_second: 5.0,
        answer_tokens: 500,
        ..ModelBehaviour::instant()
    };
    let silent = ModelBehaviour::instant().with_fault(Fault::StallBeforeHead, 1.0);
    for (behaviour, body) in [
        (slow, streamed("long")),
        (silent.clone(), streamed("never")),
        (silent, chat("never")),
    ] {
        house.vendors.set_behaviour("blue-model", behaviour).unwrap();
        let body = body.to_string();
        let closed = noticed(&house, &body, async |connection| drop(connection)).await;
        let reset = noticed(&house, &body, async |connection| connection.reset()).await;
        let half = noticed(&house, &body, async |mut connection: RawConnection| {
            connection.half_close().await;
            let _ = connection.read_to_end().await;
        });
        let piped = noticed(&house, &body, async |mut connection: RawConnection| {
            connection.send(request(&chat("next").to_string())).await;
            drop(connection);
        });
        for took in [closed, reset, half.await, piped.await] {
            assert!(took < Duration::from_secs(2), "{took:?}");
        }
        let outcomes = house.seen.outcomes(4).await;
        assert!(outcomes.iter().all(|outcome| outcome.end == End::ClientLeft));
    }
    let deployment = house.gateway.shared.snapshot().deployments[0].clone();
    wait::until("nothing is in flight", DEADLINE, || {
        deployment.blue.flight.in_flight() == 0
    })
    .await;
}

#[tokio::test]
async fn draining_finishes_what_is_under_way_and_takes_nothing_new() {
    let house = house(Plan::default()).await;
    let slow = ModelBehaviour {
        tokens_per_second: 50.0,
        answer_tokens: 20,
        ..ModelBehaviour::instant()
    };
    house.vendors.set_behaviour("blue-model", slow).unwrap();
    let idle = RawConnection::open(house.addr).await;
    let mut stream = wait::stream(
        house.addr,
        CHAT,
        &[("authorization", "Bearer cf-test")],
        &streamed("x"),
    )
    .await;
    stream.next().await.unwrap();
    house.gateway.drain();
    let events = stream.collect().await;
    assert_eq!(events.last().unwrap().data, "[DONE]");
    wait::until("the gateway has ended", DEADLINE, || house.gateway.is_finished()).await;
    drop(idle);
    assert!(tokio::net::TcpStream::connect(house.addr).await.is_err());
}

#[tokio::test]
async fn stopping_cuts_what_is_under_way_and_tells_its_end() {
    let house = house(Plan::default()).await;
    let slow = ModelBehaviour {
        tokens_per_second: 5.0,
        answer_tokens: 500,
        ..ModelBehaviour::instant()
    };
    house.vendors.set_behaviour("blue-model", slow).unwrap();
    let mut streaming = RawConnection::open(house.addr).await;
    streaming.send(request(&streamed("long").to_string())).await;
    let begun = streaming.read_some().await.unwrap();
    assert!(begun.starts_with(b"HTTP/1.1 200 "));
    let silent = ModelBehaviour::instant().with_fault(Fault::StallBeforeHead, 1.0);
    house.vendors.set_behaviour("blue-model", silent).unwrap();
    let mut waiting = RawConnection::open(house.addr).await;
    waiting.send(request(&chat("never").to_string())).await;
    let both = || house.vendors.counters("blue-model").active == 2;
    wait::until("both are under way", DEADLINE, both).await;
    house.gateway.stop();
    // To the end of the connection, which is no end of a chunked body.
    assert!(!streaming.read_to_end().await.ends_with(b"0\r\n\r\n"));
    assert_eq!(waiting.read_to_end().await, b"");
    wait::until("the gateway has ended", DEADLINE, || house.gateway.is_finished()).await;
    let outcomes = house.seen.outcomes(2).await;
    assert!(outcomes.iter().all(|outcome| outcome.end == End::ClientLeft));
}

#[tokio::test]
async fn requests_that_are_sent_while_an_answer_streams_are_answered_after_it() {
    let house = house(Plan::default()).await;
    let slow = ModelBehaviour {
        tokens_per_second: 50.0,
        answer_tokens: 10,
        ..ModelBehaviour::instant()
    };
    house.vendors.set_behaviour("blue-model", slow).unwrap();
    let mut connection = RawConnection::open(house.addr).await;
    // The second comes with the first, the third in two parts while the first is answered.
    let third = request(&chat("third").to_string());
    let (head, rest) = third.split_at(third.len() / 2);
    let first = request(&streamed("first").to_string());
    connection
        .send(first + &request(&chat("second").to_string()) + head)
        .await;
    let under_way = || house.vendors.counters("blue-model").active > 0;
    wait::until("the first is under way", DEADLINE, under_way).await;
    connection.send(rest).await;
    let streamed = connection.read_reply().await;
    assert!(
        streamed.complete && streamed.text().contains("[DONE]"),
        "{streamed:?}"
    );
    for _ in 0..2 {
        let whole = connection.read_reply().await;
        assert_eq!((whole.status, whole.complete), (200, true), "{whole:?}");
        assert!(whole.json()["choices"][0]["message"]["content"].is_string());
    }
    let ended = house.seen.outcomes(3).await;
    assert!(ended.iter().all(|outcome| outcome.end == End::Complete));
}
