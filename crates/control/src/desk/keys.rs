//! Client keys: made, listed, rotated, revoked. A secret is shown once, and only its hash is kept.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use decide::money::Nano;
use decide::route::Allowed;
use gateway::{Digest, Key, KeyLimits, KeyRing, Limits, Meters, digest};
use serde_json::json;
use store::keys::{KeySettings, Overrides};
use store::{Cursor, Store, StoreError};

use super::{Actor, Desk, DeskError, now};
use crate::config::{self, Config};

/// How a secret begins, so that people and scanners know one.
const PREFIX: &str = "cf-";
/// Characters after the prefix; 62^32 is over 190 bits.
const LENGTH: usize = 32;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// A name is for people, in tables and logs.
const NAME_LIMIT: usize = 128;

/// What a new key is to be.
#[derive(Clone, Debug)]
pub struct KeyRequest {
    pub name: String,
    pub settings: KeySettings,
}

/// A key with its secret, which is not kept anywhere.
pub struct NewKey {
    pub secret: String,
    pub info: KeyInfo,
}

/// A key as lists show it.
#[derive(Clone, Debug)]
pub struct KeyInfo {
    pub name: String,
    pub settings: KeySettings,
    /// Made by the configuration file.
    pub of_file: bool,
    /// Unix milliseconds; `None` for keys of the file.
    pub created_at: Option<i64>,
    pub revoked_at: Option<i64>,
}

impl Desk {
    /// # Errors
    /// [`DeskError::KeyExists`], also for the name of a revoked key: usage and audit refer to it.
    pub async fn create_key(&self, wanted: KeyRequest, actor: &Actor) -> Result<NewKey, DeskError> {
        check_name(&wanted.name)?;
        let live = self.live().await;
        if of_file(&live.config, &wanted.name).is_some() {
            return Err(DeskError::KeyExists(wanted.name));
        }
        let secret = new_secret()?;
        let hash = digest(secret.as_bytes());
        let made = store::keys::create(&self.store, &wanted.name, hash, &wanted.settings, now()).await;
        let made = made.map_err(of_store)?;
        self.admit(&live.config, &made);
        drop(live);
        self.audit(
            actor,
            "create key",
            &made.name,
            json!({"models": made.settings.models}),
        )
        .await;
        Ok(NewKey {
            secret,
            info: made.into(),
        })
    }

    /// Keys of the file first, then those of the store, with a cursor to go on from.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list_keys(
        &self,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<(Vec<KeyInfo>, Option<Cursor>), DeskError> {
        let live = self.live().await;
        let mut keys = match after {
            None => live.config.keys.iter().map(KeyInfo::from).collect(),
            Some(_) => Vec::new(),
        };
        drop(live);
        let page = store::keys::list(&self.store, after, limit).await?;
        keys.extend(page.rows.into_iter().map(KeyInfo::from));
        Ok((keys, page.next))
    }

    /// Gives a key a new secret; the old one works for `grace_ms` more.
    ///
    /// # Errors
    /// [`DeskError::ManagedByFile`], [`DeskError::UnknownKey`], [`DeskError::KeyRevoked`].
    pub async fn rotate_key(&self, name: &str, grace_ms: i64, actor: &Actor) -> Result<NewKey, DeskError> {
        let live = self.live().await;
        self.refuse_file_key(&live.config, name)?;
        let before = store::keys::get(&self.store, name).await.map_err(of_store)?;
        let secret = new_secret()?;
        let until = now().saturating_add(grace_ms.max(0));
        let rotated = store::keys::rotate(&self.store, name, digest(secret.as_bytes()), until).await;
        let rotated = rotated.map_err(of_store)?;
        // The secret before the last one ends here, whatever grace it had.
        if let Some(oldest) = before.previous {
            self.shared.keys.remove(&oldest.digest);
        }
        self.admit(&live.config, &rotated);
        drop(live);
        self.audit(
            actor,
            "rotate key",
            name,
            json!({"old_secret_valid_until": until}),
        )
        .await;
        Ok(NewKey {
            secret,
            info: rotated.into(),
        })
    }

