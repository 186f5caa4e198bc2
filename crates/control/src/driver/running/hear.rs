//! What requests say, as the machine wants it: the finished ones, and those that have waited too long.

use decide::evidence::Witness;
use decide::rollout::{Event, Observation, Seen, State, Verb};
use decide::{Share, Side};
use gateway::Snapshot;

use super::super::finished::{Ending, Finished};
use super::Running;

impl Running {
    /// What a finished request says, in the order in which it came to be known.
    pub(super) fn observe(&mut self, finished: &Finished) {
        let now = self.context.seconds();
        let began_at = now - finished.seconds;
        let is_of_this_rollout = began_at >= self.began;
        if !is_of_this_rollout && finished.side == Side::Green {
            return;
        }
        if finished.side == Side::Green {
            self.probing.green_was_seen();
        }
        let slow = (finished.ending != Ending::Told)
            .then(|| {
                self.ages
                    .at_end(finished.token, began_at, finished.silent_seconds)
            })
            .flatten()
            .filter(|slow| *slow || finished.ending == Ending::Succeeded);
        let witness = finished.witness.filter(|_| self.rollout.rescue);
        let seen: Vec<Seen<'_>> = shown(finished, slow, witness).into_iter().flatten().collect();
        self.observed(Observation {
            side: finished.side,
            share: if is_of_this_rollout {
                finished.share
            } else {
                Share::NONE
            },
            unit: finished.unit,
            seen: &seen,
        });
    }

    pub(super) fn observed(&mut self, observation: Observation<'_>) {
        self.happened(Event::Observed(observation));
    }

    /// Green is out although nobody here has taken it out.
    pub(in crate::driver) fn is_rolled_back_elsewhere(&self, snapshot: &Snapshot) -> bool {
        let index = snapshot.table.names.deployment(&self.rollout.deployment);
        let route = index.and_then(|index| snapshot.table.routes.get(index));
        let is_out = route.is_some_and(|route| route.latched);
        is_out && self.report.stage.is_judged() && self.report.share > Share::NONE
    }

    pub(in crate::driver) fn hear_a_rollback(&mut self) {
        let note = Some("the deployment was rolled back on another gateway");
        let verb = Verb::Rollback;
        self.happened(Event::Operator { verb, note });
    }

    /// Requests that have waited too long for a first byte, while they do.
    pub(super) fn look_at_ages(&mut self) {
        let Some(slow_after) = self.state.as_ref().map(State::slow_after) else {
            return;
        };
        let now = self.context.seconds();
        self.ages.note_limit(now, slow_after);
        if self.report.share.is_exact() || !slow_after.is_finite() {
            return;
        }
        let shared = self.context.desk.shared();
        let snapshot = shared.snapshot();
        let Some(deployment) = super::super::find(&snapshot, &self.rollout.deployment) else {
            return;
        };
        for waiting in shared.waiting() {
            let is_for = |side| {
                let environment = deployment.environment(side);
                environment.is_some_and(|environment| waiting.is_for(&environment.flight))
            };
            let Some(side) = [Side::Green, Side::Blue].into_iter().find(|side| is_for(*side)) else {
                continue;
            };
            let began_at = now - waiting.age.as_secs_f64();
            if began_at >= self.began && self.ages.is_slow_now(waiting.token, began_at, now) {
                let (share, unit) = (waiting.share, waiting.unit);
                self.observed(Observation {
                    side,
                    share,
                    unit,
                    seen: &[Seen::Aged { slow: true }],
                });
            }
        }
    }
}

/// What a finished request shows, in the order in which it came to be known.
fn shown(finished: &Finished, slow: Option<bool>, witness: Option<(Witness, f64)>) -> [Option<Seen<'_>>; 7] {
    [
        slow.map(|slow| Seen::Aged { slow }),
        finished.first_byte.map(|seconds| Seen::FirstByte { seconds }),
        finished
            .time_per_output_token
            .map(|seconds| Seen::TimePerOutputToken { seconds }),
        finished.output_tokens.map(|tokens| Seen::OutputTokens { tokens }),
        finished.usd.map(|usd| Seen::Cost { usd }),
        witness.map(|(witness, green_seconds)| Seen::Witnessed {
            witness,
            green_seconds,
        }),
        match &finished.ending {
            Ending::Succeeded => Some(Seen::Succeeded),
            Ending::Failed { request_id } => Some(Seen::Failed { request_id }),
            Ending::OutOfCapacity => Some(Seen::OutOfCapacity),
            Ending::Left | Ending::Told => None,
        },
    ]
}
