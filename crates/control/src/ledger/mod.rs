//! Money: who pays, what requests cost them, and how credit comes in.
//!
//! One ledger a gateway. It knows all accounts (so that the request path need not ask a database whether a key pays
//! before), hands holds and settlements to the store's writer, and settles what gateways that are gone left behind.

mod accounts;
mod orphans;
mod payment;
mod reserves;
mod signature;
mod till;
mod topups;
mod toss;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use decide::book::Billing;
use store::ledger::Scribe;
use store::{Store, StoreError};

use crate::desk::now;
pub use accounts::AccountState;
pub use payment::{bank_feed, stripe_event, toss_event};
use reserves::Reserves;
pub use till::KEY_ACCOUNT;
pub(crate) use till::unbooked;
pub use topups::{Order, OrderError, Provider};

/// What a request needs to know of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    pub billing: Billing,
    /// Over the list price, in hundredths of a percent.
    pub markup: i64,
}

pub struct Ledger {
    store: Store,
    scribe: Scribe,
    reserves: Arc<Reserves>,
    accounts: ArcSwap<HashMap<String, Terms>>,
    /// This process, as the owner of its charges under way.
    owner: String,
    /// Held from reading the accounts until they are known.
    reading_accounts: tokio::sync::Mutex<()>,
    /// Other processes may have charges under way.
    in_company: bool,
}

impl Ledger {
    /// Settles what was left behind, and reads the accounts. Nothing may be charged before. `succeeds` where another
    /// process still finishes what it has under way.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn open(store: Store, succeeds: bool) -> Result<Arc<Ledger>, StoreError> {
        let owner = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        let at = store::clock::common(&store, now()).await?;
        store::ledger::alive(&store, &owner, at).await?;
        let scribe = Scribe::start(store.clone(), now, |charge, error| {
            tracing::error!(charge, %error, source = ?error.source(), "the ledger has trouble");
        });
        let is_shared = store.url().is_shared();
        let ledger = Ledger {
            accounts: ArcSwap::default(),
            reserves: Reserves::new(scribe.clone(), owner.clone(), !is_shared),
            scribe,
            owner,
            reading_accounts: tokio::sync::Mutex::default(),
            in_company: succeeds || is_shared,
            store,
        };
        ledger.settle_orphans(orphans::At::Start).await?;
        ledger.read_accounts().await?;
        Ok(Arc::new(ledger))
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Reserves nothing any more and gives back what is: another process takes over, or none does.
    pub fn stop_reserving(&self) {
        self.reserves.close();
    }

    /// Waits until everything that was charged before is written.
    pub async fn flush(&self) {
        self.scribe.flush().await;
    }
}
