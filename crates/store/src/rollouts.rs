//! Rollouts: the one that is under way of each deployment, and those that were.
//!
//! A rollout is driven by one gateway, its owner; whoever saves without owning it learns that it lost it. Its evidence is
//! saved twice a second, so saving does not count as a change: only a start and a finish do.

use sqlx::FromRow;

use crate::database::on_database;
use crate::page::{page_of, rows_to_fetch};
use crate::{Cursor, Page, Store, StoreError, UnixMilliseconds};

/// A rollout to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRollout {
    pub id: String,
    pub deployment: String,
    /// Digest (hex) of the green that is judged.
    pub candidate: String,
    /// The gateway that drives it.
    pub owner: String,
    pub plan_name: String,
    /// JSON.
    pub plan: String,
    pub saved: Saved,
    pub started_at: UnixMilliseconds,
}

/// What changes while a rollout runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The machine's own record; the store does not look into it.
    pub state: Vec<u8>,
    /// JSON, as it is shown.
    pub report: String,
    pub at: UnixMilliseconds,
    /// Once it is over.
    pub finished_at: Option<UnixMilliseconds>,
}

/// A rollout as it was last saved.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Rollout {
    /// Grows from rollout to rollout, with gaps.
    pub number: i64,
    pub id: String,
    pub deployment: String,
    pub candidate: String,
    pub owner: String,
    pub plan_name: String,
    pub plan: String,
    pub state: Vec<u8>,
    pub report: String,
    pub started_at: UnixMilliseconds,
    pub saved_at: UnixMilliseconds,
    pub finished_at: Option<UnixMilliseconds>,
}

/// Begins a rollout.
///
/// # Errors
/// [`StoreError::Exists`] while another one of the deployment is under way.
pub async fn begin(store: &Store, rollout: &NewRollout) -> Result<(), StoreError> {
    on_database!(store, change transaction, number => {
        let statement = "SELECT id FROM rollouts WHERE deployment = $1 AND finished_at IS NULL";
        let running: Option<String> =
            sqlx::query_scalar(statement).bind(&rollout.deployment).fetch_optional(&mut *transaction).await?;
        if running.is_some() {
            return Err(StoreError::Exists { noun: "rollout", name: rollout.deployment.clone() });
        }
        let statement = "INSERT INTO rollouts (id, number, deployment, candidate, owner, plan_name, plan, state, report,
                                               started_at, saved_at, finished_at)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        sqlx::query(statement)
            .bind(&rollout.id)
            .bind(number)
            .bind(&rollout.deployment)
            .bind(&rollout.candidate)
            .bind(&rollout.owner)
            .bind(&rollout.plan_name)
            .bind(&rollout.plan)
            .bind(&rollout.saved.state)
            .bind(&rollout.saved.report)
            .bind(rollout.started_at)
            .bind(rollout.saved.at)
            .bind(rollout.saved.finished_at)
            .execute(transaction)
            .await?;
    })
}

/// Saves what became of a rollout; false if `owner` drives it no more, and then nothing is changed.
///
/// # Errors
/// When the store cannot be written.
pub async fn save(store: &Store, id: &str, owner: &str, saved: &Saved) -> Result<bool, StoreError> {
    on_database!(store, write transaction => {
        let statement = "UPDATE rollouts SET state = $3, report = $4, saved_at = $5, finished_at = $6
                         WHERE id = $1 AND owner = $2";
        let updated = sqlx::query(statement)
            .bind(id)
            .bind(owner)
            .bind(&saved.state)
            .bind(&saved.report)
            .bind(saved.at)
            .bind(saved.finished_at)
            .execute(transaction)
            .await?;
        updated.rows_affected() > 0
    })
}

/// Takes a rollout over, if it is under way and was last saved before `unsaved_since`; whether that was so. It counts as
/// a change, so that it comes either before or after any change of the route by the gateway that drove it.
///
/// # Errors
/// When the store cannot be written.
pub async fn take_over(
    store: &Store,
    id: &str,
    owner: &str,
    unsaved_since: UnixMilliseconds,
) -> Result<bool, StoreError> {
    on_database!(store, change transaction, _number => {
        let statement = "UPDATE rollouts SET owner = $2 WHERE id = $1 AND finished_at IS NULL AND saved_at < $3";
        let taken = sqlx::query(statement).bind(id).bind(owner).bind(unsaved_since).execute(transaction).await?;
        taken.rows_affected() > 0
    })
}

/// Every rollout that is under way, the oldest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn under_way(store: &Store) -> Result<Vec<Rollout>, StoreError> {
    on_database!(store, read connection => {
        let statement = "SELECT number, id, deployment, candidate, owner, plan_name, plan, state, report, started_at,
                                saved_at, finished_at
                         FROM rollouts WHERE finished_at IS NULL ORDER BY number";
        sqlx::query_as(statement).fetch_all(connection).await?
    })
}

/// A deployment's rollouts, the newest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(
    store: &Store,
    deployment: &str,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Page<Rollout>, StoreError> {
    let rows = on_database!(store, read connection => {
        let statement = "SELECT number, id, deployment, candidate, owner, plan_name, plan, state, report, started_at,
                                saved_at, finished_at
                         FROM rollouts WHERE deployment = $1 AND number < $2 ORDER BY number DESC LIMIT $3";
        sqlx::query_as(statement)
            .bind(deployment)
            .bind(after.map_or(i64::MAX, |cursor| cursor.0))
            .bind(rows_to_fetch(limit))
            .fetch_all(connection)
            .await?
    })?;
    Ok(page_of(rows, limit, |rollout: &Rollout| rollout.number))
}
