use serde_json::{Value, json};
use testkit::wait;

use crate::harness::*;

#[tokio::test]
async fn an_answer_tells_how_it_was_routed() {
    let house = house(Plan::default()).await;
    let reply = house.post(&[("x-request-id", "my-1")], &chat("hello")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("x-request-id"), Some("my-1"));
    assert_eq!(reply.header("x-deployment"), Some("m"));
    assert_eq!(reply.header("x-deployment-environment"), Some("blue"));
    assert_eq!(reply.header("x-deployment-reason"), Some("split"));
    assert_eq!(reply.header("x-deployment-revision"), Some("1"));
    assert_eq!(reply.header("x-upstream-model"), Some("blue-model"));
    let timing = reply.header("server-timing").unwrap();
    assert!(
        timing.starts_with("gateway;dur=") && timing.contains(", upstream;dur="),
        "{timing}"
    );
    assert_eq!(reply.json()["model"], "blue-model");
    let outcome = house.seen.outcomes(1).await.pop().unwrap();
    assert_eq!(outcome.request_id, "my-1");
    assert_eq!(outcome.status, 200);
    assert!(outcome.attempts[0].usage.unwrap().output_tokens > 0);
}

#[tokio::test]
async fn sides_are_forced_weighed_and_split_over_the_wire() {
    let house = house(Plan::default()).await;
    assert_eq!(house.routed(&[]).await, "blue split");
    assert_eq!(
        house.routed(&[("X-Deployment-Environment", "green")]).await,
        "green header"
    );
    assert_eq!(
        house.routed(&[("x-deployment-env", "GREEN")]).await,
        "green header"
    );
    assert_eq!(house.routed(&[("X-Canary", "enabled")]).await, "green canary");
    assert_eq!(
        house.routed(&[("X-Blue-Weight", "0")]).await,
        "green request_weight"
    );
    assert_eq!(house.routed(&[("X-Session-Id", "a")]).await, "blue session");
}

#[tokio::test]
async fn a_bad_request_is_refused_with_its_reason_and_nothing_is_sent() {
    let house = house(Plan::default()).await;
    let good = format!("Bearer {SECRET}");
    let auth = [("authorization", good.as_str())];
    let rows = [
        (&auth[1..], "{}", 401, "invalid_api_key", None),
        (
            &[("authorization", "Bearer nope")],
            "{}",
            401,
            "invalid_api_key",
            None,
        ),
        (&auth[..], "{", 400, "invalid_json", None),
        (
            &auth,
            r#"{"model":"m","model":"m","messages":[]}"#,
            400,
            "duplicate_field",
            Some("model"),
        ),
        (
            &auth,
            r#"{"model":1,"messages":[]}"#,
            400,
            "invalid_request",
            Some("model"),
        ),
        (
            &auth,
            r#"{"model":"x","messages":[{"role":"user","content":"a"}]}"#,
            404,
            "model_not_found",
            Some("model"),
        ),
        (
            &auth,
            r#"{"model":"m@green@green","messages":[{"role":"user","content":"a"}]}"#,
            404,
            "model_not_found",
            Some("model"),
        ),
    ];
    for (headers, body, status, code, param) in rows {
        let reply = post_text(house.addr, headers, body).await;
        assert_eq!(reply.status, status, "{body} {}", reply.text());
        let error = &reply.json()["error"];
        assert_eq!(
            (error["code"].as_str(), error["param"].as_str()),
            (Some(code), param),
            "{body}"
        );
        assert!(reply.header("x-request-id").is_some() && reply.header("server-timing").is_some());
    }
    for headers in [
        ("X-Blue-Weight", "101"),
        ("X-Deployment-Environment", "purple"),
        ("X-Canary", "yes"),
    ] {
        let reply = house.post(&[headers], &chat("a")).await;
        assert_eq!(reply.status, 400);
        assert_eq!(reply.json()["error"]["param"], headers.0);
        assert_eq!(reply.json()["error"]["code"], "invalid_header_value");
    }
    let tied = [("authorization", "Bearer cf-tied"), ("X-Canary", "enabled")];
    let reply = wait::post(house.addr, CHAT, &tied, &chat("a")).await;
    assert_eq!(
        (reply.status, reply.json()["error"]["code"].as_str()),
        (403, Some("override_not_allowed"))
    );
    assert_eq!(house.vendors.counters("blue-model").requests, 0);
    assert_eq!(house.vendors.counters("green-model").requests, 0);
}

#[tokio::test]
async fn other_openai_paths_pass_by_their_model() {
    let house = house(Plan::default()).await;
    let bearer = format!("Bearer {SECRET}");
    let auth = [("authorization", bearer.as_str())];
    let moderation = json!({"model": "m", "input": "hello"});
    let reply = wait::post(house.addr, "/v1/moderations", &auth, &moderation).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let speech = json!({"model": "blue-vendor/tts", "input": "hello", "voice": "alloy"});
    let reply = wait::post(house.addr, "/v1/audio/speech", &auth, &speech).await;
    assert_eq!(
        (reply.status, reply.header("x-upstream-model")),
        (200, Some("tts"))
    );
    let reply = wait::get(house.addr, "/v1/models", &auth).await;
    assert_eq!(reply.json()["data"][0]["id"], "m");
    assert_eq!(wait::get(house.addr, "/v1/models/m", &auth).await.status, 200);
    assert_eq!(wait::get(house.addr, "/v1/models/n", &auth).await.status, 404);
    assert_eq!(wait::get(house.addr, "/health", &[]).await.status, 200);
    assert_eq!(wait::get(house.addr, "/ready", &[]).await.status, 200);
}

