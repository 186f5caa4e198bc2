//! Deployments that were made through the admin API. Those of the configuration file never come here.

use sqlx::FromRow;

use crate::database::on_database;
use crate::{Store, StoreError, UnixMilliseconds};

/// One deployment. `kind` and `spec` (JSON) are the caller's; the store does not look into them.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Deployment {
    pub name: String,
    pub kind: String,
    pub spec: String,
    pub created_at: UnixMilliseconds,
    pub updated_at: UnixMilliseconds,
}

/// What [`put`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Created,
    Updated,
}

/// Makes the deployment or replaces its kind and spec.
///
/// # Errors
/// When the store cannot be written.
pub async fn put(
    store: &Store,
    name: &str,
    kind: &str,
    spec: &str,
    at: UnixMilliseconds,
) -> Result<Put, StoreError> {
    on_database!(store, change transaction, _number => {
        let update = "UPDATE deployments SET kind = $2, spec = $3, updated_at = $4 WHERE name = $1";
        let updated = sqlx::query(update).bind(name).bind(kind).bind(spec).bind(at);
        if updated.execute(&mut *transaction).await?.rows_affected() > 0 {
            Put::Updated
        } else {
            let insert = "INSERT INTO deployments (name, kind, spec, created_at, updated_at)
                          VALUES ($1, $2, $3, $4, $4)";
            sqlx::query(insert).bind(name).bind(kind).bind(spec).bind(at).execute(transaction).await?;
            Put::Created
        }
    })
}

/// # Errors
/// [`StoreError::NotFound`].
pub async fn get(store: &Store, name: &str) -> Result<Deployment, StoreError> {
    let found = on_database!(store, read connection => {
        sqlx::query_as("SELECT name, kind, spec, created_at, updated_at FROM deployments WHERE name = $1").bind(name).fetch_optional(connection).await?
    })?;
    found.ok_or_else(|| not_found(name))
}

/// All of them, by name: an installation has tens, not thousands.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(store: &Store) -> Result<Vec<Deployment>, StoreError> {
    let mut all: Vec<Deployment> = on_database!(store, read connection => {
        sqlx::query_as("SELECT name, kind, spec, created_at, updated_at FROM deployments").fetch_all(connection).await?
    })?;
    // Here and not in SQL: Postgres sorts text by the rules of its locale, SQLite by bytes.
    all.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

/// # Errors
/// [`StoreError::NotFound`].
pub async fn delete(store: &Store, name: &str) -> Result<(), StoreError> {
    on_database!(store, change transaction, _number => {
        let deleted = sqlx::query("DELETE FROM deployments WHERE name = $1").bind(name).execute(transaction).await?;
        if deleted.rows_affected() == 0 {
            return Err(not_found(name));
        }
    })
}

fn not_found(name: &str) -> StoreError {
    StoreError::NotFound {
        noun: "deployment",
        name: name.to_owned(),
    }
}
