//! From a plan of the configuration to the one that `decide` follows.

use decide::rollout::{
    AnalysisDraft, ApprovalDraft, ChallengeDraft, GateDraft, ManualDraft, MetricDraft, PhaseDraft, Plan,
    PlanDraft, PlanRefused, ProbesDraft,
};
use serde::Serialize;

use crate::config::{self, Analysis, Approval, Gates, Metric, Mode, Period, Strategy};

/// # Errors
/// Every field that makes no sense.
pub(super) fn plan(name: &str, given: &config::Plan) -> Result<Plan, Vec<PlanRefused>> {
    // What a plan leaves out is the built-in canary's; a switch at once has phases of its own.
    let standard = given.strategy == Strategy::BlueGreen && given.phases == config::Plan::safe().phases;
    let phases = given
        .phases
        .iter()
        .map(|phase| self::phase(given, phase))
        .collect();
    let draft = PlanDraft {
        name: Some(name.to_owned()),
        strategy: word(&given.strategy),
        phases: (!standard).then_some(phases),
        phase_defaults: gate(&given.phase_defaults),
        analysis: analysis(&given.analysis),
        on_regression: word(&given.on_regression),
        drain_timeout_seconds: Some(seconds(given.drain.timeout)),
        keep_previous_seconds: Some(seconds(given.keep_previous)),
        deadline_seconds: Some(seconds(given.deadline)),
    };
    draft.validate()
}

fn phase(plan: &config::Plan, phase: &config::Phase) -> PhaseDraft {
    PhaseDraft {
        name: phase.name.clone(),
        weight: f64::from(phase.weight.hundredths()) / 100.0,
        gate: gate(&plan.gates(phase)),
        probes: phase.probes.as_ref().map(|probes| ProbesDraft {
            count: Some(probes.count),
            max_failures: Some(probes.max_failures),
            concurrency: Some(probes.concurrency),
            timeout_seconds: Some(seconds(probes.timeout)),
            max_tokens: Some(probes.max_tokens),
        }),
    }
}

fn gate(gates: &Gates) -> GateDraft {
    let approval = match &gates.approval {
        Approval::None => ApprovalDraft::Named("none".to_owned()),
        Approval::Manual(manual) => ApprovalDraft::Manual(ManualDraft {
            timeout_seconds: Some(seconds(manual.timeout)),
            on_timeout: word(&manual.on_timeout),
        }),
    };
    GateDraft {
        min_duration_seconds: Some(seconds(gates.min_duration)),
        min_requests: Some(gates.min_requests),
        max_duration_seconds: Some(seconds(gates.max_duration)),
        on_inconclusive: word(&gates.on_inconclusive),
        approval: Some(approval),
    }
}

/// Only the settings of the mode: the others have their defaults, and mean nothing.
fn analysis(given: &Analysis) -> AnalysisDraft {
    let common = AnalysisDraft {
        mode: word(&given.mode),
        dry_run: Some(given.dry_run),
        ..AnalysisDraft::default()
    };
    match given.mode {
        Mode::Threshold => AnalysisDraft {
            error_rate: Some(given.error_rate),
            latency_ms: Some(given.latency_ms as f64),
            window_seconds: Some(seconds(given.window)),
            min_requests: Some(given.min_requests),
            ..common
        },
        Mode::Sequential => AnalysisDraft {
            alpha: Some(given.alpha),
            caution: Some(given.caution),
            challenge: Some(ChallengeDraft {
                fire: Some(given.challenge.fire),
                cap: Some(f64::from(given.challenge.cap.hundredths()) / 100.0),
            }),
            metrics: metrics(&given.metrics),
            ..common
        },
    }
}

fn metrics(given: &config::Metrics) -> Vec<(String, MetricDraft)> {
    let all = [
        ("hard", &given.hard),
        ("error", &given.error),
        ("latency", &given.latency),
        ("tail", &given.tail),
        ("time_per_output_token", &given.time_per_output_token),
        ("cost", &given.cost),
        ("output_length", &given.output_length),
        ("quality", &given.quality),
    ];
    let draft = |metric: &Metric| MetricDraft {
        action: metric.action.as_ref().and_then(word),
        alpha: metric.alpha,
        effect: metric.effect,
    };
    all.into_iter()
        .filter(|(_, metric)| **metric != Metric::default())
        .map(|(name, metric)| (name.to_owned(), draft(metric)))
        .collect()
}

fn seconds(period: Period) -> f64 {
    period.duration().as_secs_f64()
}

/// As it stands in the file.
fn word(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::config::Config;

    fn read(body: &str) -> config::Plan {
        Config::default().read_plan(body).unwrap()
    }

    #[test]
    fn the_built_in_plans_are_the_same_in_both_rooms() {
        for name in Plan::BUILT_IN {
            let here = plan(name, &config::Plan::built_in(name).unwrap()).unwrap();
            let there = Plan::built_in(name).unwrap().unwrap();
            let weights = |plan: &Plan| plan.phases().map(|phase| phase.weight).collect::<Vec<_>>();
            assert_eq!(weights(&here), weights(&there), "{name}");
            assert_eq!(here.analysis, there.analysis, "{name}");
            assert_eq!(here.on_regression, there.on_regression, "{name}");
        }
    }

    #[test]
    fn a_plan_survives_being_written_down() {
        let body = "{phases: [{weight: 0, probes: {count: 3}}, {weight: 12.5, min_duration: 2s}, {weight: 100}], \
                    phase_defaults: {min_requests: 7, approval: {manual: {timeout: 5m, on_timeout: rollback}}}, \
                    analysis: {mode: threshold, error_rate: 0.1}, drain: {timeout: 3s}, on_regression: pause}";
        let given = read(body);
        let again = read(&serde_json::to_string(&given).unwrap());
        assert_eq!(plan("custom", &again), plan("custom", &given));
        let plan = plan("custom", &given).unwrap();
        assert_eq!(plan.drain_timeout_seconds, 3.0);
        assert_eq!(plan.phase(1).min_requests, 7);
        assert_eq!(plan.phase(1).min_duration_seconds, 2.0);
    }

    #[test]
    fn a_switch_at_once_has_phases_of_its_own() {
        let plan = plan("custom", &read("{strategy: blue_green}")).unwrap();
        let weights: Vec<f64> = plan.phases().map(|phase| phase.weight.percent()).collect();
        assert_eq!(weights, [0.0, 100.0]);
    }
}
