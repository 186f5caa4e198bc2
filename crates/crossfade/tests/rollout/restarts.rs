//! What is left after a kill.

use std::time::Instant;

use crate::scene::{Scene, failing};

#[tokio::test]
async fn a_killed_gateway_goes_on_in_the_phase_where_it_was() {
    let mut scene = Scene::new().await;
    scene.send_traffic();
    let id = scene.start("patient").await["id"].clone();
    for (phase, green) in [(1, 25.0), (2, 60.0)] {
        scene
            .until("it is in force", |rollout| {
                rollout["phase"] == phase && rollout["split"]["green"] == green
            })
            .await;
        scene.gateway.kill9();
        scene.gateway.start_again().await;
        let begun = Instant::now();
        let rollout = scene.rollout().await;
        assert_eq!(
            (&rollout["id"], &rollout["phase"]),
            (&id, &phase.into()),
            "{rollout:#}"
        );
        assert_eq!(scene.green().await, green);
        assert!(begun.elapsed().as_secs_f64() < 1.0);
        scene.press("/rollout/skip").await;
    }
    scene.until_state("promoting").await;
}

#[tokio::test]
async fn evidence_and_a_verdict_survive_a_kill() {
    let mut scene = Scene::new().await;
    scene.send_traffic();
    scene.start("patient").await;
    scene
        .until("enough is known", |rollout| {
            rollout["checks"][1]["n_blue"].as_u64() >= Some(60)
        })
        .await;
    scene.gateway.kill9();
    scene.gateway.start_again().await;
    let known = scene.rollout().await["checks"][1]["n_blue"].as_u64().unwrap();
    assert!(
        known >= 15,
        "the evidence of all but the last second is there, but {known}"
    );
    scene.set("green", failing(1.0));
    let verdict = scene.until_state("rolled_back").await["verdict"]["sentence"].clone();
    scene.gateway.kill9();
    scene.gateway.start_again().await;
    assert_eq!(scene.green().await, 0.0);
    assert_eq!(scene.rollout().await["verdict"]["sentence"], verdict);
    // The kill may have come between the end and its being written down; then it ends once more.
    scene.until_state("rolled_back").await;
}
