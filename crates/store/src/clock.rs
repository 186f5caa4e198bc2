//! The time that gateways on one store have in common. Clocks of two machines may differ by more than a gateway may be
//! silent before the others take it for gone, take its rollouts over and settle its charges.

use crate::database::Database;
use crate::database::on_database;
use crate::{Store, StoreError, UnixMilliseconds};

/// The clock of the database's machine; `own`, the caller's, for SQLite, which has none of its own.
///
/// # Errors
/// When the store cannot be read.
pub async fn common(store: &Store, own: UnixMilliseconds) -> Result<UnixMilliseconds, StoreError> {
    if let Database::Lite(_) = store.database() {
        return Ok(own);
    }
    on_database!(store, read connection => {
        let statement = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        sqlx::query_scalar(statement).fetch_one(connection).await?
    })
}
