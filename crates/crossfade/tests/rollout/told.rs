//! Who hears of it: webhooks, events, the audit log, the metrics.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use testkit::wait::{get, until};

use crate::scene::{IN_TIME, Scene, failing};

/// Signature and body.
type Heard = Arc<Mutex<Vec<(String, Value)>>>;

/// Refuses the first message once.
async fn receiver() -> (String, Heard) {
    let heard = Heard::default();
    let (hears, refused) = (Arc::clone(&heard), Arc::new(Mutex::new(false)));
    let router = Router::new().fallback(move |headers: HeaderMap, body: axum::Json<Value>| {
        let (hears, refused) = (Arc::clone(&hears), Arc::clone(&refused));
        async move {
            if !std::mem::replace(&mut *refused.lock().unwrap(), true) {
                return StatusCode::INTERNAL_SERVER_ERROR;
            }
            let signature = headers["x-crossfade-signature"].to_str().unwrap().to_owned();
            hears.lock().unwrap().push((signature, body.0));
            StatusCode::OK
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, heard)
}

#[tokio::test]
async fn every_transition_reaches_a_webhook_although_another_receiver_is_dead() {
    let (url, heard) = receiver().await;
    let plan = format!(
        "  told:\n    phases: [{{weight: 0, probes: {{count: 2, max_failures: 0}}}}, {{weight: 100}}]\n    \
         notify: [{{webhook: 'http://127.0.0.1:9/', secret: s}}, {{webhook: '{url}', secret: s}}]\n"
    );
    let scene = Scene::with_plan(&plan).await;
    scene.set("green", failing(1.0));
    scene.start("told").await;
    scene.until_state("rejected").await;
    until("both transitions are heard", IN_TIME, || {
        heard.lock().unwrap().len() >= 2
    })
    .await;
    let heard = heard.lock().unwrap().clone();
    let states: Vec<&Value> = heard.iter().map(|(_, message)| &message["to"]).collect();
    assert_eq!(states, ["prechecking", "rejected"]);
    assert!(
        heard
            .iter()
            .all(|(signature, _)| signature.starts_with("sha256=") && signature.len() == 71)
    );
    assert_eq!(heard[1].1["verdict"]["cause"], "precheck");

    let metrics = get(scene.gateway.admin_addr, "/metrics", &[]).await.text();
    for line in [
        "crossfade_rollout_state{deployment=\"m\",state=\"rejected\"} 1",
        "crossfade_rollbacks_total{cause=\"precheck\"} 1",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    let token = format!("Bearer {}", scene.gateway.admin_token);
    let path = "/admin/v1/audit?subject=m&verb=rollout";
    let audit = get(scene.gateway.admin_addr, path, &[("authorization", &token)])
        .await
        .json();
    let actors: Vec<&Value> = audit["audit"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["actor"])
        .collect();
    assert_eq!(actors, ["rollout", "admin"], "{audit:#}");
}
