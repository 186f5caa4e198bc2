//! What a plan may say, and what is refused when it is given.

use decide::rollout::{
    AnalysisDraft, Approval, ApprovalDraft, ChallengeDraft, GateDraft, ManualDraft, MetricDraft, Mode,
    OnTimeout, PhaseDraft, Plan, PlanDraft, ProbesDraft, Strategy,
};

fn phase(weight: f64) -> PhaseDraft {
    PhaseDraft {
        weight,
        ..PhaseDraft::default()
    }
}

fn with_phases(weights: &[f64]) -> PlanDraft {
    PlanDraft {
        phases: Some(weights.iter().copied().map(phase).collect()),
        ..PlanDraft::default()
    }
}

fn with_analysis(analysis: AnalysisDraft) -> PlanDraft {
    PlanDraft {
        analysis,
        ..PlanDraft::default()
    }
}

fn metric(name: &str, alpha: Option<f64>, action: Option<&str>) -> (String, MetricDraft) {
    let action = action.map(str::to_owned);
    (
        name.to_owned(),
        MetricDraft {
            action,
            alpha,
            effect: None,
        },
    )
}

/// Every reason for the refusal, one a line.
fn refusal(draft: &PlanDraft) -> String {
    let refused = draft.validate().expect_err("a refusal");
    refused.iter().map(|one| format!("{one}\n")).collect()
}

fn weights(plan: &Plan) -> Vec<f64> {
    plan.phases().map(|phase| phase.weight.percent()).collect()
}

#[test]
fn the_built_in_plans_are_plans() {
    let safe = Plan::built_in("safe").unwrap().unwrap();
    assert_eq!(weights(&safe), [0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 95.0, 100.0]);
    let minutes: Vec<f64> = safe
        .phases()
        .map(|phase| phase.min_duration_seconds / 60.0)
        .collect();
    assert_eq!(minutes, [1.0, 30.0, 30.0, 15.0, 15.0, 15.0, 10.0, 1.0]);
    let fast = Plan::built_in("fast").unwrap().unwrap();
    assert_eq!(weights(&fast), [0.0, 10.0, 25.0, 50.0, 75.0, 100.0]);
    assert!(fast.phases().all(|phase| phase.min_requests == 20));
    assert!(Plan::built_in("saef").is_none());
}

#[test]
fn a_plan_that_says_nothing_is_the_standard_canary() {
    let plan = PlanDraft::default().validate().unwrap();
    assert_eq!(weights(&plan), [0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 95.0, 100.0]);
    assert_eq!(plan.strategy, Strategy::Canary);
    assert_eq!(plan.analysis.mode, Mode::Sequential);
    let metrics = plan.analysis.metrics;
    let alphas = [metrics.error, metrics.hard, metrics.latency, metrics.tail].map(|m| m.alpha);
    for (got, want) in alphas.into_iter().zip([0.004, 0.003, 0.002, 0.001]) {
        assert!((got - want).abs() < 1e-12, "{alphas:?}");
    }
}

