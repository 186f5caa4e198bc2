//! What is found against green, and what happens then.

use decide::evidence::{Stream, Witness};
use decide::rollout::{AnalysisDraft, Event, PlanDraft, Seen, Stage, Verb, VerdictAction, checks};
use decide::{Share, Side};

use crate::story::{Story, fast, percent, plan};

fn on_regression(action: &str) -> Story {
    Story::under_way(plan(PlanDraft {
        on_regression: Some(action.to_owned()),
        ..PlanDraft::default()
    }))
}

#[test]
fn a_dead_green_is_rolled_back_within_a_handful_of_requests() {
    let mut story = Story::under_way(fast());
    story.succeeds(Side::Blue, 36).is_rescued(4);
    assert_eq!(story.stage(), Stage::RollingBack);
    assert_eq!(story.state.share(), Share::NONE);
    let verdict = story.state.verdict().unwrap();
    assert_eq!(verdict.action, VerdictAction::Rollback);
    assert_eq!(
        verdict.first_request_ids,
        ["request-1", "request-2", "request-3", "request-4"]
    );
    insta::assert_snapshot!(verdict.explain(), @"Rolled back at 10% after 0s: green failed 4 of 4 requests and blue 0 of 36 within 0s; evidence 740 against a limit of 250 (error, alpha 0.004).");
    story.hear(Event::Drained(Side::Green));
    assert_eq!(story.stage(), Stage::RolledBack);
}

#[test]
fn a_rollback_swaps_the_route_first_and_tells_last() {
    let mut story = Story::under_way(fast());
    for _ in 0..10 {
        if story.stage() == Stage::RollingBack {
            break;
        }
        story.fails(Side::Green, 1);
    }
    assert_eq!(story.asked(), ["latch 0%", "persist", "drain green", "notify"]);
}

#[test]
fn an_outage_of_both_sides_rolls_nobody_back() {
    let mut story = Story::under_way(fast());
    story.reaches(50.0);
    for _ in 0..200 {
        story.fails(Side::Green, 1).fails(Side::Blue, 1);
        story
            .sees(
                Side::Green,
                Seen::Witnessed {
                    witness: Witness::BothFailed,
                    green_seconds: 0.1,
                },
            )
            .after(0.2);
    }
    assert!(story.stage().is_judged(), "{:?}", story.stage());
    assert!(
        story.state.share() <= percent(50.0),
        "no further, and not out: {}",
        story.state.share()
    );
}

#[test]
fn what_hung_through_an_outage_is_no_witness() {
    let mut story = Story::under_way(fast());
    for _ in 0..50 {
        // Blue is well again by the time green's request has timed out.
        let (witness, green_seconds) = (Witness::BlueOk, 60.0);
        story.sees(
            Side::Green,
            Seen::Witnessed {
                witness,
                green_seconds,
            },
        );
    }
    assert_eq!(story.state.engine().evidence(Stream::Hard), 1.0);
}

#[test]
fn a_verdict_is_written_once() {
    let mut story = Story::under_way(fast());
    story.is_rescued(5);
    let first = story.state.verdict().unwrap().clone();
    story
        .press(Verb::Rollback)
        .press(Verb::Reject)
        .press(Verb::Promote)
        .after(601.0);
    story.fails(Side::Green, 50).press(Verb::Rollback);
    assert_eq!(story.state.verdict(), Some(&first));
    assert_eq!(story.state.share(), Share::NONE);
}

#[test]
fn a_green_that_dies_when_it_has_all_the_traffic_is_rolled_back_too() {
    let mut story = Story::under_way(fast());
    story.reaches(100.0);
    for _ in 0..30 {
        if !story.stage().is_judged() {
            break;
        }
        story.is_rescued(1);
    }
    assert_eq!((story.stage(), story.cause()), (Stage::RollingBack, "hard"));
}

