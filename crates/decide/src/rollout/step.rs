//! The one function that moves a rollout.

use crate::release::Conflict;
use crate::{Share, Side};

use super::event::{Effect, Event, Notice};
use super::plan::{Phase, Plan};
use super::report::{Report, report};
use super::stage::Stage;
use super::state::{DrainState, State};

/// How old the saved evidence may get: less than the second that a crash may cost.
pub(super) const SAVE_AFTER_SECONDS: f64 = 0.5;

/// A limit that rounding puts a hair ahead would otherwise be asked for over and over.
const SHORTEST_WAKE_SECONDS: f64 = 0.001;

/// What became of one event.
#[derive(Clone, Debug, PartialEq)]
pub struct Stepped {
    pub state: State,
    pub effects: Vec<Effect>,
    pub report: Report,
    /// A verb that does not fit the state, and has changed nothing.
    pub conflict: Option<Conflict>,
}

/// `now` is in seconds on any clock that does not run backwards; a reading that does is taken
/// for the one before.
pub fn step(plan: &Plan, state: State, event: Event<'_>, now: f64) -> Stepped {
    let mut turn = Turn {
        plan,
        state,
        effects: Vec::new(),
    };
    let before = turn.state.stage;
    turn.pass_time(&event, now);
    let conflict = turn.take(event).err();
    turn.look();
    turn.save_in_time(&event, before);
    Stepped {
        report: report(plan, &turn.state),
        state: turn.state,
        effects: turn.effects,
        conflict,
    }
}

/// One step under way.
pub(super) struct Turn<'a> {
    pub(super) plan: &'a Plan,
    pub(super) state: State,
    pub(super) effects: Vec<Effect>,
}

impl Turn<'_> {
    fn pass_time(&mut self, event: &Event<'_>, now: f64) {
        let clock = &mut self.state.clock;
        if let Event::Restarted { down_seconds } = event {
            // Nobody saw any traffic meanwhile, so the phase gets nothing of it.
            clock.elapsed += if down_seconds.is_finite() {
                down_seconds.max(0.0)
            } else {
                0.0
            };
            clock.now = if now.is_finite() { now } else { 0.0 };
            return;
        }
        let passed = now - clock.now;
        if !passed.is_finite() || passed <= 0.0 {
            return;
        }
        clock.now = now;
        if self.state.stage == Stage::Pending {
            return;
        }
        clock.elapsed += passed;
        if self.state.stage == Stage::Paused {
            clock.paused += passed;
        }
        if self.state.stage.counts_time() {
            clock.in_phase += passed;
        }
    }

    fn take(&mut self, event: Event<'_>) -> Result<(), Conflict> {
        match event {
            Event::Operator { verb, note } => return self.operator(verb, note),
            Event::Observed(observation) if self.state.stage.is_judged() => self.observe(observation),
            Event::Probed(probe) => self.probed(probe),
            Event::BlueHealth { healthy } => self.state.blue.down = !healthy,
            Event::Drained(side) => self.drained(side),
            Event::Restarted { .. } => self.restarted(),
            Event::Observed(_) | Event::Tick => {}
        }
        Ok(())
    }

    /// The route and the drains of this gateway's life before are gone; ask for them again.
    fn restarted(&mut self) {
        if self.state.stage == Stage::Pending {
            return;
        }
        self.effects.push(Effect::SetShare {
            green: self.state.share,
            latched: self.state.stage.is_latched(),
        });
        if let Some(drain) = self.state.drain.filter(|drain| !drain.done) {
            self.start_drain(drain.side);
        }
    }

    fn drained(&mut self, side: Side) {
        if let Some(drain) = self.state.drain.as_mut().filter(|drain| drain.side == side) {
            drain.done = true;
        }
    }

    pub(super) fn start_drain(&mut self, side: Side) {
        self.state.drain = Some(DrainState {
            side,
            since: self.state.clock.elapsed,
            done: false,
        });
        self.effects.push(Effect::Drain {
            side,
            timeout_seconds: self.plan.drain_timeout_seconds,
        });
    }

    /// Nothing is in flight any more, or it has had its time.
    pub(super) fn is_drained(&self) -> bool {
        self.state.drain.is_none_or(|drain| {
            drain.done || self.state.clock.elapsed - drain.since >= self.plan.drain_timeout_seconds
        })
    }

    pub(super) fn phase(&self) -> &Phase {
        self.plan.phase(self.state.phase)
    }

    /// Bets are settled by the share in force, so every change of it passes here.
    pub(super) fn change_share(&mut self, green: Share) {
        if self.state.share == green {
            return;
        }
        // Before the first weight there was nothing to compare: it is no change of one.
        if self.state.share != Share::NONE {
            self.state.judge.engine.weight_changed();
        }
        self.state.share = green;
        self.state.share_by_hand = false;
    }

    pub(super) fn set_share_effect(&mut self) {
        self.effects.push(Effect::SetShare {
            green: self.state.share,
            latched: self.state.stage.is_latched(),
        });
    }

    pub(super) fn tell(&mut self, from: Stage, sentence: String) {
        self.effects.push(Effect::Notify(Notice {
            from,
            to: self.state.stage,
            phase: self.state.phase,
            sentence,
        }));
    }

    /// Evidence is written down twice a second while there is any; transitions at once.
    fn save_in_time(&mut self, event: &Event<'_>, before: Stage) {
        let elapsed = self.state.clock.elapsed;
        if self.effects.contains(&Effect::Persist) {
            self.state.unsaved_since = None;
        } else if self
            .state
            .unsaved_since
            .is_some_and(|since| elapsed - since >= SAVE_AFTER_SECONDS)
        {
            self.state.unsaved_since = None;
            self.effects.push(Effect::Persist);
        }
        let mut first_unsaved = false;
        if matches!(event, Event::Observed(_) | Event::Probed(_)) && self.state.stage.is_judged() {
            first_unsaved = self.state.unsaved_since.is_none();
            self.state.unsaved_since.get_or_insert(elapsed);
        }
        let is_request = matches!(event, Event::Observed(_));
        let worth_a_look =
            !is_request || first_unsaved || !self.effects.is_empty() || before != self.state.stage;
        if let Some(seconds) = self.next_wake().filter(|_| worth_a_look) {
            let at = self.state.clock.now + seconds.max(SHORTEST_WAKE_SECONDS);
            self.effects.push(Effect::WakeAt(at));
        }
    }
}
