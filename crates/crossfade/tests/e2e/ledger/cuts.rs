//! Streams that are cut: by the client, by the vendor, by a gateway that is killed. What is charged is what the vendor
//! says it sent.

use std::time::Duration;

use serde_json::json;
use testkit::bad_upstream::{BadUpstream, stream_head};
use testkit::wait;

use super::*;

/// SplitMix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// Streams, and how they are cut: a third each.
fn streams() -> u64 {
    if is_full() { 10_000 } else { 300 }
}

const PAUSE: Duration = Duration::from_millis(2);
/// Tokens that may be between vendor and gateway when a client's leaving arrives: what the vendor sends in 100 ms,
/// which a loaded machine may need.
const ON_THE_WAY: i64 = 50;

fn streaming(number: u64) -> Value {
    json!({"model": "assistant", "max_tokens": 1_000, "stream": true,
        "messages": [{"role": "user", "content": format!("stream {number}.")}]})
}

/// What the vendor knows of this stream.
fn truth(vendor: &BadUpstream, number: u64) -> testkit::bad_upstream::ConnectionTruth {
    let words = format!("stream {number}.");
    let mut all = vendor.truth().into_iter();
    all.find(|connection| connection.received_text().contains(&words))
        .unwrap()
}

async fn open(gateway: &CrossfadeProcess, secret: &str, number: u64) -> wait::EventStream {
    let bearer = format!("Bearer {secret}");
    wait::stream(
        gateway.client_addr,
        CHAT,
        &[("authorization", &bearer)],
        &streaming(number),
    )
    .await
}

/// Reads so many events, or to the end.
async fn read(stream: &mut wait::EventStream, events: u64) {
    for _ in 0..events {
        if stream.next().await.is_none() {
            return;
        }
    }
}

#[tokio::test]
async fn a_stream_that_the_vendor_cuts_is_charged_to_the_token() {
    let mut dice = Dice(1);
    let scripts = (0..streams()).map(|_| {
        let count = 1 + dice.below(40);
        vec![
            Step::ReadRequest,
            stream_head(),
            Step::StreamTokens {
                count,
                pause: Duration::ZERO,
            },
            Step::HalfClose,
        ]
    });
    let vendor = BadUpstream::start_each(scripts.collect()).await;
    let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
    let secret = prepaid(&gateway, "acme", 10_000_000).await;
    let mut left = 10_000_000;
    for number in 0..streams() / 3 {
        let mut stream = open(&gateway, &secret, number).await;
        let id = stream.header("x-request-id").unwrap().to_owned();
        stream.collect().await;
        let path = format!("/requests/{id}");
        let mut shown = Value::Null;
        wait::until_async("it is settled", SOON, async || {
            let reply = admin(&gateway, "GET", &path, Value::Null).await;
            shown = if reply.status == 200 {
                reply.json()
            } else {
                Value::Null
            };
            !shown["charge_usd"].is_null()
        })
        .await;
        let sent = truth(&vendor, number).tokens_sent as i64;
        assert_eq!(
            (tokens(&shown["charge_usd"]), &shown["estimated"]),
            (sent, &json!(true)),
            "{shown}"
        );
        left -= sent;
    }
    assert_eq!(standing(&gateway, "acme").await, [left, 0, left]);
    adds_up(&gateway).await;
}

#[tokio::test]
async fn a_client_that_leaves_pays_what_was_generated_until_then() {
    let mut dice = Dice(2);
    let vendor = BadUpstream::start(vec![
        Step::ReadRequest,
        stream_head(),
        Step::StreamTokens {
            count: 1_000,
            pause: PAUSE,
        },
        Step::Close,
    ])
    .await;
    let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
    let secret = prepaid(&gateway, "acme", 10_000_000).await;
    let mut last = 10_000_000;
    for number in 0..streams() / 3 {
        let mut stream = open(&gateway, &secret, number).await;
        let events = 1 + dice.below(30);
        read(&mut stream, events).await;
        if dice.below(2) == 0 {
            stream.leave()
        } else {
            stream.reset()
        }
        wait::until_async("it is settled", SOON, async || {
            standing(&gateway, "acme").await[1] == 0
        })
        .await;
        wait::until("the vendor is told", SOON, || !truth(&vendor, number).is_open()).await;
        let (now, sent) = (
            standing(&gateway, "acme").await[0],
            truth(&vendor, number).tokens_sent as i64,
        );
        let charged = last - now;
        assert!(
            charged >= events as i64 && charged <= sent && sent - charged <= ON_THE_WAY,
            "read {events}, charged {charged}, sent {sent}"
        );
        last = now;
    }
    adds_up(&gateway).await;
}

#[tokio::test]
async fn a_gateway_that_is_killed_charges_what_it_relayed_but_the_last_moment() {
    let mut dice = Dice(3);
    let vendor = BadUpstream::start(vec![
        Step::ReadRequest,
        stream_head(),
        Step::StreamTokens {
            count: 1_000,
            pause: PAUSE,
        },
        Step::Close,
    ])
    .await;
    let mut gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
    let secret = prepaid(&gateway, "acme", 10_000_000).await;
    let mut last = 10_000_000;
    let at_once = 10;
    for round in 0..streams() / 3 / at_once {
        let mut streams = Vec::new();
        let numbers = round * at_once..(round + 1) * at_once;
        for number in numbers.clone() {
            streams.push(open(&gateway, &secret, number).await);
        }
        let (mut events, most) = (0, 1 + dice.below(200));
        for stream in &mut streams {
            read(stream, most).await;
            events += most as i64;
        }
        gateway.kill9();
        drop(streams);
        wait::until("the vendor notices", SOON, || vendor.open_connections() == 0).await;
        let sent: i64 = numbers
            .map(|number| truth(&vendor, number).tokens_sent as i64)
            .sum();
        gateway.start_again().await;
        let [now, held, _] = standing(&gateway, "acme").await;
        let charged = last - now;
        assert_eq!(held, 0);
        // 250 ms of each stream, of one token each 2 ms.
        let unmarked = 125 * at_once as i64;
        assert!(
            charged <= sent && events - charged <= unmarked,
            "read {events}, charged {charged}, sent {sent}"
        );
        adds_up(&gateway).await;
        last = now;
    }
}
