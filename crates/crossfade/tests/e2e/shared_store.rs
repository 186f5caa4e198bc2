//! Two gateways on one Postgres: what one is told, the other does.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::wait::{self, CrossfadeProcess};

use crate::databases::on_postgres;
use crate::house::*;

/// The promise between gateways, and what a loaded test machine may add to it.
const PROMISE: Duration = Duration::from_secs(1);

struct Pair {
    house: House,
    other: CrossfadeProcess,
}

async fn pair(store: &str) -> Pair {
    let house = house_with(|file| format!("store: {store}\n{file}")).await;
    let file = format!("store: {store}\n{}", usual_file(&house.vendors.url()));
    let other = wait::spawn_crossfade(BINARY, &file, &[]).await;
    Pair { house, other }
}

impl Pair {
    async fn other_status(&self, secret: &str) -> u16 {
        post_to(&self.other, secret, &[], &chat()).await.status
    }

    async fn secret(&self, path: &str, body: Value) -> String {
        self.house.done("POST", path, body).await["secret"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// Waits for a state and returns how long it took.
async fn took(what: &str, condition: impl AsyncFnMut() -> bool) -> Duration {
    let started = Instant::now();
    wait::until_async(what, SOON, condition).await;
    started.elapsed()
}

#[tokio::test]
async fn a_key_works_and_ends_on_every_gateway_within_a_second() {
    on_postgres(async |store| {
        let pair = pair(&store).await;
        let made = pair.secret("/keys", json!({"name": "k"})).await;
        let known = took("the key is known there", async || {
            pair.other_status(&made).await == 200
        })
        .await;
        assert!(known <= PROMISE, "{known:?}");
        let next = pair.secret("/keys/k/rotate", Value::Null).await;
        let rotated = took("the old secret ends there", async || {
            pair.other_status(&made).await == 401
        })
        .await;
        assert!(rotated <= PROMISE, "{rotated:?}");
        assert_eq!(pair.other_status(&next).await, 200);
        pair.house.done("POST", "/keys/k/revoke", Value::Null).await;
        let revoked = took("the key ends there", async || {
            pair.other_status(&next).await == 401
        })
        .await;
        assert!(revoked <= PROMISE, "{revoked:?}");
    })
    .await;
}

#[tokio::test]
async fn a_split_and_a_rollback_hold_on_every_gateway_within_a_second() {
    on_postgres(async |store| {
        let pair = pair(&store).await;
        let routed_there = async || {
            let reply = post_to(&pair.other, APP, &[], &chat()).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            (revision(&reply), routed(&reply))
        };
        assert_eq!(routed_there().await, (1, "blue split".to_owned()));
        pair.house.split(100.0).await;
        let all_green = (2, "green split".to_owned());
        let split = took("the split holds there", async || {
            routed_there().await == all_green
        })
        .await;
        assert!(split <= PROMISE, "{split:?}");
        done(
            &pair.other,
            "POST",
            "/deployments/assistant/rollback",
            Value::Null,
        )
        .await;
        let rolled_back = async || {
            let reply = pair.house.chat(&[("x-blue-weight", "0")]).await;
            routed(&reply) == "blue split"
        };
        let back = took("the rollback holds here", rolled_back).await;
        assert!(back <= PROMISE, "{back:?}");
    })
    .await;
}

#[tokio::test]
async fn changes_at_both_gateways_at_once_all_count() {
    on_postgres(async |store| {
        let pair = pair(&store).await;
        let change = async |gateway: &CrossfadeProcess, offset: u32| {
            for number in 0..20 {
                let split = json!({"green": f64::from(number * 2 + offset) / 2.0});
                done(gateway, "PUT", "/deployments/assistant/split", split).await;
            }
        };
        tokio::join!(change(&pair.house.gateway, 1), change(&pair.other, 2));
        let there = async || look(&pair.other, "/deployments/assistant").await;
        took("both agree", async || {
            let (here, there) = (pair.house.deployment().await, there().await);
            here["revision"] == 41 && here["revision"] == there["revision"] && here["split"] == there["split"]
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn each_gateway_takes_its_share_of_a_limit() {
    on_postgres(async |store| {
        let pair = pair(&store).await;
        let limited = json!({"name": "k", "limits": {"requests_per_minute": 10}});
        let secret = pair.secret("/keys", limited).await;
        for gateway in [&pair.house.gateway, &pair.other] {
            let divided = || gateway.log().contains("limits of keys are divided");
            wait::until("limits are divided", SOON, divided).await;
        }
        let known = async || pair.other_status(&secret).await != 401;
        wait::until_async("the key is known there", SOON, known).await;
        let mut through = 1;
        for number in 0..24 {
            let gateway = if number % 2 == 0 {
                &pair.house.gateway
            } else {
                &pair.other
            };
            through += i32::from(post_to(gateway, &secret, &[], &chat()).await.status == 200);
        }
        assert_eq!(through, 10);
    })
    .await;
}
