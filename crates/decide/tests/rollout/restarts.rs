//! A state survives a crash whole, or is refused.

use decide::evidence::{Engine, FirstOfUnit, Guard, Stream};
use decide::rollout::{Effect, Event, Seen, Stage, State, Unreadable, Verb};
use decide::{Share, Side};

use crate::story::{Story, fast, percent};

impl Story {
    /// Reads the state back in a process whose clock starts elsewhere.
    fn crashes(&mut self, down_seconds: f64) -> &mut Story {
        self.state = State::from_bytes(&self.plan, &self.state.to_bytes()).unwrap();
        self.now = 3.0;
        self.hear(Event::Restarted { down_seconds })
    }
}

fn busy() -> Story {
    let mut story = Story::under_way(fast());
    story
        .reaches(50.0)
        .fails(Side::Green, 3)
        .fails(Side::Blue, 7)
        .succeeds(Side::Blue, 9);
    for n in 0..80 {
        let seconds = 0.3 + f64::from(n) / 100.0;
        story
            .sees(Side::Blue, Seen::FirstByte { seconds })
            .sees(Side::Green, Seen::FirstByte { seconds });
    }
    story.sees(Side::Green, Seen::OutOfCapacity);
    story
}

#[test]
fn a_state_reads_back_as_it_was_written() {
    let mut story = busy();
    for verbs in [
        vec![],
        vec![Verb::Pause, Verb::Split(percent(33.0))],
        vec![Verb::Rollback],
    ] {
        for verb in verbs {
            story.press(verb);
        }
        let bytes = story.state.to_bytes();
        let read = State::from_bytes(&story.plan, &bytes).unwrap();
        assert_eq!(read.to_bytes(), bytes);
        assert_eq!(read.report(&story.plan), story.state.report(&story.plan));
        assert_eq!(
            (read.verdict(), read.engine()),
            (story.state.verdict(), story.state.engine())
        );
    }
}

#[test]
fn phase_weight_and_evidence_are_back_after_a_crash() {
    let mut story = busy();
    let evidence = story.state.engine().evidence(Stream::Error);
    story.crashes(5.0);
    assert_eq!(
        (story.stage(), story.state.share()),
        (Stage::Progressing, percent(50.0))
    );
    assert_eq!(story.state.engine().evidence(Stream::Error), evidence);
    assert_eq!(story.asked(), ["set 50%"]);
    story.after(61.0).goes_well();
    assert_eq!(story.state.share(), percent(75.0));
}

#[test]
fn a_latch_is_back_after_a_crash_and_the_rollback_goes_on() {
    let mut story = Story::under_way(fast());
    story.is_rescued(6);
    let verdict = story.state.verdict().cloned();
    story.crashes(1.0);
    assert_eq!(story.asked(), ["latch 0%", "drain green"]);
    assert_eq!(
        (story.state.verdict().cloned(), story.state.share()),
        (verdict, Share::NONE)
    );
    story.after(600.0);
    assert_eq!(story.stage(), Stage::RolledBack);
}

#[test]
fn time_that_nobody_saw_does_not_carry_a_phase() {
    let mut story = Story::under_way(fast());
    story.succeeds(Side::Green, 20).after(5.0).crashes(3600.0);
    assert_eq!(story.state.share(), percent(10.0));
    assert_eq!(story.waits, "waiting for 5s more of the phase's time");
}

#[test]
fn a_clock_that_runs_backwards_stands_still() {
    let mut story = Story::under_way(fast());
    story.succeeds(Side::Green, 20).after(-1e9).after(f64::NAN);
    story.now = 1009.0;
    story.after(0.0);
    assert_eq!(story.state.share(), percent(10.0));
}

#[test]
fn unsaved_evidence_is_never_older_than_a_second() {
    let mut story = Story::under_way(fast());
    let mut saved = story.now;
    for _ in 0..100 {
        story.now += 0.05;
        story.succeeds(Side::Blue, 1);
        if story.effects.contains(&Effect::Persist) {
            saved = story.now;
        }
        assert!(story.now - saved < 1.0);
    }
}

#[test]
fn a_damaged_record_is_refused_and_never_half_read() {
    let story = busy();
    let whole = story.state.to_bytes();
    for end in 0..whole.len() {
        assert!(
            State::from_bytes(&story.plan, &whole[..end]).is_err(),
            "cut at {end}"
        );
    }
    let longer = [&whole[..], &[0]].concat();
    assert!(State::from_bytes(&story.plan, &longer).is_err());
    assert_eq!(
        State::from_bytes(&story.plan, b"rollout0"),
        Err(Unreadable::Version)
    );
    for place in 8..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 0xff;
        // Either refused, or read as something that could have been written.
        if let Ok(read) = State::from_bytes(&story.plan, &damaged) {
            assert!(read.phase() <= story.plan.last());
        }
    }
}

#[test]
fn a_deployment_takes_eight_kibibytes() {
    let story = busy();
    let judge = size_of::<Engine>() + size_of::<Guard>() + size_of::<FirstOfUnit>();
    // Its limits' window lies apart, in mode threshold only.
    let fixed = size_of::<State>() + judge + size_of::<usize>();
    // Ten request ids of the longest that a client may choose.
    let ids = 10 * (128 + size_of::<Box<str>>());
    let written = story.state.to_bytes().len();
    println!("{fixed} bytes and {ids} of request ids; {written} written down");
    assert!(fixed + ids <= 8192 && written <= 8192);
}
