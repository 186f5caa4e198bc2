//! Much at once: changes under load, more load than there is capacity, and one client that wants it all.

use std::cell::Cell;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::vendors::ModelBehaviour;

use crate::house::*;
use crate::invariants;
use crate::measure::{Times, figure, is_full, sized};
use crate::vendors::futures_of;

/// Splits, deployments and keys come, change and go; requests notice nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_every_kind_under_load_fail_no_request() {
    let house = house().await;
    let before = invariants::before(&house.gateway);
    let (count, over, answered) = (sized(200, 10_000), Cell::new(false), Cell::new(0));
    let client = async |stream: bool| {
        while !over.get() {
            let body = if stream { streamed() } else { chat() };
            let reply = house.post(&[], &body).await;
            assert_eq!((reply.status, reply.complete), (200, true), "{}", reply.text());
            assert!(
                !stream || reply.text().ends_with("data: [DONE]\n\n"),
                "a stream was cut"
            );
            answered.set(answered.get() + 1);
        }
    };
    let change = async {
        let started = Instant::now();
        for number in 0..count {
            let other = format!("other-{}", number % 7);
            match number % 5 {
                0 => drop(house.split((number % 101) as f64).await),
                1 => {
                    let side = |model: String| json!({"provider": "sim", "model": model});
                    let definition =
                        json!({"blue": side(format!("b{number}")), "green": side(format!("g{number}"))});
                    house
                        .done("PUT", &format!("/deployments/{other}"), definition)
                        .await;
                }
                2 => drop(
                    house
                        .done("POST", "/keys", json!({"name": format!("key-{number}")}))
                        .await,
                ),
                3 => drop(
                    house
                        .done("POST", &format!("/keys/key-{}/rotate", number - 1), Value::Null)
                        .await,
                ),
                _ => drop(
                    house
                        .done("POST", &format!("/keys/key-{}/revoke", number - 2), Value::Null)
                        .await,
                ),
            }
        }
        over.set(true);
        started.elapsed()
    };
    let clients = futures_of((0..8).map(|number| client(number % 2 == 0)).collect());
    let (_, took) = tokio::join!(clients, change);
    let rate = count as f64 / took.as_secs_f64();
    figure(
        "mutations",
        format!(
            "{count} at {rate:.0} a second, {} requests, 0 failed",
            answered.get()
        ),
    );
    assert!(answered.get() > 50);
    invariants::hold(&house.gateway, &before).await;
}

const CAPACITY: usize = 20;
const TAKES: Duration = Duration::from_millis(100);

/// Offers so many requests a second, whatever comes of the ones before; how many were answered well in a second.
async fn goodput(house: &House, offered: usize, lasting: Duration) -> f64 {
    let well = Cell::new(0);
    let (started, between) = (
        Instant::now(),
        lasting.div_f64(offered as f64 * lasting.as_secs_f64()),
    );
    let one = async |number: u32| {
        tokio::time::sleep_until((started + between * number).into()).await;
        let reply = house.chat(&[]).await;
        match reply.status {
            200 => well.set(well.get() + 1),
            503 => assert_eq!(refusal(&reply), "503 overloaded"),
            status => panic!("{status}: {}", reply.text()),
        }
    };
    let count = (offered as f64 * lasting.as_secs_f64()) as u32;
    futures_of((0..count).map(one).collect()).await;
    f64::from(well.get()) / started.elapsed().as_secs_f64()
}

