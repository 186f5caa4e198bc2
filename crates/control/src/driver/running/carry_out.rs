//! What the machine asks for, done: the split, drains, writing down, telling.

use std::sync::Arc;
use std::time::Duration;

use decide::Side;
use decide::rollout::{Notice, State};
use serde_json::Value;
use store::rollouts::Saved;
use tokio::time::Instant;

use super::super::drain::Draining;
use super::super::tell::Transition;
use super::super::view::{Around, shown};
use super::Running;
use crate::desk::Actor;

impl Running {
    pub(super) fn roll_back(&mut self) {
        self.pending = None;
        let actor = self.who();
        self.switch.roll_back(actor);
    }

    /// Nothing is left to be put in force.
    pub(super) fn is_in_force(&self) -> bool {
        self.pending.is_none() && self.switch.is_done()
    }

    pub(super) fn who(&self) -> Actor {
        self.actor.clone().unwrap_or_else(|| Actor {
            name: "rollout".to_owned(),
            role: "system",
            reason: Some(self.report.sentence()),
        })
    }

    /// Puts in force what has been written down by now, and answers who waited for that.
    pub(super) fn settle(&mut self) {
        let written = self.saver.written().number;
        if let Some((green, _)) = self.pending.take_if(|(_, number)| *number <= written) {
            let actor = self.who();
            self.switch.put(green, actor);
        }
        if self.replies.iter().any(|(number, _)| *number <= written) && self.is_in_force() {
            let view = self.show();
            let answered = self.replies.extract_if(.., |(number, _)| *number <= written);
            for (_, reply) in answered {
                // Nobody waits for it any more.
                let _ = reply.send(Ok(view.clone()));
            }
        }
    }

    pub(super) fn drain(&mut self, side: Side, timeout_seconds: f64) {
        let snapshot = self.context.desk.shared().snapshot();
        let environment = super::super::find(&snapshot, &self.rollout.deployment)
            .and_then(|deployment| deployment.environment(side).cloned());
        let until =
            Instant::now() + Duration::try_from_secs_f64(timeout_seconds).unwrap_or(Duration::MAX / 4);
        self.draining = environment
            .map(|environment| Draining::new(&self.rollout, side, Arc::clone(&environment.flight), until));
    }

    pub(super) fn tell(&mut self, notice: Notice) {
        let Some(state) = &self.state else { return };
        let verdict = self.is_told.new_verdict(state);
        if let Some(cause) = verdict
            .filter(|_| notice.to.is_latched())
            .map(|verdict| verdict.cause.name())
        {
            self.context.observatory.count_rollback(cause);
        }
        let transition = Transition {
            rollout: &self.rollout,
            notice: &notice,
            report: &self.report,
            verdict,
            actor: self.who(),
        };
        let message = self.context.teller.tell(&transition);
        self.courier.send(message);
    }

    pub(super) fn save(&mut self) -> u64 {
        let Some(state) = self.state.as_ref().map(State::to_bytes) else {
            return self.last_save;
        };
        let now = self.context.unix_millis();
        let report = self.show().to_string();
        self.saved_at = Instant::now();
        self.last_save = self.saver.save(Saved {
            state,
            report,
            at: now,
            finished_at: self.report.stage.is_finished().then_some(now),
        });
        self.last_save
    }

    /// Renews what is shown.
    pub(super) fn show(&mut self) -> Value {
        self.shown_at = Instant::now();
        let Some(state) = &self.state else {
            return Value::Null;
        };
        let around = Around {
            rollout: &self.rollout,
            in_force: super::super::share_in_force(self.context.desk.shared(), &self.rollout.deployment)
                .unwrap_or(self.report.share),
            drain: self
                .draining
                .as_ref()
                .filter(|_| !self.report.stage.is_finished())
                .map(Draining::shown),
            paired_probes: self.probing.paired(),
            missed: self.context.inboxes.missed(&self.rollout.deployment),
            now: self.context.unix_millis(),
        };
        let shown = shown(state, &self.report, around);
        let view = shown.view.clone();
        self.context.board.show(&self.rollout.deployment, shown);
        view
    }
}
