use testkit::wait::{self, RawConnection};

use crate::harness::*;

/// Sends the bytes and gives back the status; whatever follows, the connection must end.
async fn status(house: &House, bytes: &str) -> String {
    let reply = String::from_utf8(wait::raw(house.addr, bytes).await).unwrap();
    reply.split(' ').nth(1).unwrap_or("closed").to_owned()
}

#[tokio::test]
async fn what_two_servers_could_read_differently_never_gets_upstream() {
    let house = house(Plan::default()).await;
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {SECRET}\r\n");
    let body = chat("hello").to_string();
    let length = body.len();
    let rows = [
        format!("{head}content-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{head}content-length: {length}\r\ncontent-length: {length}\r\n\r\n{body}"),
        format!("{head}host: b\r\ncontent-length: {length}\r\n\r\n{body}"),
        format!("POST {CHAT} HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{body}"),
        format!("{head}transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
        format!("{head}transfer-encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"),
        format!("{head}transfer-encoding: chunked\r\n\r\n-1\r\n\r\n"),
        format!("POST {CHAT} HTTP/1.1\nhost: a\n\n"),
        format!("{head} folded: x\r\n\r\n"),
        format!("{head}x y: z\r\n\r\n"),
        "\u{16}\u{3}\u{1}TLS?\r\n\r\n".to_owned(),
    ];
    for row in rows {
        assert_eq!(status(&house, &row).await, "400", "{row:?}");
    }
    let long = format!("{head}{}\r\n", "x: y\r\n".repeat(200));
    assert_eq!(status(&house, &long).await, "431");
    let huge = format!("{head}content-length: 99999999999\r\n\r\n");
    assert_eq!(status(&house, &huge).await, "413");
    let packed = format!("{head}content-encoding: gzip\r\ncontent-length: 1\r\n\r\nx");
    assert_eq!(status(&house, &packed).await, "415");
    assert_eq!(house.vendors.counters("blue-model").requests, 0);
    assert_eq!(house.post(&[], &chat("still serving")).await.status, 200);
}

#[tokio::test]
async fn a_chunked_body_and_an_expectation_are_understood() {
    let house = house(Plan::default()).await;
    let body = chat("hello").to_string();
    let (first, second) = body.split_at(10);
    let mut connection = RawConnection::open(house.addr).await;
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {SECRET}\r\nexpect: 100-continue\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    connection.send(head).await;
    let mut go_on = Vec::new();
    while !go_on.ends_with(b"\r\n\r\n") {
        go_on.extend(connection.read_some().await.unwrap());
    }
    assert_eq!(go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    for part in [first, second] {
        connection.send(format!("{:x}\r\n{part}\r\n", part.len())).await;
    }
    connection.send("0\r\n\r\n").await;
    assert_eq!(connection.read_reply().await.status, 200);
}

#[tokio::test]
async fn an_unknown_key_is_refused_before_its_body_is_read() {
    let house = house(Plan::default()).await;
    let mut connection = RawConnection::open(house.addr).await;
    connection
        .send(format!(
            "POST {CHAT} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n"
        ))
        .await;
    let reply = connection.read_reply().await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.header("connection"), Some("close"));
}
