//! Charges under way whose gateway is gone: what it had marked is charged, the rest is given back.
//!
//! On a store of one gateway all others are gone when this one starts, but for the one that it takes over from. On a
//! shared store, and then, a gateway says every few seconds that it is alive, and one that has not said so for a while is gone. If it was only frozen, what it says
//! later about those charges comes too late: they stay as they were marked.

use std::sync::Arc;
use std::time::Duration;

use decide::money::Nano;
use store::StoreError;
use tokio::time::Instant;

use super::Ledger;
use crate::desk::now;

/// How often this gateway says that it is alive.
const SAY_EVERY: Duration = Duration::from_secs(2);
/// A gateway that was not heard of for so long is gone: five times missed.
const GONE_AFTER_MS: i64 = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Start,
    Later,
}

impl Ledger {
    /// Says for ever that this gateway is alive, follows the accounts that other gateways change, and settles what
    /// gateways that are gone left behind.
    pub async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(SAY_EVERY).await;
            self.reserves.sweep(Instant::now());
            let done = async {
                let at = store::clock::common(self.store(), now()).await?;
                store::ledger::alive(self.store(), &self.owner, at).await?;
                store::topups::expire(self.store(), at).await?;
                self.expire_credit(at).await?;
                if self.in_company {
                    self.settle_orphans(At::Later).await?;
                }
                Ok::<(), StoreError>(())
            };
            if let Err(error) = done.await {
                tracing::warn!(%error, "the ledger cannot be looked after right now");
            }
        }
    }

    /// Takes back credit whose time, in Unix milliseconds, has come.
    async fn expire_credit(&self, at: i64) -> Result<(), StoreError> {
        for account in store::expiring::due(self.store(), at).await? {
            // What is reserved for requests to come is not spent.
            self.reserves.release(&account);
            self.scribe.flush().await;
            let taken = store::expiring::expire(self.store(), &account, at).await?;
            tracing::info!(account, usd = %Nano::new(taken), "credit has expired");
        }
        Ok(())
    }

    pub(super) async fn settle_orphans(&self, at: At) -> Result<(), StoreError> {
        let only_one = at == At::Start && !self.in_company;
        let unseen_since = match only_one {
            true => i64::MAX,
            false => store::clock::common(self.store(), now()).await? - GONE_AFTER_MS,
        };
        loop {
            let orphans = store::ledger::orphans(self.store(), &self.owner, unseen_since).await?;
            if orphans.is_empty() {
                return Ok(());
            }
            let settled = store::ledger::write(self.store(), &orphans, now()).await?;
            let refused = settled.iter().filter(|settled| settled.is_err()).count();
            tracing::warn!(
                charges = orphans.len(),
                refused,
                "charges of a gateway that is gone were settled by what it had marked"
            );
            if refused == orphans.len() {
                return Ok(());
            }
        }
    }
}
