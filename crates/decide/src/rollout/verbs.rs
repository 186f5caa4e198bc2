//! Buttons. One that already holds changes nothing; one that does not fit the state is a conflict
//! that names the state.

use crate::release::Conflict;
use crate::{Share, Side};

use super::event::{Effect, Verb};
use super::stage::Stage;
use super::step::Turn;
use super::verdict::Cause;

impl Turn<'_> {
    pub(super) fn operator(&mut self, verb: Verb, note: Option<&str>) -> Result<(), Conflict> {
        match verb {
            Verb::Start => self.start(note),
            Verb::Pause => self.pause(note),
            Verb::Resume => self.resume(note),
            Verb::Skip => self.skip(note),
            Verb::Approve => self.approve(note),
            Verb::Reject => self.reject(note),
            Verb::Cancel => self.cancel(note),
            Verb::Promote => self.promote(note),
            Verb::Rollback => {
                // In any state: an abort is never refused, and changes nothing where green is out.
                self.roll_back(Cause::Operator, None, note);
                Ok(())
            }
            Verb::Split(share) => self.split(share, note),
        }
    }

    fn start(&mut self, note: Option<&str>) -> Result<(), Conflict> {
        if self.state.stage != Stage::Pending {
            return Err(self.conflict(
                Verb::Start,
                "it was started before; start a new one when it is over",
            ));
        }
        self.enter_phase(0);
        self.put_phase_in_force();
        self.tell_by(Stage::Pending, "the rollout has started", note);
        Ok(())
    }

    fn pause(&mut self, note: Option<&str>) -> Result<(), Conflict> {
        self.needs(
            Verb::Pause,
            self.state.stage.is_judged(),
            "there is nothing to pause",
        )?;
        if self.state.stage != Stage::Paused {
            let from = self.state.stage;
            self.state.stage = Stage::Paused;
            self.effects.push(Effect::Persist);
            self.tell_by(from, "paused; the weight stays, a regression still acts", note);
        }
        Ok(())
    }

    /// Also of what held a rollout up without pausing it: the operator has seen it.
    fn resume(&mut self, note: Option<&str>) -> Result<(), Conflict> {
        self.needs(
            Verb::Resume,
            self.state.stage.is_judged(),
            "there is nothing to resume",
        )?;
        let from = self.state.stage;
        let had_seen_all = !self.acknowledge();
        match from {
            Stage::Paused => {
                if self.state.share_by_hand {
                    self.go_on_from(self.state.share);
                }
                self.state.stage = self.promoted_or_phase();
            }
            Stage::BlueUnhealthy if self.state.blue.worse_since.is_some() => {
                self.state.blue.worse_since = None;
                self.state.judge.engine.forgive_blue();
            }
            _ if had_seen_all => return Ok(()),
            _ => {}
        }
        self.effects.push(Effect::Persist);
        self.tell_by(from, "resumed", note);
        Ok(())
    }

    /// The phase that a split set by hand belongs to: the last one that asks for no more.
    fn go_on_from(&mut self, share: Share) {
        let fits = self
            .plan
            .phases()
            .take_while(|phase| phase.weight <= share)
            .count();
        let phase = fits.saturating_sub(1);
        if phase != self.state.phase {
            self.enter_phase(phase);
        }
        if share < self.phase().weight {
            self.put_phase_in_force();
        }
    }

    fn promoted_or_phase(&self) -> Stage {
        if self.state.promoted_by_hand {
            Stage::Promoting
        } else {
            self.phase().stage()
        }
    }

    fn skip(&mut self, note: Option<&str>) -> Result<(), Conflict> {
        let fits = self.state.stage.counts_time() && !self.state.promoted_by_hand;
        self.needs(Verb::Skip, fits, "only a phase that is under way can be skipped")?;
        let from = self.state.stage;
        self.acknowledge();
        self.tell_by(from, "the phase was skipped", note);
        // Past the last phase there is only the drain.
        self.state.promoted_by_hand = self.state.phase == self.plan.last();
        if self.state.promoted_by_hand {
            self.effects.push(Effect::Persist);
        }
        self.advance();
        Ok(())
    }

    fn approve(&mut self, note: Option<&str>) -> Result<(), Conflict> {
        let phase = self.state.phase;
        let just_left = phase.checked_sub(1);
        let approval = self.state.approval;
        if self.state.stage == Stage::AwaitingApproval {
            self.state.approval.given = true;
            self.state.stage = self.phase().stage();
            self.acknowledge();
            self.effects.push(Effect::Persist);
            self.tell_by(Stage::AwaitingApproval, "approved", note);
            return Ok(());
        }
        let holds = approval.given || (approval.given_for.is_some() && approval.given_for == just_left);
        self.needs(Verb::Approve, holds, "no approval is asked for")
    }

    fn reject(&mut self, note: Option<&str>) -> Result<(), Conflict> {
        let asked = self.state.stage == Stage::AwaitingApproval;
        let verdict = self.state.verdict.as_ref();
        let holds = verdict.is_some_and(|verdict| verdict.cause == Cause::ApprovalRejected);
        self.needs(Verb::Reject, asked || holds, "no approval is asked for")?;
        if asked {
            self.roll_back(Cause::ApprovalRejected, None, note);
        }
        Ok(())
    }

    fn cancel(&mut self, note: Option<&str>) -> Result<(), Conflict> {
        let from = self.state.stage;
        if from == Stage::Cancelled {
            return Ok(());
        }
        let fits = from.is_judged() || from == Stage::Pending;
        self.needs(Verb::Cancel, fits, "it is over, or being rolled back")?;
        self.state.stage = Stage::Cancelled;
        self.effects.push(Effect::Persist);
        let sentence = format!(
            "cancelled; nobody judges any more, green keeps {}",
            self.state.share
        );
        self.tell_by(from, &sentence, note);
        Ok(())
    }

    fn promote(&mut self, note: Option<&str>) -> Result<(), Conflict> {
        let from = self.state.stage;
        if from == Stage::Succeeded || (self.state.promoted_by_hand && from == Stage::Promoting) {
            return Ok(());
        }
        let fits = from.is_judged() || matches!(from, Stage::Pending | Stage::Cancelled);
        self.needs(Verb::Promote, fits, "green was rolled back")?;
        let was_all = self.state.share == Share::ALL && self.state.drain.is_some();
        self.acknowledge();
        self.enter_phase(self.plan.last());
        self.state.promoted_by_hand = true;
        self.state.stage = Stage::Promoting;
        self.effects.push(Effect::Persist);
        self.change_share(Share::ALL);
        self.set_share_effect();
        if !was_all {
            self.start_drain(Side::Blue);
        }
        self.tell_by(from, "promoted; green gets 100%", note);
        Ok(())
    }

    fn split(&mut self, share: Share, note: Option<&str>) -> Result<(), Conflict> {
        let paused = self.state.stage == Stage::Paused;
        self.needs(Verb::Split(share), paused, "pause the rollout first")?;
        if share != self.state.share {
            self.effects.push(Effect::Persist);
            self.change_share(share);
            self.state.share_by_hand = true;
            self.set_share_effect();
            self.state.drain = None;
            if share == Share::ALL {
                self.start_drain(Side::Blue);
            }
            self.tell_by(Stage::Paused, &format!("green gets {share}, set by hand"), note);
        }
        Ok(())
    }

    fn needs(&self, verb: Verb, fits: bool, why: &str) -> Result<(), Conflict> {
        if fits {
            Ok(())
        } else {
            Err(self.conflict(verb, why))
        }
    }

    fn conflict(&self, verb: Verb, why: &str) -> Conflict {
        Conflict {
            verb: verb.name(),
            state: self.state.stage.name(),
            why: why.to_owned(),
        }
    }

    fn tell_by(&mut self, from: Stage, sentence: &str, note: Option<&str>) {
        let sentence = match note {
            Some(note) => format!("{sentence} ({note})"),
            None => sentence.to_owned(),
        };
        self.tell(from, sentence);
    }
}
