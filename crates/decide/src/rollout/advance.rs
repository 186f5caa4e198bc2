//! What time and evidence do to a rollout: hold it, ask for it, move it on.
//!
//! Looked at after every event, in the order of what matters: is green worse, is blue worse, is it
//! too late, does the guard's alarm cap the weight, and last whether the phase may be left.

use crate::evidence::{Action, Guard, Standing, Stream};
use crate::{Share, Side};

use super::event::Effect;
use super::gate::{Gate, gate};
use super::plan::{Approval, OnTimeout};
use super::regress::Look;
use super::report::Passed;
use super::stage::Stage;
use super::state::ApprovalState;
use super::step::Turn;
use super::verdict::Cause;

impl Turn<'_> {
    pub(super) fn look(&mut self) {
        if self.state.stage == Stage::RollingBack && self.is_drained() {
            self.move_to(Stage::RolledBack, "green has drained; the rollback is complete");
        }
        if !self.state.stage.is_judged() {
            return;
        }
        let blue_is_worse = self.blue_is_worse();
        let calm = match self.look_at_green() {
            Look::Calm => true,
            Look::Suspicious => false,
            Look::Regressed(cause, grounds) => match self.act_on(cause, grounds, blue_is_worse) {
                Some(calm) => calm,
                None => return,
            },
        };
        self.tell_what_is_noted();
        if self.state.stage == Stage::Paused {
            return;
        }
        if self.state.promoted_by_hand {
            return self.complete_promotion();
        }
        if blue_is_worse {
            if self.state.stage != Stage::BlueUnhealthy {
                self.move_to(
                    Stage::BlueUnhealthy,
                    "blue is the worse side; nothing moves by itself",
                );
            }
            return;
        }
        if self.deadline_left() <= 0.0 {
            return self.roll_back(Cause::Deadline, None, None);
        }
        if self.challenge() {
            return;
        }
        self.look_at_phase(calm);
    }

    /// The guard's alarm caps the weight; without it the weight is the phase's. Whether that has
    /// decided this step.
    fn challenge(&mut self) -> bool {
        let (planned, cap) = (self.phase().weight, self.plan.analysis.challenge.cap);
        if planned > cap && self.state.hears_guard(self.plan) {
            if self.state.stage != Stage::Challenged {
                let from = self.state.stage;
                self.state.stage = Stage::Challenged;
                self.state.drain = None;
                self.change_share(cap.min(self.state.share));
                self.set_share_effect();
                self.effects.push(Effect::Persist);
                let sentence = format!("green fails more than expected; back to {cap} to tell why");
                self.tell(from, sentence);
            }
            return true;
        }
        let was_challenged = self.state.stage == Stage::Challenged;
        if was_challenged || (self.state.share != planned && !self.state.share_by_hand) {
            let from = self.state.stage;
            self.state.stage = self.phase().stage();
            self.put_phase_in_force();
            self.tell(from, format!("green gets the phase's {planned} again"));
            return true;
        }
        false
    }

    fn look_at_phase(&mut self, calm: bool) {
        if self.state.stage == Stage::BlueUnhealthy {
            self.move_to(self.phase().stage(), "blue is well again");
        }
        let clear = self.has_capacity() && !self.state.would_be_challenged(self.plan);
        let asks = self.phase().approval != Approval::None && !self.state.approval.given;
        if self.state.stage == Stage::AwaitingApproval && asks {
            return self.wait_for_approval();
        }
        let elapsed = self.state.clock.in_phase;
        let decided = match self.phase().probes {
            Some(_) => self.gate_of_precheck(elapsed),
            None => gate(self.phase(), elapsed, self.state.requests_in_phase, calm, clear),
        };
        match decided {
            Gate::Advance if asks => {
                self.state
                    .approval
                    .asked_at
                    .get_or_insert(self.state.clock.elapsed);
                self.move_to(
                    Stage::AwaitingApproval,
                    "the phase is complete and waits for an approval",
                );
            }
            Gate::Advance => self.advance(),
            Gate::Rollback => self.roll_back(Cause::Inconclusive, None, None),
            Gate::Hold if self.state.stage != Stage::Held => {
                self.state.stage = Stage::Held;
                self.effects.push(Effect::Persist);
                let why = super::report::report(self.plan, &self.state).sentence();
                self.tell(self.phase().stage(), why);
            }
            Gate::Hold => {}
            Gate::Wait => self.state.stage = self.phase().stage(),
        }
    }

    /// Probes are the only requests of a precheck: it is over with the last one.
    fn gate_of_precheck(&self, elapsed: f64) -> Gate {
        let Some(probes) = self.phase().probes else {
            return Gate::Wait;
        };
        if self.state.probes_passed + self.state.probes_failed >= probes.count {
            return Gate::Advance;
        }
        // Nothing was seen of green, so neither can it have passed.
        match gate(self.phase(), elapsed, 0, false, false) {
            Gate::Advance => Gate::Wait,
            other => other,
        }
    }

    fn wait_for_approval(&mut self) {
        let (
            Approval::Manual {
                timeout_seconds,
                on_timeout,
            },
            Some(asked_at),
        ) = (self.phase().approval, self.state.approval.asked_at)
        else {
            return;
        };
        if self.state.approval.timed_out || self.state.clock.elapsed - asked_at < timeout_seconds {
            return;
        }
        match on_timeout {
            OnTimeout::Rollback => self.roll_back(Cause::ApprovalTimedOut, None, None),
            OnTimeout::Hold => {
                self.state.approval.timed_out = true;
                self.move_to(
                    Stage::AwaitingApproval,
                    "nobody approved in time; the weight stays until somebody does",
                );
            }
        }
    }

    /// On to the next phase: written down first, then in force.
    pub(super) fn advance(&mut self) {
        let from = self.state.stage;
        if self.state.phase >= self.plan.last() {
            self.state.stage = self.phase().stage();
            if self.is_drained() {
                self.succeed();
            }
            return;
        }
        if self.state.approval.given {
            self.state.approval.given_for = Some(self.state.phase);
        }
        self.enter_phase(self.state.phase + 1);
        self.put_phase_in_force();
        let (name, weight) = (self.phase().name.clone(), self.phase().weight);
        self.tell(from, format!("phase '{name}' begins; green gets {weight}"));
    }

    /// A fresh phase: what was seen in another one does not carry it.
    pub(super) fn enter_phase(&mut self, phase: usize) {
        self.state.phase = phase;
        self.state.clock.in_phase = 0.0;
        self.state.requests_in_phase = 0;
        self.state.probes_passed = 0;
        self.state.probes_failed = 0;
        self.state.approval = ApprovalState {
            given_for: self.state.approval.given_for,
            ..ApprovalState::default()
        };
        self.state.stage = self.phase().stage();
    }

    pub(super) fn put_phase_in_force(&mut self) {
        self.effects.push(Effect::Persist);
        self.change_share(self.phase().weight);
        self.set_share_effect();
        if self.state.share == Share::ALL {
            self.start_drain(Side::Blue);
        }
    }

    /// An operator has promoted green: no gate, only the drain.
    fn complete_promotion(&mut self) {
        if self.is_drained() {
            self.succeed();
        }
    }

    fn succeed(&mut self) {
        let passed = Passed::of(&self.state);
        self.move_to(Stage::Succeeded, &passed.to_string());
    }

    pub(super) fn move_to(&mut self, stage: Stage, sentence: &str) {
        let from = self.state.stage;
        self.state.stage = stage;
        self.effects.push(Effect::Persist);
        self.tell(from, sentence.to_owned());
    }

    /// An operator has seen what held the rollout up and goes on: streams that only hold are
    /// settled for this rollout, a regression's evidence starts over. Whether there was anything.
    pub(super) fn acknowledge(&mut self) -> bool {
        let analysis = &self.plan.analysis;
        let settled = self.state.settled;
        for stream in Stream::ALL {
            let metric = analysis.metrics.of(stream);
            let standing = self.state.judge.engine.standing(stream, metric, analysis.caution);
            if metric.action == Action::Hold && standing == Standing::Cautious {
                self.state.settled.insert(stream);
            }
        }
        let is_open = self.state.noticed.is_some() && !self.state.acknowledged && !analysis.dry_run;
        if is_open {
            self.state.acknowledged = true;
            self.state.judge.engine.start_over();
            self.state.judge.guard = Guard::default();
            self.state.judge.window = None;
        }
        is_open || settled != self.state.settled
    }
}
