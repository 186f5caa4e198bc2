//! When a phase is left, and what it says meanwhile.

use decide::rollout::{
    ApprovalDraft, Effect, Event, Gate, GateDraft, ManualDraft, PhaseDraft, PlanDraft, Probe, Seen, Stage,
    Verb, gate,
};
use decide::{Share, Side};
use serde_json::Value;

use crate::story::{Story, fast, percent, plan};

/// 10 % and 100 %, with what the gate of the first one says.
fn short(gate: GateDraft) -> PlanDraft {
    let first = PhaseDraft {
        weight: 10.0,
        gate,
        ..PhaseDraft::default()
    };
    let last = PhaseDraft {
        weight: 100.0,
        ..PhaseDraft::default()
    };
    PlanDraft {
        phases: Some(vec![first, last]),
        ..PlanDraft::default()
    }
}

fn started(draft: PlanDraft) -> Story {
    let mut story = Story::new(plan(draft));
    story.press(Verb::Start);
    story
}

#[test]
fn gates_decide_as_the_reference_s() {
    let all: Value = serde_json::from_str(include_str!("../vectors/vectors.json")).unwrap();
    for case in all["gate"].as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap().to_owned();
        let flag = |name: &str| case[name].as_bool().unwrap();
        // A regression rolls back and a pause holds before a gate is ever asked.
        let got = match text("decision").as_str() {
            "rollback" => "rollback",
            _ if flag("paused") => "hold",
            decision => {
                let draft = short(GateDraft {
                    on_inconclusive: Some(text("on_inconclusive")),
                    ..GateDraft::default()
                });
                let requests = case["green_n"].as_u64().unwrap();
                let elapsed = case["elapsed"].as_f64().unwrap();
                match gate(
                    plan(draft).phase(0),
                    elapsed,
                    requests,
                    decision == "ok",
                    flag("hooks_ok"),
                ) {
                    Gate::Advance => "advance",
                    Gate::Wait => "wait",
                    Gate::Hold => "hold",
                    Gate::Rollback => "rollback",
                }
            }
        };
        assert_eq!(got, text("gate"), "{case}");
    }
}

#[test]
fn a_healthy_green_goes_all_the_way() {
    let mut story = Story::new(fast());
    story.press(Verb::Start);
    assert_eq!(story.stage(), Stage::Prechecking);
    story.probes(20);
    let mut shares = vec![story.state.share().percent()];
    while !story.stage().is_finished() && shares.len() < 10 {
        story.goes_well();
        if story.state.share().percent() != *shares.last().unwrap() {
            shares.push(story.state.share().percent());
        }
        if story.state.share() == Share::ALL {
            story.hear(Event::Drained(Side::Blue));
        }
    }
    assert_eq!(shares, [10.0, 25.0, 50.0, 75.0, 100.0]);
    assert_eq!(story.stage(), Stage::Succeeded);
    assert_eq!(story.state.verdict(), None);
}

#[test]
fn an_advance_is_written_down_before_it_is_in_force() {
    let mut story = Story::under_way(fast());
    story.succeeds(Side::Green, 20).after(10.0);
    assert_eq!(story.asked(), ["persist", "set 25%", "notify"]);
    story.reaches(75.0).succeeds(Side::Green, 20).after(10.0);
    assert_eq!(story.asked(), ["persist", "set 100%", "drain blue", "notify"]);
}

#[test]
fn silence_promotes_nobody_and_says_what_is_missing() {
    let mut story = Story::under_way(plan(PlanDraft::default()));
    story.succeeds(Side::Green, 12).after(120.0);
    assert_eq!(story.waits, "waiting for 12 of 100 requests to green");
    story.after(1800.0);
    assert_eq!(story.stage(), Stage::Held);
    assert_eq!(story.waits, "held at 5%, waiting for 12 of 100 requests to green");
    assert_eq!(story.state.share(), percent(5.0));
    story.succeeds(Side::Green, 88);
    assert_eq!(story.state.share(), percent(10.0), "what was missing is there");
}

#[test]
fn even_a_plan_that_advances_on_silence_needs_one_request() {
    let mut story = started(short(GateDraft {
        on_inconclusive: Some("advance".to_owned()),
        ..GateDraft::default()
    }));
    story.after(1800.0);
    assert_eq!(story.stage(), Stage::Held);
    story.succeeds(Side::Green, 1);
    assert_eq!(story.state.share(), Share::ALL);
}

#[test]
fn requests_of_an_earlier_weight_do_not_carry_a_phase() {
    let mut story = Story::under_way(fast());
    let old = story.state.share();
    story.reaches(25.0);
    for _ in 0..100 {
        let observation = decide::rollout::Observation {
            side: Side::Green,
            share: old,
            unit: None,
            seen: &[Seen::Succeeded],
        };
        story.hear(Event::Observed(observation));
    }
    story.after(60.0);
    assert_eq!(story.waits, "waiting for 0 of 20 requests to green");
}

#[test]
fn a_failed_precheck_rejects_before_any_user_saw_green() {
    let mut story = Story::new(fast());
    story.press(Verb::Start).probes(10);
    story.hear(Event::Probed(Probe::Failed));
    assert_eq!(
        (story.stage(), story.state.probes_missing(&story.plan)),
        (Stage::Prechecking, 9)
    );
    story.hear(Event::Probed(Probe::Failed));
    assert_eq!(story.stage(), Stage::Rejected);
    assert_eq!(story.asked(), ["latch 0%", "persist", "notify"]);
    assert_eq!(story.cause(), "precheck");
    story.probes(20);
    assert_eq!(story.stage(), Stage::Rejected, "late probes change nothing");
}

