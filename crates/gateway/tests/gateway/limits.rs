use std::collections::BTreeMap;
use std::sync::Arc;

use decide::route::Allowed;
use gateway::{Door, End, Key, KeyLimits, Limits, digest};
use serde_json::{Value, json};
use testkit::vendors::{Fault, ModelBehaviour};
use testkit::wait::{self, RawConnection, Reply};

use crate::harness::*;

const METERED: &str = "cf-metered";

/// Gives the key `metered` these limits; `model` are those for `m`.
fn limit(house: &House, all: Limits, model: Option<Limits>) -> Arc<Key> {
    limit_model(house, all, "m", model.unwrap_or_default())
}

fn limit_model(house: &House, all: Limits, model: &str, limits: Limits) -> Arc<Key> {
    let by_model = BTreeMap::from([(model.to_owned(), limits)]);
    let name: Arc<str> = "metered".into();
    let shared = &house.gateway.shared;
    let key = Arc::new(Key {
        has_account: false,
        budget: None,
        limits: shared.meters.of(&name, &KeyLimits { all, by_model }),
        account: name.clone(),
        name,
        allowed: Allowed::All,
        may_override: true,
        expires_at: None,
    });
    shared.keys.insert(digest(METERED.as_bytes()), key.clone());
    key
}

fn requests(count: u64) -> Limits {
    Limits {
        requests_per_minute: Some(count),
        ..Limits::default()
    }
}

fn tokens(count: u64) -> Limits {
    Limits {
        tokens_per_minute: Some(count),
        ..Limits::default()
    }
}

fn at_once(count: u64) -> Limits {
    Limits {
        concurrent_requests: Some(count),
        ..Limits::default()
    }
}

async fn ask(house: &House, headers: &[(&str, &str)], body: &Value) -> Reply {
    let mut all = vec![("authorization", "Bearer cf-metered")];
    all.extend_from_slice(headers);
    wait::post(house.addr, CHAT, &all, body).await
}

fn left(reply: &Reply, of: &str) -> u64 {
    let name = format!("x-ratelimit-remaining-{of}");
    let value = reply.header(&name);
    value
        .unwrap_or_else(|| panic!("no {name}: {}", reply.text()))
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_burst_of_the_limit_passes_and_the_next_one_is_told_when_to_come_back() {
    let house = house(Plan::default()).await;
    limit(&house, requests(3), None);
    for remaining in [2, 1, 0] {
        let reply = ask(&house, &[], &chat("hello")).await;
        assert_eq!((reply.status, left(&reply, "requests")), (200, remaining));
        assert_eq!(reply.header("x-ratelimit-limit-requests"), Some("3"));
        assert!(reply.header("x-ratelimit-reset-requests").is_some());
        assert_eq!(reply.header("x-ratelimit-limit-tokens"), None);
    }
    let served = house.vendors.counters("blue-model").requests;
    let refused = ask(&house, &[], &chat("hello")).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["error"]["code"], "rate_limit_exceeded");
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("Rate limit exceeded for model m"),
        "{message}"
    );
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(left(&refused, "requests"), 0);
    assert_eq!(house.vendors.counters("blue-model").requests, served);
}

