//! Statistics, metrics, health and events: what operators look at.

use serde_json::{Value, json};
use testkit::vendors::{ModelBehaviour, Simulator, SimulatorConfig};
use testkit::wait;

use crate::house::*;

/// Sends requests to a side and waits until its window has counted them.
async fn traffic(house: &House, side: &str, requests: u64) -> Value {
    for _ in 0..requests {
        house.chat(&[("x-deployment-environment", side)]).await;
    }
    let now = house
        .until("the window has them", |now| {
            now[side]["window"]["requests"] == requests
        })
        .await;
    now[side]["window"].clone()
}

#[tokio::test]
async fn windows_and_report_compare_blue_and_green() {
    let house = house().await;
    house.split(10.0).await;
    house
        .vendors
        .change_behaviour("green-model", json!({"error_rate": 1.0, "error_status": 500}))
        .unwrap();
    let blue = traffic(&house, "blue", 8).await;
    let green = traffic(&house, "green", 4).await;
    assert_eq!(json!([blue["errors"], blue["error_rate"]]), json!([0, 0.0]));
    assert_eq!(json!([green["errors"], green["error_rate"]]), json!([4, 1.0]));
    for figure in ["avg", "p50", "p95", "p99"] {
        assert!(blue["latency_ms"][figure].as_f64().unwrap() > 0.0, "{blue}");
        assert!(blue["ttft_ms"][figure].as_f64().unwrap() > 0.0, "{blue}");
    }
    assert!(blue["output_tokens"].as_u64().unwrap() >= 8 && blue["input_tokens"].as_u64().unwrap() >= 8);
    let report = look(&house.gateway, "/deployments/assistant/report").await;
    assert_eq!(report["metrics"]["total_traffic_split"], "blue 90% : green 10%");
    let deployment = &report["deployment"];
    assert_eq!(
        json!([deployment["name"], deployment["revision"]]),
        json!(["assistant", 2])
    );
    assert_eq!(
        json!([deployment["blue"]["weight"], deployment["green"]["weight"]]),
        json!([90, 10])
    );
    assert_eq!(
        json!([deployment["blue"]["requests"], deployment["green"]["requests"]]),
        json!([8, 4])
    );
    assert_eq!(deployment["green"]["error_rate"], 1.0);
    assert!(
        report["metrics"]["average_latency"]["blue"]
            .as_str()
            .unwrap()
            .ends_with("ms")
    );
    let ran = house.cli(&["report", "assistant"]).await;
    let printed: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(printed["deployment"]["blue"]["requests"], 8);
}

#[tokio::test]
async fn monitoring_requests_count_in_no_figures() {
    let house = house().await;
    for _ in 0..3 {
        house
            .chat(&[("x-monitoring", "true"), ("x-request-id", "probe")])
            .await;
    }
    traffic(&house, "blue", 2).await;
    let report = look(&house.gateway, "/deployments/assistant/report").await;
    assert_eq!(report["deployment"]["blue"]["requests"], 2);
    let record = look(&house.gateway, "/requests/probe").await;
    assert_eq!(record["monitoring"], true);
}

/// The value of a metric's line, by its name and labels.
fn value(page: &str, line: &str) -> f64 {
    let found = page
        .lines()
        .find_map(|known| known.strip_prefix(line)?.strip_prefix(' '));
    found
        .unwrap_or_else(|| panic!("no {line} in\n{page}"))
        .parse()
        .unwrap()
}

