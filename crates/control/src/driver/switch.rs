//! Putting a rollout's split in force without its machine ever waiting for the store.
//!
//! What is asked for is done in its order by a task of its own; only the newest counts. A rollback stops green within the
//! call, and green stays stopped until the desk has it: nothing that waits for the store can come between.

use std::sync::Arc;
use std::time::Duration;

use decide::Share;
use decide::release::Verb;
use store::StoreError;
use store::routes::Driven;
use tokio::sync::{mpsc, watch};

use crate::desk::{Actor, Desk, DeskError};

/// A store that failed is asked again after this long.
const AGAIN: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Switch {
    place: Arc<Place>,
    asked: mpsc::UnboundedSender<Asked>,
    /// How often something was asked for, and how many of these are done with.
    count: u64,
    done: watch::Receiver<u64>,
}

/// Whose split it is.
struct Place {
    desk: Arc<Desk>,
    deployment: String,
    driven: Driven,
}

enum Asked {
    Split(Share, Actor),
    Rollback(Actor),
    /// What was asked for before is not wanted any more.
    Nothing,
}

impl Switch {
    pub(super) fn start(desk: Arc<Desk>, deployment: String, driven: Driven) -> Switch {
        // Not bounded: transitions come a few a minute.
        let (asked, to_do) = mpsc::unbounded_channel();
        let (tell, done) = watch::channel(0);
        let place = Arc::new(Place {
            desk,
            deployment,
            driven,
        });
        tokio::spawn(keep_switching(Arc::clone(&place), to_do, tell));
        Switch {
            place,
            asked,
            count: 0,
            done,
        }
    }

    /// Green's share, unless something else is asked for before it is in force.
    pub(super) fn put(&mut self, green: Share, actor: Actor) {
        self.ask(Asked::Split(green, actor));
    }

    /// In force when this returns.
    pub(super) fn roll_back(&mut self, actor: Actor) {
        self.place.desk.stop_green(&self.place.deployment);
        self.ask(Asked::Rollback(actor));
    }

    pub(super) fn forget(&mut self) {
        self.ask(Asked::Nothing);
    }

    /// All that was asked for is in force and stored, or never can be.
    pub(super) fn is_done(&self) -> bool {
        *self.done.borrow() == self.count
    }

    /// Returns after something more is done.
    pub(super) async fn progress(&mut self) {
        if self.done.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    fn ask(&mut self, asked: Asked) {
        self.count += 1;
        // Fails only when the process ends.
        let _ = self.asked.send(asked);
    }
}

/// Until the rollout has let go of it and everything is done.
async fn keep_switching(
    place: Arc<Place>,
    mut to_do: mpsc::UnboundedReceiver<Asked>,
    done: watch::Sender<u64>,
) {
    let (mut count, mut stops) = (0_u64, 0_u32);
    while let Some(mut newest) = to_do.recv().await {
        count += 1;
        stops += u32::from(matches!(newest, Asked::Rollback(_)));
        loop {
            while let Ok(newer) = to_do.try_recv() {
                count += 1;
                stops += u32::from(matches!(newer, Asked::Rollback(_)));
                newest = newer;
            }
            if place.switch(&newest).await {
                break;
            }
            tokio::time::sleep(AGAIN).await;
        }
        for _ in 0..std::mem::take(&mut stops) {
            place.desk.let_go(&place.deployment).await;
        }
        done.send_replace(count);
    }
}

impl Place {
    /// Whether it is done, or never can be.
    async fn switch(&self, asked: &Asked) -> bool {
        let (verb, actor) = match asked {
            Asked::Split(Share::ALL, actor) => (Verb::Promote, actor),
            Asked::Split(share, actor) => (Verb::Split(*share), actor),
            Asked::Rollback(actor) => (Verb::Rollback, actor),
            Asked::Nothing => return true,
        };
        let (desk, deployment) = (&self.desk, &self.deployment);
        match desk
            .apply_if_driven(deployment, verb, actor, Some(&self.driven))
            .await
        {
            Ok(_) => true,
            Err(DeskError::Store(error)) if !matches!(error, StoreError::Conflict { .. }) => {
                tracing::warn!(deployment, %error, "the split of a rollout could not be changed yet");
                false
            }
            Err(error) => {
                tracing::warn!(deployment, %error, "the split of a rollout cannot be changed");
                true
            }
        }
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "the split of {}", self.deployment)
    }
}
