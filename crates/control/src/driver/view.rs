//! A rollout in JSON, as the API, the CLI and the dashboard show it.

use decide::Share;
use decide::evidence::Limits;
use decide::rollout::{Check, Mode, Plan, Report, State, Verdict, checks};
use serde_json::{Value, json};

use super::board::Shown;
use super::running::Rollout;
use crate::report::{Split, percent};

/// What a view needs besides the machine's state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    pub(super) rollout: &'a Rollout,
    /// Green's share of the route, which may still lag behind the machine's.
    pub(super) in_force: Share,
    /// Side, requests in flight, and seconds until they are left to themselves.
    pub(super) drain: Option<(decide::Side, u32, f64)>,
    /// Probes of our own under thin traffic.
    pub(super) paired_probes: u32,
    /// Requests that came too fast to be judged.
    pub(super) missed: u64,
    /// Unix milliseconds.
    pub(super) now: i64,
}

pub(super) fn shown(state: &State, report: &Report, around: Around<'_>) -> Shown {
    let plan = &around.rollout.plan;
    let found = checks(plan, state);
    Shown {
        stage: report.stage,
        evidence: found
            .iter()
            .map(|check| (check.stream.name(), check.evidence))
            .collect(),
        view: view(state, report, around, &found),
    }
}

fn view(state: &State, report: &Report, around: Around<'_>, found: &[Check]) -> Value {
    let rollout = around.rollout;
    let plan = &rollout.plan;
    let finished = report.stage.is_finished();
    let phases: Vec<Value> = plan
        .phases()
        .map(|phase| json!({"name": phase.name, "weight": percent(phase.weight)}))
        .collect();
    let drain = around.drain.map(|(side, in_flight, seconds)| {
        json!({"environment": side.name(), "in_flight": in_flight, "seconds_left": round(seconds)})
    });
    json!({
        "id": rollout.id,
        "deployment": rollout.deployment,
        "plan": plan.name,
        "strategy": plan.strategy.name(),
        "on_regression": plan.on_regression.name(),
        "dry_run": plan.analysis.dry_run,
        "state": report.stage.name(),
        "phase": report.phase,
        "phase_name": plan.phase(report.phase).name,
        "phases": phases,
        "split": Split::of(around.in_force),
        "target": Split::of(if finished { report.share } else { report.planned }),
        "waiting_for": report.sentence(),
        "checks": found.iter().map(|check| self::check(plan, check)).collect::<Vec<_>>(),
        "verdict": state.verdict().map(verdict),
        "drain": drain,
        "paired_probes": around.paired_probes,
        "missed_requests": around.missed,
        "started_at": moment(rollout.started_at),
        "updated_at": moment(around.now),
        "finished_at": finished.then(|| moment(around.now)),
        "elapsed_seconds": round(state.elapsed_seconds()),
        "keep_previous_seconds": round(plan.keep_previous_seconds),
    })
}

fn check(plan: &Plan, check: &Check) -> Value {
    let mut shown = json!({
        "stream": check.stream.name(),
        "value": check.value,
        "baseline": check.baseline,
        "evidence": check.evidence,
        "limit": check.limit,
        "n_blue": check.n_blue,
        "n_green": check.n_green,
        "status": check.status.name(),
    });
    if let (Mode::Threshold(Limits { window_seconds, .. }), Some(fields)) =
        (plan.analysis.mode, shown.as_object_mut())
    {
        fields.insert("window_seconds".to_owned(), json!(window_seconds));
    }
    shown
}

pub(super) fn verdict(verdict: &Verdict) -> Value {
    let grounds = verdict.grounds;
    let counted = |side: decide::rollout::Counted| json!({"n": side.n, "x": side.x});
    let mut ids = verdict.first_request_ids.clone();
    ids.extend(verdict.last_request_ids.iter().cloned());
    json!({
        "action": verdict.action.name(),
        "cause": verdict.cause.name(),
        "sentence": verdict.explain(),
        "stream": grounds.map(|grounds| grounds.stream.name()),
        "evidence": grounds.map(|grounds| grounds.evidence),
        "limit": grounds.map(|grounds| grounds.limit),
        "alpha": grounds.map(|grounds| grounds.alpha),
        "effect": grounds.map(|grounds| grounds.effect),
        "blue": grounds.map(|grounds| counted(grounds.blue)),
        "green": grounds.map(|grounds| counted(grounds.green)),
        "window_seconds": grounds.map(|grounds| round(grounds.window_seconds)),
        "weight": percent(verdict.share),
        "phase": verdict.phase,
        "after_seconds": round(verdict.at_seconds),
        "note": verdict.note,
        "request_ids": ids,
    })
}

/// To the millisecond.
fn round(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}

fn moment(unix_millis: i64) -> String {
    let moment = jiff::Timestamp::from_millisecond(unix_millis).unwrap_or(jiff::Timestamp::MAX);
    format!("{moment:.3}")
}
