//! What became of single requests: the last ones in memory, and a log in the store that outlives a
//! restart. `GET /requests/{id}` shows a [`Record`], `explain` tells it in words.

mod explain;
mod log;
mod outbox;
mod recent;
mod record;
mod search;

pub use explain::explain;
pub use log::{flush, keep_log};
pub(crate) use outbox::Outbox;
pub(crate) use recent::Recent;
pub use record::{AttemptRecord, Record, Routing, Timing, Tokens};
pub use search::{Cursor, Found, Status, Wanted, search};

use decide::money::Nano;
use store::{Store, StoreError};

use crate::observe::Observatory;

/// The request with this id: from memory, else from the store.
///
/// # Errors
/// [`StoreError::NotFound`] if it never was, is too old, or was left out under load; else why the
/// store cannot be read.
pub async fn find(observatory: &Observatory, store: &Store, id: &str) -> Result<Record, StoreError> {
    let mut record = match observatory.request(id) {
        Some(record) => record,
        None => {
            let row = store::requests::get(store, id).await?;
            // A row that this version cannot read is as good as none.
            serde_json::from_str(&row.detail).map_err(|_| StoreError::NotFound {
                noun: "request",
                name: id.to_owned(),
            })?
        }
    };
    if let Some(key) = &record.key
        && let Some(settled) = store::ledger::settled(store, id, key).await?
    {
        record.charge_usd = Some(Nano::new(settled.charged).to_string());
        record.estimated = settled.estimated;
    }
    Ok(record)
}

#[cfg(test)]
mod tests;
