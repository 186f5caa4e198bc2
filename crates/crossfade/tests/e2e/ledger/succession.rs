//! Requests that are under way in a process when another one takes over.

use std::time::Duration;

use serde_json::json;
use testkit::bad_upstream::{BadUpstream, stream_head};
use testkit::wait;

use super::cuts::charges;
use super::*;

/// Five tokens, and five more once the test says `go`.
fn five_and_five() -> Vec<Step> {
    let five = || Step::StreamTokens {
        count: 5,
        pause: Duration::ZERO,
    };
    vec![
        Step::ReadRequest,
        stream_head(),
        five(),
        Step::pause("go"),
        five(),
        Step::HalfClose,
    ]
}

#[tokio::test]
async fn what_is_under_way_in_the_process_before_is_charged_once_and_by_that_process() {
    let vendor = BadUpstream::start(five_and_five()).await;
    let mut gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
    let secrets = [
        prepaid(&gateway, "scarce", 100).await,
        prepaid(&gateway, "plenty", 1_000_000).await,
        key(&gateway, json!({"name": "later-key", "account": "later"})).await,
    ];
    let mut streams = Vec::new();
    for secret in &secrets {
        let bearer = format!("Bearer {secret}");
        let headers = [("authorization", bearer.as_str())];
        let mut stream = wait::stream(gateway.client_addr, CHAT, &headers, &ten_tokens(true)).await;
        stream.next().await.unwrap();
        streams.push(stream);
    }
    let mut first = gateway.succeed(SOON).await.unwrap();
    assert_eq!(standing(&gateway, "scarce").await, [100, 10, 90]);
    assert!(charges(&gateway, "scarce").await.is_empty());
    // The new process charges for itself meanwhile.
    vendor.change_script(answer_when_told(3));
    vendor.release("go");
    for secret in &secrets {
        assert_eq!(ask(&gateway, secret, &ten_tokens(false)).await.status, 200);
    }
    for mut stream in streams {
        stream.collect().await;
    }
    wait::until("the first process ends", SOON, || {
        first.try_wait().unwrap().is_some()
    })
    .await;
    for (account, left) in [("scarce", 87), ("plenty", 999_987)] {
        wait::until_async("all is settled", SOON, async || {
            standing(&gateway, account).await == [left, 0, left]
        })
        .await;
    }
    for account in ["scarce", "plenty", "later"] {
        // What is paid afterwards is written down a moment after its answer.
        let mut charged = Vec::new();
        wait::until_async("both processes have charged", SOON, async || {
            charged = charges(&gateway, account).await.into_values().collect();
            charged.len() == 2
        })
        .await;
        assert_eq!(charged.iter().sum::<i64>(), 13, "{account}: {charged:?}");
    }
    adds_up(&gateway).await;
}

#[tokio::test]
async fn what_a_process_that_was_killed_in_succession_had_under_way_is_given_back_by_the_next() {
    let vendor = BadUpstream::start(answer_when_told(3)).await;
    let mut gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
    let secret = prepaid(&gateway, "scarce", 100).await;
    let mut connection = wait::RawConnection::open(gateway.client_addr).await;
    let body = ten_tokens(false).to_string();
    let length = body.len();
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {secret}\r\n");
    connection
        .send(format!("{head}content-length: {length}\r\n\r\n{body}"))
        .await;
    wait::until("the vendor has it", SOON, || asked(&vendor) == 1).await;
    let mut first = gateway.succeed(SOON).await.unwrap();
    assert_eq!(standing(&gateway, "scarce").await, [100, 10, 90]);
    first.kill().unwrap();
    first.wait().unwrap();
    // Once it was not heard of for ten seconds.
    wait::until_async("the hold is given back", SOON * 2, async || {
        standing(&gateway, "scarce").await == [100, 0, 100]
    })
    .await;
    adds_up(&gateway).await;
}
