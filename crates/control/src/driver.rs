//! Rollouts that judge for themselves: what `decide` makes of every finished request, carried out.
//!
//! One driver a gateway, one task a rollout under way (`running`). Finished requests come in through the observatory's
//! listener (`inboxes`, `finished`), those that hang through a look at who waits (`ages`); what the machine asks for
//! goes out through the desk, the store (`saver`), probes, the drain, and to people (`tell`). Nothing is decided here.

mod ages;
mod board;
pub(crate) mod courier;
mod drain;
mod error;
mod finished;
mod inboxes;
mod plan;
mod probes;
mod resume;
mod running;
mod saver;
mod tell;
mod view;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use decide::Share;
use decide::release::Conflict;
use decide::rollout::{Event, Plan, State, Verb, step};
use gateway::{Deployment, Prober, Shared, Snapshot};
use serde_json::Value;
use store::rollouts::{NewRollout, Saved};
use store::{Cursor, Page, StoreError};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::config;
use crate::desk::{Actor, DeploymentState, Desk, now};
use crate::events::Hub;
use crate::health::Health;
use crate::observe::Observatory;
pub use board::{Board, Shown};
use courier::Courier;
pub use error::DriverError;
use inboxes::Inboxes;
use running::{Message, Rollout, Running};
use tell::Teller;

/// A button is answered within this time: the store has had all the time it may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// A plan that has no name of its own.
const CUSTOM: &str = "custom";

/// The plan that a rollout is to follow.
#[derive(Clone, Debug)]
pub enum PlanAsked {
    /// The deployment's own.
    Usual,
    Named(String),
    /// Written out, in JSON or YAML.
    Written(String),
}

pub struct Driver(Arc<Context>);

/// What rollouts work with.
struct Context {
    desk: Arc<Desk>,
    observatory: Arc<Observatory>,
    health: Arc<Health>,
    hub: Arc<Hub>,
    prober: Arc<Prober>,
    board: Arc<Board>,
    inboxes: Arc<Inboxes>,
    teller: Teller,
    /// Tells gateways on a shared store apart.
    owner: String,
    born: Instant,
    born_at: i64,
}

impl Driver {
    pub fn new(
        desk: Arc<Desk>,
        observatory: Arc<Observatory>,
        health: Arc<Health>,
        hub: Arc<Hub>,
        prober: Prober,
    ) -> Driver {
        let inboxes = Arc::new(Inboxes::default());
        let hearing = Arc::clone(&inboxes);
        observatory.listen(Box::new(move |outcome| hearing.hear(outcome)));
        Driver(Arc::new(Context {
            teller: Teller::start(Arc::clone(&hub), Arc::clone(&desk)),
            desk,
            observatory,
            health,
            hub,
            prober: Arc::new(prober),
            board: Arc::default(),
            inboxes,
            owner: format!("{:016x}", fastrand::u64(..)),
            born: Instant::now(),
            born_at: now(),
        }))
    }

    /// How rollouts stand.
    pub fn board(&self) -> &Arc<Board> {
        &self.0.board
    }

    /// Starts a rollout; its first phase is in force when this returns.
    ///
    /// # Errors
    /// [`DriverError::Conflict`] without a green, or while another rollout is under way.
    pub async fn start(&self, name: &str, asked: PlanAsked, actor: Actor) -> Result<Value, DriverError> {
        let context = &self.0;
        let deployment = context.desk.deployment(name).await?;
        if let Some(stage) = context.board.under_way(name) {
            return Err(conflict(
                "start a rollout",
                stage.name(),
                "one is under way; cancel it or roll it back first",
            ));
        }
        let (given, plan) = self.plan(&deployment, asked).await?;
        let new = self.new_rollout(&deployment, plan)?;
        let state = State::new(deployment.green_share, context.seconds());
        let row = NewRollout {
            id: new.id.clone(),
            deployment: name.to_owned(),
            candidate: new.candidate.clone(),
            owner: context.owner.clone(),
            plan_name: new.plan.name.clone(),
            plan: serde_json::to_string(&given).unwrap_or_default(),
            started_at: new.started_at,
            saved: Saved {
                state: state.to_bytes(),
                report: "null".to_owned(),
                at: new.started_at,
                finished_at: None,
            },
        };
        match store::rollouts::begin(context.desk.store(), &row).await {
            Err(StoreError::Exists { .. }) => {
                return Err(conflict(
                    "start a rollout",
                    "under way",
                    "another one was started at the same moment",
                ));
            }
            begun => begun?,
        }
        self.drive(new, state, None, Courier::to(&given.notify));
        self.press(name, Verb::Start, actor).await
    }

    /// A button on the rollout that is under way, or on the last one: repeating what holds changes nothing. What it
    /// changes is in force when this returns.
    ///
    /// # Errors
    /// [`DriverError::Conflict`] names the state that it does not fit.
    pub async fn press(&self, name: &str, verb: Verb, actor: Actor) -> Result<Value, DriverError> {
        let Some(inbox) = self.0.inboxes.of(name) else {
            return self.press_on_the_last(name, verb).await;
        };
        let (reply, answer) = oneshot::channel();
        let message = Message::Press { verb, actor, reply };
        if inbox.send(message).await.is_err() {
            return self.press_on_the_last(name, verb).await;
        }
        match tokio::time::timeout(ANSWER_WITHIN, answer).await {
            Ok(Ok(answered)) => Ok(answered?),
            // It ended before it took the button.
            Ok(Err(_)) => self.press_on_the_last(name, verb).await,
            Err(_) => Err(DriverError::Slow),
        }
    }

