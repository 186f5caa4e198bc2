//! The end: what is under way finishes, nothing new is taken, and a second signal is fast.

use std::time::{Duration, Instant};

use testkit::wait::{self, RawConnection};
use tokio::net::TcpStream;

use crate::house::*;

#[tokio::test]
async fn live_streams_finish_after_sigterm_and_nothing_new_is_taken() {
    let mut house = house().await;
    house.vendors.set_behaviour("blue-model", slow(50)).unwrap();
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(house.stream(&[]).await);
    }
    assert_eq!(
        wait::get(house.gateway.client_addr, "/ready", &[]).await.status,
        200
    );
    house.gateway.terminate();
    let addr = house.gateway.client_addr;
    wait::until_async("new connections are refused", SOON, async || {
        TcpStream::connect(addr).await.is_err()
    })
    .await;
    for stream in &mut streams {
        let events = stream.collect().await;
        assert_eq!(events.last().unwrap().data, "[DONE]");
        assert!(stream.ended_orderly());
    }
    assert_eq!(house.gateway.wait(SOON).await.code(), Some(0));
    assert_eq!(house.vendors.counters("blue-model").answered, 5);
    assert!(
        house.gateway.log().contains("\"message\":\"ended\""),
        "{}",
        house.gateway.log()
    );
}

#[tokio::test]
async fn while_it_drains_ready_is_503_on_a_connection_that_is_still_served() {
    let house = house().await;
    house.vendors.set_behaviour("blue-model", slow(50)).unwrap();
    // A request in its middle, so that the connection is not an idle one.
    let mut half = RawConnection::open(house.gateway.client_addr).await;
    half.send("GET /ready HTTP/1.1\r\nhost: a\r\n").await;
    let mut stream = house.stream(&[]).await;
    house.gateway.terminate();
    let addr = house.gateway.client_addr;
    wait::until_async("new connections are refused", SOON, async || {
        TcpStream::connect(addr).await.is_err()
    })
    .await;
    half.send("connection: close\r\n\r\n").await;
    assert_eq!(half.read_reply().await.status, 503);
    assert_eq!(stream.collect().await.last().unwrap().data, "[DONE]");
}

#[tokio::test]
async fn the_admin_api_works_while_requests_drain() {
    let mut house = house().await;
    house.vendors.set_behaviour("blue-model", slow(40)).unwrap();
    let mut stream = house.stream(&[]).await;
    house.gateway.terminate();
    let addr = house.gateway.client_addr;
    wait::until_async("new connections are refused", SOON, async || {
        TcpStream::connect(addr).await.is_err()
    })
    .await;
    assert_eq!(house.deployment().await["blue"]["in_flight"], 1);
    assert_eq!(stream.collect().await.last().unwrap().data, "[DONE]");
    assert!(house.gateway.wait(SOON).await.success());
}

#[tokio::test]
async fn a_second_sigterm_is_fast_and_exit_code_0() {
    let mut house = house().await;
    house.vendors.set_behaviour("blue-model", slow(10_000)).unwrap();
    let mut stream = house.stream(&[]).await;
    house.gateway.terminate();
    let addr = house.gateway.client_addr;
    wait::until_async("it drains", SOON, async || {
        TcpStream::connect(addr).await.is_err()
    })
    .await;
    let again = Instant::now();
    house.gateway.terminate();
    assert_eq!(house.gateway.wait(SOON).await.code(), Some(0));
    assert!(again.elapsed() < Duration::from_secs(3), "{:?}", again.elapsed());
    let events = stream.collect().await;
    assert_ne!(
        events.last().unwrap().data,
        "[DONE]",
        "a cut stream must not look whole"
    );
}

#[tokio::test]
async fn the_drain_time_is_a_bound() {
    let mut house = house_with(|file| format!("drain: 1s\n{file}")).await;
    house.vendors.set_behaviour("blue-model", slow(10_000)).unwrap();
    let _stream = house.stream(&[]).await;
    let asked = Instant::now();
    house.gateway.terminate();
    assert_eq!(house.gateway.wait(SOON).await.code(), Some(0));
    let took = asked.elapsed();
    assert!(
        took >= Duration::from_secs(1) && took < Duration::from_secs(5),
        "{took:?}"
    );
    assert!(house.gateway.log().contains("the drain time is over"));
}

#[tokio::test]
async fn a_drain_time_that_was_reloaded_holds() {
    let mut house = house().await;
    house.vendors.set_behaviour("blue-model", slow(10_000)).unwrap();
    let mut events = Events::open(&house.gateway, None).await;
    house
        .gateway
        .replace_config(&format!("drain: 1s\n{}", usual_file(&house.vendors.url())));
    let (_, taken) = events.next("config").await;
    assert_eq!(taken["needs_restart"], serde_json::json!([]));
    let _stream = house.stream(&[]).await;
    house.gateway.terminate();
    assert_eq!(house.gateway.wait(SOON).await.code(), Some(0));
}

#[tokio::test]
async fn idle_connections_and_listeners_of_events_do_not_keep_it_alive() {
    let mut house = house().await;
    let _idle = RawConnection::open(house.gateway.client_addr).await;
    let mut used = RawConnection::open(house.gateway.client_addr).await;
    used.send("GET /health HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(used.read_reply().await.status, 200);
    let _idle_admin = RawConnection::open(house.gateway.admin_addr).await;
    let _events = Events::open(&house.gateway, None).await;
    let asked = Instant::now();
    house.gateway.signal("INT");
    assert_eq!(house.gateway.wait(SOON).await.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
}
