//! Settings and counters over HTTP while the simulated vendors run, and their end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use testkit::vendors::{ModelBehaviour, Simulator, SimulatorConfig};
use testkit::wait::{RawConnection, get, post, request, stream};

async fn simulator() -> Simulator {
    let default_behaviour = ModelBehaviour::instant();
    Simulator::start(SimulatorConfig {
        default_behaviour,
        ..SimulatorConfig::default()
    })
    .await
    .unwrap()
}

fn chat() -> Value {
    json!({"model": "org/m", "messages": [{"role": "user", "content": "Hello"}]})
}

#[tokio::test]
async fn a_change_holds_from_the_next_request_on_and_for_its_model_alone() {
    let vendor = simulator().await;
    let changed = post(
        vendor.addr(),
        "/sim/models/org/m",
        &[],
        &json!({"error_rate": 1, "error_status": 503}),
    )
    .await;
    assert_eq!(
        (changed.status, &changed.json()["behaviour"]["error_status"]),
        (200, &json!(503))
    );
    assert_eq!(
        post(vendor.addr(), "/v1/chat/completions", &[], &chat())
            .await
            .status,
        503
    );
    let other = json!({"model": "other", "messages": [{"role": "user", "content": "Hello"}]});
    assert_eq!(
        post(vendor.addr(), "/v1/chat/completions", &[], &other)
            .await
            .status,
        200
    );
    let forgotten = request(vendor.addr(), "DELETE", "/sim/models/org%2Fm", &[], None).await;
    assert_eq!(forgotten.json()["behaviour"]["error_rate"], 0.0);
    assert_eq!(
        post(vendor.addr(), "/v1/chat/completions", &[], &chat())
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn the_page_of_all_models_shows_settings_and_counters() {
    let vendor = simulator().await;
    post(vendor.addr(), "/v1/chat/completions", &[], &chat()).await;
    let page = get(vendor.addr(), "/sim/models", &[]).await.json();
    let model = &page["models"][0];
    assert_eq!(
        (&model["model"], &model["behaviour"]["answer_tokens"]),
        (&json!("org/m"), &json!(40))
    );
    let expected = json!({"requests": 1, "active": 0, "answered": 1, "troubled": 0,
        "cancelled_by_client": 0, "tokens_sent": 40, "recent_cancels": []});
    assert_eq!(model["counters"], expected);
    assert_eq!(
        get(vendor.addr(), "/sim/models/unheard-of", &[]).await.status,
        404
    );
}

#[tokio::test]
async fn wrong_settings_are_refused_and_the_old_ones_stay() {
    let vendor = simulator().await;
    for wrong in [
        json!({"eror_rate": 1}),
        json!({"faults": {"reset_mid_stream": 2}}),
        json!([1]),
    ] {
        let refused = post(vendor.addr(), "/sim/models/m", &[], &wrong).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]["code"]),
            (400, &json!("invalid_settings"))
        );
    }
    assert_eq!(vendor.behaviour("m"), ModelBehaviour::instant());
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let vendor = simulator().await;
    let body = chat().to_string();
    let one = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut connection = RawConnection::open(vendor.addr()).await;
    for _ in 0..3 {
        connection.send(&one).await;
        assert_eq!(connection.read_reply().await.json()["object"], "chat.completion");
    }
    assert_eq!(vendor.counters("org/m").answered, 3);
}

#[tokio::test]
async fn a_stop_ends_listener_and_streams() {
    let vendor = simulator().await;
    let addr = vendor.addr();
    vendor
        .change_behaviour("org/m", json!({"faults": {"stall_mid_stream": 1}}))
        .unwrap();
    let mut body = chat();
    body.as_object_mut().unwrap().insert("stream".into(), json!(true));
    let mut events = stream(addr, "/v1/chat/completions", &[], &body).await;
    assert!(events.next().await.is_some());
    vendor.stop().await;
    events.collect().await;
    assert!(!events.ended_orderly());
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}