    /// A deployment's rollouts as they were last shown, the newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn history(
        &self,
        name: &str,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<Value>, DriverError> {
        let page = store::rollouts::list(self.0.desk.store(), name, after, limit).await?;
        let shown = |row: &store::rollouts::Rollout| serde_json::from_str(&row.report).unwrap_or_default();
        Ok(Page {
            rows: page.rows.iter().map(shown).collect(),
            next: page.next,
        })
    }

    async fn plan(
        &self,
        deployment: &DeploymentState,
        asked: PlanAsked,
    ) -> Result<(config::Plan, Plan), DriverError> {
        let config = self.0.desk.config().await;
        let (name, given) = match asked {
            PlanAsked::Written(body) => (
                CUSTOM.to_owned(),
                config.read_plan(&body).map_err(DriverError::Plan)?,
            ),
            PlanAsked::Usual | PlanAsked::Named(_) => {
                let name = match asked {
                    PlanAsked::Named(name) => name,
                    _ => deployment.definition.rollout.clone(),
                };
                let Some(found) = config.plan(&name) else {
                    let mut known: Vec<&str> = config::Plan::BUILT_IN.to_vec();
                    known.extend(config.plans.keys().map(String::as_str));
                    let known = known.join(", ");
                    return Err(DriverError::UnknownPlan { name, known });
                };
                (name, found)
            }
        };
        if name == CUSTOM && !given.notify.is_empty() && !config.plans.contains_key(CUSTOM) {
            return Err(DriverError::SecretsInPlan);
        }
        let plan = plan::plan(&name, &given).map_err(DriverError::PlanRefused)?;
        Ok((given, plan))
    }

    fn new_rollout(&self, deployment: &DeploymentState, plan: Plan) -> Result<Rollout, DriverError> {
        let state = deployment.phase.name();
        let Some(green) = &deployment.green else {
            return Err(conflict(
                "start a rollout",
                state,
                "there is no green environment",
            ));
        };
        if deployment.green_share == Share::ALL {
            return Err(conflict(
                "start a rollout",
                state,
                "green has all of the traffic already",
            ));
        }
        Ok(Rollout {
            id: format!("ro_{:012x}{:08x}", self.0.unix_millis(), fastrand::u32(..)),
            deployment: deployment.name.clone(),
            candidate: green.environment.digest(),
            plan,
            prompt: green.environment.health.prompt.clone(),
            rescue: deployment.definition.rescue,
            started_at: self.0.unix_millis(),
        })
    }

    /// Lets a rollout run; `down_seconds` if it was read back after so long.
    fn drive(&self, rollout: Rollout, state: State, down_seconds: Option<f64>, courier: Courier) {
        let context = Arc::clone(&self.0);
        let (name, id) = (rollout.deployment.clone(), rollout.id.clone());
        let (messages, inbox) = context.inboxes.open(&rollout);
        let mut running = Running::new(Arc::clone(&context), rollout, state, courier, messages);
        tokio::spawn(async move {
            if let Some(down_seconds) = down_seconds {
                running.restarted(down_seconds).await;
            }
            running.run(inbox).await;
            context.inboxes.close(&name, &id);
        });
    }

    /// On a rollout that is over, a button may only say what already holds.
    async fn press_on_the_last(&self, name: &str, verb: Verb) -> Result<Value, DriverError> {
        self.0.desk.deployment(name).await?;
        let newest = store::rollouts::list(self.0.desk.store(), name, None, 1).await?;
        let Some(row) = newest.rows.into_iter().next() else {
            return Err(DriverError::NoRollout(name.to_owned()));
        };
        if row.finished_at.is_none() {
            return Err(DriverError::Elsewhere);
        }
        let (plan, state) = self.read_back(&row).await?;
        let stage = state.stage().name();
        let now = self.0.seconds();
        let stepped = step(&plan, state, Event::Operator { verb, note: None }, now);
        match stepped.conflict {
            Some(conflict) => Err(conflict.into()),
            None if stepped.effects.is_empty() => Ok(serde_json::from_str(&row.report).unwrap_or_default()),
            None => Err(conflict(verb.name(), stage, "the rollout is over")),
        }
    }
}

fn conflict(verb: &'static str, state: &'static str, why: &str) -> DriverError {
    DriverError::Conflict(Conflict {
        verb,
        state,
        why: why.to_owned(),
    })
}

impl Context {
    /// The driver's clock: it never runs backwards, and stands still in tests.
    fn seconds(&self) -> f64 {
        self.born.elapsed().as_secs_f64()
    }

    fn instant(&self, seconds: f64) -> Instant {
        let since = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        self.born.checked_add(since).unwrap_or(self.born)
    }

    /// The same clock as a time of day.
    fn unix_millis(&self) -> i64 {
        let since = i64::try_from(self.born.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.born_at.saturating_add(since)
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Driver({})", self.0.owner)
    }
}

fn find<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a Arc<Deployment>> {
    snapshot.deployments.get(snapshot.table.names.deployment(name)?)
}

fn share_in_force(shared: &Shared, name: &str) -> Option<Share> {
    let snapshot = shared.snapshot();
    let index = snapshot.table.names.deployment(name)?;
    Some(snapshot.table.routes.get(index)?.green)
}
