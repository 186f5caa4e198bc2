//! A few named facts about the store itself, such as the installation's id.

use crate::database::on_database;
use crate::{Store, StoreError};

/// # Errors
/// When the store cannot be read.
pub async fn get(store: &Store, name: &str) -> Result<Option<String>, StoreError> {
    on_database!(store, read connection => {
        sqlx::query_scalar("SELECT value FROM meta WHERE name = $1").bind(name).fetch_optional(connection).await?
    })
}

/// # Errors
/// When the store cannot be written.
pub async fn set(store: &Store, name: &str, value: &str) -> Result<(), StoreError> {
    on_database!(store, change transaction, _number => {
        let statement = "INSERT INTO meta (name, value) VALUES ($1, $2)
                         ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(statement).bind(name).bind(value).execute(transaction).await?;
    })
}

/// The value that stands, or `value` if there was none: whoever comes first decides for all.
///
/// # Errors
/// When the store cannot be written.
pub async fn get_or_set(store: &Store, name: &str, value: &str) -> Result<String, StoreError> {
    if let Some(standing) = get(store, name).await? {
        return Ok(standing);
    }
    on_database!(store, change transaction, _number => {
        let statement = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        sqlx::query(statement).bind(name).bind(value).execute(&mut *transaction).await?;
        sqlx::query_scalar("SELECT value FROM meta WHERE name = $1").bind(name).fetch_one(transaction).await?
    })
}
