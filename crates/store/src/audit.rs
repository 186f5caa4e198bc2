//! Who changed what, when and why. Entries are appended, never changed, never deleted.

use sqlx::FromRow;

use crate::database::on_database;
use crate::page::{page_of, rows_to_fetch};
use crate::{Cursor, Page, Store, StoreError, UnixMilliseconds};

/// An entry to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    pub at: UnixMilliseconds,
    pub actor: String,
    pub role: String,
    pub verb: String,
    /// What it was done to, for example a deployment's or a key's name.
    pub subject: String,
    /// In the actor's own words.
    pub reason: Option<String>,
    /// JSON.
    pub detail: String,
}

/// An entry as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Entry {
    /// Grows from entry to entry, with gaps.
    pub id: i64,
    #[sqlx(rename = "recorded_at")]
    pub at: UnixMilliseconds,
    pub actor: String,
    pub role: String,
    pub verb: String,
    pub subject: String,
    pub reason: Option<String>,
    pub detail: String,
}

/// Which entries to list; `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub actor: Option<String>,
    pub verb: Option<String>,
    pub subject: Option<String>,
    /// Not before this time.
    pub since: Option<UnixMilliseconds>,
    /// Before this time.
    pub until: Option<UnixMilliseconds>,
}

/// Appends one entry and gives its id.
///
/// # Errors
/// When the store cannot be written.
pub async fn append(store: &Store, entry: &NewEntry) -> Result<i64, StoreError> {
    // Postgres cannot hold a NUL in text; an actor's free words must not make the entry fail.
    let reason = entry
        .reason
        .as_ref()
        .map(|reason| reason.replace('\0', "\u{fffd}"));
    on_database!(store, change transaction, number => {
        let statement = "INSERT INTO audit (id, recorded_at, actor, role, verb, subject, reason, detail)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        sqlx::query(statement)
            .bind(number)
            .bind(entry.at)
            .bind(&entry.actor)
            .bind(&entry.role)
            .bind(&entry.verb)
            .bind(&entry.subject)
            .bind(&reason)
            .bind(&entry.detail)
            .execute(transaction)
            .await?;
        number
    })
}

/// Newest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(
    store: &Store,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Page<Entry>, StoreError> {
    let rows = on_database!(store, read connection => {
        let statement = "SELECT id, recorded_at, actor, role, verb, subject, reason, detail FROM audit
                         WHERE id < $1
                           AND ($2 IS NULL OR actor = $2)
                           AND ($3 IS NULL OR verb = $3)
                           AND ($4 IS NULL OR subject = $4)
                           AND recorded_at >= $5 AND recorded_at < $6
                         ORDER BY id DESC LIMIT $7";
        sqlx::query_as(statement)
            .bind(after.map_or(i64::MAX, |cursor| cursor.0))
            .bind(&filter.actor)
            .bind(&filter.verb)
            .bind(&filter.subject)
            .bind(filter.since.unwrap_or(i64::MIN))
            .bind(filter.until.unwrap_or(i64::MAX))
            .bind(rows_to_fetch(limit))
            .fetch_all(connection)
            .await?
    })?;
    Ok(page_of(rows, limit, |entry: &Entry| entry.id))
}