#[test]
fn a_cancelled_probe_is_no_success_and_a_wrong_credential_is_the_end() {
    let mut story = Story::new(fast());
    story.press(Verb::Start).probes(19);
    story.hear(Event::Probed(Probe::Cancelled));
    assert_eq!(story.waits, "waiting for 19 of 20 probes to green");
    story.hear(Event::Probed(Probe::Misconfigured));
    assert_eq!((story.stage(), story.cause()), (Stage::Rejected, "misconfigured"));
}

#[test]
fn an_approval_is_waited_for_and_time_does_not_give_it() {
    let mut story = started(short(GateDraft {
        approval: Some(ApprovalDraft::Named("manual".to_owned())),
        ..GateDraft::default()
    }));
    story.succeeds(Side::Green, 100).after(60.0);
    assert_eq!(story.stage(), Stage::AwaitingApproval);
    assert_eq!(story.waits, "waiting for an approval, for 24h more");
    story.after(3600.0);
    assert_eq!(story.stage(), Stage::AwaitingApproval);
    story.press(Verb::Approve);
    assert_eq!(
        (story.stage(), story.state.share()),
        (Stage::Promoting, Share::ALL)
    );
    story.press(Verb::Approve);
    assert_eq!(story.conflict, None, "a second time changes nothing");
}

#[test]
fn an_approval_times_out_as_the_plan_says() {
    let asks = |on_timeout: &str| {
        let manual = ManualDraft {
            timeout_seconds: Some(600.0),
            on_timeout: Some(on_timeout.to_owned()),
        };
        let mut story = started(short(GateDraft {
            approval: Some(ApprovalDraft::Manual(manual)),
            ..GateDraft::default()
        }));
        story.succeeds(Side::Green, 100).after(60.0).after(601.0);
        story
    };
    let held = asks("hold");
    assert_eq!(held.stage(), Stage::AwaitingApproval);
    assert_eq!(held.waits, "waiting for an approval that did not come in time");
    let rolled_back = asks("rollback");
    assert_eq!(
        (rolled_back.stage(), rolled_back.cause()),
        (Stage::RollingBack, "approval_timed_out")
    );
}

#[test]
fn a_vendor_without_capacity_holds_the_ramp_for_a_minute() {
    let mut story = Story::under_way(fast());
    story
        .succeeds(Side::Green, 20)
        .sees(Side::Green, Seen::OutOfCapacity)
        .after(30.0);
    assert_eq!(story.state.share(), percent(10.0));
    assert!(story.waits.contains("lack of capacity"), "{}", story.waits);
    story.after(30.0);
    assert_eq!(story.state.share(), percent(25.0));
}

#[test]
fn a_rollout_past_its_deadline_is_rolled_back_unless_it_was_paused() {
    let mut draft = short(GateDraft::default());
    draft.deadline_seconds = Some(7200.0);
    let mut story = started(draft);
    story
        .press(Verb::Pause)
        .after(7000.0)
        .press(Verb::Resume)
        .after(7000.0);
    assert_eq!(story.stage(), Stage::Held);
    story.after(201.0);
    assert_eq!((story.stage(), story.cause()), (Stage::RollingBack, "deadline"));
}

#[test]
fn every_step_that_waits_for_time_asks_to_be_woken() {
    let mut story = Story::under_way(fast());
    story.succeeds(Side::Green, 20);
    for _ in 0..100 {
        let wake = story.effects.iter().find_map(|effect| match effect {
            Effect::WakeAt(at) => Some(*at),
            _ => None,
        });
        match wake {
            Some(at) => {
                assert!(at > story.now, "never for now or earlier");
                story.now = at;
            }
            None => story.now += 0.1,
        }
        story.hear(Event::Tick);
        if story.state.share() == percent(25.0) {
            assert!(story.now < 1011.0, "at {}", story.now);
            return;
        }
    }
    panic!("never advanced");
}

#[test]
fn a_green_that_writes_slower_waits_for_an_operator_who_settles_it_once() {
    let mut story = Story::under_way(fast());
    let token = |seconds: f64| Seen::TimePerOutputToken { seconds };
    for _ in 0..60 {
        story.sees(Side::Blue, token(0.01));
    }
    for _ in 0..60 {
        story.sees(Side::Green, token(0.05)).sees(Side::Blue, token(0.01));
    }
    story.succeeds(Side::Green, 20).after(10.0);
    let waits = "waiting for the time_per_output_token evidence against green";
    assert!(story.waits.starts_with(waits), "{}", story.waits);
    story.press(Verb::Skip);
    assert_eq!(story.state.share(), percent(25.0));
    story.goes_well();
    assert_eq!(story.state.share(), percent(50.0), "settled for this rollout");
}

#[test]
fn a_dearer_green_is_told_of_once_and_goes_on() {
    let mut story = Story::under_way(fast());
    let mut told = Vec::new();
    for n in 0..200 {
        let (side, usd) = if n < 60 || n % 2 == 0 {
            (Side::Blue, 0.01)
        } else {
            (Side::Green, 0.02)
        };
        story.sees(side, Seen::Cost { usd });
        told.extend(story.effects.drain(..).filter_map(|effect| match effect {
            Effect::Notify(notice) => Some(notice.sentence),
            _ => None,
        }));
    }
    assert_eq!(told.len(), 1, "{told:?}");
    insta::assert_snapshot!(told[0], @"green's cost was 2.00 times blue's (0.0200 and 0.0100 USD over 3 and 13 requests within 0s)");
    story.goes_well();
    assert_eq!(story.state.share(), percent(25.0));
}
