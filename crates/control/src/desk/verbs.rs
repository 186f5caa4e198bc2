//! Operator verbs on a deployment's release: decided by `decide`, stored, put in force, told.

use std::time::Duration;

use decide::Side;
use decide::release::{Release, Verb};
use serde_json::json;
use store::routes::{Driven, Route};
use store::{Store, StoreError};
use tokio::sync::oneshot;

use super::held::Held;
use super::view::{self, DeploymentState};
use super::{Actor, Desk, DeskError, Live, build, now};

/// A rollback is answered whatever the store does: it is in force already.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);
/// One that could not be written down is tried again this often.
const STORE_AGAIN: Duration = Duration::from_millis(500);

/// What a verb did.
#[derive(Clone, Debug)]
pub struct Changed {
    /// False where the verb already held.
    pub changed: bool,
    pub state: DeploymentState,
}

impl Desk {
    /// Does what the verb says. After it returns, every request whose head arrives is routed by
    /// the new state. Not to be dropped half way: the store would know what the gateway does not.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] where the verb does not fit the state.
    pub async fn apply(&self, name: &str, verb: Verb, actor: &Actor) -> Result<Changed, DeskError> {
        self.apply_if_driven(name, verb, actor, None).await
    }

    /// The same for a rollout, as long as this gateway drives it; a rollback asks nobody.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another gateway drives it by now.
    pub(crate) async fn apply_if_driven(
        &self,
        name: &str,
        verb: Verb,
        actor: &Actor,
        driven: Option<&Driven>,
    ) -> Result<Changed, DeskError> {
        let stops = verb == Verb::Rollback;
        if stops {
            self.stop_green(name);
        }
        let mut live = self.live().await;
        let before = live.held.get(name).map(|held| held.release.clone());
        let applied = self.decide(&mut live, name, verb, driven).await;
        if stops {
            self.end_stop(&mut live, name, applied.is_err())?;
        }
        drop(live);
        let applied = applied?;
        if let (true, Some(before)) = (applied.changed, before) {
            self.record(&before, &applied.state, verb, actor).await;
        }
        Ok(applied)
    }

    async fn decide(
        &self,
        live: &mut Live,
        name: &str,
        verb: Verb,
        driven: Option<&Driven>,
    ) -> Result<Changed, DeskError> {
        loop {
            let held = find(live, name)?;
            let next = held.after(verb, now())?;
            let changed = next.release.revision != held.release.revision;
            let put = if changed {
                self.put_in_force(live, name, verb, next, driven).await
            } else {
                Ok(())
            };
            match put {
                Ok(()) => {
                    return Ok(Changed {
                        changed,
                        state: view::of(live, name)?,
                    });
                }
                // Another gateway on the same store was faster: decide again on what it left.
                Err(DeskError::Store(StoreError::Stale { .. })) => self.refresh(live).await?,
                Err(error) => return Err(error),
            }
        }
    }

    async fn record(&self, before: &Release, state: &DeploymentState, verb: Verb, actor: &Actor) {
        self.tell(&state.name);
        tracing::info!(
            deployment = state.name,
            verb = verb.name(),
            revision = state.revision,
            green = %state.green_share,
            actor = actor.name,
            "the route changed"
        );
        let detail = json!({
            "from": {"revision": before.revision, "phase": before.phase.name(), "green": before.green.percent()},
            "to": {"revision": state.revision, "phase": state.phase.name(), "green": state.green_share.percent()},
        });
        self.audit(actor, verb.name(), &state.name, detail).await;
    }

    async fn put_in_force(
        &self,
        live: &mut Live,
        name: &str,
        verb: Verb,
        mut next: Held,
        driven: Option<&Driven>,
    ) -> Result<(), DeskError> {
        let row = next.row(name, now());
        let previous = next.stored;
        if verb == Verb::Rollback {
            // Nothing may stand between a rollback and its effect, not even the store.
            let before = live.held.get(name).cloned();
            self.swap_route(live, name, next.clone())?;
            let revision = row.revision;
            let storing = keep_storing(self.store.clone(), row, previous);
            return match tokio::time::timeout(ANSWER_WITHIN, storing).await {
                Ok(Ok(Ok(()))) => {
                    mark_stored(live, name, revision);
                    Ok(())
                }
                Ok(Ok(Err(error))) => {
                    // Decided again on what is stored, as one change.
                    live.held.extend(before.map(|before| (name.to_owned(), before)));
                    Err(error.into())
                }
                Ok(Err(_)) | Err(_) => {
                    tracing::error!(deployment = name, "a rollback is in force, but not stored yet");
                    Ok(())
                }
            };
        }
        store::routes::save_if_driven(&self.store, &row, previous, driven).await?;
        next.stored = Some(row.revision);
        if verb == Verb::Finalize {
            let digest = next.blue.digest();
            if let Some(flight) = live
                .flights
                .remove(&(name.to_owned(), Side::Green, digest.clone()))
            {
                live.flights.insert((name.to_owned(), Side::Blue, digest), flight);
            }
            live.held.insert(name.to_owned(), next);
            let snapshot = build::snapshot(live)?;
            self.put(snapshot);
            return Ok(());
        }
        self.swap_route(live, name, next)
    }

    fn swap_route(&self, live: &mut Live, name: &str, next: Held) -> Result<(), DeskError> {
        let snapshot = build::with_route(&self.shared.snapshot(), name, &next);
        live.held.insert(name.to_owned(), next);
        let snapshot = match snapshot {
            Some(snapshot) => snapshot,
            None => build::snapshot(live)?,
        };
        self.put(snapshot);
        Ok(())
    }
}

/// Stores a rollback, however long that takes; the answer is an error only where the store has something newer.
fn keep_storing(
    store: Store,
    row: Route,
    previous: Option<i64>,
) -> oneshot::Receiver<Result<(), StoreError>> {
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let deployment = row.deployment.clone();
        let stored = loop {
            match store::routes::save(&store, &row, previous).await {
                Ok(()) => break Ok(()),
                Err(error @ StoreError::Stale { .. }) => break Err(error),
                Err(error) => {
                    tracing::error!(deployment, %error, "a rollback is in force, but cannot be stored");
                    tokio::time::sleep(STORE_AGAIN).await;
                }
            }
        };
        // Whoever asked has been answered already.
        if tell.send(stored).is_err_and(|stored| stored.is_ok()) {
            tracing::info!(deployment, "the rollback is stored now");
        }
    });
    told
}

pub(super) fn find<'a>(live: &'a Live, name: &str) -> Result<&'a Held, DeskError> {
    live.held.get(name).ok_or_else(|| {
        let mut near: Vec<(f64, &String)> = live
            .held
            .keys()
            .map(|known| (strsim::jaro_winkler(known, name), known))
            .collect();
        near.retain(|(likeness, _)| *likeness > 0.75);
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        let nearest = near.into_iter().take(3).map(|(_, known)| known.clone()).collect();
        DeskError::UnknownDeployment {
            name: name.to_owned(),
            nearest,
        }
    })
}

fn mark_stored(live: &mut Live, name: &str, revision: i64) {
    if let Some(held) = live.held.get_mut(name) {
        held.stored = Some(revision);
    }
}