#[test]
fn above_one_half_the_alarm_caps_the_weight_until_it_calms_down() {
    let mut story = Story::under_way(fast());
    story.reaches(75.0);
    for _ in 0..40 {
        if story.stage() == Stage::Challenged {
            break;
        }
        // Both sides fail, but blue has too little traffic to say so.
        story
            .sees(
                Side::Green,
                Seen::Witnessed {
                    witness: Witness::BothFailed,
                    green_seconds: 0.1,
                },
            )
            .fails(Side::Green, 1);
    }
    assert_eq!(
        (story.stage(), story.state.share()),
        (Stage::Challenged, percent(50.0))
    );
    assert_eq!(story.asked(), ["set 50%", "persist", "notify"]);
    assert!(story.refused(Verb::Skip).contains("'challenged'"));
    for _ in 0..1000 {
        if story.stage() != Stage::Challenged {
            break;
        }
        story
            .succeeds(Side::Green, 1)
            .fails(Side::Blue, 1)
            .succeeds(Side::Blue, 1);
    }
    assert!(
        story.stage() != Stage::Challenged && story.stage().is_judged(),
        "{:?}",
        story.stage()
    );
}

#[test]
fn nobody_goes_where_the_alarm_would_send_them_back() {
    let mut story = Story::under_way(fast());
    story.reaches(50.0).succeeds(Side::Green, 20);
    for _ in 0..8 {
        story.fails(Side::Green, 1).fails(Side::Blue, 1);
    }
    story.after(60.0);
    assert_eq!(story.state.share(), percent(50.0));
    assert!(
        story.waits.starts_with("waiting for the alarm"),
        "{}",
        story.waits
    );
}

#[test]
fn a_worse_blue_holds_the_rollout_and_recovers() {
    let mut story = Story::under_way(fast());
    story
        .reaches(50.0)
        .succeeds(Side::Green, 40)
        .fails(Side::Blue, 30);
    assert_eq!(story.stage(), Stage::BlueUnhealthy);
    assert_eq!(
        story.waits,
        "waiting for blue, which is the worse side, to recover"
    );
    story.after(60.0);
    assert_eq!(story.state.share(), percent(50.0));
    story.succeeds(Side::Blue, 120).succeeds(Side::Green, 20);
    assert_eq!(story.stage(), Stage::Progressing);
}

#[test]
fn nothing_moves_to_a_blue_that_is_down_but_by_hand() {
    let mut story = Story::under_way(fast());
    story.hear(Event::BlueHealth { healthy: false });
    assert_eq!(story.stage(), Stage::BlueUnhealthy);
    story.is_rescued(20);
    assert_eq!(
        (story.stage(), story.state.share()),
        (Stage::BlueUnhealthy, percent(10.0))
    );
    story.press(Verb::Rollback);
    assert_eq!((story.stage(), story.cause()), (Stage::RollingBack, "operator"));
}

#[test]
fn a_regression_pauses_where_the_plan_says_so_and_resuming_starts_evidence_over() {
    let mut story = on_regression("pause");
    story.is_rescued(10);
    assert_eq!(
        (story.stage(), story.state.share()),
        (Stage::Paused, percent(5.0))
    );
    assert_eq!(story.state.verdict().unwrap().action, VerdictAction::Pause);
    story.press(Verb::Resume);
    assert_eq!(story.stage(), Stage::Progressing);
    story.is_rescued(10);
    assert_eq!(story.stage(), Stage::Paused, "found again");
}

#[test]
fn a_regression_is_only_told_where_the_plan_says_so_and_holds_the_weight() {
    let mut story = on_regression("notify");
    story.is_rescued(10).succeeds(Side::Green, 200).after(120.0);
    assert_eq!(
        (story.stage(), story.state.share()),
        (Stage::Progressing, percent(5.0))
    );
    assert_eq!(story.state.verdict().unwrap().action, VerdictAction::Notify);
    assert_eq!(
        story.waits,
        "waiting for an operator to resume, promote or roll back"
    );
    story.press(Verb::Resume);
    assert_eq!(story.state.share(), percent(10.0), "an operator may go on");
}

