//! The plans that are built in, written as anybody would write them.

use super::draft::{GateDraft, PhaseDraft, PlanDraft, ProbesDraft};
use super::plan::{BAKE, Plan};
use super::validate::PlanRefused;

const MINUTE: f64 = 60.0;

/// What a phase needs where neither it nor the plan says otherwise.
pub(super) const MIN_DURATION_SECONDS: f64 = MINUTE;
pub(super) const MIN_REQUESTS: u64 = 100;
pub(super) const MAX_DURATION_SECONDS: f64 = 30.0 * MINUTE;
pub(super) const APPROVAL_TIMEOUT_SECONDS: f64 = 24.0 * 60.0 * MINUTE;
pub(super) const DRAIN_TIMEOUT_SECONDS: f64 = 600.0;
pub(super) const KEEP_PREVIOUS_SECONDS: f64 = 24.0 * 60.0 * MINUTE;
pub(super) const DEADLINE_SECONDS: f64 = 24.0 * 60.0 * MINUTE;
pub(super) const ALPHA: f64 = 0.01;
pub(super) const CAUTION: f64 = 20.0;
pub(super) const CHALLENGE_FIRE: f64 = 20.0;
pub(super) const CHALLENGE_CAP_PERCENT: f64 = 50.0;

impl Plan {
    /// The names that `built_in` knows.
    pub const BUILT_IN: [&'static str; 2] = ["safe", "fast"];

    /// `safe` takes two hours, as careful operators do; `fast` a minute of good traffic.
    pub fn built_in(name: &str) -> Option<Result<Plan, Vec<PlanRefused>>> {
        match name {
            "safe" => Some(safe().validate()),
            "fast" => Some(fast().validate()),
            _ => None,
        }
    }
}

fn safe() -> PlanDraft {
    let phase = |weight, minutes| PhaseDraft {
        weight,
        gate: GateDraft {
            min_duration_seconds: Some(minutes * MINUTE),
            ..GateDraft::default()
        },
        ..PhaseDraft::default()
    };
    PlanDraft {
        name: Some("safe".to_owned()),
        phases: Some(vec![
            precheck(),
            phase(5.0, 30.0),
            phase(10.0, 30.0),
            phase(25.0, 15.0),
            phase(50.0, 15.0),
            phase(75.0, 15.0),
            bake(95.0),
            cutover(),
        ]),
        ..PlanDraft::default()
    }
}

fn fast() -> PlanDraft {
    let ramp = [10.0, 25.0, 50.0, 75.0, 100.0].map(phase);
    PlanDraft {
        name: Some("fast".to_owned()),
        phases: Some([precheck()].into_iter().chain(ramp).collect()),
        phase_defaults: GateDraft {
            min_duration_seconds: Some(10.0),
            min_requests: Some(20),
            ..GateDraft::default()
        },
        ..PlanDraft::default()
    }
}

/// The phases of a canary that names none.
pub(super) fn canary_phases() -> Vec<PhaseDraft> {
    let ramp = [5.0, 10.0, 25.0, 50.0, 75.0].map(phase);
    let end = [bake(95.0), cutover()];
    [precheck()].into_iter().chain(ramp).chain(end).collect()
}

/// The phases of a blue-green switch that names none.
pub(super) fn blue_green_phases() -> Vec<PhaseDraft> {
    vec![precheck(), bake(100.0)]
}

fn precheck() -> PhaseDraft {
    PhaseDraft {
        name: Some("precheck".to_owned()),
        probes: Some(ProbesDraft::default()),
        ..PhaseDraft::default()
    }
}

fn bake(weight: f64) -> PhaseDraft {
    PhaseDraft {
        name: Some(BAKE.to_owned()),
        weight,
        gate: GateDraft {
            min_duration_seconds: Some(10.0 * MINUTE),
            ..GateDraft::default()
        },
        ..PhaseDraft::default()
    }
}

fn cutover() -> PhaseDraft {
    PhaseDraft {
        name: Some("cutover".to_owned()),
        ..phase(100.0)
    }
}

fn phase(weight: f64) -> PhaseDraft {
    PhaseDraft {
        weight,
        ..PhaseDraft::default()
    }
}
