//! Which gateways there are on this store, so that each knows its share of what they have together.

use crate::database::on_database;
use crate::{Store, StoreError, UnixMilliseconds};

/// Says that the gateway of this name is there at `at`, forgets those that were last heard before `silent_since`, and
/// counts the others. No change that others have to look at.
///
/// # Errors
/// When the store cannot be written.
pub async fn beat(
    store: &Store,
    name: &str,
    at: UnixMilliseconds,
    silent_since: UnixMilliseconds,
) -> Result<i64, StoreError> {
    on_database!(store, write transaction => {
        let beat = "INSERT INTO limit_sharers (name, heard_at) VALUES ($1, $2)
                    ON CONFLICT (name) DO UPDATE SET heard_at = excluded.heard_at";
        sqlx::query(beat).bind(name).bind(at).execute(&mut *transaction).await?;
        let forget = "DELETE FROM limit_sharers WHERE heard_at < $1";
        sqlx::query(forget).bind(silent_since).execute(&mut *transaction).await?;
        sqlx::query_scalar("SELECT COUNT(*) FROM limit_sharers").fetch_one(transaction).await?
    })
}

/// The gateway of this name is there no more.
///
/// # Errors
/// When the store cannot be written.
pub async fn leave(store: &Store, name: &str) -> Result<(), StoreError> {
    on_database!(store, write transaction => {
        let statement = "DELETE FROM limit_sharers WHERE name = $1";
        sqlx::query(statement).bind(name).execute(transaction).await?;
    })
}
