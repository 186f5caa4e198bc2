//! Gateways on a shared store take their share of each limit: the limit divided by how many there are.

use std::time::Duration;

use super::{Desk, now};

/// How often a gateway says that it is there.
pub(super) const BEAT_EVERY: Duration = Duration::from_secs(2);
/// One that was not heard for so long takes no share any more.
const HEARD_WITHIN_MS: i64 = 10_000;

impl Desk {
    /// Says that this gateway is there, and learns of the others.
    pub(super) async fn beat(&self) {
        let heard = async {
            let at = store::clock::common(&self.store, now()).await?;
            store::gateways::beat(&self.store, &self.name, at, at - HEARD_WITHIN_MS).await
        };
        let heard = heard.await;
        match heard {
            Ok(gateways) => {
                let gateways = u64::try_from(gateways).unwrap_or(1).max(1);
                if self.shared.meters.divide_by(gateways) != gateways {
                    tracing::info!(
                        gateways,
                        "limits of keys are divided by the gateways on this store"
                    );
                }
            }
            // The number that was heard last stays; trouble with the store is said elsewhere.
            Err(error) => tracing::debug!(%error, "the gateways on this store could not be counted"),
        }
    }

    /// Leaves its share to the others at once.
    pub async fn leave(&self) {
        if self.store.url().is_shared()
            && let Err(error) = store::gateways::leave(&self.store, &self.name).await
        {
            tracing::debug!(%error, "the other gateways will notice in a few seconds that this one has ended");
        }
    }
}
