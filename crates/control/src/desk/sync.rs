//! Bringing the configuration, the store and the data plane together: at the start, when the file
//! changes, and when another gateway on the same store changed something.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use decide::release::Verb;
use serde_json::json;
use store::StoreError;
use tokio::time::Instant;

use super::held::{Held, Owner};
use super::keys::{Fresh, Reread};
use super::share::BEAT_EVERY;
use super::{Actor, Desk, DeskError, Live, build, now, providers};
use crate::config::{Config, Deployment};
use crate::prices;

/// How often a shared store is asked whether anything changed: well under the second within which
/// a key that is revoked on one gateway stops working on all.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Between two looks when unknown keys ask for them, which anybody can send.
const LOOKS_APART: Duration = Duration::from_millis(20);
/// How long a look may take until nobody's key is known to be wrong, and those who wait are told so.
const PATIENCE: Duration = Duration::from_millis(500);
/// A change that was asked for just before the handover is answered, or given up, within five seconds.
const LOOKS_AFTER_A_HANDOVER: u32 = 40;
/// Another gateway may be faster this many times in a row before we give up.
const TRIES: usize = 5;

/// What a changed file came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    pub deployments: usize,
    /// Settings that only a restart puts in force.
    pub needs_restart: Vec<&'static str>,
}

impl Desk {
    /// Takes a new configuration whole, or keeps the old one.
    ///
    /// # Errors
    /// When a provider cannot be used or the store cannot be written; nothing has changed then.
    pub async fn reload(&self, config: Config) -> Result<Reloaded, DeskError> {
        let mut live = self.live().await;
        let needs_restart = live.config.needs_restart(&config);
        let known = live
            .config
            .providers
            .iter()
            .filter_map(|(name, before)| {
                Some((name.clone(), (before.clone(), live.providers.get(name)?.clone())))
            })
            .collect();
        let mut next = live.clone();
        next.providers = providers::build(&config, &known)?;
        next.config = config;
        self.load(&mut next, Reread::All).await?;
        let changed: Vec<String> = next
            .held
            .iter()
            .filter(|(name, held)| {
                live.held
                    .get(*name)
                    .is_none_or(|before| before.release != held.release)
            })
            .map(|(name, _)| name.clone())
            .chain(
                live.held
                    .keys()
                    .filter(|name| !next.held.contains_key(*name))
                    .cloned(),
            )
            .collect();
        *live = next;
        let reloaded = Reloaded {
            deployments: live.held.len(),
            needs_restart,
        };
        drop(live);
        for name in &changed {
            self.tell(name);
        }
        self.audit(
            &Actor::file(),
            "reload",
            "configuration",
            json!({"changed": changed}),
        )
        .await;
        Ok(reloaded)
    }

