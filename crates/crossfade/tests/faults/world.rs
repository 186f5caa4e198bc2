//! A clock that jumps and names that fail, lie or take their time, without touching the machine's own: `world.c`
//! answers for the C library.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use testkit::vendors::ModelBehaviour;
use testkit::wait::{self, CrossfadeProcess, TempStore};

use crate::databases::on_postgres;
use crate::house::*;
use crate::invariants;
use crate::measure::{figure, is_full, sized};
use crate::vendors::futures_of;

struct World {
    folder: TempStore,
    library: PathBuf,
}

impl World {
    /// Compiled by what Rust links with, so it is there.
    fn new() -> World {
        let folder = TempStore::new();
        let library = folder.path().join("world.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/world.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .arg(&library)
            .args([source, "-ldl"])
            .status()
            .unwrap();
        assert!(compiled.success(), "{source} does not compile");
        let world = World { folder, library };
        world.becomes(0, "real");
        world
    }

    /// In one step, so that nobody reads a half.
    fn becomes(&self, clock_seconds: i64, dns: &str) {
        let next = self
            .folder
            .write("next", &format!("clock {clock_seconds}\ndns {dns}\n"));
        std::fs::rename(next, self.folder.path().join("world")).unwrap();
    }

    async fn house(&self, change: impl FnOnce(String) -> String) -> House {
        let vendors = vendors().await;
        let file = change(usual_file(&vendors.url()));
        House {
            gateway: self.gateway(&file).await,
            vendors,
        }
    }

    async fn gateway(&self, file: &str) -> CrossfadeProcess {
        let place = self.folder.path().join("world");
        let (library, place) = (self.library.to_str().unwrap(), place.to_str().unwrap());
        let environment = [("LD_PRELOAD", library), ("CROSSFADE_WORLD", place)];
        wait::spawn_crossfade(BINARY, file, &environment).await
    }
}

/// The gateway's wall clock, as it tells it.
async fn told_time(house: &House) -> u64 {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let name = format!("tick-{}", ASKED.fetch_add(1, Ordering::Relaxed));
    let made = house.done("POST", "/keys", json!({"name": name})).await;
    let text = made["created_at"]
        .as_str()
        .unwrap_or_else(|| panic!("no time: {made}"));
    let time: jiff::Timestamp = text.parse().unwrap();
    u64::try_from(time.as_second()).unwrap()
}

const HOUR: i64 = 3_600;

/// Forth by three hours and back by two days, with streams, a rollout, limits and money under way.
#[tokio::test]
async fn a_clock_that_jumps_ends_nothing_and_books_nothing_twice() {
    let world = World::new();
    let plan = "plans: {watched: {phases: [{weight: 50}, {weight: 100}], \
                phase_defaults: {min_duration: 1h, min_requests: 1}, deadline: 24h}}\n";
    let house = world
        .house(|file| {
            let prices = "prices: {blue-model: {input: 1, output: 8}, green-model: {input: 1, output: 8}}\n";
            file + plan + prices
        })
        .await;
    let before = invariants::before(&house.gateway);
    house
        .done(
            "POST",
            "/accounts",
            json!({"name": "payer", "billing": "prepaid"}),
        )
        .await;
    let credit = json!({"id": "start", "amount_usd": "100.00", "reason": "for the test"});
    house.done("POST", "/accounts/payer/correct", credit).await;
    let made = house
        .done("POST", "/keys", json!({"name": "paid", "account": "payer"}))
        .await;
    let paid = made["secret"].as_str().unwrap().to_owned();
    house
        .done(
            "POST",
            "/deployments/assistant/rollout",
            json!({"plan": "watched"}),
        )
        .await;
    house
        .until("the first phase", |now| now["split"]["green"] == 50)
        .await;
    for (name, clock) in [("+3 h", 3 * HOUR), ("-2 d", -48 * HOUR), ("back", 0)] {
        let slow = ModelBehaviour {
            tokens_per_second: 20.0,
            answer_tokens: 40,
            ..ModelBehaviour::instant()
        };
        for model in ["blue-model", "green-model"] {
            house.vendors.set_behaviour(model, slow.clone()).unwrap();
        }
        let bearer = format!("Bearer {paid}");
        let headers = [("authorization", bearer.as_str())];
        let mut streams = Vec::new();
        for _ in 0..sized(5, 50) {
            let mut stream = wait::stream(house.gateway.client_addr, CHAT, &headers, &streamed()).await;
            assert_eq!(stream.status, 200, "{name}");
            stream.next().await.unwrap();
            streams.push(stream);
        }
        let was = told_time(&house).await;
        world.becomes(clock, "real");
        let is = told_time(&house).await;
        assert!(
            was.abs_diff(is) > 3_000,
            "{name}: the clock did not jump: {was} {is}"
        );
        for mut stream in streams {
            assert_eq!(
                stream.collect().await.last().unwrap().data,
                "[DONE]",
                "{name}: a stream was cut"
            );
        }
        for model in ["blue-model", "green-model"] {
            house
                .vendors
                .set_behaviour(model, ModelBehaviour::instant())
                .unwrap();
        }
        for _ in 0..sized(20, 200) {
            assert_eq!(house.status(APP).await, 200, "{name}");
            assert_eq!(house.status(&paid).await, 200, "{name}");
        }
        let now = house.deployment().await;
        assert_eq!(
            now["split"]["green"], 50,
            "{name}: the rollout moved by the wall clock: {now}"
        );
        wait::until_async("all is settled", SOON, async || {
            let shown = look(&house.gateway, "/accounts/payer").await;
            shown["held_usd"]
                .as_str()
                .is_some_and(|held| held.trim_end_matches(['0', '.']).is_empty())
        })
        .await;
        // What is seen of the traffic goes on too.
        house
            .until("requests are counted", |now| now["blue"]["in_flight"] == 0)
            .await;
        invariants::hold(&house.gateway, &before).await;
        figure(&format!("clock {name}"), "streams, keys, money and rollout go on");
    }
    house
        .done("POST", "/deployments/assistant/rollback", Value::Null)
        .await;
    assert_eq!(house.routed(&[]).await, "blue split");
}

/// Two gateways on one Postgres, one of them three hours ahead: neither takes the other for gone, so rollouts stay
/// with who drives them and charges under way are not settled by somebody else.
#[tokio::test]
async fn a_gateway_whose_clock_is_ahead_takes_nobody_for_gone() {
    on_postgres(async |store| {
        let world = World::new();
        let plan = "plans: {watched: {phases: [{weight: 50}, {weight: 100}], \
                    phase_defaults: {min_duration: 1h, min_requests: 1}, deadline: 24h}}\n";
        let prices = "prices: {blue-model: {input: 1, output: 8}, green-model: {input: 1, output: 8}}\n";
        let vendors = vendors().await;
        let file = format!("store: {store}\n{}{plan}{prices}", usual_file(&vendors.url()));
        let house = House {
            gateway: world.gateway(&file).await,
            vendors,
        };
        let payer = json!({"name": "payer", "billing": "prepaid"});
        house.done("POST", "/accounts", payer).await;
        let credit = json!({"id": "start", "amount_usd": "100.00", "reason": "for the test"});
        house.done("POST", "/accounts/payer/correct", credit).await;
        let key = json!({"name": "paid", "account": "payer"});
        let key = house.done("POST", "/keys", key).await;
        let plan = json!({"plan": "watched"});
        house.done("POST", "/deployments/assistant/rollout", plan).await;
        house
            .until("the first phase", |now| now["split"]["green"] == 50)
            .await;
        for model in ["blue-model", "green-model"] {
            // Long enough for three looks at whose charges are under way.
            let slow = ModelBehaviour {
                tokens_per_second: 10.0,
                answer_tokens: 70,
                ..ModelBehaviour::instant()
            };
            house.vendors.set_behaviour(model, slow).unwrap();
        }
        let mut database = PgConnection::connect(&store).await.unwrap();
        let owner = "SELECT owner FROM rollouts";
        let driver: String = sqlx::query_scalar(owner).fetch_one(&mut database).await.unwrap();
        let bearer = format!("Bearer {}", key["secret"].as_str().unwrap());
        let headers = [("authorization", bearer.as_str())];

        let ahead = World::new();
        ahead.becomes(3 * HOUR, "real");
        let far = ahead.gateway(&file).await;
        let mut streams = Vec::new();
        for gateway in [&house.gateway, &far] {
            let mut stream = wait::stream(gateway.client_addr, CHAT, &headers, &streamed()).await;
            assert_eq!(stream.status, 200);
            stream.next().await.unwrap();
            streams.push(stream);
        }
        for mut stream in streams {
            assert_eq!(stream.collect().await.last().unwrap().data, "[DONE]");
        }
        let charges = "SELECT charged_nanos FROM charges WHERE charged_nanos IS NOT NULL";
        wait::until_async("both are charged", SOON, async || {
            let shown = look(&house.gateway, "/accounts/payer").await;
            let held = shown["held_usd"].as_str().unwrap().to_owned();
            held.trim_end_matches(['0', '.']).is_empty()
        })
        .await;
        let charged: Vec<i64> = sqlx::query_scalar(charges)
            .fetch_all(&mut database)
            .await
            .unwrap();
        let whole = |nanos: &i64| *nanos >= 70 * 8_000;
        assert!(
            charged.len() == 2 && charged.iter().all(whole),
            "a stream was settled before its end: {charged:?}"
        );
        let drives: String = sqlx::query_scalar(owner).fetch_one(&mut database).await.unwrap();
        assert_eq!(drives, driver, "the rollout went to the gateway that is ahead");
        for heard in [
            "SELECT MAX(heard_at) - MIN(heard_at) FROM limit_sharers HAVING COUNT(*) = 2",
            "SELECT MAX(seen_at) - MIN(seen_at) FROM gateways HAVING COUNT(*) = 2",
        ] {
            let apart: Option<i64> = sqlx::query_scalar(heard)
                .fetch_optional(&mut database)
                .await
                .unwrap();
            let apart = apart.unwrap_or_else(|| panic!("two gateways were to be heard: {heard}"));
            assert!(apart < 10_000, "{apart} ms apart: {heard}");
        }
        figure(
            "two gateways, clocks 3 h apart",
            "both are there, streams are charged whole, the rollout stays",
        );
    })
    .await;
}

/// A key's end is a date: it follows the clock, forth and back.
#[tokio::test]
async fn a_keys_end_goes_by_the_date() {
    let world = World::new();
    let house = world.house(|file| file).await;
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let made = house
        .done(
            "POST",
            "/keys",
            json!({"name": "brief", "expires_at": end.to_string()}),
        )
        .await;
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(house.status(secret).await, 200);
    world.becomes(3 * HOUR, "real");
    assert_eq!(house.status(secret).await, 401);
    world.becomes(-48 * HOUR, "real");
    assert_eq!(house.status(secret).await, 200);
}

/// A file whose green has a name instead of an address.
fn named(file: String) -> String {
    let (start, rest) = file.split_once("providers:\n").unwrap();
    let of_sim = rest.lines().next().unwrap();
    let named = of_sim
        .replacen("sim:", "named:", 1)
        .replacen("127.0.0.1", "vendor.example", 1);
    let limits = "timeouts: {connect: 1s}, health: {probe: off}";
    format!("{start}providers:\n{named}\n{rest}retry: {{budget_percent: 0, budget_per_second: 0}}\n").replace(
        "green: {provider: sim, model: green-model",
        &format!("green: {{provider: named, model: green-model, {limits}"),
    )
}

#[tokio::test]
async fn names_that_fail_lie_or_take_their_time_hold_up_nobody_else() {
    for (dns, expected) in [
        ("fail", "502 upstream_dns_error"),
        ("lie", "502 upstream_unavailable"),
        ("slow", "504 upstream_timeout"),
    ] {
        let world = World::new();
        let house = world.house(named).await;
        let before = invariants::before(&house.gateway);
        let canary = [("x-canary", "enabled")];
        world.becomes(0, dns);
        let threads = threads_of(&house);
        let over = std::cell::Cell::new(false);
        let asking = async {
            let replies = futures_of((0..sized(20, 200)).map(|_| house.chat(&canary)).collect()).await;
            over.set(true);
            replies
        };
        let others = async {
            let mut worst = Duration::ZERO;
            while !over.get() {
                let asked = Instant::now();
                assert_eq!(house.chat(&[]).await.status, 200);
                worst = worst.max(asked.elapsed());
            }
            worst
        };
        let started = Instant::now();
        let (replies, worst) = tokio::join!(asking, others);
        let took = started.elapsed();
        for reply in replies {
            assert_eq!(refusal(&reply), expected, "{dns}");
        }
        // One look-up a worker, however many wait for it.
        let more = threads_of(&house).saturating_sub(threads);
        assert!(more <= 4, "{dns}: {more} more threads");
        figure(
            &format!("dns {dns}"),
            format!("told after {took:.1?}, others wait {worst:.1?} at most"),
        );
        assert!(took < Duration::from_secs(3), "{dns}: {took:?}");
        assert!(worst < Duration::from_millis(800), "{dns}: {worst:?}");
        world.becomes(0, "real");
        wait::until_async("the name is known again", SOON, async || {
            house.chat(&canary).await.status == 200
        })
        .await;
        invariants::hold(&house.gateway, &before).await;
    }
}

fn threads_of(house: &House) -> usize {
    std::fs::read_dir(format!("/proc/{}/task", house.gateway.id()))
        .unwrap()
        .count()
}

/// An address that worked is used on while the name cannot be looked up, however long that takes.
#[tokio::test]
async fn an_address_that_is_known_is_used_while_names_fail() {
    let world = World::new();
    let house = world.house(named).await;
    let before = invariants::before(&house.gateway);
    let canary = [("x-canary", "enabled")];
    // Each round asks one more at once, so that each needs a new connection.
    let round = async |number: usize| {
        let replies = futures_of((0..number).map(|_| house.chat(&canary)).collect()).await;
        assert!(
            replies.iter().all(|reply| reply.status == 200),
            "{}",
            replies[0].text()
        );
    };
    round(4).await;
    let trouble = ["fail", "slow"];
    // A name is looked up again after half a minute, which a small run does not wait for.
    let lasting = Duration::from_secs(if is_full() { 40 } else { 0 });
    let (started, mut number) = (Instant::now(), 5);
    while started.elapsed() < lasting || number < 10 {
        world.becomes(0, trouble[number % 2]);
        round(number).await;
        number += 1;
        // One a second is enough to be there when the half minute is over.
        tokio::time::sleep(lasting / 40).await;
    }
    invariants::hold(&house.gateway, &before).await;
}
