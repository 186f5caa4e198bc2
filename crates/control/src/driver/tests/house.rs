//! A driver with all that it works with, simulated vendors, and a clock that only the test moves.
//!
//! Vendors and the thread that probes them live in real time, the driver does not: so a test moves the clock in steps,
//! and between two steps waits until all that the last one caused is done.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use decide::route::Because;
use decide::{Share, Side};
use gateway::{Attempt, End, FailureKind, Observer, Outcome, Prober, Shared, Snapshot};
use serde_json::Value;
use store::Store;
use testkit::vendors::{ModelBehaviour, Simulator, SimulatorConfig};

use crate::config::Config;
use crate::desk::{Actor, Desk};
use crate::driver::{Driver, PlanAsked, share_in_force};
use crate::events::Hub;
use crate::health::Health;
use crate::observe::Observatory;
use crate::observe::sample::{answered, failed, outcome, stands_in};

/// As the samples name it.
pub(super) const NAME: &str = "gpt-4.1";
/// Well under the time that the store may take, so that nothing times out in one step.
const STEP: Duration = Duration::from_secs(2);

pub(super) struct House {
    pub(super) driver: Driver,
    pub(super) desk: Arc<Desk>,
    observatory: Arc<Observatory>,
    shared: Arc<Shared>,
    vendors: Vendors,
    dice: fastrand::Rng,
    count: u64,
    /// While it is there, the clock does not move by itself.
    _still: Sender<()>,
}

/// How the two sides do, in the test's own words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traffic {
    pub(super) requests_per_second: u32,
    pub(super) green_fails: f64,
    pub(super) blue_fails: f64,
}

impl Traffic {
    /// One request in a hundred fails on either side.
    pub(super) const HEALTHY: Traffic = Traffic {
        requests_per_second: 5,
        green_fails: 0.01,
        blue_fails: 0.01,
    };
    pub(super) const NONE: Traffic = Traffic {
        requests_per_second: 0,
        ..Traffic::HEALTHY
    };
}

impl House {
    /// Green has nothing yet. `more` are further lines of the file.
    pub(super) async fn open(more: &str) -> House {
        tokio::time::pause();
        let (still, until) = channel::<()>();
        tokio::task::spawn_blocking(move || until.recv());
        let vendors = Vendors::start();
        let file = format!(
            "providers: {{sim: {{dialect: openai, base_url: '{}/v1', api_key: k}}}}\ndeployments:\n  {NAME}:\n    \
             blue: {{provider: sim, model: blue}}\n    green: {{provider: sim, model: green}}\n{more}",
            vendors.url
        );
        let config = Config::parse("test.yaml", &file, &|_| None).unwrap();
        let store = Store::open(&"sqlite::memory:".parse().unwrap()).await.unwrap();
        let observatory = Arc::new(Observatory::new(60));
        let watching = Arc::clone(&observatory) as Arc<dyn Observer>;
        let shared = Arc::new(Shared::new(Snapshot::default(), watching));
        let desk = Arc::new(Desk::open(config, store, Arc::clone(&shared)).await.unwrap());
        let hub = Arc::new(Hub::new(0));
        let driver = Driver::new(
            Arc::clone(&desk),
            Arc::clone(&observatory),
            Arc::new(Health::new(Arc::clone(&hub))),
            hub,
            Prober::start(Arc::clone(&shared)).unwrap(),
        );
        let watching = driver.clone();
        tokio::spawn(async move { watching.watch().await });
        House {
            driver,
            desk,
            observatory,
            shared,
            vendors,
            dice: fastrand::Rng::with_seed(7),
            count: 0,
            _still: still,
        }
    }

    /// Answers at once, or fails this share of requests.
    pub(super) fn set(&self, model: &'static str, error_rate: f64) {
        self.vendors.set(model, error_rate);
    }

    pub(super) async fn start(&mut self, plan: &str) {
        let asked = match plan.starts_with('{') {
            true => PlanAsked::Written(plan.to_owned()),
            false => PlanAsked::Named(plan.to_owned()),
        };
        self.driver.start(NAME, asked, operator()).await.unwrap();
    }

    pub(super) fn rollout(&self) -> Value {
        self.driver.board().view(NAME)
    }

    pub(super) fn state(&self) -> String {
        self.rollout()["state"].as_str().unwrap_or_default().to_owned()
    }

    /// Green's share of the route that requests see.
    pub(super) fn green(&self) -> Share {
        share_in_force(&self.shared, NAME).unwrap()
    }

