//! Buttons on a rollout that another gateway on the same store drives.
//!
//! They are left in the store, and the gateway that drives it takes them within a second. Not so a rollback: green is
//! stopped here at once, the rollout is taken over, and rolled back from here. What the gateway before still meant to do
//! to the split is refused by the store from then on.

use std::time::Duration;

use decide::Share;
use decide::release::{self, Conflict};
use decide::rollout::{Stage, Verb};
use serde_json::{Value, json};
use store::buttons::{Button, NewButton};
use store::rollouts::Rollout as Row;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::running::Message;
use super::{ANSWER_WITHIN, Driver, DriverError};
use crate::desk::{Actor, now};

/// How often an answer is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl Driver {
    /// Rolls back what another gateway drives. In force here before anything is asked.
    pub(super) async fn roll_back_from_here(&self, name: &str, actor: Actor) -> Result<Value, DriverError> {
        let desk = &self.0.desk;
        desk.stop_green(name);
        let pressed = match self.on_the_last(name, Verb::Rollback, actor.clone()).await {
            // It cannot be taken over now. The desk writes the rollback down as soon as it can, and whoever drives the
            // rollout sees it then.
            Err(DriverError::Store(error)) => {
                tracing::warn!(deployment = name, %error, "a rollback is in force here; the rollout hears of it later");
                let applied = desk.apply(name, release::Verb::Rollback, &actor).await;
                applied
                    .map(|_| self.0.board.view(name))
                    .map_err(DriverError::from)
            }
            pressed => pressed,
        };
        desk.let_go(name).await;
        pressed
    }

    /// Takes a rollout over from a living gateway, to roll it back.
    pub(super) async fn seize(&self, row: Row, actor: Actor) -> Result<Value, DriverError> {
        let (store, desk) = (self.0.desk.store(), &self.0.desk);
        if !store::rollouts::take_over(store, &row.id, &self.0.owner, i64::MAX).await? {
            return Err(DriverError::Slow);
        }
        // What the gateway before did until then is done, and nothing comes after it.
        desk.look().await?;
        let newest = store::rollouts::list(store, &row.deployment, None, 1).await?;
        let row = newest.rows.into_iter().next().unwrap_or(row);
        let (reply, answer) = oneshot::channel();
        let verb = Verb::Rollback;
        let now = store::clock::common(store, now()).await?;
        self.take_up(row, now, Some(Message::Press { verb, actor, reply }))
            .await?;
        match tokio::time::timeout(ANSWER_WITHIN, answer).await {
            Ok(Ok(pressed)) => Ok(pressed?),
            _ => Err(DriverError::Slow),
        }
    }

    /// Leaves a button for the gateway that drives the rollout, and waits for the answer.
    pub(super) async fn forward(&self, row: &Row, verb: Verb, actor: Actor) -> Result<Value, DriverError> {
        let store = self.0.desk.store();
        let button = NewButton {
            rollout: row.id.clone(),
            verb: verb.name().to_owned(),
            share: match verb {
                Verb::Split(share) => Some(share.hundredths()),
                _ => None,
            },
            actor: actor.name,
            role: actor.role.to_owned(),
            reason: actor.reason,
            pressed_at: store::clock::common(store, now()).await?,
        };
        let number = store::buttons::press(store, &button).await?;
        let until = Instant::now() + ANSWER_WITHIN;
        while Instant::now() < until {
            if let Some(answer) = store::buttons::answer_of(store, number).await? {
                return read(&answer, verb);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(DriverError::Slow)
    }

    /// Takes the buttons that other gateways have left for rollouts that are driven here.
    pub(super) async fn take_buttons(&self) -> Result<(), DriverError> {
        if self.0.inboxes.is_empty() {
            return Ok(());
        }
        for button in store::buttons::take(self.0.desk.store(), &self.0.owner).await? {
            let driver = self.clone();
            tokio::spawn(async move { driver.take(button).await });
        }
        Ok(())
    }

    async fn take(&self, button: Button) {
        let (Some(verb), Some(name)) = (verb(&button), self.0.inboxes.deployment(&button.rollout)) else {
            return;
        };
        let actor = Actor {
            name: button.actor,
            role: role(&button.role),
            reason: button.reason,
        };
        let answer = match self.press_here(&name, verb, actor).await {
            Some(Ok(view)) => json!({"rollout": view}),
            Some(Err(DriverError::Conflict(conflict))) => {
                json!({"state": conflict.state, "why": conflict.why})
            }
            // Whoever pushed it is told to look at the state.
            Some(Err(_)) | None => return,
        };
        let store = self.0.desk.store();
        if let Err(error) = store::buttons::answer(store, button.number, &answer.to_string()).await {
            tracing::warn!(deployment = name, %error, "another gateway does not hear what came of its button");
        }
    }
}

fn verb(button: &Button) -> Option<Verb> {
    let share = button.share.and_then(|share| u16::try_from(share).ok());
    Verb::from_name(&button.verb, share.and_then(Share::from_hundredths))
}

/// The closed set of roles, as [`Actor`] has them.
fn role(name: &str) -> &'static str {
    let known = ["admin", "operator", "viewer", "system"];
    known
        .into_iter()
        .find(|known| *known == name)
        .unwrap_or("operator")
}

fn read(answer: &str, verb: Verb) -> Result<Value, DriverError> {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    if let Some(rollout) = answer.get("rollout") {
        return Ok(rollout.clone());
    }
    let text = |field: &str| answer.get(field).and_then(Value::as_str).unwrap_or_default();
    Err(DriverError::Conflict(Conflict {
        verb: verb.name(),
        state: Stage::from_name(text("state")).map_or("unknown", Stage::name),
        why: text("why").to_owned(),
    }))
}
