//! Thousands of events in no order at all never break what must always hold.
//!
//! 32 seeds by default, 256 with `CROSSFADE_FULL=1`; 3,000 events each.

// The seeds' number is a test's own setting, not a decision's input.
#![allow(clippy::disallowed_methods)]

use decide::evidence::Witness;
use decide::rollout::{
    AnalysisDraft, Effect, Event, Observation, Plan, PlanDraft, Probe, Seen, Stage, State, Stepped, Verb,
    Verdict, step,
};
use decide::{Share, Side};

use crate::story::{fast, percent, plan};

const EVENTS: u32 = 3000;

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

fn verb(dice: &mut Dice) -> Verb {
    let any = [
        Verb::Start,
        Verb::Pause,
        Verb::Resume,
        Verb::Resume,
        Verb::Skip,
        Verb::Approve,
        Verb::Reject,
        Verb::Cancel,
        Verb::Promote,
        Verb::Rollback,
        Verb::Split(percent(30.0)),
        Verb::Split(Share::NONE),
    ];
    // Most storms should not end at once.
    if dice.below(4) > 0 {
        Verb::Resume
    } else {
        dice.pick(&any)
    }
}

fn seen(dice: &mut Dice, green_dies: bool, side: Side) -> Seen<'static> {
    let seconds = dice.pick(&[0.0, 0.1, 0.5, 2.0, 700.0, f64::NAN, f64::INFINITY, -1.0]);
    let fails = dice.below(100) < if green_dies && side == Side::Green { 60 } else { 2 };
    match dice.below(10) {
        0..5 if fails => Seen::Failed { request_id: "id" },
        0..5 => Seen::Succeeded,
        5 if side == Side::Green => Seen::Witnessed {
            witness: match fails {
                false => Witness::GreenOk,
                true => dice.pick(&[Witness::BlueOk, Witness::BothFailed]),
            },
            green_seconds: seconds,
        },
        5 | 6 => Seen::FirstByte { seconds },
        7 => Seen::Aged {
            slow: dice.below(20) == 0,
        },
        8 => dice.pick(&[
            Seen::Cost { usd: seconds },
            Seen::OutputTokens { tokens: seconds },
        ]),
        _ if dice.below(200) == 0 => Seen::OutOfCapacity,
        _ => Seen::TimePerOutputToken { seconds },
    }
}

/// `shown` is what an observation shows, one to four things.
fn event<'a>(
    dice: &mut Dice,
    state: &State,
    green_dies: bool,
    shown: &'a mut Vec<Seen<'static>>,
) -> Event<'a> {
    match dice.below(100) {
        0 => Event::Operator {
            verb: verb(dice),
            note: dice.pick(&[None, Some("storm")]),
        },
        1 => Event::BlueHealth {
            healthy: dice.below(8) > 0,
        },
        2 => Event::Drained(dice.pick(&[Side::Blue, Side::Green])),
        3 => Event::Restarted {
            down_seconds: dice.pick(&[0.0, 5.0, -3.0]),
        },
        4..14 => Event::Tick,
        14..20 => Event::Probed(match dice.below(60) {
            0 => Probe::Failed,
            1 => Probe::Cancelled,
            _ => Probe::Passed,
        }),
        _ => {
            let side = dice.pick(&[Side::Blue, Side::Green]);
            let share = dice.pick(&[
                state.share(),
                state.share(),
                Share::NONE,
                percent(10.0),
                Share::ALL,
            ]);
            shown.clear();
            for _ in 0..=dice.below(4) {
                shown.push(seen(dice, green_dies, side));
            }
            Event::Observed(Observation {
                side,
                share,
                unit: None,
                seen: shown,
            })
        }
    }
}

/// What must hold between one state and the next.
struct Watch {
    latched: Option<Verdict>,
    green_requests: u32,
}

