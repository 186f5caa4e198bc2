//! A deployment, its rollout, and requests to it as the gateway hands them over.

use std::sync::Arc;
use std::time::Duration;

use control::config::Config;
use control::desk::{Actor, Desk};
use control::driver::{Driver, PlanAsked};
use control::events::Hub;
use control::health::Health;
use control::observe::Observatory;
use decide::route::Because;
use decide::{Share, Side};
use gateway::{Attempt, Door, End, FailureKind, Outcome, Prober, Routed, Shared, Snapshot, Told};
use store::Store;

/// No phase ends while anything is measured.
const PLAN: &str = "{phases: [{weight: 25}, {weight: 100}], phase_defaults: {min_duration: 1h}}";
pub(crate) const FILE: &str = "
providers: {p: {dialect: openai, base_url: 'http://127.0.0.1:9/v1'}}
deployments:
  m:
    blue: {provider: p, model: b}
    green: {provider: p, model: g}
";

pub(crate) fn outcome(request_id: String, side: Side, share: Share, fails: bool) -> Box<Outcome> {
    let attempt = Attempt {
        side,
        because: Because::Split,
        provider: "p".into(),
        model: side.name().into(),
        status: Some(if fails { 503 } else { 200 }),
        failure: fails.then_some(FailureKind::Status),
        started: Duration::ZERO,
        first_byte: (!fails).then_some(Duration::from_millis(40)),
        duration: Duration::from_millis(50),
        usage: None,
        estimated: false,
        finished: !fails,
        written_events: 0,
        written_bytes: 0,
        price: None,
    };
    Box::new(Outcome {
        request_id,
        door: Door::Chat,
        path: "/v1/chat/completions".to_owned(),
        deployment: Some("m".into()),
        key: None,
        list: None,
        markup: 0,
        route: Some(Routed {
            chosen: side,
            answered: side,
            because: Because::Split,
            chosen_because: Because::Split,
            revision: 1,
            share,
            unit: None,
        }),
        stream: false,
        monitoring: false,
        attempts: vec![attempt],
        status: if fails { 502 } else { 200 },
        end: if fails {
            End::Failed("upstream_unavailable")
        } else {
            End::Complete
        },
        duration: Duration::from_millis(50),
        first_byte: None,
        overhead: Duration::ZERO,
        at: 0,
        told: Told::Nothing,
    })
}

/// The driver and what it works with; the store is in memory.
pub(crate) async fn house(observatory: Arc<Observatory>) -> (Arc<Shared>, Driver) {
    let shared = Arc::new(Shared::new(Snapshot::default(), observatory.clone()));
    let config = Config::parse("bench.yaml", FILE, &|_| None).unwrap();
    let store = Store::open(&"sqlite::memory:".parse().unwrap()).await.unwrap();
    let desk = Arc::new(Desk::open(config, store, Arc::clone(&shared)).await.unwrap());
    let hub = Arc::new(Hub::new(0));
    let driver = Driver::new(
        desk,
        observatory,
        Arc::new(Health::new(Arc::clone(&hub))),
        hub,
        Prober::start(Arc::clone(&shared)).unwrap(),
    );
    (shared, driver)
}

/// Starts the deployment's rollout.
pub(crate) async fn start(driver: &Driver) {
    let actor = Actor {
        name: "bench".to_owned(),
        role: "system",
        reason: None,
    };
    driver
        .start("m", PlanAsked::Written(PLAN.to_owned()), actor)
        .await
        .unwrap();
}
