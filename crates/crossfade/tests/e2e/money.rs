//! Limits, prices and usage through a gateway process.

use serde_json::{Value, json};
use testkit::wait::{self, CrossfadeProcess};

use crate::house::*;

const USAGE: &str = "/usage?by=key,deployment,environment,model";

/// A file whose vendors' models have prices.
fn priced(file: String) -> String {
    file + "prices:
  blue-model: {input: 1.00, output: 2.00}
  green-model: {input: 10.00, output: 20.00, from: \"2026-01-01T00:00:00Z\"}
list_prices:
  assistant: {input: 3.00, output: 3.00}
"
}

/// Nano-dollars of a decimal string.
fn nanos(value: &Value) -> i64 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value}"));
    let (whole, fraction) = text.split_once('.').unwrap();
    format!("{whole}{fraction:0<9}").parse().unwrap()
}

/// A request's record, which is written just after its answer.
async fn explained(house: &House, id: &str) -> Value {
    let path = format!("/requests/{id}");
    let mut record = Value::Null;
    wait::until_async("it is recorded", SOON, async || {
        let reply = house.admin("GET", &path, Value::Null).await;
        record = reply.json();
        reply.status == 200
    })
    .await;
    record
}

/// The usage once so many requests are in it.
async fn used(house: &House, path: &str, requests: i64) -> Value {
    let mut read = Value::Null;
    wait::until_async("all are counted", SOON, async || {
        read = look(&house.gateway, path).await;
        read["total"]["requests"] == requests
    })
    .await;
    read
}

#[tokio::test]
async fn a_request_costs_what_its_tokens_cost_everywhere_the_same() {
    let house = house_with(priced).await;
    let reply = house.chat(&[]).await;
    let usage = &reply.json()["usage"];
    let (input, output) = (&usage["prompt_tokens"], &usage["completion_tokens"]);
    let (input, output) = (input.as_i64().unwrap(), output.as_i64().unwrap());
    let cost = 1_000 * input + 2_000 * output;
    let record = explained(&house, reply.header("x-request-id").unwrap()).await;
    let attempt = &record["attempts"][0];
    assert_eq!(
        (nanos(&attempt["cost_usd"]), &attempt["estimated"]),
        (cost, &json!(false))
    );
    let window = &house.deployment().await["blue"]["window"];
    assert_eq!(nanos(&window["cost_usd"]), (cost + 500) / 1_000 * 1_000);
    let read = look(&house.gateway, USAGE).await;
    let group = &read["usage"][0];
    assert_eq!(
        (&group["key"], &group["environment"], &group["model"]),
        (&json!("app"), &json!("blue"), &json!("blue-model"))
    );
    assert_eq!(
        (nanos(&group["cost_usd"]), nanos(&group["sold_usd"])),
        (cost, 3_000 * (input + output))
    );
    assert_eq!(
        (&group["requests"], &group["unpriced"], &group["input_tokens"]),
        (&json!(1), &json!(0), &json!(input))
    );
    let metrics = house.page("/metrics").await;
    let line = metrics
        .lines()
        .find(|line| line.starts_with("crossfade_cost_usd_total") && line.contains("blue"));
    let dollars: f64 = line.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!((dollars * 1e9 - cost as f64).abs() < 1.0, "{dollars} {cost}");
}

#[tokio::test]
async fn what_nobody_knows_the_price_of_is_flagged_and_never_free_by_accident() {
    let house = house().await;
    let reply = house.chat(&[]).await;
    let record = explained(&house, reply.header("x-request-id").unwrap()).await;
    assert_eq!(record["attempts"][0]["cost_usd"], Value::Null);
    let group = &look(&house.gateway, USAGE).await["usage"][0];
    assert_eq!(
        (&group["unpriced"], &group["cost_usd"]),
        (&json!(1), &json!("0.00"))
    );
}

#[tokio::test]
async fn a_price_that_is_set_holds_at_once_and_one_of_the_file_stays() {
    let house = house_with(|file| file + "prices: {green-model: {input: 1, output: 1}}\n").await;
    let set = json!({"prices": [{"model": "blue-model", "input": "5.00", "output": "5.00"}], "reason": "new contract"});
    let answer = house.done("PUT", "/prices", set).await;
    assert_eq!(answer["prices"][0]["in_force"], true);
    let reply = house.chat(&[]).await;
    let record = explained(&house, reply.header("x-request-id").unwrap()).await;
    let tokens = reply.json()["usage"]["total_tokens"].as_i64().unwrap();
    assert_eq!(nanos(&record["attempts"][0]["cost_usd"]), 5_000 * tokens);
    let of_file = json!({"prices": [{"model": "green-model", "input": "5.00", "output": "5.00"}]});
    let refused = house.admin("PUT", "/prices", of_file).await;
    assert_eq!(refusal(&refused), "409 managed_by_file");
    for bad in [
        json!({"prices": []}),
        json!({"prices": [{"model": "m", "input": "-1", "output": "1"}]}),
        json!({"prices": [{"model": "m", "input": "1"}]}),
        json!({"prices": [{"model": "m", "input": "1", "output": "1", "inptu": "1"}]}),
        json!({"prices": [{"input": "1", "output": "1"}]}),
    ] {
        assert_eq!(
            house.admin("PUT", "/prices", bad.clone()).await.status,
            400,
            "{bad}"
        );
    }
    let gone = house
        .admin("DELETE", "/prices?model=blue-model", Value::Null)
        .await;
    assert_eq!(gone.status, 204);
    let again = house
        .admin("DELETE", "/prices?model=blue-model", Value::Null)
        .await;
    assert_eq!(refusal(&again), "404 price_not_found");
    let listed = look(&house.gateway, "/prices?model=gpt-4.1").await;
    assert_eq!(
        (&listed["prices"][0]["input"], &listed["prices"][0]["managed_by"]),
        (&json!("2.00"), &json!("shipped"))
    );
}