/// Five times what the vendor's side can take: the rest is refused at once, and costs those that fit nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_times_too_much_leaves_goodput_what_it_was() {
    let side = "blue: {provider: sim, model: blue-model, ";
    let file = format!("{side}max_concurrency: {CAPACITY}, ");
    let house = house_with(|usual| {
        usual.replace(
            "blue: {provider: sim, model: blue-model",
            file.trim_end_matches(", "),
        )
    })
    .await;
    let before = invariants::before(&house.gateway);
    let behaviour = ModelBehaviour {
        first_byte_median_ms: TAKES.as_secs_f64() * 1e3,
        ..ModelBehaviour::instant()
    };
    house.vendors.set_behaviour("blue-model", behaviour).unwrap();
    let lasting = Duration::from_secs(sized(2, 10) as u64);
    let most = CAPACITY * 1_000 / usize::try_from(TAKES.as_millis()).unwrap();
    let peak = goodput(&house, most, lasting).await;
    let under = goodput(&house, most * 5, lasting).await;
    let share = under / peak * 100.0;
    figure(
        "overload x5, goodput",
        format!("{under:.0} a second of {peak:.0} at the peak, {share:.0} %"),
    );
    assert!(share >= if is_full() { 90.0 } else { 60.0 }, "{share} %");
    invariants::hold(&house.gateway, &before).await;
}

/// One key asks as fast as it can, far beyond its limits; the others are served as if it were not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_noisy_key_leaves_the_others_alone() {
    let keys = "  - {name: noisy, secret: cf-noisy-key-0123456789, limits: {requests_per_minute: 600, concurrent_requests: 10}}\n";
    let keys = format!(
        "{keys}{}",
        (0..4)
            .map(|n| format!("  - {{name: quiet{n}, secret: cf-quiet-key-{n}-0123456789}}\n"))
            .collect::<String>()
    );
    let side = format!("blue: {{provider: sim, model: blue-model, max_concurrency: {CAPACITY}");
    let house =
        house_with(|usual| usual.replace("blue: {provider: sim, model: blue-model", &side) + &keys).await;
    let before = invariants::before(&house.gateway);
    let behaviour = ModelBehaviour {
        first_byte_median_ms: 20.0,
        ..ModelBehaviour::instant()
    };
    house.vendors.set_behaviour("blue-model", behaviour).unwrap();
    let over = Cell::new(false);
    let refused = Cell::new(0_u64);
    let noisy = async |_| {
        while !over.get() {
            let reply = post_to(&house.gateway, "cf-noisy-key-0123456789", &[], &chat()).await;
            assert!(matches!(reply.status, 200 | 429), "{}", reply.text());
            refused.set(refused.get() + u64::from(reply.status == 429));
        }
    };
    let well = Cell::new(0_usize);
    let count = sized(60, 600);
    let quiet = async |number: usize| {
        let secret = format!("cf-quiet-key-{number}-0123456789");
        for _ in 0..count {
            let reply = post_to(&house.gateway, &secret, &[], &chat()).await;
            well.set(well.get() + usize::from(reply.status == 200));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let quiet = async {
        futures_of((0..4).map(quiet).collect()).await;
        over.set(true);
    };
    tokio::join!(futures_of((0..50).map(noisy).collect()), quiet);
    let share = well.get() as f64 / (4 * count) as f64 * 100.0;
    figure(
        "one noisy key, the others' success",
        format!(
            "{share:.1} % of {}, {} of the noisy one refused",
            4 * count,
            refused.get()
        ),
    );
    assert!(share >= 99.0, "{share} %");
    assert!(refused.get() > 100, "it was not noisy");
    invariants::hold(&house.gateway, &before).await;
}

/// A connection that finds the queue full is tried again by its kernel after a second.
#[tokio::test]
async fn a_burst_of_connections_waits_for_no_second_try() {
    let house = house().await;
    let before = invariants::before(&house.gateway);
    let address = house.gateway.client_addr;
    let connect = async || {
        let started = Instant::now();
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        (stream, started.elapsed())
    };
    let count = sized(600, 2_000);
    let connected = futures_of((0..count).map(|_| connect()).collect()).await;
    let (streams, times): (Vec<_>, Vec<_>) = connected.into_iter().unzip();
    let times = Times::of(times);
    figure("a burst of connections", &times);
    assert!(times.percentile(100) < Duration::from_millis(900), "{times}");
    drop(streams);
    invariants::hold(&house.gateway, &before).await;
}