    /// Makes a key useless at once. Revoking it again changes nothing.
    ///
    /// # Errors
    /// [`DeskError::ManagedByFile`], [`DeskError::UnknownKey`].
    pub async fn revoke_key(&self, name: &str, actor: &Actor) -> Result<KeyInfo, DeskError> {
        let live = self.live().await;
        self.refuse_file_key(&live.config, name)?;
        let before = store::keys::get(&self.store, name).await.map_err(of_store)?;
        let revoked = store::keys::revoke(&self.store, name, now())
            .await
            .map_err(of_store)?;
        self.shared.keys.remove(&revoked.digest);
        if let Some(previous) = &revoked.previous {
            self.shared.keys.remove(&previous.digest);
        }
        drop(live);
        if before.revoked_at.is_none() {
            self.audit(actor, "revoke key", name, json!({})).await;
        }
        Ok(revoked.into())
    }

    fn refuse_file_key(&self, config: &Config, name: &str) -> Result<(), DeskError> {
        match of_file(config, name) {
            Some(_) => Err(DeskError::ManagedByFile {
                noun: "key",
                name: name.to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn admit(&self, config: &Config, key: &store::keys::Key) {
        for (digest, ready) in entries(config, key, &self.shared.meters) {
            self.shared.keys.insert(digest, ready);
        }
    }
}

/// Which keys are read again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reread {
    /// A configuration hides keys of the store and says what their limits are of.
    All,
    /// Those that changed in the store after this change. A million keys take seconds to read.
    After(i64),
}

/// Keys that were read and are not in force yet.
pub(super) struct Fresh {
    /// Those of these names are replaced; of all names if there are none.
    names: Option<HashSet<String>>,
    keys: Vec<(Digest, Arc<Key>)>,
}

impl Fresh {
    pub(super) async fn read(
        config: &Config,
        store: &Store,
        meters: &Meters,
        which: Reread,
    ) -> Result<Fresh, StoreError> {
        let mut stored = match which {
            Reread::All => store::keys::load_all(store).await?,
            Reread::After(change) => store::keys::changed_since(store, change).await?,
        };
        // A key of the file leads: one of the store with its name could be neither seen nor revoked.
        let of_file: HashSet<&str> = config.keys.iter().map(|key| &*key.name).collect();
        stored.retain(|key| !of_file.contains(&*key.name));
        let live = stored.iter().filter(|key| key.revoked_at.is_none());
        let mut keys: Vec<_> = live.flat_map(|key| entries(config, key, meters)).collect();
        if let Reread::After(_) = which {
            let names = stored.into_iter().map(|key| key.name).collect();
            let names = Some(names);
            return Ok(Fresh { names, keys });
        }
        keys.extend(config.keys.iter().map(|key| {
            let settings = KeyInfo::from(key).settings;
            let limits = limits(config, &settings);
            let ready = ready(&key.name, &settings, &limits, meters, None);
            (digest(key.secret.expose().as_bytes()), ready)
        }));
        Ok(Fresh { names: None, keys })
    }

    pub(super) fn put(self, ring: &KeyRing) {
        match &self.names {
            Some(names) if names.is_empty() => {}
            Some(names) => ring.replace(|key| names.contains(&*key.name), self.keys),
            None => ring.replace(|_| true, self.keys),
        }
    }
}

fn entries(config: &Config, key: &store::keys::Key, meters: &Meters) -> Vec<(Digest, Arc<Key>)> {
    let limits = limits(config, &key.settings);
    let ready = |until| ready(&key.name, &key.settings, &limits, meters, until);
    let mut entries = vec![(key.digest, ready(None))];
    if let Some(previous) = &key.previous {
        entries.push((previous.digest, ready(Some(previous.valid_until))));
    }
    entries
}

/// The limits as the data plane wants them: by the names that requests are routed by, aliases resolved.
fn limits(config: &Config, settings: &KeySettings) -> KeyLimits {
    let mut by_model = BTreeMap::new();
    for (model, limits) in model_limits(settings) {
        by_model.insert(limited_name(config, &model), of_limits(&limits));
    }
    KeyLimits {
        all: of_limits(&settings.limits),
        by_model,
    }
}

/// The name by which the data plane limits what a client calls by this one: the deployment's, or
/// `provider/model`.
fn limited_name(config: &Config, model: &str) -> String {
    let mut name = model;
    // An alias may stand for an alias; a circle of them stands for nothing and ends.
    for _ in 0..config.aliases.len() {
        let Some(target) = config.aliases.get(name) else {
            break;
        };
        let sides = ["@green", "@blue", "@auto"];
        name = sides
            .iter()
            .find_map(|side| target.strip_suffix(side))
            .unwrap_or(target);
    }
    let publishes = |provider: &config::Provider| provider.models.iter().any(|published| published == name);
    let published = config.providers.iter().find(|(_, provider)| publishes(provider));
    match published.filter(|_| !config.deployments.contains_key(name)) {
        Some((provider, _)) => format!("{provider}/{name}"),
        None => name.to_owned(),
    }
}

fn of_limits(limits: &store::keys::KeyLimits) -> Limits {
    Limits {
        requests_per_minute: limits.requests_per_minute,
        tokens_per_minute: limits.tokens_per_minute,
        concurrent_requests: limits.concurrent_requests,
    }
}

/// Limits of single models, as they are stored.
pub fn model_limits(settings: &KeySettings) -> BTreeMap<String, store::keys::KeyLimits> {
    let Some(text) = &settings.model_limits else {
        return BTreeMap::new();
    };
    let read: BTreeMap<String, config::ModelLimits> = serde_json::from_str(text).unwrap_or_else(|error| {
        tracing::error!(%error, "a key's limits of single models cannot be read; they do not hold");
        BTreeMap::new()
    });
    let stored = |limits: config::ModelLimits| store::keys::KeyLimits {
        requests_per_minute: limits.requests_per_minute.map(u64::from),
        tokens_per_minute: limits.tokens_per_minute,
        concurrent_requests: limits.concurrent_requests.map(u64::from),
    };
    read.into_iter()
        .map(|(model, limits)| (model, stored(limits)))
        .collect()
}

/// Limits of single models, as the store keeps them.
pub fn model_limits_text(limits: &BTreeMap<String, config::ModelLimits>) -> Option<String> {
    (!limits.is_empty()).then(|| serde_json::to_string(limits).unwrap_or_default())
}

fn ready(
    name: &str,
    settings: &KeySettings,
    limits: &KeyLimits,
    meters: &Meters,
    until: Option<i64>,
) -> Arc<Key> {
    let ends = [settings.expires_at, until].into_iter().flatten().min();
    let name: Arc<str> = name.into();
    Arc::new(Key {
        account: settings
            .account
            .as_deref()
            .map_or_else(|| Arc::clone(&name), Arc::from),
        limits: meters.of(&name, limits),
        name,
        allowed: Allowed::from_names(settings.models.iter().map(String::as_str)),
        may_override: settings.overrides == Overrides::Allow,
        has_account: settings.account.is_some(),
        budget: settings.budget.map(budget),
        expires_at: ends.map(|end| u64::try_from(end).unwrap_or(0)),
    })
}

fn budget(budget: store::keys::KeyBudget) -> gateway::Budget {
    use store::keys::BudgetPeriod;
    gateway::Budget {
        most: Nano::new(budget.usd_nanos),
        per: match budget.per {
            BudgetPeriod::Day => gateway::Period::Day,
            BudgetPeriod::Month => gateway::Period::Month,
            BudgetPeriod::Total => gateway::Period::Total,
        },
    }
}

fn of_file<'a>(config: &'a Config, name: &str) -> Option<&'a config::Key> {
    config.keys.iter().find(|key| key.name == name)
}

fn check_name(name: &str) -> Result<(), DeskError> {
    let fits = (1..=NAME_LIMIT).contains(&name.len()) && !name.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    let message = format!("a key's name has 1 to {NAME_LIMIT} characters that print");
    Err(DeskError::Invalid {
        param: "name".to_owned(),
        message,
    })
}

/// A new admin token.
///
/// # Errors
/// When the system gives no random numbers.
pub fn new_token() -> Result<String, DeskError> {
    random("cfa-")
}

/// A new voucher's code: capitals and digits, for people to type.
///
/// # Errors
/// When the system gives no random numbers.
pub(crate) fn new_code() -> Result<String, DeskError> {
    Ok(random("CFV-")?.to_ascii_uppercase())
}

fn new_secret() -> Result<String, DeskError> {
    random(PREFIX)
}

/// Random characters, each equally likely: bytes that would favour some are thrown away.
fn random(prefix: &str) -> Result<String, DeskError> {
    let mut secret = String::with_capacity(prefix.len() + LENGTH);
    secret.push_str(prefix);
    let mut bytes = [0; 64];
    while secret.len() < prefix.len() + LENGTH {
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| DeskError::Invalid {
            param: "secret".to_owned(),
            message: "the system gives no random numbers".to_owned(),
        })?;
        let fair = bytes.iter().filter(|byte| **byte < 248);
        let letters = fair.filter_map(|byte| ALPHABET.get(usize::from(byte % 62)));
        secret.extend(
            letters
                .take(prefix.len() + LENGTH - secret.len())
                .map(|letter| char::from(*letter)),
        );
    }
    Ok(secret)
}

