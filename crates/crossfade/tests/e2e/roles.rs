//! Who may do what on the admin address: roles of tokens, sessions of browsers, strangers' pages.

use serde_json::{Value, json};
use testkit::wait::{self, Reply};

use crate::house::{House, SOON, house_with, look, refusal};

const OPERATOR: &str = "kims-own-token-0123456789";
const VIEWER: &str = "wall-screen-token-0123456789";

async fn house() -> House {
    house_with(|file| {
        format!(
            "{file}tokens:
  - {{name: kim, role: operator, secret: {OPERATOR}}}
  - {{name: wall, role: viewer, secret: {VIEWER}}}
admin_hosts: [gateway.example.com]
"
        )
    })
    .await
}

async fn ask(house: &House, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Reply {
    let path = format!("/admin/v1{path}");
    let body = (!body.is_null()).then_some(&body);
    wait::request(house.gateway.admin_addr, method, &path, headers, body).await
}

async fn with_token(house: &House, token: &str, method: &str, path: &str, body: Value) -> Reply {
    let bearer = format!("Bearer {token}");
    ask(house, method, path, &[("authorization", &bearer)], body).await
}

/// The cookie as a browser sends it back.
async fn log_in(house: &House, token: &str) -> String {
    let reply = ask(house, "POST", "/session", &[], json!({"token": token})).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let set = reply.header("set-cookie").unwrap();
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_role_goes_as_far_as_its_name_says() {
    let house = house().await;
    let status = async |token: &str, method: &str, path: &str, body: Value| {
        with_token(&house, token, method, path, body).await.status
    };
    let split = "/deployments/assistant/split";
    for (token, read, moved, made) in [
        (VIEWER, 200, 403, 403),
        (OPERATOR, 200, 200, 403),
        (house.gateway.admin_token.as_str(), 200, 200, 201),
    ] {
        assert_eq!(status(token, "GET", "/deployments", Value::Null).await, read);
        assert_eq!(status(token, "PUT", split, json!({"green": 10})).await, moved);
        assert_eq!(status(token, "POST", "/keys", json!({"name": "new"})).await, made);
    }
    let refused = with_token(
        &house,
        VIEWER,
        "POST",
        "/deployments/assistant/rollback",
        Value::Null,
    )
    .await;
    assert_eq!(refusal(&refused), "403 role_not_allowed");
    assert_eq!(
        refused.json()["error"]["message"],
        "This needs the role 'operator'; 'wall' has the role 'viewer'"
    );
}

#[tokio::test]
async fn the_audit_log_names_who_it_was() {
    let house = house().await;
    let body = json!({"green": 10, "reason": "trying it"});
    with_token(&house, OPERATOR, "PUT", "/deployments/assistant/split", body).await;
    let audit = look(&house.gateway, "/audit?verb=split").await;
    let entry = &audit["audit"][0];
    let seen = ["actor", "role", "reason"].map(|field| entry[field].as_str().unwrap());
    assert_eq!(seen, ["kim", "operator", "trying it"]);
}

#[tokio::test]
async fn a_session_stands_for_its_token_until_log_out() {
    let house = house().await;
    let reply = ask(&house, "POST", "/session", &[], json!({"token": OPERATOR})).await;
    let set = reply.header("set-cookie").unwrap().to_owned();
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure") && !set.contains(OPERATOR), "{set}");
    assert_eq!(reply.json()["role"], "operator");

    let cookie = set.split(';').next().unwrap();
    let here = format!("http://{}", house.gateway.admin_addr);
    let own = [("cookie", cookie), ("origin", here.as_str())];
    let split = ask(
        &house,
        "PUT",
        "/deployments/assistant/split",
        &own,
        json!({"green": 5}),
    )
    .await;
    assert_eq!(split.status, 200, "{}", split.text());
    assert_eq!(
        ask(&house, "GET", "/session", &own, Value::Null).await.json()["name"],
        "kim"
    );
    assert_eq!(
        ask(&house, "DELETE", "/session", &own, Value::Null).await.status,
        204
    );
    let over = ask(&house, "GET", "/session", &own, Value::Null).await;
    assert_eq!(refusal(&over), "401 session_over");
}

#[tokio::test]
async fn a_sessions_events_end_with_it() {
    let house = house().await;
    let cookie = log_in(&house, OPERATOR).await;
    let addr = house.gateway.admin_addr;
    let mut events = wait::RawConnection::open(addr).await;
    let head = format!("GET /admin/v1/events HTTP/1.1\r\nhost: {addr}\r\ncookie: {cookie}\r\n\r\n");
    events.send(head).await;
    let first = String::from_utf8(events.read_some().await.unwrap()).unwrap();
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    let here = format!("http://{addr}");
    let own = [("cookie", cookie.as_str()), ("origin", here.as_str())];
    assert_eq!(
        ask(&house, "DELETE", "/session", &own, Value::Null).await.status,
        204
    );
    let mut last = Vec::new();
    wait::until_async("the stream ends", SOON, async || {
        last.extend(events.read_some().await.unwrap());
        last.ends_with(b"0\r\n\r\n")
    })
    .await;
}

#[tokio::test]
async fn over_https_the_cookie_is_for_https_alone() {
    let house = house().await;
    let headers = [("origin", "https://gateway.example.com")];
    let reply = ask(&house, "POST", "/session", &headers, json!({"token": OPERATOR})).await;
    assert!(reply.header("set-cookie").unwrap().ends_with("; Secure"));
}

#[tokio::test]
async fn a_strangers_page_cannot_use_somebodys_session() {
    let house = house().await;
    let cookie = log_in(&house, OPERATOR).await;
    let split = async |further: &[(&str, &str)]| {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend_from_slice(further);
        let path = "/deployments/assistant/split";
        refusal(&ask(&house, "PUT", path, &headers, json!({"green": 90})).await)
    };
    for further in [
        &[("origin", "http://evil.example")][..],
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1:1")],
        &[("sec-fetch-site", "cross-site")],
        &[],
    ] {
        assert_eq!(split(further).await, "403 foreign_origin", "{further:?}");
    }
    assert_eq!(house.deployment().await["split"]["green"], 0);
}

#[tokio::test]
async fn a_strangers_name_for_our_address_is_refused() {
    let house = house().await;
    let port = house.gateway.admin_addr.port();
    for (host, status) in [
        (format!("evil.example:{port}"), 403),
        (format!("localhost:{port}"), 200),
        (format!("gateway.example.com:{port}"), 200),
    ] {
        let mut connection = wait::RawConnection::open(house.gateway.admin_addr).await;
        let head = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        connection.send(head).await;
        assert_eq!(connection.read_reply().await.status, status, "{host}");
    }
}

#[tokio::test]
async fn the_page_may_run_its_own_scripts_alone() {
    let house = house().await;
    let page = wait::get(house.gateway.admin_addr, "/", &[]).await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("script-src 'self';") && !policy.contains("unsafe"),
        "{policy}"
    );
    let etag = page.header("etag").unwrap().to_owned();
    let again = wait::get(house.gateway.admin_addr, "/", &[("if-none-match", &etag)]).await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn whoever_guesses_tokens_is_told_to_wait() {
    let house = house().await;
    let mut last = String::new();
    for _ in 0..11 {
        let reply = ask(&house, "POST", "/session", &[], json!({"token": "a guess"})).await;
        last = refusal(&reply);
        if reply.status == 429 {
            assert!(reply.header("retry-after").is_some());
        }
    }
    assert_eq!(last, "429 rate_limit_exceeded");
}

#[tokio::test]
async fn finished_requests_are_found_by_key_and_status() {
    let house = house().await;
    assert_eq!(house.chat(&[]).await.status, 200);
    let unknown = json!({"model": "assistant", "messages": "none"});
    assert_eq!(house.post(&[], &unknown).await.status, 400);
    let found = async |query: &str| {
        let page = look(&house.gateway, &format!("/requests?{query}")).await;
        let requests = page["requests"].as_array().unwrap();
        let mut statuses: Vec<String> = requests
            .iter()
            .map(|request| request["status"].to_string())
            .collect();
        // Two that end in the same millisecond stand in either order.
        statuses.sort();
        statuses.join(" ")
    };
    assert_eq!(found("key=app").await, "200 400");
    assert_eq!(found("key=app&status=4xx").await, "400");
    assert_eq!(found("deployment=assistant&status=ok").await, "200");
    assert_eq!(found("key=nobody").await, "");
    let first = look(&house.gateway, "/requests?limit=1").await;
    let next = first["next"].as_str().unwrap();
    let second = look(&house.gateway, &format!("/requests?limit=1&before={next}")).await;
    assert_ne!(first["requests"][0]["status"], second["requests"][0]["status"]);
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn providers_and_configuration_are_shown_without_secrets() {
    let house = house().await;
    let shown = [
        look(&house.gateway, "/providers").await,
        look(&house.gateway, "/config").await,
    ];
    assert_eq!(shown[0]["providers"][0]["used_by"][0]["model"], "blue-model");
    assert_eq!(shown[1]["config"]["tokens"][0]["secret"], "***");
    let text = format!("{shown:?}");
    for secret in [OPERATOR, VIEWER, crate::house::APP, crate::house::VENDOR_KEY] {
        assert!(!text.contains(secret), "{secret} is shown");
    }
}

/// The dashboard's types are made from the document.
#[tokio::test]
async fn a_rollout_has_the_fields_that_the_document_says() {
    let house = house().await;
    house
        .done("POST", "/deployments/assistant/rollout", json!({"plan": "fast"}))
        .await;
    house
        .done("POST", "/deployments/assistant/rollback", Value::Null)
        .await;
    let rollout = house
        .until("the rollback has a verdict", |seen| {
            !seen["rollout"]["verdict"].is_null()
        })
        .await["rollout"]
        .clone();
    let document = look(&house.gateway, "/openapi.json").await;
    let known = |schema: &str, value: &Value| {
        let properties = &document["components"]["schemas"][schema]["properties"];
        for (field, _) in value.as_object().unwrap() {
            assert!(!properties[field].is_null(), "{schema} does not know '{field}'");
        }
    };
    known("Rollout", &rollout);
    known("RolloutPhase", &rollout["phases"][0]);
    known("RolloutCheck", &rollout["checks"][0]);
    known("Verdict", &rollout["verdict"]);
}
