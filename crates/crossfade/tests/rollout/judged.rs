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

/// Blue's answers take some 20 s; green answers nothing.
fn long_answers_and_a_dead_green(scene: &Scene) {
    let slow = ModelBehaviour {
        answer_tokens: 40,
        tokens_per_second: 2.0,
        ..healthy()
    };
    scene.set("blue", slow);
    scene.set("green", failing(1.0));
}

async fn blue_is_busy(scene: &Scene) -> bool {
    let deployment = scene.ask("GET", "", None).await.json();
    deployment["blue"]["in_flight"].as_u64() > Some(0)
}

#[tokio::test]
async fn a_dead_green_is_out_before_blues_long_answers_have_ended() {
    let scene = at_a_quarter().await;
    let begun = std::time::Instant::now();
    long_answers_and_a_dead_green(&scene);
    is_rolled_back(&scene, &["error"]).await;
    assert!(begun.elapsed().as_secs() < 15, "{:?}", begun.elapsed());
    assert!(blue_is_busy(&scene).await);
    assert_eq!(scene.failures(), 0);
}

#[tokio::test]
async fn a_green_that_dies_with_all_of_the_traffic_is_out_while_blues_streams_go_on() {
    let mut scene = Scene::new().await;
    scene.send_streams();
    scene.start("cutover").await;
    scene.press("/rollout/skip").await;
    scene
        .until("green has all of it", |rollout| {
            rollout["split"]["green"] == 100.0
        })
        .await;
    let begun = std::time::Instant::now();
    long_answers_and_a_dead_green(&scene);
    is_rolled_back(&scene, &["hard"]).await;
    assert!(begun.elapsed().as_secs() < 15, "{:?}", begun.elapsed());
    assert!(blue_is_busy(&scene).await);
}

#[tokio::test]
async fn each_request_is_counted_once_however_early_it_was_told() {
    let scene = Scene::new().await;
    scene.set("green", failing(1.0));
    scene.start("watched").await;
    for _ in 0..40 {
        assert_eq!(scene.chat(&[]).await.status, 200);
    }
    let count =
        |rollout: &Value, check: usize, side: &str| rollout["checks"][check][side].as_u64().unwrap_or(0);
    let both = |rollout: &Value| count(rollout, 1, "n_green") + count(rollout, 1, "n_blue");
    let rollout = scene
        .until("all are counted", |rollout| both(rollout) >= 40)
        .await;
    let green = count(&rollout, 1, "n_green");
    assert!(both(&rollout) == 40 && green > 0, "{rollout:#}");
    let [hard, witnessed] = ["n_green", "n_blue"].map(|side| count(&rollout, 0, side));
    assert_eq!((hard, witnessed), (green, green), "{rollout:#}");
}