#[tokio::test]
async fn usage_survives_an_orderly_end_and_adds_up_over_two_runs() {
    let mut house = house_with(priced).await;
    house.chat(&[]).await;
    house.gateway.terminate();
    house.gateway.wait(SOON).await;
    house.gateway.start_again().await;
    house.chat(&[]).await;
    let read = used(&house, "/usage?by=day", 2).await;
    assert_eq!(read["usage"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn usage_comes_as_a_table_and_questions_that_make_no_sense_are_refused() {
    let house = house_with(priced).await;
    house.chat(&[]).await;
    let ran = house.cli(&["usage", "--by", "key,model", "--csv"]).await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("key,model,requests,errors"), "{}", ran.out);
    assert!(lines[1].starts_with("app,blue-model,1,0,1,"), "{}", ran.out);
    let shown = house.cli(&["usage", "--by", "day,key"]).await;
    assert!(
        shown.out.contains("COST USD") && shown.out.contains("total"),
        "{}",
        shown.out
    );
    let accepted = [("authorization", format!("Bearer {}", house.gateway.admin_token))];
    let headers = [("authorization", accepted[0].1.as_str()), ("accept", "text/csv")];
    let reply = wait::get(house.gateway.admin_addr, "/admin/v1/usage", &headers).await;
    assert!(reply.text().starts_with("model,requests"), "{}", reply.text());
    for bad in [
        "?by=colour",
        "?by=day,hour",
        "?from=yesterday",
        "?format=xml",
        "?keys=app",
    ] {
        let refused = house.admin("GET", &format!("/usage{bad}"), Value::Null).await;
        assert_eq!(refused.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn prices_are_set_and_shown_by_command() {
    let house = house().await;
    let set = house
        .cli(&["prices", "set", "blue-model", "--input", "1.5", "--output", "2"])
        .await;
    assert_eq!(set.code, 0, "{}", set.err);
    let shown = house.cli(&["prices", "show", "blue-model"]).await;
    assert!(
        shown.out.contains("1.50") && shown.out.contains("store"),
        "{}",
        shown.out
    );
    let listed = house.cli(&["prices", "list"]).await;
    assert!(
        listed.out.contains("gpt-4.1") && listed.out.contains("blue-model"),
        "{}",
        listed.out
    );
    let unknown = house.cli(&["prices", "show", "nothing-like-it"]).await;
    assert!(
        unknown.err.contains("prices set nothing-like-it"),
        "{}",
        unknown.err
    );
}

async fn status(gateway: &CrossfadeProcess, secret: &str) -> u16 {
    post_to(gateway, secret, &[], &chat()).await.status
}

#[tokio::test]
async fn a_keys_limits_hold_through_reloads_and_new_secrets() {
    let house = house().await;
    let limits = json!({"requests_per_minute": 100, "models": {"assistant": {"requests_per_minute": 3}}});
    let made = house
        .done("POST", "/keys", json!({"name": "limited", "limits": limits}))
        .await;
    assert_eq!(made["limits"]["models"]["assistant"]["requests_per_minute"], 3);
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(status(&house.gateway, secret).await, 200);
    // Both make all keys anew.
    house
        .done(
            "PUT",
            "/prices",
            json!({"prices": [{"model": "x", "input": "1", "output": "1"}]}),
        )
        .await;
    let rotated = house
        .done("POST", "/keys/limited/rotate", json!({"grace": "1h"}))
        .await;
    let new = rotated["secret"].as_str().unwrap();
    assert_eq!(status(&house.gateway, new).await, 200);
    assert_eq!(status(&house.gateway, secret).await, 200);
    assert_eq!(status(&house.gateway, new).await, 429);
    assert_eq!(status(&house.gateway, secret).await, 429);
    let zero = json!({"name": "z", "limits": {"models": {"assistant": {"tokens_per_minute": 0}}}});
    assert_eq!(house.admin("POST", "/keys", zero).await.status, 400);
}

#[tokio::test]
async fn limits_of_the_file_hold_too() {
    let house = house_with(|file| {
        file.replace(
            "secret: cf-app-of-the-file-0123456789",
            "secret: cf-app-of-the-file-0123456789, limits: {requests_per_minute: 2}",
        )
    })
    .await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(house.chat(&[]).await.status);
    }
    assert_eq!(seen, [200, 200, 429]);
    let explained = house.cli(&["keys", "list"]).await;
    assert!(explained.out.contains("2/min"), "{}", explained.out);
}
