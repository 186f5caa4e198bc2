//! What the evidence comes to.

use serde_json::Value;
use testkit::vendors::{Fault, ModelBehaviour};

use crate::scene::{Scene, failing, healthy};

/// Under `patient` at 25 %, where green has been well so far.
async fn at_a_quarter() -> Scene {
    let mut scene = Scene::new().await;
    scene.send_traffic();
    scene.start("patient").await;
    let enough = |rollout: &Value| rollout["checks"][1]["n_blue"].as_u64() >= Some(60);
    scene.until("blue is known", enough).await;
    scene
}

async fn is_rolled_back(scene: &Scene, streams: &[&str]) {
    let rollout = scene.until_state("rolled_back").await;
    let verdict = &rollout["verdict"];
    let cause = verdict["cause"].as_str().unwrap();
    assert!(streams.contains(&cause), "{rollout:#}");
    assert_eq!(verdict["action"], "rollback");
    assert!(!verdict["sentence"].as_str().unwrap().is_empty());
    assert_eq!(scene.green().await, 0.0);
}

#[tokio::test]
async fn a_healthy_green_gets_all_of_the_traffic() {
    let mut scene = Scene::new().await;
    scene.send_traffic();
    let started = scene.start("quick").await;
    // Its probes may be answered by the time the answer is written.
    let state = started["state"].as_str().unwrap();
    assert!(["prechecking", "progressing"].contains(&state), "{started:#}");
    let done = scene.until_state("succeeded").await;
    assert_eq!((scene.green().await, scene.failures()), (100.0, 0), "{done:#}");
    assert_eq!(scene.ask("GET", "", None).await.json()["state"], "promoted");
    let history = scene.ask("GET", "/rollouts", None).await.json();
    assert_eq!(history["rollouts"][0]["id"], started["id"]);
    scene.press("/finalize").await;
}

#[tokio::test]
async fn a_green_that_dies_is_out_and_no_client_sees_an_error() {
    let scene = at_a_quarter().await;
    scene.set("green", failing(1.0));
    is_rolled_back(&scene, &["hard", "error"]).await;
    assert_eq!(scene.failures(), 0);
    let ids = scene.rollout().await["verdict"]["request_ids"].clone();
    assert!(!ids.as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_green_that_fails_one_request_in_five_is_out() {
    let scene = at_a_quarter().await;
    scene.set("green", failing(0.2));
    is_rolled_back(&scene, &["hard", "error"]).await;
    assert_eq!(scene.failures(), 0);
}

#[tokio::test]
async fn a_green_that_is_three_times_as_slow_is_out() {
    let mut scene = Scene::new().await;
    let slower = |times: f64| ModelBehaviour {
        first_byte_median_ms: 60.0 * times,
        ..healthy()
    };
    scene.set("blue", slower(1.0));
    scene.set("green", slower(3.0));
    scene.send_traffic();
    scene.start("patient").await;
    is_rolled_back(&scene, &["latency", "tail"]).await;
}

#[tokio::test]
async fn a_green_that_hangs_is_out_long_before_its_time_out() {
    let scene = at_a_quarter().await;
    let begun = std::time::Instant::now();
    scene.set("green", healthy().with_fault(Fault::StallBeforeHead, 1.0));
    is_rolled_back(&scene, &["tail"]).await;
    assert!(begun.elapsed().as_secs() < 25, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_green_that_fails_its_precheck_is_seen_by_nobody() {
    let mut scene = Scene::new().await;
    scene.set("green", failing(1.0));
    scene.send_traffic();
    scene.start("quick").await;
    let rollout = scene.until_state("rejected").await;
    assert_eq!(rollout["verdict"]["cause"], "precheck", "{rollout:#}");
    assert_eq!((scene.green().await, scene.failures()), (0.0, 0));
}

#[tokio::test]
async fn when_both_vendors_fail_nobody_is_blamed() {
    let scene = at_a_quarter().await;
    let before = scene.rollout().await["checks"][1]["n_green"].as_u64().unwrap();
    scene.set("green", failing(1.0));
    scene.set("blue", failing(1.0));
    let failed = |rollout: &Value| rollout["checks"][1]["n_green"].as_u64() >= Some(before + 40);
    let rollout = scene.until("forty of green's have failed", failed).await;
    assert_eq!(
        (&rollout["verdict"], scene.green().await),
        (&Value::Null, 25.0),
        "{rollout:#}"
    );
}

#[tokio::test]
async fn without_traffic_it_holds_and_says_so() {
    let scene = Scene::new().await;
    scene.start("impatient").await;
    let rollout = scene.until_state("held").await;
    let sentence = rollout["waiting_for"].as_str().unwrap();
    assert!(sentence.contains("0 of 100 requests to green"), "{sentence}");
    assert_eq!(scene.green().await, 20.0);
}
