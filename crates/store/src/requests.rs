//! The request log: how finished requests were routed, attempted and answered, for `explain`.
//!
//! These rows may be lost, money rows may not: callers come through a bounded queue and drop what does not fit. So
//! nothing here counts as a change, and no function holds the writer for long.

use sqlx::{FromRow, QueryBuilder};

use crate::database::on_database;
use crate::page::MAXIMUM_PAGE_ROWS;
use crate::{Store, StoreError, UnixMilliseconds};

/// One finished request.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct FinishedRequest {
    /// May be the client's own, so it can come twice.
    pub id: String,
    #[sqlx(rename = "finished_at")]
    pub at: UnixMilliseconds,
    pub deployment: String,
    /// The key's name.
    #[sqlx(rename = "key_name")]
    pub key: String,
    /// JSON.
    pub detail: String,
}

/// Five values a row: 1,000 of SQLite's 32,766 parameters a statement, and large enough that more gains nothing.
const ROWS_A_STATEMENT: usize = 200;

/// Rows deleted in one go: a few milliseconds, after which others may write.
const DELETED_A_TRANSACTION: i64 = 2_000;

/// Appends a batch in one transaction. The same row again changes nothing.
///
/// # Errors
/// When the store cannot be written; then none of the batch is.
pub async fn append(store: &Store, batch: &[FinishedRequest]) -> Result<(), StoreError> {
    if batch.is_empty() {
        return Ok(());
    }
    on_database!(store, write transaction => {
        for rows in batch.chunks(ROWS_A_STATEMENT) {
            let insert = "INSERT INTO finished_requests (id, finished_at, deployment, key_name, detail) ";
            let mut statement = QueryBuilder::new(insert);
            statement.push_values(rows, |mut values, row| {
                values.push_bind(&row.id).push_bind(row.at);
                values.push_bind(&row.deployment).push_bind(&row.key).push_bind(&row.detail);
            });
            statement.push(" ON CONFLICT (id, finished_at) DO NOTHING");
            // Batches differ in length and so in their text; only the full ones are worth keeping prepared.
            statement.build().persistent(rows.len() == ROWS_A_STATEMENT).execute(&mut *transaction).await?;
        }
    })
}

/// The latest request with this id.
///
/// # Errors
/// [`StoreError::NotFound`] when it never was, was dropped, or is deleted by now.
pub async fn get(store: &Store, id: &str) -> Result<FinishedRequest, StoreError> {
    let found = on_database!(store, read connection => {
        let statement = "SELECT id, finished_at, deployment, key_name, detail FROM finished_requests
                         WHERE id = $1 ORDER BY finished_at DESC LIMIT 1";
        sqlx::query_as(statement).bind(id).fetch_optional(connection).await?
    })?;
    found.ok_or_else(|| StoreError::NotFound {
        noun: "request",
        name: id.to_owned(),
    })
}

/// Which requests to list; `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub deployment: Option<String>,
    /// The key's name.
    pub key: Option<String>,
}

/// The place of a row in the list: what comes after it finished earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub at: UnixMilliseconds,
    pub id: String,
}

/// The rows after this place, or from the newest on; at most `limit`, which is bounded as for pages.
///
/// The index leads by time alone: a filter that matches little reads much, but only ever holds up its own caller.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(
    store: &Store,
    filter: &Filter,
    after: Option<&Place>,
    limit: u32,
) -> Result<Vec<FinishedRequest>, StoreError> {
    on_database!(store, read connection => {
        let statement = "SELECT id, finished_at, deployment, key_name, detail FROM finished_requests
                         WHERE finished_at <= $1 AND (finished_at < $1 OR id < $2)
                           AND ($3 IS NULL OR deployment = $3)
                           AND ($4 IS NULL OR key_name = $4)
                         ORDER BY finished_at DESC, id DESC LIMIT $5";
        sqlx::query_as(statement)
            .bind(after.map_or(i64::MAX, |place| place.at))
            .bind(after.map_or("", |place| &place.id))
            .bind(&filter.deployment)
            .bind(&filter.key)
            .bind(i64::from(limit.clamp(1, MAXIMUM_PAGE_ROWS)))
            .fetch_all(connection)
            .await?
    })
}

/// Deletes what finished before `before`, a little at a time, and tells how many rows that were.
///
/// # Errors
/// When the store cannot be written; what was deleted until then stays deleted.
pub async fn delete_older_than(store: &Store, before: UnixMilliseconds) -> Result<u64, StoreError> {
    let mut deleted = 0;
    loop {
        let some = delete_some(store, before).await?;
        if some == 0 {
            return Ok(deleted);
        }
        deleted += some;
    }
}

async fn delete_some(store: &Store, before: UnixMilliseconds) -> Result<u64, StoreError> {
    on_database!(store, write transaction => {
        let statement = "DELETE FROM finished_requests WHERE (id, finished_at) IN
                             (SELECT id, finished_at FROM finished_requests WHERE finished_at < $1
                              ORDER BY finished_at LIMIT $2)";
        sqlx::query(statement)
            .bind(before)
            .bind(DELETED_A_TRANSACTION)
            .execute(transaction)
            .await?
            .rows_affected()
    })
}
