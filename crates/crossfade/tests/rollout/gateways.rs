//! Two gateways on one Postgres: one drives the rollout, each takes its buttons.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::wait::{CrossfadeProcess, until_async};

use crate::databases::on_postgres;
use crate::scene::{IN_TIME, Scene, ask};

/// The promise between gateways.
const PROMISE: Duration = Duration::from_secs(1);

/// A verb that is taken, and how long that took.
async fn press(gateway: &CrossfadeProcess, verb: &str) -> (Value, Duration) {
    let begun = Instant::now();
    let reply = ask(gateway, "POST", verb, Some(json!({"reason": "over there"}))).await;
    assert_eq!(reply.status, 200, "{verb}: {}", reply.text());
    (reply.json(), begun.elapsed())
}

async fn green(gateway: &CrossfadeProcess) -> f64 {
    ask(gateway, "GET", "", None).await.json()["split"]["green"]
        .as_f64()
        .unwrap()
}

/// At 25 %, driven by the scene's gateway.
async fn at_a_quarter(store: &str) -> (Scene, CrossfadeProcess) {
    let (mut scene, other) = Scene::on_shared_store(store).await;
    scene.send_traffic();
    scene.start("patient").await;
    scene
        .until("a quarter is in force", |rollout| {
            rollout["split"]["green"] == 25.0
        })
        .await;
    until_async("it is known there", IN_TIME, async || {
        let deployment = ask(&other, "GET", "", None).await.json();
        deployment["split"]["green"] == 25.0 && deployment["rollout"]["state"] == "progressing"
    })
    .await;
    (scene, other)
}

#[tokio::test]
async fn any_gateway_takes_a_button_and_the_one_that_drives_acts_within_a_second() {
    on_postgres(async |store| {
        let (scene, other) = at_a_quarter(&store).await;
        for (verb, state) in [("/rollout/pause", "paused"), ("/rollout/resume", "progressing")] {
            let (rollout, took) = press(&other, verb).await;
            assert_eq!(rollout["state"], state);
            assert!(took < PROMISE, "{verb} took {took:?}");
            assert_eq!(scene.rollout().await["state"], state);
        }
        let refused = ask(&other, "POST", "/rollout/approve", Some(json!({}))).await;
        assert_eq!(refused.status, 409, "{}", refused.text());
        assert!(refused.text().contains("progressing"), "{}", refused.text());
        press(&other, "/rollout/skip").await;
        assert_eq!(
            (scene.rollout().await["phase"].as_u64(), scene.green().await),
            (Some(2), 60.0)
        );
    })
    .await;
}

#[tokio::test]
async fn a_rollback_on_any_gateway_is_in_force_there_at_once_and_everywhere_within_a_second() {
    on_postgres(async |store| {
        let (scene, other) = at_a_quarter(&store).await;
        let (deployment, _) = press(&other, "/rollback").await;
        let begun = Instant::now();
        assert_eq!(deployment["split"]["green"], 0, "{deployment:#}");
        until_async("it holds here too", IN_TIME, async || scene.green().await == 0.0).await;
        assert!(begun.elapsed() < PROMISE, "{:?}", begun.elapsed());
        let rollout = scene.until_state("rolled_back").await;
        assert_eq!(rollout["verdict"]["cause"], "operator");
        assert!(
            rollout["verdict"]["sentence"]
                .as_str()
                .unwrap()
                .contains("over there")
        );
        // Whoever drove it before puts nothing back.
        assert_eq!((scene.green().await, green(&other).await), (0.0, 0.0));
        assert_eq!(ask(&other, "GET", "", None).await.json()["state"], "rolled_back");
    })
    .await;
}

#[tokio::test]
async fn a_dead_gateways_rollout_goes_on_elsewhere_with_its_evidence() {
    on_postgres(async |store| {
        let (mut scene, other) = at_a_quarter(&store).await;
        let known = |rollout: &Value| rollout["checks"][1]["n_blue"].as_u64().unwrap_or(0);
        scene
            .until("blue is known", |rollout| known(rollout) >= 100)
            .await;
        scene.stop_traffic();
        scene.gateway.kill9();
        // Taken by the gateway that is left, once it drives the rollout.
        let mut paused = Value::Null;
        until_async("it is driven there", IN_TIME, async || {
            let reply = ask(&other, "POST", "/rollout/pause", Some(json!({}))).await;
            paused = reply.json();
            reply.status == 200
        })
        .await;
        assert_eq!((&paused["state"], green(&other).await), (&json!("paused"), 25.0));
        assert!(known(&paused) >= 40, "{paused:#}");
        press(&other, "/rollback").await;
        scene.gateway.start_again().await;
        assert_eq!(scene.green().await, 0.0);
    })
    .await;
}

#[tokio::test]
async fn a_rollback_does_not_wait_for_a_dead_gateway_to_be_missed() {
    on_postgres(async |store| {
        let (mut scene, other) = at_a_quarter(&store).await;
        scene.stop_traffic();
        scene.gateway.kill9();
        let (deployment, took) = press(&other, "/rollback").await;
        assert_eq!(deployment["state"], "rolled_back", "{deployment:#}");
        assert!(took < PROMISE, "{took:?}");
        let rollout = ask(&other, "GET", "/rollout", None).await.json();
        assert_eq!(rollout["verdict"]["cause"], "operator", "{rollout:#}");
    })
    .await;
}
