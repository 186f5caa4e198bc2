//! Prices that were set through the admin API.

use sqlx::FromRow;

use crate::database::on_database;
use crate::{Store, StoreError, UnixMilliseconds};

/// A model's price from a moment on. `price` (JSON) is the caller's; the store does not look into it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StoredPrice {
    /// `cost` or `list`.
    pub kind: String,
    pub model: String,
    /// `i64::MIN` for "always".
    pub valid_from: UnixMilliseconds,
    pub price: String,
}

/// Writes these prices in one go; one of the same kind, model and moment is replaced.
///
/// # Errors
/// When the store cannot be written; then none is.
pub async fn put(store: &Store, prices: &[StoredPrice]) -> Result<(), StoreError> {
    on_database!(store, change transaction, number => {
        let statement = "INSERT INTO prices (kind, model, valid_from, changed_number, price)
                         VALUES ($1, $2, $3, $4, $5)
                         ON CONFLICT (kind, model, valid_from)
                         DO UPDATE SET changed_number = excluded.changed_number, price = excluded.price";
        for price in prices {
            sqlx::query(statement)
                .bind(&price.kind)
                .bind(&price.model)
                .bind(price.valid_from)
                .bind(number)
                .bind(&price.price)
                .execute(&mut *transaction)
                .await?;
        }
    })
}

/// Takes a price away, and tells whether there was one.
///
/// # Errors
/// When the store cannot be written.
pub async fn delete(
    store: &Store,
    kind: &str,
    model: &str,
    valid_from: UnixMilliseconds,
) -> Result<bool, StoreError> {
    on_database!(store, change transaction, _number => {
        let statement = "DELETE FROM prices WHERE kind = $1 AND model = $2 AND valid_from = $3";
        let deleted = sqlx::query(statement).bind(kind).bind(model).bind(valid_from);
        deleted.execute(transaction).await?.rows_affected() > 0
    })
}

/// All of them, by kind, model and moment: an installation has tens, not thousands.
///
/// # Errors
/// When the store cannot be read.
pub async fn load_all(store: &Store) -> Result<Vec<StoredPrice>, StoreError> {
    on_database!(store, read connection => {
        let statement = "SELECT kind, model, valid_from, price FROM prices ORDER BY kind, model, valid_from";
        sqlx::query_as(statement).fetch_all(connection).await?
    })
}
