//! A gateway in front of simulated vendors, with traffic that goes on whatever happens to single requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::vendors::{ModelBehaviour, Simulator, SimulatorConfig};
use testkit::wait::{CrossfadeProcess, Reply, post, request, spawn_crossfade, until_async};
use tokio::task::JoinHandle;

/// More than any rollout here takes on a busy machine.
pub(crate) const IN_TIME: Duration = Duration::from_secs(60);
/// 50 requests a second.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(20);

const BINARY: &str = env!("CARGO_BIN_EXE_crossfade");
const KEY: &str = "Bearer a-key-of-the-tests-0123456789";

/// `quick` goes through all its phases within seconds; `patient` stays in each until somebody decides.
const CONFIG: &str = "
admin_token: ${CROSSFADE_ADMIN_TOKEN}
keys: [{name: app, secret: a-key-of-the-tests-0123456789}]
deployments:
  m:
    blue: {provider: sim, model: blue}
    green: {provider: sim, model: green, timeouts: {first_byte: 30s}}
    rollout: quick
plans:
  quick:
    phases: [{name: precheck, weight: 0, probes: {count: 4}}, {weight: 10}, {weight: 50}, {weight: 90}, {weight: 100}]
    phase_defaults: {min_duration: 300ms, min_requests: 5, max_duration: 1m}
    drain: {timeout: 2s}
  patient:
    phases: [{name: precheck, weight: 0, probes: {count: 4}}, {weight: 25}, {weight: 60}, {weight: 100}]
    phase_defaults: {min_duration: 5m, min_requests: 5, max_duration: 10m}
    drain: {timeout: 1s}
  impatient:
    phases: [{weight: 20, max_duration: 1s}, {weight: 100}]
    phase_defaults: {min_duration: 100ms, min_requests: 100}
  lingering:
    phases: [{weight: 50}, {weight: 100}]
    phase_defaults: {min_duration: 100ms, min_requests: 1000000, max_duration: 10m}
    drain: {timeout: 10m}
  watched:
    phases: [{weight: 50}, {weight: 100}]
    phase_defaults: {min_duration: 10m}
    analysis: {dry_run: true}
  cutover:
    phases: [{weight: 50}, {weight: 100}]
    phase_defaults: {min_duration: 10m}
";

pub(crate) struct Scene {
    pub(crate) vendors: Simulator,
    pub(crate) gateway: CrossfadeProcess,
    failures: Arc<AtomicU64>,
    traffic: Option<JoinHandle<()>>,
}

impl Scene {
    pub(crate) async fn new() -> Scene {
        Scene::with_plan("").await
    }

    /// With one more plan, as a line of the file.
    pub(crate) async fn with_plan(plan: &str) -> Scene {
        let vendors = Simulator::start(SimulatorConfig {
            default_behaviour: healthy(),
            ..SimulatorConfig::default()
        })
        .await
        .unwrap();
        let config = config(&vendors, plan);
        Scene {
            gateway: spawn_crossfade(BINARY, &config, &[]).await,
            vendors,
            failures: Arc::default(),
            traffic: None,
        }
    }

    /// On a store that it shares with the other gateway.
    pub(crate) async fn on_shared_store(store: &str) -> (Scene, CrossfadeProcess) {
        let scene = Scene::with_plan(&format!("store: {store}\n")).await;
        let config = config(&scene.vendors, &format!("store: {store}\n"));
        (scene, spawn_crossfade(BINARY, &config, &[]).await)
    }

    pub(crate) fn send_traffic(&mut self) {
        self.send(json!({"model": "m", "messages": [{"role": "user", "content": "hello"}]}));
    }

    pub(crate) fn send_streams(&mut self) {
        let messages = json!([{"role": "user", "content": "hello"}]);
        self.send(json!({"model": "m", "messages": messages, "stream": true}));
    }

    fn send(&mut self, body: Value) {
        let (addr, failures) = (self.gateway.client_addr, Arc::clone(&self.failures));
        self.traffic = Some(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(BETWEEN_REQUESTS);
            loop {
                ticks.tick().await;
                let (failures, body) = (Arc::clone(&failures), body.clone());
                tokio::spawn(async move {
                    let reply = post(addr, "/v1/chat/completions", &[("authorization", KEY)], &body).await;
                    if reply.status != 200 {
                        failures.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        }));
    }

    pub(crate) fn stop_traffic(&mut self) {
        if let Some(traffic) = self.traffic.take() {
            traffic.abort();
        }
    }

    /// One request, answered whole.
    pub(crate) async fn chat(&self, headers: &[(&str, &str)]) -> Reply {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "hello"}]});
        let headers: Vec<_> = [("authorization", KEY)].iter().chain(headers).copied().collect();
        post(self.gateway.client_addr, "/v1/chat/completions", &headers, &body).await
    }

    /// Answers of an error to clients so far.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, model: &str, behaviour: ModelBehaviour) {
        self.vendors.set_behaviour(model, behaviour).unwrap();
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        ask(&self.gateway, method, path, body).await
    }

    /// A verb that is taken.
    pub(crate) async fn press(&self, verb: &str) -> Value {
        let reply = self.ask("POST", verb, Some(json!({}))).await;
        assert_eq!(reply.status, 200, "{verb}: {}", reply.text());
        reply.json()
    }

    pub(crate) async fn start(&self, plan: &str) -> Value {
        let reply = self.ask("POST", "/rollout", Some(json!({"plan": plan}))).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    pub(crate) async fn rollout(&self) -> Value {
        let reply = self.ask("GET", "/rollout", None).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    /// Green's percentage of the route.
    pub(crate) async fn green(&self) -> f64 {
        self.ask("GET", "", None).await.json()["split"]["green"]
            .as_f64()
            .unwrap()
    }

    /// Waits until the rollout is so, and shows what it was instead if it never is.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        until_async(
            &format!("{what}; log: {}", self.gateway.log()),
            IN_TIME,
            async || {
                last = self.rollout().await;
                let state = last["state"].as_str().unwrap_or_default();
                let ended = ["succeeded", "rolled_back", "rejected", "cancelled"].contains(&state);
                assert!(is_so(&last) || !ended, "it ended before {what}: {last:#}");
                is_so(&last)
            },
        )
        .await;
        last
    }

    pub(crate) async fn until_state(&self, state: &str) -> Value {
        self.until(state, |rollout| rollout["state"] == state).await
    }

    pub(crate) async fn until_phase(&self, phase: u64) -> Value {
        self.until("the phase", |rollout| rollout["phase"] == phase).await
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.stop_traffic();
    }
}

fn config(vendors: &Simulator, more: &str) -> String {
    let url = vendors.url();
    format!("providers: {{sim: {{dialect: openai, base_url: '{url}/v1', api_key: k}}}}\n{CONFIG}{more}")
}

/// What any gateway says about the deployment.
pub(crate) async fn ask(gateway: &CrossfadeProcess, method: &str, path: &str, body: Option<Value>) -> Reply {
    let token = format!("Bearer {}", gateway.admin_token);
    let path = format!("/admin/v1/deployments/m{path}");
    let headers = [("authorization", token.as_str())];
    request(gateway.admin_addr, method, &path, &headers, body.as_ref()).await
}

/// Answers within some 10 ms.
pub(crate) fn healthy() -> ModelBehaviour {
    ModelBehaviour {
        first_byte_median_ms: 10.0,
        answer_tokens: 5,
        ..ModelBehaviour::instant()
    }
}

pub(crate) fn failing(rate: f64) -> ModelBehaviour {
    ModelBehaviour {
        error_rate: rate,
        ..healthy()
    }
}
