//! Verbs: what they do, what they leave alone, and where they do not fit.

use decide::rollout::{Event, Stage, State, Verb};
use decide::{Share, Side};

use crate::story::{Story, fast, percent};

#[test]
fn a_rollback_fits_every_state() {
    let pressed: [&[Verb]; 6] = [
        &[],
        &[Verb::Start],
        &[Verb::Start, Verb::Skip],
        &[Verb::Start, Verb::Skip, Verb::Pause],
        &[Verb::Start, Verb::Cancel],
        &[Verb::Start, Verb::Promote],
    ];
    for verbs in pressed {
        let mut story = Story::new(fast());
        for verb in verbs {
            story.press(*verb);
            assert_eq!(story.conflict, None, "{verbs:?}");
        }
        story.press(Verb::Rollback);
        assert_eq!(
            (story.conflict.clone(), story.stage()),
            (None, Stage::RollingBack),
            "{verbs:?}"
        );
        assert_eq!(story.asked()[0], "latch 0%");
        story.press(Verb::Rollback);
        assert_eq!(
            (story.conflict.clone(), story.asked()),
            (None, vec![]),
            "repeated: {verbs:?}"
        );
    }
}

#[test]
fn a_promotion_gives_green_everything_and_can_be_undone() {
    let mut story = Story::under_way(fast());
    story.press(Verb::Promote);
    assert_eq!(story.asked(), ["persist", "set 100%", "drain blue", "notify"]);
    assert_eq!(story.stage(), Stage::Promoting);
    story.press(Verb::Promote);
    assert_eq!(story.asked(), Vec::<String>::new(), "it holds already");
    story.hear(Event::Drained(Side::Blue));
    assert_eq!(story.stage(), Stage::Succeeded);
    story.press(Verb::Rollback);
    assert_eq!(
        (story.stage(), story.state.share()),
        (Stage::RollingBack, Share::NONE)
    );
}

#[test]
fn a_promotion_that_does_not_drain_ends_with_the_drain_s_time() {
    let mut story = Story::under_way(fast());
    story.press(Verb::Promote).after(599.0);
    assert_eq!(
        story.waits,
        "waiting for blue's requests in flight to end, for 1s more at most"
    );
    story.after(1.0);
    assert_eq!(story.stage(), Stage::Succeeded);
}

#[test]
fn a_last_phase_that_is_skipped_while_blue_drains_stays_skipped_after_a_kill() {
    let mut story = Story::under_way(fast());
    story.reaches(100.0).press(Verb::Skip);
    assert_eq!(story.stage(), Stage::Promoting);
    assert_eq!(story.asked(), ["notify", "persist"]);
}

#[test]
fn a_pause_keeps_the_weight_and_the_phase_s_time() {
    let mut story = Story::under_way(fast());
    story
        .succeeds(Side::Green, 20)
        .after(5.0)
        .press(Verb::Pause)
        .after(3600.0);
    assert_eq!(
        (story.stage(), story.state.share()),
        (Stage::Paused, percent(10.0))
    );
    story.press(Verb::Pause);
    assert_eq!((story.conflict.clone(), story.asked()), (None, vec![]));
    story.press(Verb::Resume).after(4.0);
    assert_eq!(story.state.share(), percent(10.0), "5 and 4 seconds are not 10");
    story.after(1.0);
    assert_eq!(story.state.share(), percent(25.0));
}

#[test]
fn a_regression_acts_on_a_paused_rollout() {
    let mut story = Story::under_way(fast());
    story.press(Verb::Pause).is_rescued(6);
    assert_eq!(story.stage(), Stage::RollingBack);
    story.press(Verb::Pause);
    assert!(story.conflict.is_some(), "the verdict won the race");
}

#[test]
fn the_split_is_set_by_hand_only_while_paused_and_the_rollout_goes_on_from_there() {
    let mut story = Story::under_way(fast());
    let refused = story.refused(Verb::Split(percent(60.0)));
    assert_eq!(
        refused,
        "cannot split in state 'progressing': pause the rollout first"
    );
    story.press(Verb::Pause).press(Verb::Split(percent(60.0)));
    assert_eq!(story.asked(), ["persist", "set 60%", "notify"]);
    story.press(Verb::Resume).after(1.0);
    assert_eq!((story.state.phase(), story.state.share()), (3, percent(60.0)));
    story.goes_well();
    assert_eq!(story.state.share(), percent(75.0));
}

#[test]
fn cancel_stops_judging_and_leaves_the_split() {
    let mut story = Story::under_way(fast());
    story.reaches(25.0).press(Verb::Cancel);
    assert_eq!(
        (story.stage(), story.state.share()),
        (Stage::Cancelled, percent(25.0))
    );
    story.is_rescued(50).after(90_000.0);
    assert_eq!(
        (story.stage(), story.state.share()),
        (Stage::Cancelled, percent(25.0))
    );
}

#[test]
fn verbs_that_do_not_fit_name_the_state_and_change_nothing() {
    let cases: [(&[Verb], Verb, &str); 9] = [
        (
            &[],
            Verb::Pause,
            "cannot pause in state 'pending': there is nothing to pause",
        ),
        (&[], Verb::Skip, "cannot skip in state 'pending'"),
        (&[Verb::Start], Verb::Start, "cannot start in state 'prechecking'"),
        (
            &[Verb::Start],
            Verb::Approve,
            "cannot approve in state 'prechecking': no approval is asked for",
        ),
        (
            &[Verb::Start],
            Verb::Reject,
            "cannot reject in state 'prechecking'",
        ),
        (
            &[Verb::Start, Verb::Pause],
            Verb::Skip,
            "cannot skip in state 'paused'",
        ),
        (
            &[Verb::Start, Verb::Rollback],
            Verb::Promote,
            "cannot promote in state 'rolling_back'",
        ),
        (
            &[Verb::Start, Verb::Rollback],
            Verb::Cancel,
            "cannot cancel in state 'rolling_back'",
        ),
        (
            &[Verb::Start, Verb::Cancel],
            Verb::Resume,
            "cannot resume in state 'cancelled'",
        ),
    ];
    for (verbs, verb, want) in cases {
        let mut story = Story::new(fast());
        for earlier in verbs {
            story.press(*earlier);
        }
        let before = story.state.clone();
        assert!(story.refused(verb).starts_with(want), "{:?}", story.conflict);
        assert_eq!(story.state, before);
    }
}

#[test]
fn the_same_candidate_can_be_tried_again() {
    let mut story = Story::under_way(fast());
    story.press(Verb::Rollback).hear(Event::Drained(Side::Green));
    story.state = State::new(story.state.share(), story.now);
    story.press(Verb::Start).probes(20);
    assert_eq!(
        (story.stage(), story.state.share()),
        (Stage::Progressing, percent(10.0))
    );
}

#[test]
fn who_and_why_stand_in_the_verdict() {
    let mut story = Story::under_way(fast());
    story.hear(Event::Operator {
        verb: Verb::Rollback,
        note: Some("ana: answers in French"),
    });
    let sentence = story.state.verdict().unwrap().explain();
    assert_eq!(
        sentence,
        "Rolled back at 10% after 0s: an operator asked for it (ana: answers in French)."
    );
}
