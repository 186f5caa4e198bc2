//! What an operator does meanwhile.

use serde_json::{Value, json};

use testkit::vendors::Fault;

use crate::scene::{Scene, failing, healthy};

#[tokio::test]
async fn an_operator_rolls_back_in_any_phase_and_the_same_candidate_may_try_again() {
    let mut scene = Scene::new().await;
    scene.send_traffic();
    for phase in 1..=3_u64 {
        scene.start("patient").await;
        for next in 1..=phase {
            scene.until_phase(next).await;
            if next < phase {
                scene.press("/rollout/skip").await;
            }
        }
        let deployment = scene.press("/rollback").await;
        assert_eq!(deployment["split"]["green"], 0, "{deployment:#}");
        let rollout = scene.until_state("rolled_back").await;
        assert_eq!(rollout["verdict"]["cause"], "operator");
        scene.press("/rollback").await;
    }
    let history = scene.ask("GET", "/rollouts", None).await.json();
    assert_eq!(history["rollouts"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn an_operator_rolls_back_before_the_first_user_and_after_the_last_phase() {
    let mut scene = Scene::new().await;
    scene.set("green", healthy().with_fault(Fault::StallBeforeHead, 1.0));
    scene.send_traffic();
    scene.start("patient").await;
    assert_eq!(scene.rollout().await["state"], "prechecking");
    scene.press("/rollback").await;
    let rollout = scene.until_state("rolled_back").await;
    assert_eq!(
        (&rollout["verdict"]["cause"], scene.failures()),
        (&json!("operator"), 0)
    );
    scene.set("green", healthy());
    scene.start("quick").await;
    scene.until_state("succeeded").await;
    let deployment = scene.press("/rollback").await;
    assert_eq!(
        (&deployment["split"]["green"], &deployment["state"]),
        (&json!(0), &json!("rolled_back"))
    );
    assert_eq!(scene.rollout().await["state"], "succeeded");
}

#[tokio::test]
async fn a_verdict_that_races_a_pause_still_rolls_back() {
    let mut scene = Scene::new().await;
    scene.send_traffic();
    scene.start("patient").await;
    scene
        .until("green is seen", |rollout| {
            rollout["checks"][1]["n_green"].as_u64() >= Some(5)
        })
        .await;
    scene.set("green", failing(1.0));
    scene
        .until("green fails", |rollout| {
            rollout["checks"][1]["value"].as_f64() > Some(0.0)
        })
        .await;
    let paused = scene.ask("POST", "/rollout/pause", Some(json!({}))).await;
    assert!([200, 409].contains(&paused.status), "{}", paused.text());
    let rollout = scene.until_state("rolled_back").await;
    assert_eq!(
        (rollout["verdict"]["action"].as_str(), scene.green().await),
        (Some("rollback"), 0.0)
    );
}

#[tokio::test]
async fn what_does_not_fit_the_state_is_a_conflict_that_names_it() {
    let scene = Scene::new().await;
    assert_eq!(scene.ask("GET", "/rollout", None).await.status, 404);
    assert_eq!(scene.ask("POST", "/rollout/pause", None).await.status, 404);
    scene.start("patient").await;
    scene.until_phase(1).await;
    let refused = async |method: &str, path: &str, body: Value, names: &str| {
        let reply = scene.ask(method, path, Some(body)).await;
        assert_eq!(reply.status, 409, "{path}: {}", reply.text());
        assert!(reply.text().contains(names), "{path}: {}", reply.text());
    };
    refused("POST", "/rollout", json!({"plan": "quick"}), "progressing").await;
    refused("PUT", "/split", json!({"green": 5}), "pause the rollout first").await;
    refused("POST", "/finalize", json!({}), "progressing").await;
    refused("POST", "/rollout/approve", json!({}), "no approval").await;
    for _ in 0..2 {
        assert_eq!(scene.press("/rollout/pause").await["state"], "paused");
    }
    let split = scene.ask("PUT", "/split", Some(json!({"green": 5}))).await;
    assert_eq!(
        (split.status, scene.green().await),
        (200, 5.0),
        "{}",
        split.text()
    );
    assert_eq!(scene.press("/rollout/cancel").await["state"], "cancelled");
    scene.until_state("cancelled").await;
    assert_eq!(scene.green().await, 5.0);
    scene.press("/rollout/cancel").await;
    refused("POST", "/rollout/resume", json!({}), "cancelled").await;
}

#[tokio::test]
async fn a_plan_that_makes_no_sense_is_refused_by_its_field() {
    let scene = Scene::new().await;
    for (plan, field) in [
        (json!("saef"), "plan"),
        (
            json!({"phases": [{"weight": 50}, {"weight": 20}, {"weight": 100}]}),
            "phases[1].weight",
        ),
        (json!({"phases": [{"weight": 50}]}), "phases[0].weight"),
        (json!({"on_regresion": "pause"}), "on_regresion"),
        (json!(7), "plan"),
    ] {
        let reply = scene.ask("POST", "/rollout", Some(json!({"plan": plan}))).await;
        assert_eq!(reply.status, 400, "{plan}: {}", reply.text());
        let param = reply.json()["error"]["param"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(param.contains(field), "{plan}: {}", reply.text());
    }
}