fn of_store(error: StoreError) -> DeskError {
    match error {
        StoreError::Exists { name, .. } => DeskError::KeyExists(name),
        StoreError::NotFound { name, .. } => DeskError::UnknownKey(name),
        StoreError::Conflict { name, .. } => DeskError::KeyRevoked(name),
        other => other.into(),
    }
}

impl From<store::keys::Key> for KeyInfo {
    fn from(key: store::keys::Key) -> KeyInfo {
        KeyInfo {
            name: key.name,
            settings: key.settings,
            of_file: false,
            created_at: Some(key.created_at),
            revoked_at: key.revoked_at,
        }
    }
}

impl From<&config::Key> for KeyInfo {
    fn from(key: &config::Key) -> KeyInfo {
        let limits = &key.limits;
        let settings = KeySettings {
            account: key.account.clone(),
            models: key.models.clone(),
            overrides: match key.overrides {
                config::Overrides::Allow => Overrides::Allow,
                config::Overrides::Deny => Overrides::Deny,
            },
            limits: store::keys::KeyLimits {
                requests_per_minute: limits.requests_per_minute.map(u64::from),
                tokens_per_minute: limits.tokens_per_minute,
                concurrent_requests: limits.concurrent_requests.map(u64::from),
            },
            model_limits: model_limits_text(&limits.models),
            budget: key.budget.as_ref().map(|budget| store::keys::KeyBudget {
                usd_nanos: budget.usd.nano(),
                per: match budget.per {
                    config::BudgetPeriod::Day => store::keys::BudgetPeriod::Day,
                    config::BudgetPeriod::Month => store::keys::BudgetPeriod::Month,
                    config::BudgetPeriod::Total => store::keys::BudgetPeriod::Total,
                },
            }),
            expires_at: key
                .expires_at
                .map(|moment| moment.unix_seconds().saturating_mul(1_000)),
        };
        KeyInfo {
            name: key.name.clone(),
            settings,
            of_file: true,
            created_at: None,
            revoked_at: None,
        }
    }
}
