//! Bad input over the whole process: a clear error in the shape of the API that was called, and nothing sent upstream.

use serde_json::Value;
use testkit::wait::{self, RawConnection, Reply};

use crate::house::*;

async fn post_text(house: &House, path: &str, headers: &str, body: &str) -> Reply {
    let mut connection = RawConnection::open(house.gateway.client_addr).await;
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {APP}\r\ncontent-length: {length}\r\n"
    );
    connection.send(format!("{head}{headers}\r\n{body}")).await;
    connection.read_reply().await
}

#[tokio::test]
async fn a_bad_request_is_told_what_is_wrong_and_sends_nothing_upstream() {
    let house = house().await;
    let deep = format!(
        "{{\"model\": \"assistant\", \"x\": {}{}}}",
        "[".repeat(100),
        "]".repeat(100)
    );
    for (headers, body, expected) in [
        ("", "{\"model\": ", "400 invalid_json"),
        (
            "",
            "{\"model\": \"assistant\", \"model\": \"x\"}",
            "400 duplicate_field",
        ),
        ("", &deep, "400 invalid_json"),
        ("", "{\"model\": 1}", "400 invalid_request"),
        ("", "{}", "400 invalid_request"),
        (
            "",
            "{\"model\": \"asistant\", \"messages\": []}",
            "404 model_not_found",
        ),
        (
            "x-blue-weight: 101\r\n",
            "{\"model\": \"assistant\", \"messages\": []}",
            "400 invalid_header_value",
        ),
        (
            "x-canary: yes\r\n",
            "{\"model\": \"assistant\", \"messages\": []}",
            "400 invalid_header_value",
        ),
        ("content-encoding: br\r\n", "{}", "415 unsupported_encoding"),
    ] {
        let reply = post_text(&house, CHAT, headers, body).await;
        assert_eq!(refusal(&reply), expected, "{headers}{}", reply.text());
        assert!(reply.header("x-request-id").is_some() && reply.header("server-timing").is_some());
    }
    let unknown = post_text(&house, CHAT, "", "{\"model\": \"asistant\", \"messages\": []}")
        .await
        .json();
    assert_eq!(unknown["error"]["param"], "model");
    let message = unknown["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Model 'asistant' not found") && message.contains("'assistant'"),
        "{message}"
    );
    assert_eq!(house.vendors.counters("blue-model").requests, 0);
}

#[tokio::test]
async fn a_body_over_the_configured_limit_is_413() {
    let house = house_with(|file| format!("limits: {{body: 100KiB}}\n{file}")).await;
    let fits = format!(
        "{{\"model\": \"assistant\", \"messages\": [{{\"role\": \"user\", \"content\": \"{}\"}}]}}",
        "a".repeat(99_000)
    );
    assert_eq!(post_text(&house, CHAT, "", &fits).await.status, 200);
    let large = fits.replace("hello", "") + &" ".repeat(8_000);
    assert_eq!(
        refusal(&post_text(&house, CHAT, "", &large).await),
        "413 request_too_large"
    );
    let mut chunked = RawConnection::open(house.gateway.client_addr).await;
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {APP}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    chunked.send(head).await;
    chunked
        .send(format!("{:x}\r\n{}\r\n", 150_000, "a".repeat(150_000)))
        .await;
    assert_eq!(refusal(&chunked.read_reply().await), "413 request_too_large");
    assert_eq!(house.vendors.counters("blue-model").requests, 1);
}

#[tokio::test]
async fn errors_have_the_shape_of_the_api_that_was_called() {
    let house = house().await;
    let ask = async |path: &str, key: &str| {
        let headers = [("authorization", key)];
        let body = serde_json::json!({"model": "nobodys-model", "max_tokens": 5, "messages": []});
        wait::post(house.gateway.client_addr, path, &headers, &body).await
    };
    let good = format!("Bearer {APP}");
    for (key, status, anthropic, google) in [
        ("Bearer cf-wrong", 401, "authentication_error", "UNAUTHENTICATED"),
        (good.as_str(), 404, "not_found_error", "NOT_FOUND"),
    ] {
        let reply = ask("/v1/chat/completions", key).await;
        assert_eq!(reply.status, status);
        let error = &reply.json()["error"];
        for field in ["message", "type", "param", "code"] {
            assert!(error.get(field).is_some(), "{field}: {error}");
        }
        let reply = ask("/v1/messages", key).await;
        assert_eq!(reply.status, status);
        let json = reply.json();
        assert_eq!(
            (&json["type"], &json["error"]["type"]),
            (&Value::from("error"), &Value::from(anthropic)),
            "{json}"
        );
        let reply = ask("/v1beta/models/nobodys-model:generateContent", key).await;
        assert_eq!(reply.status, status);
        let json = reply.json();
        assert_eq!(
            (&json["error"]["code"], &json["error"]["status"]),
            (&Value::from(status), &Value::from(google)),
            "{json}"
        );
    }
}

#[tokio::test]
async fn the_admin_api_answers_in_its_own_shape_whatever_is_asked() {
    let house = house().await;
    for (method, path, expected) in [
        ("GET", "/nothing-here", "404 not_found"),
        ("DELETE", "/audit", "405 method_not_allowed"),
        ("GET", "/audit?limt=1", "400 invalid_request"),
        ("GET", "/audit?cursor=nonsense", "400 invalid_request"),
        ("GET", "/keys?limit=many", "400 invalid_request"),
    ] {
        let reply = house.admin(method, path, Value::Null).await;
        assert_eq!(refusal(&reply), expected, "{method} {path}");
    }
    let no_token = wait::get(house.gateway.admin_addr, "/admin/v1/deployments", &[]).await;
    assert_eq!(refusal(&no_token), "401 invalid_api_key");
    let garbage = post_raw_admin(&house, "{\"green\": ").await;
    assert_eq!(refusal(&garbage), "400 invalid_json");
}

async fn post_raw_admin(house: &House, body: &str) -> Reply {
    let (addr, token) = (house.gateway.admin_addr, &house.gateway.admin_token);
    let mut connection = RawConnection::open(addr).await;
    let length = body.len();
    let head = format!(
        "PUT /admin/v1/deployments/assistant/split HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer {token}\r\n\
         connection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    connection.send(format!("{head}{body}")).await;
    connection.read_reply().await
}
