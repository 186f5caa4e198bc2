//! How long a promotion can be taken back.

use serde_json::{Value, json};
use testkit::wait::until_async;

use crate::scene::{IN_TIME, Scene};

const BRIEF: &str = "  brief:
    phases: [{weight: 50}, {weight: 100}]
    phase_defaults: {min_duration: 100ms, min_requests: 1}
    drain: {timeout: 1s}
    keep_previous: 1s
";

async fn until_finalized(scene: &Scene) -> Value {
    let mut last = Value::Null;
    until_async("green is blue", IN_TIME, async || {
        last = scene.ask("GET", "", None).await.json();
        last["state"] == "finalized"
    })
    .await;
    last
}

#[tokio::test]
async fn a_rollout_that_succeeded_is_finalized_once_its_plans_time_is_over() {
    let mut scene = Scene::with_plan(BRIEF).await;
    scene.send_traffic();
    scene.start("brief").await;
    let done = scene.until_state("succeeded").await;
    let sentence = done["waiting_for"].as_str().unwrap();
    assert!(
        sentence.starts_with("Succeeded after") && sentence.contains("requests to green failed (0.00%)"),
        "{sentence}"
    );
    let deployment = until_finalized(&scene).await;
    assert_eq!(
        (&deployment["blue"]["model"], &deployment["green"]),
        (&json!("green"), &Value::Null)
    );
    assert_eq!(scene.failures(), 0);
}

#[tokio::test]
async fn a_promotion_by_hand_is_kept_for_the_configured_time_and_a_rollback_ends_that() {
    let scene = Scene::with_plan("keep_previous: 2s\n").await;
    let promoted = scene.press("/promote").await;
    assert!(promoted["kept_until"].is_string(), "{promoted:#}");
    let back = scene.press("/rollback").await;
    assert_eq!(
        (&back["state"], &back["kept_until"]),
        (&json!("rolled_back"), &Value::Null)
    );
    scene.press("/promote").await;
    until_finalized(&scene).await;
}
