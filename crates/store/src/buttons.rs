//! Buttons of rollouts on their way from the gateway where they were pushed to the one that drives the rollout.
//!
//! A button is taken once: if the gateway that took it dies before it answers, whoever pushed it is not answered and
//! looks at the state, rather than that a phase is skipped twice.

use sqlx::FromRow;

use crate::database::on_database;
use crate::{Store, StoreError, UnixMilliseconds};

/// Rows are kept this long, for whoever still waits for an answer: nobody waits for a minute.
const KEPT: UnixMilliseconds = 60_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewButton {
    /// The rollout's id.
    pub rollout: String,
    /// The caller's name for what is asked.
    pub verb: String,
    /// Green's share in hundredths of a percent, where the verb takes one.
    pub share: Option<u16>,
    pub actor: String,
    pub role: String,
    pub reason: Option<String>,
    pub pressed_at: UnixMilliseconds,
}

/// A button that was taken.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Button {
    pub number: i64,
    pub rollout: String,
    pub verb: String,
    pub share: Option<i64>,
    pub actor: String,
    pub role: String,
    pub reason: Option<String>,
}

/// Leaves a button for whoever drives its rollout; its number, to ask for the answer by.
///
/// # Errors
/// When the store cannot be written.
pub async fn press(store: &Store, button: &NewButton) -> Result<i64, StoreError> {
    on_database!(store, change transaction, number => {
        sqlx::query("DELETE FROM buttons WHERE pressed_at < $1")
            .bind(button.pressed_at - KEPT)
            .execute(&mut *transaction)
            .await?;
        let statement = "INSERT INTO buttons (number, rollout, verb, share, actor, role, reason, pressed_at)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        sqlx::query(statement)
            .bind(number)
            .bind(&button.rollout)
            .bind(&button.verb)
            .bind(button.share.map(i64::from))
            .bind(&button.actor)
            .bind(&button.role)
            .bind(&button.reason)
            .bind(button.pressed_at)
            .execute(transaction)
            .await?;
        number
    })
}

/// Takes every button that waits for a rollout that `owner` drives, the oldest first; each is given out once.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn take(store: &Store, owner: &str) -> Result<Vec<Button>, StoreError> {
    // Asked several times a second, and the answer is nearly always that there is none.
    let waiting: i64 = on_database!(store, read connection => {
        let statement = "SELECT COUNT(*) FROM buttons JOIN rollouts ON rollouts.id = buttons.rollout
                         WHERE buttons.taken_by IS NULL AND rollouts.owner = $1";
        sqlx::query_scalar(statement).bind(owner).fetch_one(connection).await?
    })?;
    if waiting == 0 {
        return Ok(Vec::new());
    }
    let mut taken: Vec<Button> = on_database!(store, write transaction => {
        let statement = "UPDATE buttons SET taken_by = $1
                         WHERE taken_by IS NULL AND rollout IN (SELECT id FROM rollouts WHERE owner = $1)
                         RETURNING number, rollout, verb, share, actor, role, reason";
        sqlx::query_as(statement).bind(owner).fetch_all(transaction).await?
    })?;
    taken.sort_by_key(|button| button.number);
    Ok(taken)
}

/// Says what came of a button, in JSON.
///
/// # Errors
/// When the store cannot be written.
pub async fn answer(store: &Store, number: i64, answer: &str) -> Result<(), StoreError> {
    on_database!(store, write transaction => {
        sqlx::query("UPDATE buttons SET answer = $2 WHERE number = $1")
            .bind(number)
            .bind(answer)
            .execute(transaction)
            .await?;
    })
}

/// What came of a button, if that is known yet.
///
/// # Errors
/// When the store cannot be read.
pub async fn answer_of(store: &Store, number: i64) -> Result<Option<String>, StoreError> {
    let found: Option<Option<String>> = on_database!(store, read connection => {
        sqlx::query_scalar("SELECT answer FROM buttons WHERE number = $1")
            .bind(number)
            .fetch_optional(connection)
            .await?
    })?;
    Ok(found.flatten())
}