    /// Lets so much time pass under this traffic.
    pub(super) async fn pass(&mut self, time: Duration, traffic: Traffic) {
        let mut left = time;
        while !left.is_zero() {
            let step = STEP.min(left);
            self.step(step, traffic).await;
            left -= step;
        }
    }

    /// Until the rollout is so; for no more than a simulated day.
    pub(super) async fn until(&mut self, traffic: Traffic, is_so: impl Fn(&Value) -> bool) -> Duration {
        let (mut passed, most) = (Duration::ZERO, Duration::from_secs(86_400));
        while !is_so(&self.rollout()) {
            assert!(passed < most, "a day has passed: {:#}", self.rollout());
            self.step(STEP, traffic).await;
            passed += STEP;
        }
        passed
    }

    /// One step of the clock, whatever its length: what it causes is done when this returns.
    pub(super) async fn step(&mut self, time: Duration, traffic: Traffic) {
        let requests = u64::from(traffic.requests_per_second) * time.as_millis() as u64 / 1_000;
        for _ in 0..requests {
            self.send(traffic);
        }
        tokio::time::advance(time).await;
        self.settle().await;
    }

    /// Until every task waits, and the store has done what it was asked.
    pub(super) async fn settle(&self) {
        drop(self.observatory.up_to_date());
        for _ in 0..3 {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            // It has one connection: this waits behind whatever was asked before.
            store::changes::latest(self.desk.store()).await.unwrap();
        }
    }

    fn send(&mut self, traffic: Traffic) {
        let share = self.green();
        let is_green = self.dice.f64() < share.fraction();
        let (side, rate) = match is_green {
            true => (Side::Green, traffic.green_fails),
            false => (Side::Blue, traffic.blue_fails),
        };
        let attempts = match (self.dice.f64() < rate, side) {
            (false, side) => vec![self.answered(side)],
            (true, Side::Green) => vec![failed(Side::Green, FailureKind::Status), stands_in()],
            (true, Side::Blue) => vec![failed(Side::Blue, FailureKind::Status)],
        };
        let end = match attempts.last().and_then(|attempt| attempt.failure) {
            Some(_) => End::Failed("upstream_unavailable"),
            None => End::Complete,
        };
        self.observe(attempts, end);
    }

    /// Some 40 ms to the first byte, on either side alike.
    fn answered(&mut self, side: Side) -> Attempt {
        let first_byte = Duration::from_secs_f64(0.02 + 0.04 * self.dice.f64());
        Attempt {
            first_byte: Some(first_byte),
            ..answered(side)
        }
    }

    pub(super) fn observe(&mut self, attempts: Vec<Attempt>, end: End) {
        let outcome = self.outcome(attempts, end);
        self.observatory.observe(outcome);
    }

    pub(super) fn notice(&mut self, so_far: Box<Outcome>) {
        self.observatory.notice(so_far);
    }

    pub(super) fn end(&mut self, outcome: Box<Outcome>) {
        self.observatory.observe(outcome);
    }

    pub(super) fn outcome(&mut self, attempts: Vec<Attempt>, end: End) -> Box<Outcome> {
        self.count += 1;
        let mut outcome = outcome(attempts, end);
        outcome.request_id = format!("req_{}", self.count);
        if let Some(route) = &mut outcome.route {
            route.share = self.green();
            route.chosen_because = Because::Split;
        }
        outcome
    }
}

pub(super) fn operator() -> Actor {
    Actor {
        name: "ann".to_owned(),
        role: "operator",
        reason: None,
    }
}

/// Simulated vendors in a thread and a time of their own, for as long as this is there.
struct Vendors {
    url: String,
    changes: Sender<(&'static str, f64)>,
    done: Receiver<()>,
}

impl Vendors {
    fn start() -> Vendors {
        let (changes, to_do) = channel::<(&'static str, f64)>();
        let (tell, done) = channel();
        let (say, hear) = channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            let simulator = runtime
                .block_on(Simulator::start(SimulatorConfig {
                    default_behaviour: ModelBehaviour::instant(),
                    ..SimulatorConfig::default()
                }))
                .unwrap();
            say.send(simulator.url()).unwrap();
            while let Ok((model, error_rate)) = to_do.recv() {
                let behaviour = ModelBehaviour {
                    error_rate,
                    ..ModelBehaviour::instant()
                };
                simulator.set_behaviour(model, behaviour).unwrap();
                tell.send(()).unwrap();
            }
        });
        Vendors {
            url: hear.recv().unwrap(),
            changes,
            done,
        }
    }

    fn set(&self, model: &'static str, error_rate: f64) {
        self.changes.send((model, error_rate)).unwrap();
        self.done.recv().unwrap();
    }
}
