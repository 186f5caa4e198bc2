//! The live state: which deployments there are, how each one's traffic is split, which keys work.
//!
//! One desk a gateway. Every change goes through it: it decides with `decide`, writes to the store
//! and swaps the data plane's snapshot, in that order, but for a rollback, which takes effect
//! before it is written down. What it holds can be read back from the store after a kill.

mod build;
mod error;
mod held;
mod keys;
mod prices;
mod providers;
mod share;
mod specs;
mod stop;
mod sync;
mod verbs;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use decide::Side;
use gateway::{Flight, PriceBook, Provider, Shared};
use store::Store;
use store::audit::NewEntry;
use tokio::sync::{Mutex, MutexGuard};

use crate::config::Config;
use crate::ledger::Ledger;
use crate::prices::Listed;
pub use error::DeskError;
use held::Held;
pub use held::Owner;
pub(crate) use keys::new_code;
pub use keys::{KeyInfo, KeyRequest, NewKey, model_limits, model_limits_text, new_token};
pub use specs::PutOutcome;
pub use sync::Reloaded;
pub use verbs::Changed;
pub use view::{DeploymentState, EnvironmentState};

/// Who asks for a change, for the audit log.
#[derive(Clone, Debug)]
pub struct Actor {
    pub name: String,
    pub role: &'static str,
    /// In the actor's own words.
    pub reason: Option<String>,
}

impl Actor {
    /// The gateway itself, acting on what the file says.
    pub fn file() -> Actor {
        Actor {
            name: "configuration file".to_owned(),
            role: "system",
            reason: None,
        }
    }
}

pub struct Desk {
    shared: Arc<Shared>,
    store: Store,
    /// By which the other gateways on the store know this one.
    name: String,
    live: Mutex<Live>,
    stops: stop::Stops,
    /// Whose accounts keys name.
    ledger: OnceLock<Arc<Ledger>>,
    /// Told with a deployment's name after each change of its route or definition.
    changed: tokio::sync::broadcast::Sender<String>,
    /// Told with each entry of the audit log.
    audited: tokio::sync::broadcast::Sender<Arc<NewEntry>>,
}

/// Everything that changes under one lock. Requests never take it.
#[derive(Clone)]
struct Live {
    config: Config,
    providers: BTreeMap<String, Arc<Provider>>,
    held: BTreeMap<String, Held>,
    /// Prices that were set while running.
    stored_prices: Vec<Listed>,
    /// All prices in force.
    prices: Arc<PriceBook>,
    /// Requests under way: they outlive snapshots and move with a green that becomes blue.
    flights: HashMap<FlightKey, Arc<Flight>>,
    /// The store's change number that everything here is at least as new as.
    seen: i64,
}

/// Deployment, side, and digest of the environment's definition.
type FlightKey = (String, Side, String);

/// How long a change waits for its entry in the audit log.
const AUDIT_PATIENCE: Duration = Duration::from_millis(300);
/// Slow readers of changes miss some and look again at everything.
const CHANGES_KEPT: usize = 256;

impl Desk {
    /// Reads the store, brings it together with the configuration and puts the result in force.
    ///
    /// # Errors
    /// When the store cannot be read or written, or a provider's address cannot be used.
    pub async fn open(config: Config, store: Store, shared: Arc<Shared>) -> Result<Desk, DeskError> {
        let live = Live {
            providers: providers::build(&config, &BTreeMap::new())?,
            config,
            held: BTreeMap::new(),
            stored_prices: Vec::new(),
            prices: Arc::default(),
            flights: HashMap::new(),
            seen: 0,
        };
        let (changed, _) = tokio::sync::broadcast::channel(CHANGES_KEPT);
        let (audited, _) = tokio::sync::broadcast::channel(CHANGES_KEPT);
        let desk = Desk {
            shared,
            store,
            name: format!("{:016x}", fastrand::u64(..)),
            live: Mutex::new(live),
            stops: stop::Stops::default(),
            ledger: OnceLock::new(),
            changed,
            audited,
        };
        let mut live = desk.live.lock().await;
        desk.load(&mut live, keys::Reread::All).await?;
        drop(live);
        Ok(desk)
    }

    /// Reads the accounts that keys name, now and from now on whenever keys are read.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn read_accounts_of(&self, ledger: Arc<Ledger>) -> Result<(), DeskError> {
        ledger.read_accounts().await?;
        // There is one ledger.
        let _ = self.ledger.set(ledger);
        Ok(())
    }

    /// The names of deployments whose route or definition changes from now on.
    pub fn changes(&self) -> tokio::sync::broadcast::Receiver<String> {
        self.changed.subscribe()
    }

    /// Entries of the audit log from now on.
    pub fn audited(&self) -> tokio::sync::broadcast::Receiver<Arc<NewEntry>> {
        self.audited.subscribe()
    }

    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The configuration in force.
    pub async fn config(&self) -> Config {
        self.live.lock().await.config.clone()
    }

    async fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().await
    }

    fn tell(&self, name: &str) {
        // Nobody listening is fine.
        let _ = self.changed.send(name.to_owned());
    }

    pub(crate) async fn audit(&self, actor: &Actor, verb: &str, subject: &str, detail: serde_json::Value) {
        let entry = NewEntry {
            at: now(),
            actor: actor.name.clone(),
            role: actor.role.to_owned(),
            verb: verb.to_owned(),
            subject: subject.to_owned(),
            reason: actor.reason.clone(),
            detail: detail.to_string(),
        };
        let entry = Arc::new(entry);
        let writing = tokio::spawn(write_down(self.store.clone(), Arc::clone(&entry)));
        // What was done is done: it is not told later because the store hangs.
        let _ = tokio::time::timeout(AUDIT_PATIENCE, writing).await;
        let _ = self.audited.send(entry);
    }
}

async fn write_down(store: Store, entry: Arc<NewEntry>) {
    if let Err(error) = store::audit::append(&store, &entry).await {
        let NewEntry {
            verb, subject, actor, ..
        } = &*entry;
        tracing::error!(verb, subject, actor, %error, "a change is missing from the audit log");
    }
}

/// Unix milliseconds.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
