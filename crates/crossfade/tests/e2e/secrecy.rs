//! Secrets are where they were given and nowhere else.

use serde_json::{Value, json};

use crate::house::*;

#[tokio::test]
async fn no_secret_is_in_log_metrics_answers_or_events() {
    let house = house_with(|file| format!("log: {{level: trace}}\n{file}")).await;
    let mut events = Events::open(&house.gateway, None).await;
    let made = house.done("POST", "/keys", json!({"name": "made"})).await;
    let rotated = house
        .done("POST", "/keys/made/rotate", json!({"grace": "1h"}))
        .await;
    let secret = |answer: &Value| answer["secret"].as_str().unwrap().to_owned();
    let secrets = [
        APP.to_owned(),
        VENDOR_KEY.to_owned(),
        house.gateway.admin_token.clone(),
        secret(&made),
        secret(&rotated),
        "a-wrong-secret-0123456789".to_owned(),
        "what-the-user-says".to_owned(),
    ];
    for used in [&secrets[0], &secrets[3], &secrets[4], &secrets[5]] {
        let mut body = streamed();
        body["messages"][0]["content"] = "what-the-user-says".into();
        let reply = post_to(&house.gateway, used, &[("x-request-id", "told")], &body).await;
        assert_clean("the answer's head", &format!("{:?}", reply.headers), &secrets);
    }
    house
        .vendors
        .change_behaviour("blue-model", json!({"error_rate": 1.0, "error_status": 401}))
        .unwrap();
    let failed = house.chat(&[]).await;
    assert_eq!(refusal(&failed), "502 upstream_unavailable");
    assert_clean("an answer", &failed.text(), &secrets);
    house.gateway.replace_config(&format!(
        "a_mistake: {VENDOR_KEY}\n{}",
        usual_file(&house.vendors.url())
    ));
    let (_, refused) = events.next("config").await;
    assert_clean("the event of a refused file", &refused.to_string(), &secrets);
    for path in [
        "/metrics",
        "/admin/v1/keys",
        "/admin/v1/deployments",
        "/admin/v1/audit",
        "/admin/v1/requests/told",
    ] {
        assert_clean(path, &house.page(path).await, &secrets);
    }
    let (_, stats) = events.next("stats").await;
    assert_clean("an event", &stats.to_string(), &secrets);
    house.gateway.terminate();
    let mut house = house;
    assert!(house.gateway.wait(SOON).await.success());
    assert_clean("the log", &house.gateway.log(), &secrets);
    for file in std::fs::read_dir(house.gateway.folder()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            let kept = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            assert_clean(&path.display().to_string(), &kept, &secrets);
        }
    }
}

fn assert_clean(place: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        let found = text.find(secret.as_str());
        assert!(
            found.is_none(),
            "{secret} is in {place}: {:?}",
            around(text, found)
        );
    }
}

fn around(text: &str, at: Option<usize>) -> String {
    let start = at.unwrap_or(0).saturating_sub(200);
    text.chars().skip(start).take(600).collect()
}