#[tokio::test]
async fn a_conversation_stays_where_it_began() {
    let house = house(Plan {
        split: "50",
        ..Plan::default()
    })
    .await;
    for number in 0..20 {
        let opening = json!({"role": "user", "content": format!("conversation {number}")});
        let first = json!({"model": "m", "messages": [opening]});
        let reply = house.post(&[], &first).await;
        let began = reply.header("x-deployment-environment").unwrap().to_owned();
        let answer = json!({"role": "assistant", "content": "yes"});
        let next = json!({"model": "m", "messages": [opening, answer, {"role": "user", "content": "more"}]});
        let reply = house.post(&[], &next).await;
        assert_eq!(side(&reply), format!("{began} conversation"));
    }
}

#[tokio::test]
async fn an_upstream_of_http2_is_served_alike() {
    let house = house(Plan {
        http2: true,
        ..Plan::default()
    })
    .await;
    assert_eq!(house.routed(&[]).await, "blue split");
    let mut stream = wait::stream(
        house.addr,
        CHAT,
        &[("authorization", "Bearer cf-test")],
        &streamed("hi"),
    )
    .await;
    let events = stream.collect().await;
    assert!(stream.ended_orderly() && events.len() > 3);
}

#[tokio::test]
async fn a_full_environment_says_so_and_green_is_rescued() {
    let house = house(Plan {
        max_concurrency: Some(0),
        split: "100",
        ..Plan::default()
    })
    .await;
    let reply = house.post(&[], &chat("a")).await;
    assert_eq!(
        (reply.status, reply.json()["error"]["code"].as_str()),
        (503, Some("overloaded"))
    );
    assert_eq!(side(&reply), "blue rescue");
    assert_eq!(reply.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn a_client_of_http2_is_served_alike() {
    let house = house(Plan::default()).await;
    let stream = tokio::net::TcpStream::connect(house.addr).await.unwrap();
    let exec = hyper_util::rt::TokioExecutor::new();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(exec, io).await.unwrap();
    tokio::spawn(connection);
    for body in [chat("hello"), streamed("hello")] {
        let request = http::Request::post(format!("http://{}{CHAT}", house.addr))
            .header("authorization", format!("Bearer {SECRET}"))
            .body(http_body_util::Full::new(bytes::Bytes::from(body.to_string())))
            .unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-deployment-environment"], "blue");
        let whole = http_body_util::BodyExt::collect(answer.into_body())
            .await
            .unwrap()
            .to_bytes();
        assert!(whole.ends_with(b"}") || whole.ends_with(b"[DONE]\n\n"));
    }
    let outcomes = house.seen.outcomes(2).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.end == gateway::End::Complete)
    );
}

/// The status and the code of a request to a path that names no model; `METHOD path body`.
async fn without_model(house: &House, secret: &str, asked: (&str, &str, Option<&Value>)) -> (u16, Value) {
    let bearer = format!("Bearer {secret}");
    let (method, path, body) = asked;
    let reply = wait::request(house.addr, method, path, &[("authorization", &bearer)], body).await;
    (reply.status, reply.json()["error"]["code"].clone())
}

#[tokio::test]
async fn what_names_no_model_reaches_a_vendor_only_where_one_takes_it() {
    let open = house(Plan {
        takes_no_model: true,
        ..Plan::default()
    })
    .await;
    let closed = house(Plan::default()).await;
    let empty = json!({});
    let stored = ("GET", "/v1/responses/r-1", None);
    let input = json!({"input": "hello"});
    let moderation = ("POST", "/v1/moderations", Some(&input));
    assert_eq!(without_model(&open, SECRET, moderation).await.0, 200);
    assert_eq!(
        without_model(&closed, SECRET, moderation).await,
        (400, json!("invalid_request"))
    );
    assert_eq!(
        without_model(&open, "cf-limited", stored).await,
        (403, json!("model_not_allowed"))
    );
    assert_eq!(without_model(&open, "cf-nobody", stored).await.0, 401);
    assert_eq!(
        without_model(&closed, SECRET, stored).await,
        (405, json!("invalid_request"))
    );
    for path in ["/v1/responses", "/v1/responses/r-1/cancel"] {
        let asked = ("POST", path, Some(&empty));
        assert_eq!(
            without_model(&closed, SECRET, asked).await,
            (400, json!("invalid_request")),
            "{path}"
        );
    }
    let messages = ("POST", "/v1/messages", Some(&empty));
    assert_eq!(without_model(&open, SECRET, messages).await.0, 400);
}