#[tokio::test]
async fn a_hundred_at_once_on_a_limit_of_ten_are_ten() {
    let house = house(Plan::default()).await;
    limit(&house, requests(10), None);
    let addr = house.addr;
    let one = move || async move {
        let bearer = [("authorization", "Bearer cf-metered")];
        wait::post(addr, CHAT, &bearer, &chat("hello")).await.status
    };
    let asked: Vec<_> = (0..100).map(|_| tokio::spawn(one())).collect();
    let mut counts = BTreeMap::new();
    for task in asked {
        *counts.entry(task.await.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(counts, BTreeMap::from([(200, 10), (429, 90)]));
    assert_eq!(house.vendors.counters("blue-model").requests, 10);
}

#[tokio::test]
async fn forced_and_monitoring_requests_count_too_and_each_door_refuses_in_its_own_shape() {
    let house = house(Plan::default()).await;
    limit(&house, requests(2), None);
    for header in [("X-Deployment-Environment", "green"), ("X-Monitoring", "true")] {
        assert_eq!(ask(&house, &[header], &chat("hello")).await.status, 200);
    }
    let message = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    let credential = [("x-api-key", METERED)];
    let anthropic = wait::post(house.addr, "/v1/messages", &credential, &message).await;
    assert_eq!(
        (anthropic.status, &anthropic.json()["type"]),
        (429, &json!("error"))
    );
    assert_eq!(anthropic.json()["error"]["type"], "rate_limit_error");
    let content = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    let google = wait::post(
        house.addr,
        "/v1beta/models/m:generateContent",
        &credential,
        &content,
    )
    .await;
    assert_eq!(
        (google.status, &google.json()["error"]["status"]),
        (429, &json!("RESOURCE_EXHAUSTED"))
    );
    house.seen.outcomes(4).await;
}

#[tokio::test]
async fn a_models_limit_binds_beside_the_keys_and_the_other_models_are_free() {
    let house = house(Plan::default()).await;
    limit(&house, requests(100), Some(requests(1)));
    let first = ask(&house, &[], &chat("hello")).await;
    assert_eq!((first.status, left(&first, "requests")), (200, 0));
    assert_eq!(ask(&house, &[], &chat("hello")).await.status, 429);
    let direct = json!({"model": "blue-vendor/blue-model", "messages": [{"role": "user", "content": "hi"}]});
    let other = ask(&house, &[], &direct).await;
    assert_eq!((other.status, left(&other, "requests")), (200, 98));
}

#[tokio::test]
async fn a_model_of_a_provider_is_limited_by_both_their_names() {
    let house = house(Plan::default()).await;
    limit_model(&house, requests(100), "blue-vendor/blue-model", requests(1));
    let direct = |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(
        ask(&house, &[], &direct("blue-vendor/blue-model")).await.status,
        200
    );
    let refused = ask(&house, &[], &direct("blue-vendor/blue-model")).await;
    assert_eq!(refused.status, 429);
    assert!(
        refused.text().contains("for model blue-vendor/blue-model"),
        "{}",
        refused.text()
    );
    assert_eq!(
        ask(&house, &[], &direct("blue-vendor/other-model")).await.status,
        200
    );
}

#[tokio::test]
async fn tokens_are_reserved_by_what_may_be_used_and_settled_by_what_was() {
    let house = house(Plan::default()).await;
    limit(&house, tokens(10_000), None);
    let mut body = chat("hello");
    body["max_tokens"] = json!(6_000);
    let first = ask(&house, &[], &body).await;
    assert_eq!(first.status, 200);
    assert!(left(&first, "tokens") < 4_000);
    let outcome = house.seen.outcomes(1).await.remove(0);
    let used = outcome.attempts[0].usage.unwrap().total_tokens();
    // Without the settlement there would not be enough for a second one.
    let second = ask(&house, &[], &body).await;
    assert_eq!(second.status, 200);
    assert!(left(&second, "tokens") < 4_000 - used);
}

#[tokio::test]
async fn a_cut_stream_settles_what_was_written_until_then_and_is_marked_estimated() {
    let house = house(Plan::default()).await;
    limit(&house, tokens(100_000), None);
    let slow = ModelBehaviour {
        tokens_per_second: 50.0,
        answer_tokens: 5_000,
        ..ModelBehaviour::instant()
    };
    house.vendors.set_behaviour("blue-model", slow).unwrap();
    let mut body = streamed("long");
    body["max_tokens"] = json!(90_000);
    let bearer = [("authorization", "Bearer cf-metered")];
    let mut stream = wait::stream(house.addr, CHAT, &bearer, &body).await;
    for _ in 0..5 {
        stream.next().await.unwrap();
    }
    drop(stream);
    let outcome = house.seen.outcomes(1).await.remove(0);
    let usage = outcome.attempts[0].usage.unwrap();
    assert_eq!(
        (outcome.end, outcome.attempts[0].estimated),
        (End::ClientLeft, true)
    );
    assert!((1..200).contains(&usage.output_tokens), "{usage:?}");
    assert!(usage.input_tokens > 10, "{usage:?}");
    let next = ask(
        &house,
        &[],
        &json!({"model": "m", "max_tokens": 1, "messages": body["messages"]}),
    )
    .await;
    assert_eq!(next.status, 200);
    assert!(left(&next, "tokens") > 99_000, "{}", left(&next, "tokens"));
}

#[tokio::test]
async fn what_an_environment_forces_outranks_the_length_that_the_client_asks_for() {
    let house = house(Plan {
        green: None,
        set: vec![("max_tokens".to_owned(), "9000".to_owned())],
        ..Plan::default()
    })
    .await;
    limit(&house, tokens(10_000), None);
    let mut body = chat("hello");
    body["max_tokens"] = json!(10);
    // The answer's header tells what is left beside its own reservation.
    let remaining = left(&ask(&house, &[], &body).await, "tokens");
    assert!(remaining <= 1_000, "{remaining}");
}

#[tokio::test]
async fn a_failed_request_gives_its_tokens_back() {
    let house = house(Plan {
        green: None,
        ..Plan::default()
    })
    .await;
    limit(&house, tokens(10_000), None);
    let broken = ModelBehaviour::instant().with_fault(Fault::ResetBeforeHead, 1.0);
    house.vendors.set_behaviour("blue-model", broken).unwrap();
    let mut body = chat("hello");
    body["max_tokens"] = json!(9_000);
    for _ in 0..3 {
        assert_eq!(ask(&house, &[], &body).await.status, 502);
    }
}

#[tokio::test]
async fn a_place_is_free_again_however_its_request_ended() {
    let house = house(Plan::default()).await;
    limit(&house, at_once(1), None);
    let silent = ModelBehaviour::instant().with_fault(Fault::StallBeforeHead, 1.0);
    house.vendors.set_behaviour("blue-model", silent).unwrap();
    let body = chat("never").to_string();
    let mut leaving = RawConnection::open(house.addr).await;
    leaving
        .send(format!(
            "POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {METERED}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
    let under_way = || house.vendors.counters("blue-model").active > 0;
    wait::until("the request is under way", DEADLINE, under_way).await;
    let refused = ask(&house, &[("X-Deployment-Environment", "green")], &chat("hello")).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    leaving.reset();
    let left = || house.vendors.counters("blue-model").active == 0;
    wait::until("the request has ended", DEADLINE, left).await;
    house.seen.outcomes(2).await;
    let green = ask(&house, &[("X-Deployment-Environment", "green")], &chat("hello")).await;
    assert_eq!(green.status, 200);
}

#[tokio::test]
async fn changed_limits_and_another_secret_find_the_same_meter() {
    let house = house(Plan::default()).await;
    limit(&house, requests(2), None);
    assert_eq!(ask(&house, &[], &chat("hello")).await.status, 200);
    let key = limit(&house, requests(2), None);
    house.gateway.shared.keys.insert(digest(b"cf-rotated"), key);
    let rotated = [("authorization", "Bearer cf-rotated")];
    let reply = wait::post(house.addr, CHAT, &rotated, &chat("hello")).await;
    assert_eq!((reply.status, left(&reply, "requests")), (200, 0));
    assert_eq!(ask(&house, &[], &chat("hello")).await.status, 429);
    limit(&house, requests(4), None);
    for status in [200, 200, 429] {
        assert_eq!(ask(&house, &[], &chat("hello")).await.status, status);
    }
}

#[tokio::test]
async fn a_key_without_limits_has_no_meter_and_a_whole_answer_is_not_estimated() {
    let house = house(Plan::default()).await;
    let key = limit(&house, Limits::default(), None);
    assert!(key.limits.is_none());
    assert_eq!(ask(&house, &[], &chat("hello")).await.status, 200);
    let outcome = house.seen.outcomes(1).await.remove(0);
    assert_eq!((outcome.door, outcome.attempts[0].estimated), (Door::Chat, false));
}