#[tokio::test]
async fn metrics_parse_and_move() {
    let house = house().await;
    house
        .until("blue is probed", |now| now["blue"]["health"] == "healthy")
        .await;
    house.split(100.0).await;
    house
        .vendors
        .change_behaviour("green-model", json!({"error_rate": 1.0, "error_status": 503}))
        .unwrap();
    for _ in 0..3 {
        assert_eq!(house.routed(&[]).await, "blue rescue");
    }
    let mut page = String::new();
    let rescues = "crossfade_rescues_total{deployment=\"assistant\"}";
    wait::until_async("the rescues are counted", SOON, async || {
        page = house.page("/metrics").await;
        page.contains(&format!("{rescues} 3"))
    })
    .await;
    let sides = |environment: &str| format!("{{deployment=\"assistant\",environment=\"{environment}\"}}");
    assert_eq!(
        value(&page, &format!("crossfade_split_ratio{}", sides("green"))),
        1.0
    );
    assert_eq!(
        value(&page, &format!("crossfade_in_flight_requests{}", sides("blue"))),
        0.0
    );
    assert_eq!(value(&page, "crossfade_revision{deployment=\"assistant\"}"), 2.0);
    assert_eq!(
        value(
            &page,
            &format!("crossfade_request_duration_seconds_count{}", sides("blue"))
        ),
        3.0
    );
    for name in [
        "requests_total",
        "upstream_attempts_total",
        "tokens_total",
        "time_to_first_byte_seconds_bucket",
        "gateway_overhead_seconds_bucket",
        "environment_healthy",
        "config_reload_failures_total",
    ] {
        assert!(
            page.contains(&format!("\ncrossfade_{name}")),
            "{name} is missing in\n{page}"
        );
    }
    assert!(page.ends_with("# EOF\n"));
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (_, number) = line.rsplit_once(' ').unwrap();
        assert!(number.parse::<f64>().is_ok(), "{line}");
    }
}

#[tokio::test]
async fn labels_never_hold_what_clients_send() {
    let house = house().await;
    let mut body = chat();
    body["model"] = "made-up-by-a-client".into();
    assert_eq!(
        house
            .post(&[("x-session-id", "session-of-a-client")], &body)
            .await
            .status,
        404
    );
    traffic(&house, "blue", 1).await;
    let page = house.page("/metrics").await;
    assert!(!page.contains("made-up-by-a-client") && !page.contains("session-of-a-client"));
}

#[tokio::test]
async fn a_vendor_that_goes_away_is_unhealthy_until_it_is_back() {
    let House { vendors, gateway } = house_with(|file| {
        let probe = "model: blue-model, health: {interval: 1s, timeout: 1s, retries: 1}";
        file.replace("model: blue-model", probe)
    })
    .await;
    let mut events = Events::open(&gateway, None).await;
    let mut blue_turns = async |expected: &str| loop {
        let (_, event) = events.next("health").await;
        if event["environment"] == "blue" && event["health"] == expected {
            break;
        }
    };
    let health = async || look(&gateway, "/deployments/assistant").await["blue"]["health"].clone();
    wait::until_async("blue is healthy", SOON, async || health().await == "healthy").await;
    let listen = vendors.addr();
    vendors.stop().await;
    blue_turns("unhealthy").await;
    assert_eq!(health().await, "unhealthy");
    let report = look(&gateway, "/deployments/assistant/report").await;
    assert_eq!(report["deployment"]["blue"]["healthy"], false);
    let config = SimulatorConfig {
        listen,
        required_key: Some(VENDOR_KEY.to_owned()),
        default_behaviour: ModelBehaviour::instant(),
        ..SimulatorConfig::default()
    };
    let _back = Simulator::start(config).await.unwrap();
    blue_turns("healthy").await;
    assert_eq!(health().await, "healthy");
}

#[tokio::test]
async fn events_tell_every_change_and_resume_where_a_listener_left() {
    let house = house().await;
    let mut events = Events::open(&house.gateway, None).await;
    let (_, stats) = events.next("stats").await;
    assert_eq!(stats["deployments"][0]["name"], "assistant");
    house.split(10.0).await;
    let (first, split) = events.next("split").await;
    assert_eq!(
        json!([split["deployment"], split["revision"], split["split"]["green"]]),
        json!(["assistant", 2, 10])
    );
    drop(events);
    for green in [20.0, 30.0, 40.0] {
        house.split(green).await;
    }
    let mut resumed = Events::open(&house.gateway, Some(first)).await;
    let (id, event) = resumed.next("split").await;
    assert!(id > first);
    assert!(event["revision"].as_u64().unwrap() >= 3);
    let mut last = event;
    while last["revision"] != 5 {
        last = resumed.next("split").await.1;
    }
    assert_eq!(last["split"]["green"], 40);
}

#[tokio::test]
async fn changes_are_told_as_audit_events() {
    let house = house().await;
    let mut events = Events::open(&house.gateway, None).await;
    house
        .done(
            "POST",
            "/deployments/assistant/promote",
            json!({"reason": "well enough"}),
        )
        .await;
    let (_, audit) = events.next("audit").await;
    assert_eq!(
        json!([audit["verb"], audit["subject"], audit["reason"]]),
        json!(["promote", "assistant", "well enough"])
    );
}