#[test]
fn a_dry_run_finds_and_never_acts() {
    let mut story = Story::under_way(plan(PlanDraft {
        analysis: AnalysisDraft {
            dry_run: Some(true),
            ..AnalysisDraft::default()
        },
        ..PlanDraft::default()
    }));
    story.is_rescued(100).after(60.0);
    assert_eq!(story.state.share(), percent(10.0));
    let verdict = story.state.verdict().unwrap();
    assert!(
        verdict.explain().starts_with("Would have rolled back at 5%"),
        "{verdict}"
    );
}

#[test]
fn plain_limits_roll_back_on_green_alone() {
    let threshold = || {
        Story::under_way(plan(PlanDraft {
            analysis: AnalysisDraft {
                mode: Some("threshold".to_owned()),
                ..AnalysisDraft::default()
            },
            ..PlanDraft::default()
        }))
    };
    let mut failing = threshold();
    failing.succeeds(Side::Green, 30).fails(Side::Green, 1);
    assert_eq!(failing.stage(), Stage::Progressing);
    failing.fails(Side::Green, 1);
    assert_eq!(
        (failing.stage(), failing.cause()),
        (Stage::RollingBack, "error_rate_limit")
    );
    insta::assert_snapshot!(failing.state.verdict().unwrap().explain(), @"Rolled back at 5% after 0s: 2 of 32 requests to green failed within 60s, 6.2% against a limit of 5.0%.");
    let mut slow = threshold();
    for n in 0..40 {
        slow.sees(
            Side::Green,
            Seen::FirstByte {
                seconds: if n % 10 == 0 { 2.5 } else { 0.2 },
            },
        );
    }
    assert_eq!(slow.cause(), "latency_limit");
}

#[test]
fn every_stream_says_in_one_sentence_what_it_found() {
    let at_half = || {
        let mut story = Story::under_way(fast());
        story.reaches(50.0);
        for _ in 0..60 {
            story.sees(Side::Blue, Seen::FirstByte { seconds: 0.5 });
        }
        story
    };
    let mut slow = at_half();
    let mut hangs = at_half();
    for _ in 0..60 {
        slow.sees(Side::Green, Seen::FirstByte { seconds: 2.0 })
            .sees(Side::Blue, Seen::FirstByte { seconds: 0.5 });
        hangs
            .sees(Side::Green, Seen::Aged { slow: true })
            .sees(Side::Blue, Seen::Aged { slow: false });
    }
    insta::assert_snapshot!(slow.state.verdict().unwrap().explain(), @"Rolled back at 50% after 20s: green's time to the first byte was 4.00 times blue's (2.00 and 0.500 s over 3 and 13 requests within 0s); evidence 731 against a limit of 500 (latency, alpha 0.002).");
    insta::assert_snapshot!(hangs.state.verdict().unwrap().explain(), @"Rolled back at 50% after 20s: 14 of 14 requests to green and 0 of 13 to blue had no first byte by the age at which 95% of blue's have one, within 0s; evidence 1628 against a limit of 1000 (tail, alpha 0.001).");
}

#[test]
fn checks_show_value_baseline_and_evidence_against_its_limit() {
    let mut story = Story::under_way(fast());
    story
        .succeeds(Side::Green, 9)
        .fails(Side::Green, 1)
        .succeeds(Side::Blue, 100);
    let shown = checks(&story.plan, &story.state);
    let error = shown.iter().find(|check| check.stream.name() == "error").unwrap();
    assert_eq!(
        (error.value, error.baseline, error.n_green, error.n_blue),
        (0.1, 0.0, 10, 100)
    );
    assert!(error.evidence > 1.0 && (error.limit - 250.0).abs() < 1e-6);
    assert_eq!(shown.len(), 7);
}