#[test]
fn weights_that_fall_or_stand_still_are_refused() {
    let refused = refusal(&with_phases(&[5.0, 25.0, 10.0, 10.0, 100.0]));
    insta::assert_snapshot!(refused, @"
    phases[2].weight: is 10%, but weights must rise: the phase before has 25%
    phases[3].weight: is 10%, but weights must rise: the phase before has 10%
    ");
}

#[test]
fn a_plan_that_does_not_end_at_100_is_refused() {
    insta::assert_snapshot!(refusal(&with_phases(&[5.0, 50.0])), @"phases[1].weight: the last phase has 50%, but a plan ends at 100%");
    insta::assert_snapshot!(refusal(&with_phases(&[])), @"phases: a plan needs phases, at least one at 100%");
}

#[test]
fn weights_that_are_no_percentage_are_refused() {
    let refused = refusal(&with_phases(&[-5.0, 0.001, f64::NAN, 100.0]));
    insta::assert_snapshot!(refused, @"
    phases[0].weight: is -5, but must be 0 to 100, in steps of 0.01
    phases[1].weight: is 0.001, but must be 0 to 100, in steps of 0.01
    phases[2].weight: is NaN, but must be 0 to 100, in steps of 0.01
    ");
}

#[test]
fn unknown_names_are_refused_with_the_likeliest_known_one_first() {
    let mut draft = with_analysis(AnalysisDraft {
        mode: Some("sequentail".to_owned()),
        metrics: vec![
            metric("eror", None, None),
            metric("cost", None, Some("regresion")),
        ],
        ..AnalysisDraft::default()
    });
    draft.strategy = Some("canarry".to_owned());
    draft.on_regression = Some("rollbck".to_owned());
    draft.phase_defaults.on_inconclusive = Some("promote".to_owned());
    draft.phase_defaults.approval = Some(ApprovalDraft::Named("manul".to_owned()));
    insta::assert_snapshot!(refusal(&draft), @"
    strategy: unknown name 'canarry'; known are canary, manual, blue_green
    phase_defaults.on_inconclusive: unknown name 'promote'; known are rollback, hold, advance
    phase_defaults.approval: unknown name 'manul'; known are manual, none
    analysis.mode: unknown name 'sequentail'; known are sequential, threshold
    analysis.metrics.eror: unknown name 'eror'; known are error, time_per_output_token, hard, cost, output_length, latency, tail
    analysis.metrics.cost.action: unknown name 'regresion'; known are regression, notify, hold, off
    on_regression: unknown name 'rollbck'; known are rollback, notify, pause
    ");
}

#[test]
fn alphas_that_do_not_sum_are_refused() {
    let all = |alphas: [f64; 4]| {
        let names = ["error", "hard", "latency", "tail"];
        let metrics = names
            .into_iter()
            .zip(alphas)
            .map(|(name, alpha)| metric(name, Some(alpha), None));
        with_analysis(AnalysisDraft {
            metrics: metrics.collect(),
            ..AnalysisDraft::default()
        })
    };
    assert!(all([0.004, 0.003, 0.002, 0.001]).validate().is_ok());
    insta::assert_snapshot!(refusal(&all([0.01, 0.003, 0.002, 0.001])), @"analysis.metrics: the streams that find regressions have alphas that sum to 0.016, but must sum to 0.01");
    insta::assert_snapshot!(refusal(&all([0.001, 0.001, 0.001, 0.001])), @"analysis.metrics: the streams that find regressions have alphas that sum to 0.004, but must sum to 0.01");
    let over = with_analysis(AnalysisDraft {
        metrics: vec![metric("error", Some(0.02), None)],
        ..AnalysisDraft::default()
    });
    insta::assert_snapshot!(refusal(&over), @"analysis.metrics: the streams that find regressions have alphas that sum to 0.02, but must sum to 0.01");
}

#[test]
fn streams_without_an_alpha_share_what_the_others_leave() {
    let draft = with_analysis(AnalysisDraft {
        alpha: Some(0.02),
        metrics: vec![
            metric("error", Some(0.014), None),
            metric("tail", None, Some("off")),
        ],
        ..AnalysisDraft::default()
    });
    let metrics = draft.validate().unwrap().analysis.metrics;
    let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-12, "{got} {want}");
    near(metrics.error.alpha, 0.014);
    near(metrics.hard.alpha, 0.0036);
    near(metrics.latency.alpha, 0.0024);
    near(metrics.tail.alpha, 0.0);
}

#[test]
fn every_value_out_of_range_is_named() {
    let mut draft = with_analysis(AnalysisDraft {
        alpha: Some(0.0),
        caution: Some(1.0),
        challenge: Some(ChallengeDraft {
            fire: Some(-1.0),
            cap: Some(100.0),
        }),
        ..AnalysisDraft::default()
    });
    draft.deadline_seconds = Some(f64::INFINITY);
    draft.drain_timeout_seconds = Some(-1.0);
    draft.phase_defaults.min_requests = Some(0);
    draft.phase_defaults.min_duration_seconds = Some(f64::NAN);
    insta::assert_snapshot!(refusal(&draft), @"
    phase_defaults.min_duration: is NaN, but must be 0 to ten years
    phase_defaults.min_requests: is 0, but must be at least 1: no phase is left without data
    analysis.alpha: is 0, but must be above 0 and at most 0.5
    analysis.caution: is 1, but must be above 1
    analysis.challenge.fire: is -1, but must be above 1
    analysis.challenge.cap: is 100, but must be above 0 and below 100, in steps of 0.01
    drain.timeout: is -1, but must be above 0 and at most ten years
    deadline: is inf, but must be above 0 and at most ten years
    ");
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let mut draft = with_phases(&[0.0, 50.0, 100.0]);
    draft.strategy = Some("blue_green".to_owned());
    let phases = draft.phases.as_mut().unwrap();
    phases[0].probes = Some(ProbesDraft {
        count: Some(3),
        max_failures: Some(3),
        ..ProbesDraft::default()
    });
    phases[1].probes = Some(ProbesDraft::default());
    phases[2].gate = GateDraft {
        min_duration_seconds: Some(60.0),
        max_duration_seconds: Some(30.0),
        ..GateDraft::default()
    };
    draft.analysis.error_rate = Some(0.05);
    draft.analysis.metrics = vec![metric("cost", Some(0.01), None)];
    insta::assert_snapshot!(refusal(&draft), @"
    phases[0].probes.max_failures: must be below count, or no failure could ever matter
    phases[1].weight: blue_green goes from 0 to 100 at once; canary has steps
    phases[1].probes: probes are for the phase at weight 0
    phases[2].max_duration: is shorter than min_duration
    analysis.error_rate: belongs to mode threshold
    analysis.metrics.cost.alpha: only a stream with action regression spends alpha
    ");
    let threshold = with_analysis(AnalysisDraft {
        mode: Some("threshold".to_owned()),
        alpha: Some(0.01),
        ..AnalysisDraft::default()
    });
    insta::assert_snapshot!(refusal(&threshold), @"analysis.alpha: belongs to mode sequential");
}

#[test]
fn threshold_mode_has_the_limits_that_people_ask_for() {
    let draft = with_analysis(AnalysisDraft {
        mode: Some("threshold".to_owned()),
        ..AnalysisDraft::default()
    });
    let Mode::Threshold(limits) = draft.validate().unwrap().analysis.mode else {
        panic!("no limits")
    };
    assert_eq!(
        (
            limits.error_rate,
            limits.latency_seconds,
            limits.window_seconds,
            limits.min_requests
        ),
        (0.05, 2.0, 60.0, 20.0)
    );
}

#[test]
fn manual_and_blue_green_have_phases_of_their_own() {
    let strategy = |name: &str| PlanDraft {
        strategy: Some(name.to_owned()),
        ..PlanDraft::default()
    };
    let manual = strategy("manual").validate().unwrap();
    assert!(manual.phases().all(|phase| phase.approval != Approval::None));
    let blue_green = strategy("blue_green").validate().unwrap();
    assert_eq!(weights(&blue_green), [0.0, 100.0]);
    assert_eq!(blue_green.cutover.min_duration_seconds, 600.0);
}

#[test]
fn an_approval_may_time_out() {
    let mut draft = with_phases(&[10.0, 100.0]);
    draft.phases.as_mut().unwrap()[0].gate.approval = Some(ApprovalDraft::Manual(ManualDraft {
        timeout_seconds: Some(60.0),
        on_timeout: Some("rollback".to_owned()),
    }));
    let plan = draft.validate().unwrap();
    let (timeout_seconds, on_timeout) = (60.0, OnTimeout::Rollback);
    assert_eq!(
        plan.phase(0).approval,
        Approval::Manual {
            timeout_seconds,
            on_timeout
        }
    );
    assert_eq!(plan.phase(1).approval, Approval::None);
}
