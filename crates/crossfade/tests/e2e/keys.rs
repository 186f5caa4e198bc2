//! Keys: they work at once, end at once, and do what they may.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::wait;

use crate::house::*;

async fn make(house: &House, body: Value) -> String {
    house.done("POST", "/keys", body).await["secret"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn rotate(house: &House, name: &str, body: Value) -> String {
    let rotated = house.done("POST", &format!("/keys/{name}/rotate"), body).await;
    rotated["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_key_works_at_once_and_a_revoked_one_ends_within_a_tenth_of_a_second() {
    let house = house().await;
    for number in 0..10 {
        let name = format!("k{number}");
        let secret = make(&house, json!({"name": name})).await;
        assert_eq!(house.status(&secret).await, 200);
        let revoking = Instant::now();
        let revoked = house
            .done("POST", &format!("/keys/{name}/revoke"), Value::Null)
            .await;
        assert!(revoked["revoked_at"].is_string() && revoked.get("secret").is_none());
        assert_eq!(house.status(&secret).await, 401);
        assert!(
            revoking.elapsed() < Duration::from_secs(2),
            "{:?}",
            revoking.elapsed()
        );
    }
    assert_eq!(
        house.done("POST", "/keys/k0/revoke", Value::Null).await["name"],
        "k0"
    );
    assert_eq!(
        refusal(&house.admin("POST", "/keys/k0/rotate", Value::Null).await),
        "409 conflict"
    );
    assert_eq!(
        refusal(&house.admin("POST", "/keys", json!({"name": "k0"})).await),
        "409 conflict"
    );
    assert_eq!(
        refusal(&house.admin("POST", "/keys/none/revoke", Value::Null).await),
        "404 key_not_found"
    );
}

#[tokio::test]
async fn a_stream_of_a_key_that_is_revoked_meanwhile_is_not_cut() {
    let house = house().await;
    house.vendors.set_behaviour("blue-model", slow(20)).unwrap();
    let secret = make(&house, json!({"name": "k"})).await;
    let bearer = format!("Bearer {secret}");
    let headers = [("authorization", bearer.as_str())];
    let mut stream = wait::stream(house.gateway.client_addr, CHAT, &headers, &streamed()).await;
    stream.next().await.unwrap();
    house.done("POST", "/keys/k/revoke", Value::Null).await;
    assert_eq!(stream.collect().await.last().unwrap().data, "[DONE]");
}

#[tokio::test]
async fn a_rotated_keys_old_secret_works_for_its_grace_and_no_longer() {
    let house = house().await;
    let first = make(&house, json!({"name": "k"})).await;
    let second = rotate(&house, "k", json!({"grace": "1h"})).await;
    assert_eq!(
        [house.status(&first).await, house.status(&second).await],
        [200, 200]
    );
    let third = rotate(&house, "k", json!({"grace": "1s"})).await;
    assert_eq!(house.status(&first).await, 401, "the secret before the last one");
    assert_eq!(
        [house.status(&second).await, house.status(&third).await],
        [200, 200]
    );
    wait::until_async("the grace is over", SOON, async || {
        house.status(&second).await == 401
    })
    .await;
    assert_eq!(house.status(&third).await, 200);
    let fourth = rotate(&house, "k", Value::Null).await;
    assert_eq!(
        [house.status(&third).await, house.status(&fourth).await],
        [401, 200]
    );
}

#[tokio::test]
async fn missing_unknown_and_expired_keys_are_one_answer() {
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
    let house = house_with(|file| {
        file + "  - {name: old, secret: cf-expired-in-the-file-0123, expires_at: 2020-01-01T00:00:00Z}\n"
    })
    .await;
    let brief = make(&house, json!({"name": "brief", "expires_at": soon.to_string()})).await;
    assert_eq!(house.status(&brief).await, 200);
    let no_key = wait::post(house.gateway.client_addr, CHAT, &[], &chat()).await;
    let ask = async |secret: &str| post_to(&house.gateway, secret, &[], &chat()).await;
    let (unknown, old) = (
        ask("cf-nobodys-key").await,
        ask("cf-expired-in-the-file-0123").await,
    );
    for reply in [&no_key, &unknown, &old] {
        assert_eq!(refusal(reply), "401 invalid_api_key");
        assert_eq!(reply.json()["error"]["message"], "Invalid API key provided");
        assert!(reply.header("x-request-id").is_some() && reply.header("server-timing").is_some());
        assert!(reply.header("x-deployment").is_none());
    }
    assert_eq!(
        house.vendors.counters("blue-model").requests,
        1,
        "nothing was sent upstream"
    );
    wait::until_async("the key expires", SOON, async || {
        house.status(&brief).await == 401
    })
    .await;
}

#[tokio::test]
async fn a_key_reaches_its_models_alone_and_chooses_no_side_if_it_may_not() {
    let house = house_with(|file| {
        let more =
            "  other: {blue: {provider: sim, model: other-model}}\naliases: {helper: assistant}\nkeys:";
        file.replace("keys:", more)
    })
    .await;
    let tied = json!({"name": "tied", "models": ["assistant"], "overrides": "deny"});
    let tied = make(&house, tied).await;
    let ask = async |headers: &[(&str, &str)], model: &str| {
        let mut body = chat();
        body["model"] = model.into();
        let reply = post_to(&house.gateway, &tied, headers, &body).await;
        match reply.status {
            200 => routed(&reply),
            _ => format!("{} {}", refusal(&reply), reply.json()["error"]["param"]),
        }
    };
    assert_eq!(ask(&[], "assistant").await, "blue split");
    assert_eq!(ask(&[], "other").await, "403 model_not_allowed \"model\"");
    assert_eq!(
        ask(&[], "sim/blue-model").await,
        "403 model_not_allowed \"model\""
    );
    assert_eq!(ask(&[("x-session-id", "s")], "assistant").await, "blue session");
    assert_eq!(
        ask(&[("x-deployment-environment", "auto")], "assistant").await,
        "blue split"
    );
    assert_eq!(ask(&[("x-monitoring", "true")], "assistant").await, "blue split");
    for header in [
        ("x-deployment-environment", "blue"),
        ("x-blue-weight", "50"),
        ("x-canary", "enabled"),
    ] {
        let refused = ask(&[header], "assistant").await;
        assert!(
            refused.starts_with("403 override_not_allowed"),
            "{header:?}: {refused}"
        );
    }
    assert!(
        ask(&[], "assistant@green")
            .await
            .starts_with("403 override_not_allowed")
    );
    let bearer = format!("Bearer {tied}");
    let models = wait::get(
        house.gateway.client_addr,
        "/v1/models",
        &[("authorization", &bearer)],
    )
    .await;
    let names: Vec<_> = models.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].clone())
        .collect();
    assert!(
        names.contains(&json!("assistant")) && !names.contains(&json!("other")),
        "{names:?}"
    );
}

#[tokio::test]
async fn what_the_file_owns_is_changed_in_the_file() {
    let house = house().await;
    let definition = json!({"blue": {"provider": "sim", "model": "b"}});
    for (method, path, body) in [
        ("POST", "/keys/app/rotate", Value::Null),
        ("POST", "/keys/app/revoke", Value::Null),
        ("PUT", "/deployments/assistant", definition),
        ("DELETE", "/deployments/assistant", Value::Null),
    ] {
        let reply = house.admin(method, path, body).await;
        assert_eq!(refusal(&reply), "409 managed_by_file", "{method} {path}");
    }
    assert_eq!(house.status(APP).await, 200);
    let keys = look(&house.gateway, "/keys").await;
    assert_eq!(keys["keys"][0]["managed_by"], "file");
    assert_eq!(keys["next"], Value::Null);
}

#[tokio::test]
async fn without_any_key_all_are_refused_and_the_log_says_how_to_make_one() {
    let house = house_with(|file| file.split("keys:").next().unwrap().to_owned()).await;
    assert_eq!(house.status("cf-anything").await, 401);
    assert!(
        house.gateway.log().contains("crossfade keys create"),
        "{}",
        house.gateway.log()
    );
    let ran = house.cli(&["keys", "create", "first", "--json"]).await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    let made: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(house.status(made["secret"].as_str().unwrap()).await, 200);
}
