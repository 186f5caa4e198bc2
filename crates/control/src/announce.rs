//! Passing on what the desk changed: to who listens for events, to the statistics of a new
//! candidate, to the probes.

use std::collections::HashMap;
use std::sync::Arc;

use decide::Side;
use gateway::Shared;
use serde_json::{Value, json};
use store::audit::NewEntry;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;

use crate::config::HealthProbe;
use crate::desk::{DeploymentState, Desk, EnvironmentState};
use crate::driver::Board;
use crate::events::{EventKind, Hub, tick_stats};
use crate::health::Health;
use crate::observe::{HISTORY_STEP, History, Observatory, Point};
use crate::report::Split;

/// Follows the desk, for ever.
pub async fn keep_announcing(
    desk: Arc<Desk>,
    observatory: Arc<Observatory>,
    health: Arc<Health>,
    hub: Arc<Hub>,
) {
    let mut changes = desk.changes();
    let mut audited = desk.audited();
    let mut known: HashMap<String, Known> = HashMap::new();
    for state in desk.deployments().await {
        known.insert(state.name.clone(), Known::of(&state));
    }
    health.configure(probes(&desk.deployments().await));
    loop {
        tokio::select! {
            changed = changes.recv() => match changed {
                Ok(_) => {}
                // Some were missed; all are looked at anyway.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            entry = audited.recv() => {
                if let Ok(entry) = entry {
                    hub.publish(EventKind::Audit, entry_of(&entry));
                }
                continue;
            }
        }
        let states = desk.deployments().await;
        for state in &states {
            let now = Known::of(state);
            let before = known.insert(state.name.clone(), now.clone());
            if before.as_ref() == Some(&now) {
                continue;
            }
            for side in [Side::Blue, Side::Green] {
                if before
                    .as_ref()
                    .is_some_and(|before| before.digest(side) != now.digest(side))
                {
                    observatory.reset(&state.name, side);
                }
            }
            hub.publish(
                EventKind::Split,
                json!({
                    "deployment": state.name,
                    "revision": state.revision,
                    "state": state.phase.name(),
                    "split": Split::of(state.green_share),
                }),
            );
        }
        known.retain(|name, _| states.iter().any(|state| state.name == *name));
        health.configure(probes(&states));
    }
}

/// Takes a point of each deployment's history every few seconds, for ever.
pub async fn keep_history(history: Arc<History>, shared: Arc<Shared>, observatory: Arc<Observatory>) {
    let mut steps = tokio::time::interval(HISTORY_STEP);
    steps.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        steps.tick().await;
        let at = jiff::Timestamp::now().as_second();
        let snapshot = shared.snapshot();
        let deployments = snapshot.deployments.iter().zip(&snapshot.table.routes);
        let points = deployments.map(|(deployment, route)| {
            let name = &*deployment.name;
            let point = Point {
                at,
                split: Split::of(route.green),
                blue: observatory.window(name, Side::Blue),
                green: route.has_green.then(|| observatory.window(name, Side::Green)),
            };
            (name.to_owned(), point)
        });
        history.take(points);
    }
}

/// Publishes the figures of all deployments each second while somebody listens, for ever.
pub async fn keep_ticking(
    hub: Arc<Hub>,
    desk: Arc<Desk>,
    observatory: Arc<Observatory>,
    health: Arc<Health>,
    rollouts: Arc<Board>,
) {
    tick_stats(hub, || figures(&desk, &observatory, &health, &rollouts)).await;
}

/// A rollout is told of while it is under way, as `GET /rollout` shows it.
async fn figures(desk: &Desk, observatory: &Observatory, health: &Health, rollouts: &Board) -> Value {
    let deployments = desk.deployments().await.into_iter().map(|state| {
        let environment = |side, environment: &EnvironmentState| {
            json!({
                "in_flight": environment.in_flight,
                "health": health.of(&state.name, side).status.name(),
                "window": observatory.window(&state.name, side),
            })
        };
        let mut figures = json!({
            "name": state.name,
            "revision": state.revision,
            "state": state.phase.name(),
            "split": Split::of(state.green_share),
            "blue": environment(Side::Blue, &state.blue),
            "green": state.green.as_ref().map(|green| environment(Side::Green, green)),
        });
        let under_way = rollouts
            .of(&state.name)
            .filter(|shown| !shown.stage.is_finished());
        if let (Some(shown), Some(fields)) = (under_way, figures.as_object_mut()) {
            fields.insert("rollout".to_owned(), shown.view);
        }
        figures
    });
    json!({"deployments": deployments.collect::<Vec<_>>()})
}

/// As `GET /audit` shows it, but for the id.
fn entry_of(entry: &NewEntry) -> Value {
    json!({
        "at": jiff::Timestamp::from_millisecond(entry.at).ok().map(|at| at.to_string()),
        "actor": entry.actor, "role": entry.role, "verb": entry.verb, "subject": entry.subject,
        "reason": entry.reason, "detail": serde_json::from_str::<Value>(&entry.detail).unwrap_or_default(),
    })
}

/// What of a deployment others are told about.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    revision: u64,
    blue: String,
    green: Option<String>,
}

impl Known {
    fn of(state: &DeploymentState) -> Known {
        Known {
            revision: state.revision,
            blue: state.blue.environment.digest(),
            green: state.green.as_ref().map(|green| green.environment.digest()),
        }
    }

    fn digest(&self, side: Side) -> Option<&str> {
        match side {
            Side::Blue => Some(&self.blue),
            Side::Green => self.green.as_deref(),
        }
    }
}

fn probes(states: &[DeploymentState]) -> HashMap<(Arc<str>, Side), HealthProbe> {
    let mut probes = HashMap::new();
    for state in states {
        let name: Arc<str> = state.name.as_str().into();
        probes.insert(
            (Arc::clone(&name), Side::Blue),
            state.blue.environment.health.clone(),
        );
        if let Some(green) = &state.green {
            probes.insert((name, Side::Green), green.environment.health.clone());
        }
    }
    probes
}
