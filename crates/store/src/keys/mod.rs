//! Client credentials. A key's secret is never here, only its SHA-256.
//!
//! A name is used once: a revoked key keeps its row and its name, because usage and audit refer to it.

mod row;

use crate::database::on_database;
use crate::page::{page_of, rows_to_fetch};
use crate::{Cursor, Page, Store, StoreError, UnixMilliseconds};
use row::KeyRow;

/// Keys read at once, when all of them are: some 20 ms on a quiet machine.
const PAGE_ROWS: i64 = 10_000;

/// A key as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub name: String,
    /// SHA-256 of the secret.
    pub digest: [u8; 32],
    /// The secret before the latest rotation, while it is still good.
    pub previous: Option<PreviousDigest>,
    pub settings: KeySettings,
    pub created_at: UnixMilliseconds,
    pub revoked_at: Option<UnixMilliseconds>,
}

/// A digest that is valid before `valid_until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousDigest {
    pub digest: [u8; 32],
    pub valid_until: UnixMilliseconds,
}

/// What a key may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySettings {
    /// Who pays.
    pub account: Option<String>,
    /// Names it may call; `*` is all.
    pub models: Vec<String>,
    pub overrides: Overrides,
    pub limits: KeyLimits,
    /// JSON; the caller's.
    pub model_limits: Option<String>,
    pub budget: Option<KeyBudget>,
    pub expires_at: Option<UnixMilliseconds>,
}

/// Whether the key may choose or weigh the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overrides {
    Allow,
    Deny,
}

/// `None` does not limit. Stored up to `i64::MAX`, beyond which a limit means nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyLimits {
    pub requests_per_minute: Option<u64>,
    pub tokens_per_minute: Option<u64>,
    pub concurrent_requests: Option<u64>,
}

/// The most a key may spend, in nano-US-dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyBudget {
    pub usd_nanos: i64,
    pub per: BudgetPeriod,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetPeriod {
    Day,
    Month,
    Total,
}

/// Makes a key and gives it back as stored.
///
/// # Errors
/// [`StoreError::Exists`] when the name is taken, be it by a revoked key.
pub async fn create(
    store: &Store,
    name: &str,
    digest: [u8; 32],
    settings: &KeySettings,
    at: UnixMilliseconds,
) -> Result<Key, StoreError> {
    let (limits, budget) = (&settings.limits, &settings.budget);
    let made: KeyRow = on_database!(store, change transaction, number => {
        let made = sqlx::query_as(row::INSERT)
            .bind(name)
            .bind(number)
            .bind(&digest[..])
            .bind(&settings.account)
            .bind(row::models_as_text(&settings.models))
            .bind(row::overrides_as_text(settings.overrides))
            .bind(row::limit_as_number(limits.requests_per_minute))
            .bind(row::limit_as_number(limits.tokens_per_minute))
            .bind(row::limit_as_number(limits.concurrent_requests))
            .bind(budget.map(|budget| budget.usd_nanos))
            .bind(budget.map(|budget| row::period_as_text(budget.per)))
            .bind(settings.expires_at)
            .bind(at)
            .bind(&settings.model_limits)
            .fetch_optional(transaction)
            .await?;
        made.ok_or_else(|| StoreError::Exists { noun: "key", name: name.to_owned() })?
    })?;
    made.try_into()
}

/// # Errors
/// [`StoreError::NotFound`].
pub async fn get(store: &Store, name: &str) -> Result<Key, StoreError> {
    let found: Option<KeyRow> = on_database!(store, read connection => {
        sqlx::query_as(row::SELECT_ONE).bind(name).fetch_optional(connection).await?
    })?;
    found.ok_or_else(|| not_found(name))?.try_into()
}

/// All keys, revoked ones too, in the order they were made.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(store: &Store, after: Option<Cursor>, limit: u32) -> Result<Page<Key>, StoreError> {
    let rows: Vec<KeyRow> = on_database!(store, read connection => {
        sqlx::query_as(row::SELECT_PAGE)
            .bind(after.map_or(0, |cursor| cursor.0))
            .bind(rows_to_fetch(limit))
            .fetch_all(connection)
            .await?
    })?;
    let page = page_of(rows, limit, KeyRow::created_number);
    Ok(Page {
        rows: as_keys(page.rows)?,
        next: page.next,
    })
}

/// Gives the key a new secret. The one it had stays good until `previous_until`, the one before that ends at once.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::Conflict`] when the key is revoked.
pub async fn rotate(
    store: &Store,
    name: &str,
    digest: [u8; 32],
    previous_until: UnixMilliseconds,
) -> Result<Key, StoreError> {
    let rotated: Result<KeyRow, StoreError> = on_database!(store, change transaction, number => {
        let rotated = sqlx::query_as(row::ROTATE)
            .bind(name)
            .bind(number)
            .bind(&digest[..])
            .bind(previous_until)
            .fetch_optional(transaction)
            .await?;
        rotated.ok_or_else(|| not_found(name))?
    });
    match rotated {
        // A key is never deleted, so what is found now is why none was found to rotate.
        Err(StoreError::NotFound { .. }) => {
            let key = get(store, name).await?;
            Err(StoreError::Conflict {
                noun: "key",
                name: key.name,
                state: "revoked",
            })
        }
        other => other?.try_into(),
    }
}

/// Ends the key for good, its previous secret too. Again: no effect, the first time stands.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn revoke(store: &Store, name: &str, at: UnixMilliseconds) -> Result<Key, StoreError> {
    let revoked: Result<KeyRow, StoreError> = on_database!(store, change transaction, number => {
        let statement = sqlx::query_as(row::REVOKE).bind(name).bind(number).bind(at);
        statement.fetch_optional(transaction).await?.ok_or_else(|| not_found(name))?
    });
    match revoked {
        Err(StoreError::NotFound { .. }) => get(store, name).await,
        other => other?.try_into(),
    }
}

/// Every key that is not revoked, for loading into the gateway. Expired ones are among them: the gateway has the clock.
///
/// # Errors
/// When the store cannot be read.
pub async fn load_all(store: &Store) -> Result<Vec<Key>, StoreError> {
    read_by_pages(store, row::SELECT_LIVE, 0, KeyRow::created_number).await
}

/// Every key made, rotated or revoked after this change (see [`changes::latest`](crate::changes::latest)).
///
/// # Errors
/// When the store cannot be read.
pub async fn changed_since(store: &Store, change: i64) -> Result<Vec<Key>, StoreError> {
    read_by_pages(store, row::SELECT_CHANGED, change, KeyRow::changed_number).await
}

/// Reads rows whose `number` is above `after`, in its order. A million keys do not come within the time of one
/// operation, a page does. What changes between two pages has a number that the caller has not seen.
async fn read_by_pages(
    store: &Store,
    select: &'static str,
    mut after: i64,
    number: impl Fn(&KeyRow) -> i64,
) -> Result<Vec<Key>, StoreError> {
    let mut keys = Vec::new();
    loop {
        let rows: Vec<KeyRow> = on_database!(store, read connection => {
            sqlx::query_as(select).bind(after).bind(PAGE_ROWS).fetch_all(connection).await?
        })?;
        let Some(last) = rows.last() else {
            return Ok(keys);
        };
        after = number(last);
        keys.extend(as_keys(rows)?);
    }
}

fn as_keys(rows: Vec<KeyRow>) -> Result<Vec<Key>, StoreError> {
    rows.into_iter().map(Key::try_from).collect()
}

fn not_found(name: &str) -> StoreError {
    StoreError::NotFound {
        noun: "key",
        name: name.to_owned(),
    }
}
