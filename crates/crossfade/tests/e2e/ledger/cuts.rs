//! Streams that are cut: by the client, by the vendor, by a gateway that is killed. What is charged is what the vendor
//! says it sent.
//!
//! 300 streams by default, 10,000 with CROSSFADE_FULL=1: a third for each way.

use std::collections::BTreeMap;
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

fn streams() -> u64 {
    (if is_full() { 10_000 } else { 300 }) / 3
}

/// Streams at the same time, of one gateway.
const AT_ONCE: u64 = 10;
/// A gateway and a vendor are used for so many: looking for one among all of a vendor's connections gets slow.
const A_HOUSE: u64 = 250;
const CREDIT: i64 = 1_000_000;

const PAUSE: Duration = Duration::from_millis(4);
/// Tokens that may be between vendor and gateway when a client's leaving arrives: what the vendor sends in 100 ms,
/// which a loaded machine may need.
const ON_THE_WAY: i64 = 25;
/// What a killed gateway may not have charged of a stream: 250 ms.
const UNMARKED: i64 = 63;

fn streaming(number: u64) -> Value {
    json!({"model": "assistant", "max_tokens": 1_000, "stream": true,
        "messages": [{"role": "user", "content": format!("stream {number}.")}]})
}

/// What the vendor knows of these streams.
fn truth(
    vendor: &BadUpstream,
    numbers: std::ops::Range<u64>,
) -> BTreeMap<u64, testkit::bad_upstream::ConnectionTruth> {
    let all = vendor.truth().into_iter();
    let named = all.filter_map(|connection| {
        let text = connection.received_text();
        let number = text.split("stream ").nth(1)?.split('.').next()?.parse().ok()?;
        Some((number, connection))
    });
    let wanted: BTreeMap<_, _> = named.filter(|(number, _)| numbers.contains(number)).collect();
    assert_eq!(wanted.len() as u64, numbers.end - numbers.start);
    wanted
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

fn id(stream: &wait::EventStream) -> String {
    stream.header("x-request-id").unwrap().to_owned()
}

/// What a request was charged, once it is settled; always by our own count.
async fn charged(gateway: &CrossfadeProcess, id: &str) -> i64 {
    let path = format!("/requests/{id}");
    let mut shown = Value::Null;
    wait::until_async("it is settled", SOON * 2, async || {
        let reply = admin(gateway, "GET", &path, Value::Null).await;
        shown = if reply.status == 200 {
            reply.json()
        } else {
            Value::Null
        };
        !shown["charge_usd"].is_null()
    })
    .await;
    assert_eq!(shown["estimated"], json!(true), "{shown}");
    tokens(&shown["charge_usd"])
}

/// What the requests of an account were charged, by their ids.
pub(crate) async fn charges(gateway: &CrossfadeProcess, account: &str) -> BTreeMap<String, i64> {
    let page = look(gateway, &format!("/ledger?account={account}&limit=1000")).await;
    assert!(page["next"].is_null());
    let mut charges = BTreeMap::new();
    for entry in page["entries"].as_array().unwrap() {
        if entry["credit"] == "revenue" {
            let id = entry["request_id"].as_str().unwrap().to_owned();
            *charges.entry(id).or_default() += tokens(&entry["amount_usd"]);
        }
    }
    charges
}

async fn has_left(gateway: &CrossfadeProcess, left: i64) {
    wait::until_async("all is settled, nothing twice", SOON, async || {
        standing(gateway, "acme").await == [left, 0, left]
    })
    .await;
    adds_up(gateway).await;
}

#[expect(clippy::print_stdout, reason = "a test of minutes says how far it is")]
fn progress(what: &str, done: u64) {
    if is_full() {
        println!("{what}: {done} of {} streams", streams());
    }
}

/// Goes through all streams, a house at a time; `of_house` gets their numbers.
async fn by_houses(what: &str, mut of_house: impl AsyncFnMut(std::ops::Range<u64>)) {
    let mut begin = 0;
    while begin < streams() {
        let end = (begin + A_HOUSE).min(streams());
        of_house(begin..end).await;
        begin = end;
        progress(what, end);
    }
}

fn batches(numbers: std::ops::Range<u64>) -> impl Iterator<Item = std::ops::Range<u64>> {
    let end = numbers.end;
    let begins = numbers.step_by(AT_ONCE as usize);
    begins.map(move |begin| begin..(begin + AT_ONCE).min(end))
}

#[tokio::test]
async fn a_stream_that_the_vendor_cuts_is_charged_to_the_token() {
    let mut dice = Dice(1);
    let mut sum = 0;
    by_houses("cut by the vendor", async |numbers| {
        let scripts = numbers.clone().map(|_| {
            let count = 1 + dice.below(40);
            let pause = Duration::ZERO;
            vec![
                Step::ReadRequest,
                stream_head(),
                Step::StreamTokens { count, pause },
                Step::HalfClose,
            ]
        });
        let vendor = BadUpstream::start_each(scripts.collect()).await;
        let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
        let secret = prepaid(&gateway, "acme", CREDIT).await;
        let mut left = CREDIT;
        for batch in batches(numbers) {
            let mut ids = Vec::new();
            for number in batch.clone() {
                let mut stream = open(&gateway, &secret, number).await;
                ids.push(id(&stream));
                stream.collect().await;
            }
            for (id, (number, truth)) in ids.iter().zip(truth(&vendor, batch)) {
                let sent = truth.tokens_sent as i64;
                assert_eq!(charged(&gateway, id).await, sent, "stream {number}");
                left -= sent;
            }
        }
        has_left(&gateway, left).await;
        sum += CREDIT - left;
    })
    .await;
    println!(
        "cut by the vendor: {} streams, {sum} tokens sent and charged",
        streams()
    );
}

#[tokio::test]
async fn a_client_that_leaves_pays_what_was_generated_until_then() {
    let mut dice = Dice(2);
    let (mut sum, mut all_sent, mut furthest) = (0, 0, 0);
    by_houses("cut by the client", async |numbers| {
        let vendor = BadUpstream::start(endless()).await;
        let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
        let secret = prepaid(&gateway, "acme", CREDIT).await;
        let mut left = CREDIT;
        for batch in batches(numbers) {
            let mut cut = Vec::new();
            for number in batch.clone() {
                cut.push((
                    open(&gateway, &secret, number).await,
                    1 + dice.below(30),
                    dice.below(2),
                ));
            }
            let local = tokio::task::LocalSet::new();
            let reading = cut.into_iter().map(|(mut stream, events, how)| {
                local.spawn_local(async move {
                    read(&mut stream, events).await;
                    let id = id(&stream);
                    if how == 0 {
                        stream.leave()
                    } else {
                        stream.reset()
                    }
                    (id, events as i64)
                })
            });
            let reading: Vec<_> = reading.collect();
            local.await;
            wait::until("the vendor is told", SOON, || vendor.open_connections() == 0).await;
            for (read, (number, truth)) in reading.into_iter().zip(truth(&vendor, batch)) {
                let ((id, events), sent) = (read.await.unwrap(), truth.tokens_sent as i64);
                let charged = charged(&gateway, &id).await;
                assert!(
                    charged >= events && charged <= sent && sent - charged <= ON_THE_WAY,
                    "stream {number}: read {events}, charged {charged}, sent {sent}"
                );
                (left, all_sent) = (left - charged, all_sent + sent);
                furthest = furthest.max(sent - charged);
            }
        }
        has_left(&gateway, left).await;
        sum += CREDIT - left;
    })
    .await;
    println!(
        "cut by the client: {} streams, {all_sent} tokens sent, {sum} charged, at most {furthest} of a stream were on the way",
        streams()
    );
}

fn endless() -> Vec<Step> {
    vec![
        Step::ReadRequest,
        stream_head(),
        Step::StreamTokens {
            count: 10_000,
            pause: PAUSE,
        },
        Step::Close,
    ]
}

/// Half of them of an account that pays before, half of one that pays afterwards.
#[tokio::test]
async fn a_gateway_that_is_killed_charges_what_it_relayed_but_the_last_moment() {
    let mut dice = Dice(3);
    let (mut all_read, mut sum, mut furthest) = (0, 0, 0);
    by_houses("cut by kill -9", async |numbers| {
        let vendor = BadUpstream::start(endless()).await;
        let mut gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
        for batch in batches(numbers) {
            let accounts = [
                format!("before-{}", batch.start),
                format!("after-{}", batch.start),
            ];
            let secrets = [
                prepaid(&gateway, &accounts[0], CREDIT).await,
                key(&gateway, json!({"name": accounts[1], "account": accounts[1]})).await,
            ];
            let mut streams = Vec::new();
            for number in batch.clone() {
                streams.push(open(&gateway, &secrets[number as usize % 2], number).await);
            }
            let events = 1 + dice.below(100);
            for stream in &mut streams {
                read(stream, events).await;
            }
            gateway.kill9();
            let ids: Vec<_> = streams.iter().map(id).collect();
            drop(streams);
            wait::until("the vendor notices", SOON, || vendor.open_connections() == 0).await;
            gateway.start_again().await;
            let mut charges_of = charges(&gateway, &accounts[0]).await;
            charges_of.extend(charges(&gateway, &accounts[1]).await);
            for (id, (number, truth)) in ids.iter().zip(truth(&vendor, batch)) {
                let (charged, sent) = (
                    charges_of.remove(id).unwrap_or_default(),
                    truth.tokens_sent as i64,
                );
                let unmarked = events as i64 - charged;
                assert!(
                    charged <= sent && unmarked <= UNMARKED,
                    "stream {number}: read {events}, charged {charged}, sent {sent}"
                );
                (all_read, sum) = (all_read + events as i64, sum + charged);
                furthest = furthest.max(unmarked);
            }
            assert!(charges_of.is_empty(), "{charges_of:?}");
            for account in &accounts {
                let shown = admin(&gateway, "GET", &format!("/accounts/{account}"), Value::Null).await;
                assert!(shown.status == 404 || tokens(&shown.json()["held_usd"]) == 0);
            }
            adds_up(&gateway).await;
        }
    })
    .await;
    println!(
        "cut by kill -9: {} streams, {all_read} tokens read, {sum} charged, at most {furthest} of a stream were not",
        streams()
    );
}