    /// Follows what other gateways do to a shared store; for a store of one gateway, returns.
    pub async fn follow_store(&self) {
        if !self.store.url().is_shared() {
            return;
        }
        let keys = &self.shared.keys;
        keys.looked(keys.begin_look());
        let mut reachable = true;
        let mut beat_at = Instant::now();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = keys.look_wanted() => tokio::time::sleep(LOOKS_APART).await,
            }
            let look = keys.begin_look();
            let beats = Instant::now() >= beat_at;
            if beats {
                beat_at = Instant::now() + BEAT_EVERY;
            }
            let mut round = pin!(async {
                if beats {
                    self.beat().await;
                }
                self.look().await
            });
            let looked = match tokio::time::timeout(PATIENCE, &mut round).await {
                Ok(looked) => looked,
                // A store that hangs is as far away as one that refuses, and says so much later.
                Err(_) => {
                    keys.lose_sight();
                    round.await
                }
            };
            if let Err(error) = &looked
                && reachable
            {
                tracing::error!(%error, "the store cannot be reached; known keys and routes stay in force");
            }
            if looked.is_ok() && !reachable {
                tracing::info!("the store can be reached again");
            }
            reachable = looked.is_ok();
            match reachable {
                true => keys.looked(look),
                // A key made elsewhere in the meantime would be unknown here, and is not known to be wrong.
                false => keys.lose_sight(),
            }
        }
    }

    /// Takes over what the process before this one still stored, after this one had read the store and before that
    /// one left the admin API to it.
    pub async fn catch_up(&self) {
        for _ in 0..LOOKS_AFTER_A_HANDOVER {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "the last changes of the process before this one cannot be read");
            }
        }
    }

    /// Takes over what other gateways have stored by now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn look(&self) -> Result<(), DeskError> {
        let latest = store::changes::latest(&self.store).await?;
        let mut live = self.live().await;
        if latest == live.seen {
            return Ok(());
        }
        self.refresh(&mut live).await?;
        let names: Vec<String> = live.held.keys().cloned().collect();
        drop(live);
        for name in names {
            self.tell(&name);
        }
        Ok(())
    }

    /// Reads everything again that the store may hold anew.
    pub(super) async fn refresh(&self, live: &mut Live) -> Result<(), DeskError> {
        let mut next = live.clone();
        self.load(&mut next, Reread::After(live.seen)).await?;
        *live = next;
        Ok(())
    }

    /// Reads the store, reconciles it with the configuration, stores what that changed, and puts
    /// the result in force.
    pub(super) async fn load(&self, live: &mut Live, keys: Reread) -> Result<(), DeskError> {
        for _ in 1..TRIES {
            match self.load_once(live, keys).await {
                Err(DeskError::Store(StoreError::Stale { .. })) => {}
                other => return other,
            }
        }
        self.load_once(live, keys).await
    }

    async fn load_once(&self, live: &mut Live, keys: Reread) -> Result<(), DeskError> {
        let seen = store::changes::latest(&self.store).await?;
        let mut held = BTreeMap::new();
        let routes = store::routes::load_all(&self.store).await?;
        let routes: HashMap<&str, &store::routes::Route> =
            routes.iter().map(|route| (&*route.deployment, route)).collect();
        for (name, definition) in self.definitions(live).await? {
            let (owner, definition) = definition;
            let before = live.held.get(&name);
            let mut next = Held::reconcile(
                owner,
                definition,
                routes.get(&*name).copied(),
                before,
                fastrand::u64(..),
            )?;
            if let Some(before) = before {
                carry_over(&name, before, &mut next)?;
            }
            held.insert(name, next);
        }
        self.save_routes(&mut held).await?;
        live.stored_prices = prices::of_store(&store::prices::load_all(&self.store).await?);
        live.prices = Arc::new(prices::book(&live.config, &live.stored_prices));
        live.held = held;
        live.seen = seen;
        let keys = Fresh::read(&live.config, &self.store, &self.shared.meters, keys).await?;
        // An account that is not known is nobody's who pays: it has to be there before a key that names it.
        if let Some(ledger) = self.ledger.get() {
            ledger.read_accounts().await?;
        }
        let snapshot = build::snapshot(live)?;
        keys.put(&self.shared.keys);
        self.put(snapshot);
        Ok(())
    }

    /// Stores what the configuration and the store together came to, where that is new.
    async fn save_routes(&self, held: &mut BTreeMap<String, Held>) -> Result<(), DeskError> {
        let at = now();
        let rows = held.iter().map(|(name, held)| (held.row(name, at), held.stored));
        let rows: Vec<_> = rows
            .filter(|(row, stored)| *stored != Some(row.revision))
            .collect();
        let changed: Vec<_> = rows.iter().map(|(row, stored)| (row, *stored)).collect();
        store::routes::save_all(&self.store, &changed).await?;
        for (row, _) in &rows {
            if let Some(held) = held.get_mut(&row.deployment) {
                held.stored = Some(row.revision);
            }
        }
        for (name, _) in held.iter().filter(|(_, held)| held.is_ahead_of_file()) {
            tracing::warn!(
                deployment = name,
                "green was finalized and is blue now, but the configuration file still calls it green; \
                 please bring the file up to date"
            );
        }
        Ok(())
    }

    async fn definitions(&self, live: &Live) -> Result<Vec<(String, (Owner, Deployment))>, DeskError> {
        let of_file = live.config.deployments.iter();
        let mut all: Vec<_> = of_file
            .map(|(name, definition)| (name.clone(), (Owner::File, definition.clone())))
            .collect();
        for stored in store::deployments::list(&self.store).await? {
            if live.config.deployments.contains_key(&stored.name) {
                tracing::warn!(
                    deployment = stored.name,
                    "the file defines it too, and the file leads"
                );
                continue;
            }
            let definition = live.config.read_deployment(&stored.name, &stored.spec);
            match definition {
                Ok(definition) => all.push((stored.name, (Owner::Store, definition))),
                // One bad definition, say of a provider that is gone, must not take the others along.
                Err(problems) => {
                    let error = DeskError::Definition(problems);
                    tracing::error!(deployment = stored.name, %error, "a stored deployment cannot be used");
                }
            }
        }
        Ok(all)
    }
}

/// What the store and the definition do not tell, but what was held until now does.
fn carry_over(name: &str, before: &Held, next: &mut Held) -> Result<(), DeskError> {
    // Whatever the store has: an operator was told that this candidate gets nothing any more.
    if before.is_unstored_rollback()
        && before.candidate == next.candidate
        && let Ok(release) = next.release.apply(Verb::Rollback)
    {
        next.release = release;
        next.promoted_at = None;
    }
    if is_redefined(before, next) {
        next.release = next.release.apply(Verb::Redefined)?;
    }
    if next.is_of_another_file() && !before.is_of_another_file() {
        tracing::warn!(
            deployment = name,
            "the file of another gateway on this store defines another green; ours gets no traffic until the files agree"
        );
    }
    Ok(())
}

/// Requests may be answered differently than before, with the same candidate.
fn is_redefined(before: &Held, now: &Held) -> bool {
    let same_revision = before.release.revision == now.release.revision;
    let same = before.blue == now.blue
        && before.green == now.green
        && before.definition.sticky == now.definition.sticky
        && before.definition.rescue == now.definition.rescue;
    same_revision && !same
}
