//! One counter that every change to keys, routes, deployments, audit and meta moves, in the same transaction.
//!
//! Several gateways on one store poll it: an unchanged number means that nothing has to be loaded again. To miss
//! nothing, read the number first and load afterwards; what is loaded is then at least as new as the number.
//! The request log does not count: no gateway loads it.

use crate::database::on_database;
use crate::{Store, StoreError};

/// The row's lock is held until the change commits, so a higher number was also committed later.
pub(crate) const COUNT_ONE: &str = "UPDATE changes SET number = number + 1 RETURNING number";

/// The number of the latest change; 0 in a new store. Cheap: one row by its primary key.
///
/// # Errors
/// When the store cannot be read.
pub async fn latest(store: &Store) -> Result<i64, StoreError> {
    on_database!(store, read connection => {
        sqlx::query_scalar("SELECT number FROM changes WHERE only_row = 1").fetch_one(connection).await?
    })
}
