//! What is left after a kill.

use std::time::Instant;

use serde_json::Value;
use testkit::vendors::Fault;
use testkit::wait::until_async;

use crate::scene::{IN_TIME, Scene, failing, healthy};

/// Evidence is written down twice a second: what a second's traffic brings may be lost.
const LOST_AT_MOST: u64 = 60;

/// More requests in flight than there are while vendors answer at once.
const MANY: u64 = 8;

/// Waits until a state is not only shown, but written down.
async fn until_written(scene: &Scene, state: &str) {
    until_async("it is written down", IN_TIME, async || {
        let history = scene.ask("GET", "/rollouts", None).await.json();
        history["rollouts"][0]["state"] == state
    })
    .await;
}

/// Kills the gateway and starts it again: within a second, everything stands where it stood.
async fn is_back_after_a_kill(scene: &mut Scene) -> Value {
    let (before, green) = (scene.rollout().await, scene.green().await);
    scene.gateway.kill9();
    scene.gateway.start_again().await;
    let begun = Instant::now();
    let (after, green_after) = (scene.rollout().await, scene.green().await);
    assert!(begun.elapsed().as_secs_f64() < 1.0);
    for field in ["id", "phase"] {
        assert_eq!(before[field], after[field], "{before:#}\n{after:#}");
    }
    assert_eq!(before["verdict"]["sentence"], after["verdict"]["sentence"]);
    assert_eq!(green_after, green, "{after:#}");
    for check in 0..4 {
        let known = |rollout: &Value| rollout["checks"][check]["n_blue"].as_u64().unwrap();
        let (before, after) = (known(&before), known(&after));
        assert!(after + LOST_AT_MOST >= before, "{after} instead of {before}");
    }
    after
}

#[tokio::test]
async fn a_precheck_goes_on_after_a_kill_and_still_nobody_sees_green() {
    let mut scene = Scene::new().await;
    // A probe that meets a vendor without capacity says nothing, and is sent again.
    scene.set("green", healthy().with_fault(Fault::RateLimit, 1.0));
    scene.send_traffic();
    scene.start("patient").await;
    let rollout = is_back_after_a_kill(&mut scene).await;
    assert_eq!(rollout["state"], "prechecking");
    scene.set("green", healthy());
    scene.until_phase(1).await;
}

#[tokio::test]
async fn every_phase_of_the_ramp_is_back_after_a_kill() {
    let mut scene = Scene::new().await;
    scene.send_traffic();
    scene.start("patient").await;
    for (phase, green) in [(1, 25.0), (2, 60.0), (3, 100.0)] {
        scene
            .until("it is in force", |rollout| {
                rollout["phase"] == phase && rollout["split"]["green"] == green
            })
            .await;
        let rollout = is_back_after_a_kill(&mut scene).await;
        let state = if phase == 3 { "promoting" } else { "progressing" };
        assert_eq!(rollout["state"], state, "{rollout:#}");
        scene.press("/rollout/skip").await;
    }
    scene.until_state("succeeded").await;
    is_back_after_a_kill(&mut scene).await;
    // The kill may have come between the end and its being written down; then it ends once more.
    until_written(&scene, "succeeded").await;
    assert_eq!(is_back_after_a_kill(&mut scene).await["state"], "succeeded");
}

#[tokio::test]
async fn a_rollout_goes_on_in_the_process_that_takes_over() {
    let mut scene = Scene::new().await;
    scene.send_traffic();
    scene.start("patient").await;
    scene.until_phase(1).await;
    let before = scene.rollout().await;
    scene.gateway.succeed(IN_TIME).await;
    let after = scene.rollout().await;
    assert_eq!((&before["id"], &before["phase"]), (&after["id"], &after["phase"]));
    assert_eq!(scene.green().await, 25.0);
    // The new process hears its traffic and takes its buttons.
    scene.press("/rollout/skip").await;
    scene.until_phase(2).await;
    scene.press("/rollback").await;
    assert_eq!(scene.green().await, 0.0);
}

#[tokio::test]
async fn a_drain_ends_after_a_kill_with_what_was_in_flight() {
    let mut scene = Scene::new().await;
    scene.send_traffic();
    scene.start("lingering").await;
    scene.set("blue", healthy().with_fault(Fault::StallBeforeHead, 1.0));
    until_async("blue has something in flight", IN_TIME, async || {
        scene.ask("GET", "", None).await.json()["blue"]["in_flight"].as_u64() >= Some(MANY)
    })
    .await;
    scene.press("/promote").await;
    let drains = |rollout: &Value| rollout["drain"]["in_flight"].as_u64() >= Some(MANY);
    scene.until("blue drains", drains).await;
    scene.set("blue", healthy());
    is_back_after_a_kill(&mut scene).await;
    scene.until_state("succeeded").await;
    assert_eq!(scene.green().await, 100.0);
}

#[tokio::test]
async fn a_rollback_that_drains_stays_one_after_a_kill() {
    let mut scene = Scene::new().await;
    scene.send_traffic();
    scene.start("lingering").await;
    scene.set("green", healthy().with_fault(Fault::StallBeforeHead, 1.0));
    until_async("green has something in flight", IN_TIME, async || {
        scene.ask("GET", "", None).await.json()["green"]["in_flight"].as_u64() >= Some(MANY)
    })
    .await;
    scene.press("/rollback").await;
    // A rollback is answered once it is in force, which waits for no store; who asked for it is written after that.
    until_written(&scene, "rolling_back").await;
    let rollout = is_back_after_a_kill(&mut scene).await;
    assert_eq!(rollout["verdict"]["cause"], "operator");
    scene.until_state("rolled_back").await;
    let forced_weight = scene.chat(&[("x-blue-weight", "0")]).await;
    assert_eq!(forced_weight.header("x-deployment-environment"), Some("blue"));
}

#[tokio::test]
async fn evidence_and_a_verdict_survive_a_kill() {
    let mut scene = Scene::new().await;
    scene.send_traffic();
    scene.start("patient").await;
    scene
        .until("enough is known", |rollout| {
            rollout["checks"][1]["n_blue"].as_u64() >= Some(3 * LOST_AT_MOST)
        })
        .await;
    is_back_after_a_kill(&mut scene).await;
    scene.set("green", failing(1.0));
    scene.until_state("rolled_back").await;
    is_back_after_a_kill(&mut scene).await;
    // The kill may have come between the end and its being written down; then it ends once more.
    until_written(&scene, "rolled_back").await;
    assert_eq!(is_back_after_a_kill(&mut scene).await["state"], "rolled_back");
}

#[tokio::test]
async fn a_restart_brings_no_data_and_nothing_advances_without() {
    let mut scene = Scene::new().await;
    scene.start("impatient").await;
    is_back_after_a_kill(&mut scene).await;
    let rollout = scene.until_state("held").await;
    assert_eq!((&rollout["phase"], scene.green().await), (&0.into(), 20.0));
    is_back_after_a_kill(&mut scene).await;
    let rollout = scene.until_state("held").await;
    let sentence = rollout["waiting_for"].as_str().unwrap();
    assert!(sentence.contains("0 of 100 requests to green"), "{sentence}");
}