impl Watch {
    fn check(&mut self, plan: &Plan, before: &State, event: Event<'_>, after: &Stepped, seed: u64) {
        let (was, is) = (before.share(), after.state.share());
        let (then, now) = (before.stage(), after.state.stage());
        let told = format!("seed {seed}: {then:?} {was} -> {now:?} {is} on {event:?}");
        if let (
            Event::Observed(Observation {
                side: Side::Green,
                seen,
                ..
            }),
            true,
        ) = (event, then.is_judged())
        {
            let ends = |seen: &&Seen<'_>| matches!(seen, Seen::Succeeded | Seen::Failed { .. });
            self.green_requests += seen.iter().filter(ends).count() as u32;
        }
        if then.is_latched() {
            assert!(
                now.is_latched() && is == Share::NONE,
                "no green after a rollback: {told}"
            );
            assert_eq!(
                after.state.verdict(),
                self.latched.as_ref(),
                "the latch stays: {told}"
            );
        }
        if now.is_latched() {
            self.latched = after.state.verdict().cloned();
            assert!(self.latched.is_some(), "a rollback says why: {told}");
        }
        let by_hand = matches!(event, Event::Operator { .. });
        let rises_from_cap = matches!(then, Stage::Challenged | Stage::Paused) || now == Stage::Challenged;
        if is < was && !by_hand {
            let why = now == Stage::Challenged || now.is_latched();
            assert!(why, "weights fall by challenge and rollback only: {told}");
        }
        if is > was && !by_hand && !rises_from_cap && after.state.phase() > before.phase() {
            let phase = plan.phase(before.phase());
            let enough = phase.probes.is_some() || u64::from(self.green_requests) >= phase.min_requests;
            assert!(enough, "no advance without data: {told}");
            assert_eq!(
                after.state.phase(),
                before.phase() + 1,
                "one phase at a time: {told}"
            );
        }
        if after.state.phase() != before.phase() {
            self.green_requests = 0;
        }
        let swaps = after
            .effects
            .iter()
            .filter(|effect| matches!(effect, Effect::SetShare { .. }))
            .count();
        assert!(swaps <= 1 || by_hand, "one swap a step: {told}");
        assert!(is == was || swaps > 0, "no share without a swap: {told}");
        assert!(after.conflict.is_none() || by_hand, "{told}");
        let tells = after
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Notify(_)));
        let saves = after.effects.contains(&Effect::Persist);
        assert!(!tells || saves, "what was told outlives a kill: {told}");
    }
}

fn storm(plan: &Plan, seed: u64) -> Stage {
    let mut dice = Dice(seed);
    let green_dies = dice.below(3) == 0;
    let mut watch = Watch {
        latched: None,
        green_requests: 0,
    };
    let mut now = 100.0;
    let mut state = State::new(Share::NONE, now);
    state = step(
        plan,
        state,
        Event::Operator {
            verb: Verb::Start,
            note: None,
        },
        now,
    )
    .state;
    let mut shown = Vec::new();
    for _ in 0..EVENTS {
        now += dice.pick(
            &[0.0, 0.01, 0.05, 0.05, 0.2, 1.0, -5.0, f64::NAN]
                .map(|by: f64| if by.is_nan() { 0.0 } else { by }),
        );
        let event = event(&mut dice, &state, green_dies, &mut shown);
        let before = state.clone();
        if let Event::Restarted { .. } = event {
            state = State::from_bytes(plan, &state.to_bytes()).unwrap();
            assert_eq!(state.to_bytes(), before.to_bytes(), "seed {seed}");
        }
        let after = step(plan, state, event, now);
        watch.check(plan, &before, event, &after, seed);
        state = after.state;
    }
    state.stage()
}

#[test]
fn storms_of_events_never_break_the_invariants() {
    let seeds = if std::env::var_os("CROSSFADE_FULL").is_some() {
        256
    } else {
        32
    };
    let plans = [
        fast(),
        plan(PlanDraft {
            strategy: Some("blue_green".to_owned()),
            ..PlanDraft::default()
        }),
        plan(PlanDraft {
            strategy: Some("manual".to_owned()),
            ..PlanDraft::default()
        }),
        plan(PlanDraft {
            on_regression: Some("pause".to_owned()),
            ..PlanDraft::default()
        }),
        plan(PlanDraft {
            analysis: AnalysisDraft {
                mode: Some("threshold".to_owned()),
                ..AnalysisDraft::default()
            },
            ..PlanDraft::default()
        }),
    ];
    let mut ends = std::collections::BTreeMap::new();
    for seed in 0..seeds {
        let plan = if seed % 2 == 0 {
            &plans[0]
        } else {
            &plans[seed as usize / 2 % plans.len()]
        };
        *ends.entry(storm(plan, seed).name()).or_insert(0) += 1;
    }
    println!("{seeds} seeds from 0, {EVENTS} events each, ended: {ends:?}");
    assert!(ends.len() >= 3, "the storms reach many states: {ends:?}");
}
