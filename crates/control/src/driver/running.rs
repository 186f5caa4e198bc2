//! One rollout under way: hears what happens, steps the machine, and does what it asks for.
//!
//! Everything comes in one after the other, so a verdict and an operator's button never meet half-way, and nothing here
//! waits: the store is written by `saver`, the split put in force by `switch`. A rollback takes effect within the step
//! that decided it. An advance is written down first: until it is, the route stays as it was while the machine is ahead
//! of it, which can only make green look better than it is. `hear` turns requests into observations, `carry_out` does
//! what the machine asks for.

mod carry_out;
mod hear;

use std::sync::Arc;
use std::time::Duration;

use decide::evidence::Witness;
use decide::release::Conflict;
use decide::rollout::{Effect, Event, Observation, Plan, Probe, Report, Seen, State, Verb, step};
use decide::{Share, Side};
use serde_json::Value;
use store::routes::Driven;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior};

use super::Context;
use super::ages::Ages;
use super::courier::Courier;
use super::drain::Draining;
use super::finished::Finished;
use super::probes::Probing;
use super::saver::Saver;
use super::switch::Switch;
use super::tell::Told;
use crate::desk::Actor;
use crate::health::Status;

/// How often we look at what nobody tells: ages, health, drains, probes that are due.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A state without news is written down this often, so that a restart knows how long nobody looked.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// What is shown is renewed this often, and at each transition.
const SHOW_EVERY: Duration = Duration::from_millis(200);
/// Messages taken at once.
const BATCH: usize = 256;

/// What stays the same while a rollout runs.
#[derive(Clone, Debug)]
pub(super) struct Rollout {
    pub(super) id: String,
    pub(super) deployment: String,
    /// Digest of green's definition.
    pub(super) candidate: String,
    pub(super) plan: Plan,
    /// What probes ask.
    pub(super) prompt: String,
    /// Whether blue stands in for green.
    pub(super) rescue: bool,
    /// Unix milliseconds.
    pub(super) started_at: i64,
}

pub(super) enum Message {
    Finished(Box<Finished>),
    Press {
        verb: Verb,
        actor: Actor,
        reply: oneshot::Sender<Result<Value, Conflict>>,
    },
    Probed(Probe),
    Paired(Option<(Witness, f64)>),
    /// The deployment has another green, or none, or is gone.
    Redefined,
}

pub(super) struct Running {
    context: Arc<Context>,
    rollout: Rollout,
    /// Out only while a step is under way.
    state: Option<State>,
    report: Report,
    saver: Saver,
    switch: Switch,
    ages: Ages,
    probing: Probing,
    draining: Option<Draining>,
    /// The number of the saver's by which we know whether the rollout is still ours.
    doubt: Option<u64>,
    /// A share that waits for a number of the saver's.
    pending: Option<(Share, u64)>,
    /// Answered once all is in force and this number of the saver's is written: what was acknowledged outlives a kill.
    replies: Vec<(u64, oneshot::Sender<Result<Value, Conflict>>)>,
    /// Requests that began before are none of this rollout's. On the driver's clock.
    began: f64,
    wake_at: Option<Instant>,
    saved_at: Instant,
    last_save: u64,
    shown_at: Instant,
    blue_is_healthy: bool,
    is_told: Told,
    courier: Courier,
    actor: Option<Actor>,
}

impl Running {
    pub(super) fn new(
        context: Arc<Context>,
        rollout: Rollout,
        state: State,
        courier: Courier,
        messages: mpsc::Sender<Message>,
    ) -> Running {
        let now = Instant::now();
        let saver = Saver::start(
            context.desk.store().clone(),
            rollout.id.clone(),
            context.owner.clone(),
        );
        let driven = Driven {
            rollout: rollout.id.clone(),
            owner: context.owner.clone(),
        };
        let switch = Switch::start(Arc::clone(&context.desk), rollout.deployment.clone(), driven);
        Running {
            report: state.report(&rollout.plan),
            is_told: Told::of(&state),
            probing: Probing::new(Arc::clone(&context.prober), messages),
            began: context.seconds(),
            state: Some(state),
            saver,
            switch,
            rollout,
            context,
            ages: Ages::default(),
            draining: None,
            doubt: None,
            pending: None,
            replies: Vec::new(),
            wake_at: None,
            saved_at: now,
            last_save: 0,
            shown_at: now,
            blue_is_healthy: true,
            courier,
            actor: None,
        }
    }

    /// Goes on with a rollout that was read back.
    pub(super) fn restarted(&mut self, down_seconds: f64) {
        self.began = f64::NEG_INFINITY;
        self.happened(Event::Restarted { down_seconds });
    }

