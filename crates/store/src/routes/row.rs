//! A route as its table holds it, and the way back.

use sqlx::FromRow;

use super::{AdoptedGreen, Route};
use crate::StoreError;

#[derive(FromRow)]
pub(super) struct RouteRow {
    deployment: String,
    revision: i64,
    green_share: i64,
    salt: i64,
    candidate: Option<String>,
    phase: String,
    latch_cause: Option<String>,
    previous_share: Option<i64>,
    promoted_at: Option<i64>,
    adopted_green: Option<String>,
    adopted_file_blue: Option<String>,
    adopted_environment: Option<String>,
    updated_at: i64,
}

macro_rules! columns {
    () => {
        "deployment, revision, green_share, salt, candidate, phase, latch_cause, previous_share, promoted_at, \
         adopted_green, adopted_file_blue, adopted_environment, updated_at"
    };
}

pub(super) const SELECT_ONE: &str = concat!("SELECT ", columns!(), " FROM routes WHERE deployment = $1");
pub(super) const SELECT_ALL: &str = concat!("SELECT ", columns!(), " FROM routes");

/// Takes the same parameters as [`UPDATE`]; the previous revision is `NULL` here, and nobody drives a rollout.
pub(super) const INSERT: &str = concat!(
    "
    INSERT INTO routes (",
    columns!(),
    ")
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
    WHERE CAST($14 AS BIGINT) IS NULL AND CAST($15 AS TEXT) IS NULL AND CAST($16 AS TEXT) IS NULL
    ON CONFLICT (deployment) DO NOTHING"
);

pub(super) const UPDATE: &str = "
    UPDATE routes
    SET revision = $2, green_share = $3, salt = $4, candidate = $5, phase = $6, latch_cause = $7, previous_share = $8,
        promoted_at = $9, adopted_green = $10, adopted_file_blue = $11, adopted_environment = $12, updated_at = $13
    WHERE deployment = $1 AND revision = $14 AND revision < $2
        AND (CAST($15 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM rollouts WHERE id = $15 AND owner = $16))";

impl TryFrom<RouteRow> for Route {
    type Error = StoreError;

    fn try_from(row: RouteRow) -> Result<Self, StoreError> {
        let adopted = match (row.adopted_green, row.adopted_file_blue, row.adopted_environment) {
            (None, None, None) => None,
            (Some(green_digest), Some(file_blue_digest), Some(environment)) => Some(AdoptedGreen {
                green_digest,
                file_blue_digest,
                environment,
            }),
            _ => return Err(corrupt(&row.deployment, "half an adopted green")),
        };
        let share = |share: i64| {
            u16::try_from(share).map_err(|_| corrupt(&row.deployment, "a share outside 0 to 10,000"))
        };
        Ok(Self {
            revision: row.revision,
            green_share: share(row.green_share)?,
            salt: row.salt.cast_unsigned(),
            candidate: row.candidate,
            phase: row.phase,
            latched: row.latch_cause,
            previous_share: row.previous_share.map(share).transpose()?,
            promoted_at: row.promoted_at,
            adopted,
            updated_at: row.updated_at,
            deployment: row.deployment,
        })
    }
}

fn corrupt(deployment: &str, what: &str) -> StoreError {
    StoreError::corrupt(format!("the route of '{deployment}' holds {what}"))
}
