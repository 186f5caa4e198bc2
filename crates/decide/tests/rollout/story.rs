//! Plays events into a rollout and remembers what it asked for.

use decide::evidence::Witness;
use decide::release::Conflict;
use decide::rollout::{
    Effect, Event, Observation, Plan, PlanDraft, Probe, Seen, Stage, State, Stepped, Verb, step,
};
use decide::{Share, Side};

pub(crate) fn percent(percent: f64) -> Share {
    Share::from_percent(percent).unwrap()
}

/// The built-in `fast` plan: 10, 25, 50, 75, 100 with 20 requests and 10 s each.
pub(crate) fn fast() -> Plan {
    Plan::built_in("fast").unwrap().unwrap()
}

pub(crate) fn plan(draft: PlanDraft) -> Plan {
    draft.validate().unwrap()
}

pub(crate) struct Story {
    pub(crate) plan: Plan,
    pub(crate) state: State,
    pub(crate) now: f64,
    /// Of the latest event.
    pub(crate) effects: Vec<Effect>,
    /// What the rollout said it waits for, after the latest event.
    pub(crate) waits: String,
    pub(crate) conflict: Option<Conflict>,
    ids: u32,
}

impl Story {
    pub(crate) fn new(plan: Plan) -> Story {
        let now = 1000.0;
        Story {
            plan,
            state: State::new(Share::NONE, now),
            now,
            effects: Vec::new(),
            waits: String::new(),
            conflict: None,
            ids: 0,
        }
    }

    /// A rollout in its first phase with traffic.
    pub(crate) fn under_way(plan: Plan) -> Story {
        let mut story = Story::new(plan);
        story.press(Verb::Start);
        story.probes(20);
        story
    }

    pub(crate) fn hear(&mut self, event: Event<'_>) -> &mut Story {
        let state = std::mem::replace(&mut self.state, State::new(Share::NONE, 0.0));
        let Stepped {
            state,
            effects,
            report,
            conflict,
        } = step(&self.plan, state, event, self.now);
        self.state = state;
        self.effects = effects;
        self.waits = report.sentence();
        self.conflict = conflict;
        self
    }

    pub(crate) fn press(&mut self, verb: Verb) -> &mut Story {
        self.hear(Event::Operator { verb, note: None })
    }

    /// Presses, and expects to be told that it does not fit.
    pub(crate) fn refused(&mut self, verb: Verb) -> String {
        self.press(verb);
        self.conflict.as_ref().expect("a conflict").to_string()
    }

    pub(crate) fn after(&mut self, seconds: f64) -> &mut Story {
        self.now += seconds;
        self.hear(Event::Tick)
    }

    pub(crate) fn probes(&mut self, passed: u32) -> &mut Story {
        for _ in 0..passed {
            self.hear(Event::Probed(Probe::Passed));
        }
        self
    }

    pub(crate) fn sees(&mut self, side: Side, seen: Seen<'_>) -> &mut Story {
        let share = self.state.share();
        self.hear(Event::Observed(Observation {
            side,
            share,
            unit: None,
            seen: &[seen],
        }))
    }

    pub(crate) fn succeeds(&mut self, side: Side, times: u32) -> &mut Story {
        for _ in 0..times {
            self.sees(side, Seen::Succeeded);
        }
        self
    }

    /// Blue answers none of them instead.
    pub(crate) fn fails(&mut self, side: Side, times: u32) -> &mut Story {
        for _ in 0..times {
            self.ids += 1;
            let id = format!("request-{}", self.ids);
            self.sees(side, Seen::Failed { request_id: &id });
        }
        self
    }

    /// Green fails, and blue answers the same requests.
    pub(crate) fn is_rescued(&mut self, times: u32) -> &mut Story {
        for _ in 0..times {
            self.fails(Side::Green, 1);
            self.sees(
                Side::Green,
                Seen::Witnessed {
                    witness: Witness::BlueOk,
                    green_seconds: 0.1,
                },
            );
        }
        self
    }

    /// Good traffic until the next phase, or for a minute.
    pub(crate) fn goes_well(&mut self) -> &mut Story {
        let phase = self.state.phase();
        for _ in 0..60 {
            self.succeeds(Side::Green, 3).succeeds(Side::Blue, 3).after(1.0);
            if self.state.phase() != phase || self.state.stage().is_finished() {
                break;
            }
        }
        self
    }

    pub(crate) fn reaches(&mut self, share: f64) -> &mut Story {
        for _ in 0..10 {
            if self.state.share() == percent(share) {
                return self;
            }
            self.goes_well();
        }
        panic!(
            "never reached {share}%, but {} at {}",
            self.stage().name(),
            self.state.share()
        );
    }

    pub(crate) fn stage(&self) -> Stage {
        self.state.stage()
    }

    pub(crate) fn cause(&self) -> &'static str {
        self.state.verdict().expect("a verdict").cause.name()
    }

    /// The latest effects, one word each.
    pub(crate) fn asked(&self) -> Vec<String> {
        let word = |effect: &Effect| match effect {
            Effect::SetShare { green, latched: true } => format!("latch {green}"),
            Effect::SetShare { green, .. } => format!("set {green}"),
            Effect::Drain { side, .. } => format!("drain {side}"),
            Effect::Persist => "persist".to_owned(),
            Effect::Notify(_) => "notify".to_owned(),
            Effect::WakeAt(_) => "wake".to_owned(),
        };
        self.effects
            .iter()
            .map(word)
            .filter(|word| word != "wake")
            .collect()
    }
}
