//! Rollouts that judge for themselves: what `decide` makes of every finished request, carried out.
//!
//! One driver a gateway, one task a rollout under way (`running`). Finished requests come in through the observatory's
//! listener (`inboxes`, `finished`), those that hang through a look at who waits (`ages`); what the machine asks for
//! goes out through the desk, the store (`saver`), probes, the drain, and to people (`tell`). Nothing is decided here.

mod ages;
mod board;
pub(crate) mod courier;
mod drain;
mod elsewhere;
mod error;
mod finished;
mod inboxes;
mod keeping;
mod plan;
mod probes;
mod resume;
mod running;
mod saver;
mod start;
mod switch;
mod tell;
#[cfg(test)]
mod tests;
mod view;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use decide::Share;
use decide::release::Conflict;
use decide::rollout::{Event, State, Verb, step};
use gateway::{Deployment, Prober, Shared, Snapshot};
use serde_json::Value;
use store::{Cursor, Page};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::desk::{Actor, Desk, now};
use crate::events::Hub;
use crate::health::Health;
use crate::observe::Observatory;
pub use board::{Board, Shown};
use courier::Courier;
pub use error::DriverError;
use inboxes::Inboxes;
use running::{Message, Rollout, Running};
pub use start::PlanAsked;
use tell::Teller;

/// A button is answered within this time: the store has had all the time it may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

#[derive(Clone)]
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

    /// A button on the rollout that is under way, or on the last one: repeating what holds changes nothing. What it
    /// changes is in force when this returns, on every gateway within a second.
    ///
    /// # Errors
    /// [`DriverError::Conflict`] names the state that it does not fit.
    pub async fn press(&self, name: &str, verb: Verb, actor: Actor) -> Result<Value, DriverError> {
        match self.press_here(name, verb, actor.clone()).await {
            Some(pressed) => pressed,
            None if verb == Verb::Rollback => {
                let (driver, name) = (self.clone(), name.to_owned());
                to_its_end(async move { driver.roll_back_from_here(&name, actor).await }).await
            }
            None => self.on_the_last(name, verb, actor).await,
        }
    }

    /// On a rollout that is driven here; `None` if there is none, or if it ended before it took the button.
    async fn press_here(&self, name: &str, verb: Verb, actor: Actor) -> Option<Result<Value, DriverError>> {
        let inbox = self.0.inboxes.of(name)?;
        let (reply, answer) = oneshot::channel();
        inbox.send(Message::Press { verb, actor, reply }).await.ok()?;
        match tokio::time::timeout(ANSWER_WITHIN, answer).await {
            Ok(answered) => Some(answered.ok()?.map_err(DriverError::from)),
            Err(_) => Some(Err(DriverError::Slow)),
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

    /// Lets a rollout run; `down_seconds` if it was read back after so long. Before anything else, it hears `first`.
    fn drive(
        &self,
        rollout: Rollout,
        state: State,
        down_seconds: Option<f64>,
        courier: Courier,
        first: Option<Message>,
    ) {
        let context = Arc::clone(&self.0);
        let (name, id) = (rollout.deployment.clone(), rollout.id.clone());
        let (messages, inbox) = context.inboxes.open(&rollout);
        let mut running = Running::new(Arc::clone(&context), rollout, state, courier, messages);
        if let Some(down_seconds) = down_seconds {
            running.restarted(down_seconds);
        }
        match first {
            Some(first) => running.take(first),
            // While nobody drove it: what it wanted before must not bring green back.
            None if running.is_rolled_back_elsewhere(&context.desk.shared().snapshot()) => {
                running.hear_a_rollback();
            }
            None => {}
        }
        tokio::spawn(async move {
            running.run(inbox).await;
            context.inboxes.close(&name, &id);
        });
    }

    /// On a rollout that is not driven here. One that is over only takes what already holds.
    async fn on_the_last(&self, name: &str, verb: Verb, actor: Actor) -> Result<Value, DriverError> {
        self.0.desk.deployment(name).await?;
        let newest = store::rollouts::list(self.0.desk.store(), name, None, 1).await?;
        let Some(row) = newest.rows.into_iter().next() else {
            return Err(DriverError::NoRollout(name.to_owned()));
        };
        if row.finished_at.is_none() {
            return match verb {
                Verb::Rollback => self.seize(row, actor).await,
                _ => self.forward(&row, verb, actor).await,
            };
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

/// Whoever asked may hang up; what was dropped half way would be in the store, but not in force.
async fn to_its_end(
    change: impl Future<Output = Result<Value, DriverError>> + Send + 'static,
) -> Result<Value, DriverError> {
    tokio::spawn(change).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a change of a rollout did not come to its end");
        Err(DriverError::Slow)
    })
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