    /// Drives it to its end, written down.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let wake_at = self.wake_at;
            let wake = async move {
                match wake_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                count = inbox.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        return;
                    }
                    for message in batch.drain(..) {
                        self.take(message);
                    }
                }
                () = wake => {
                    self.wake_at = None;
                    self.happened(Event::Tick);
                }
                () = self.saver.progress() => {}
                () = self.switch.progress() => drop(self.show()),
                _ = looks.tick() => self.look(),
            }
            self.settle();
            let written = self.saver.written();
            if written.lost {
                let (rollout, deployment) = (&self.rollout.id, &self.rollout.deployment);
                tracing::warn!(rollout, deployment, "another gateway drives this rollout now");
                return;
            }
            if self.report.stage.is_finished() && written.number >= self.last_save && self.is_in_force() {
                return;
            }
        }
    }

    pub(super) fn take(&mut self, message: Message) {
        match message {
            Message::Finished(finished) => self.observe(&finished),
            Message::Press { verb, actor, reply } => match self.press(verb, actor) {
                // A rollback holds without the store, and its answer does not wait for it.
                Ok(()) if verb == Verb::Rollback => self.replies.push((0, reply)),
                Ok(()) => self.replies.push((self.last_save, reply)),
                // Nobody waits for it any more.
                Err(conflict) => drop(reply.send(Err(conflict))),
            },
            Message::Probed(probe) => {
                self.probing.ended(probe);
                self.happened(Event::Probed(probe));
            }
            Message::Paired(seen) => {
                self.probing.paired_ended();
                if let Some((witness, green_seconds)) = seen {
                    let share = self.report.share;
                    let seen = Seen::Witnessed {
                        witness,
                        green_seconds,
                    };
                    self.observed(Observation {
                        side: Side::Green,
                        share,
                        unit: None,
                        seen: &[seen],
                    });
                }
            }
            Message::Redefined => {
                // What is still to be put in force was meant for the green before.
                self.pending = None;
                self.switch.forget();
                let note = Some("the deployment's definition changed");
                let verb = Verb::Cancel;
                self.happened(Event::Operator { verb, note });
            }
        }
    }

    fn press(&mut self, verb: Verb, actor: Actor) -> Result<(), Conflict> {
        let note = match &actor.reason {
            Some(reason) => format!("{}: {reason}", actor.name),
            None => actor.name.clone(),
        };
        self.actor = Some(actor);
        let conflict = self.happened(Event::Operator {
            verb,
            note: Some(&note),
        });
        self.actor = None;
        conflict.map_or(Ok(()), Err)
    }

    /// Steps, and does what that asks for, in its order.
    fn happened(&mut self, event: Event<'_>) -> Option<Conflict> {
        let state = self.state.take()?;
        let stepped = step(&self.rollout.plan, state, event, self.context.seconds());
        self.report = stepped.report;
        self.state = Some(stepped.state);
        let mut waits_for = None;
        let mut transition = false;
        for effect in stepped.effects {
            match effect {
                Effect::SetShare { latched: true, .. } => self.roll_back(),
                Effect::SetShare { green, .. } => self.pending = Some((green, waits_for.unwrap_or(0))),
                Effect::Persist => waits_for = Some(self.save()),
                Effect::Drain {
                    side,
                    timeout_seconds,
                } => self.drain(side, timeout_seconds),
                Effect::Notify(notice) => {
                    transition = true;
                    self.tell(notice);
                }
                Effect::WakeAt(at) => self.wake_at = Some(self.context.instant(at)),
            }
        }
        if transition {
            self.settle();
            self.show();
        }
        stepped.conflict
    }

    fn look(&mut self) {
        self.look_at_ages();
        let health = self.context.health.of(&self.rollout.deployment, Side::Blue);
        let healthy = health.status != Status::Unhealthy;
        if std::mem::replace(&mut self.blue_is_healthy, healthy) != healthy {
            self.happened(Event::BlueHealth { healthy });
        }
        let is_in_force = self.is_in_force();
        if let Some(side) = self
            .draining
            .as_mut()
            .filter(|_| is_in_force)
            .and_then(|draining| draining.look(&self.context.hub))
        {
            self.happened(Event::Drained(side));
        }
        let snapshot = self.context.desk.shared().snapshot();
        if is_in_force && self.is_rolled_back_elsewhere(&snapshot) {
            // Whoever took the rollout over to roll it back has said so in the store.
            let asked = *self.doubt.get_or_insert_with(|| self.saver.again());
            if self.saver.written().number >= asked {
                self.hear_a_rollback();
            }
        }
        if let Some(state) = &self.state {
            self.probing.look(&self.rollout, state, &self.report, &snapshot);
        }
        if self.saved_at.elapsed() >= SAVE_EVERY && !self.report.stage.is_finished() {
            self.save();
        }
        if self.shown_at.elapsed() >= SHOW_EVERY {
            self.show();
        }
    }
}
