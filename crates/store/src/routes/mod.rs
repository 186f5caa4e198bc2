//! Where the traffic of each deployment goes now: the live split, its revision and its latch.
//!
//! A route is saved by compare-and-set on its revision. Two gateways, or an operator and a rollout, may decide at the
//! same moment; exactly one of them is saved, the other learns what it missed and decides again.

mod row;

use crate::database::on_database;
use crate::{Store, StoreError, UnixMilliseconds};
use row::RouteRow;

/// As many statements as come well within the time of one operation.
const ROUTES_TOGETHER: usize = 1_000;

/// A route, as it was last saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub deployment: String,
    /// Grows with every change.
    pub revision: i64,
    /// Green's share in hundredths of a percent, 0 to 10,000.
    pub green_share: u16,
    /// New for each candidate, so that sessions are dealt out anew.
    pub salt: u64,
    /// Digest (hex) of the green definition that this state belongs to; `None` without a green.
    pub candidate: Option<String>,
    /// The caller's name for the state the route is in.
    pub phase: String,
    /// Why green was rolled back; while it is set, nothing but an operator moves traffic to this candidate.
    pub latched: Option<String>,
    /// Green's share before the latest promote.
    pub previous_share: Option<u16>,
    pub promoted_at: Option<UnixMilliseconds>,
    pub adopted: Option<AdoptedGreen>,
    pub updated_at: UnixMilliseconds,
}

/// What `finalize` leaves behind: this green is blue now, although the configuration file may not say so yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptedGreen {
    /// Digest (hex) of the green that was finalized.
    pub green_digest: String,
    /// Digest (hex) of the file's blue at that time; once the file's blue differs, the file leads again.
    pub file_blue_digest: String,
    /// The environment (JSON) that is blue now.
    pub environment: String,
}

/// Who drives the rollout that changes a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Driven {
    /// The rollout's id.
    pub rollout: String,
    pub owner: String,
}

/// Saves `route` if the stored revision is still `previous` (`None`: if there is no row yet) and the new one is higher.
///
/// # Errors
/// [`StoreError::Stale`] with the revision found; nothing is changed then.
pub async fn save(store: &Store, route: &Route, previous: Option<i64>) -> Result<(), StoreError> {
    save_together(store, &[(route, previous)], None).await
}

/// The same for many, up to a thousand of them in one change, which is one wait for the disk.
///
/// # Errors
/// [`StoreError::Stale`] for the first that is; of its thousand nothing is changed then.
pub async fn save_all(store: &Store, routes: &[(&Route, Option<i64>)]) -> Result<(), StoreError> {
    for together in routes.chunks(ROUTES_TOGETHER) {
        save_together(store, together, None).await?;
    }
    Ok(())
}

/// The same for a rollout, if the gateway still drives it: since its take-over is a change too, nothing that the gateway
/// before still meant to do comes after what the next one does.
///
/// # Errors
/// [`StoreError::Conflict`] if another gateway drives it; nothing is changed then.
pub async fn save_if_driven(
    store: &Store,
    route: &Route,
    previous: Option<i64>,
    driven: Option<&Driven>,
) -> Result<(), StoreError> {
    save_together(store, &[(route, previous)], driven).await
}

async fn save_together(
    store: &Store,
    routes: &[(&Route, Option<i64>)],
    driven: Option<&Driven>,
) -> Result<(), StoreError> {
    on_database!(store, change transaction, _number => {
        for (route, previous) in routes {
            let statement = if previous.is_some() { row::UPDATE } else { row::INSERT };
            let saved = sqlx::query(statement)
                .bind(&route.deployment)
                .bind(route.revision)
                .bind(i64::from(route.green_share))
                .bind(route.salt.cast_signed())
                .bind(&route.candidate)
                .bind(&route.phase)
                .bind(&route.latched)
                .bind(route.previous_share.map(i64::from))
                .bind(route.promoted_at)
                .bind(route.adopted.as_ref().map(|adopted| &adopted.green_digest))
                .bind(route.adopted.as_ref().map(|adopted| &adopted.file_blue_digest))
                .bind(route.adopted.as_ref().map(|adopted| &adopted.environment))
                .bind(route.updated_at)
                .bind(previous)
                .bind(driven.map(|driven| &driven.rollout))
                .bind(driven.map(|driven| &driven.owner))
                .execute(&mut *transaction)
                .await?;
            if saved.rows_affected() == 0 {
                let found = sqlx::query_scalar("SELECT revision FROM routes WHERE deployment = $1")
                    .bind(&route.deployment)
                    .fetch_optional(&mut *transaction)
                    .await?;
                if let Some(driven) = driven.filter(|_| found == *previous) {
                    let name = driven.rollout.clone();
                    return Err(StoreError::Conflict { noun: "rollout", name, state: "driven by another gateway" });
                }
                return Err(StoreError::Stale { deployment: route.deployment.clone(), found });
            }
        }
    })
}

/// The route of one deployment, `None` if none was ever saved.
///
/// # Errors
/// When the store cannot be read.
pub async fn load(store: &Store, deployment: &str) -> Result<Option<Route>, StoreError> {
    let found: Option<RouteRow> = on_database!(store, read connection => {
        sqlx::query_as(row::SELECT_ONE).bind(deployment).fetch_optional(connection).await?
    })?;
    found.map(Route::try_from).transpose()
}

/// Every route, in no particular order.
///
/// # Errors
/// When the store cannot be read.
pub async fn load_all(store: &Store) -> Result<Vec<Route>, StoreError> {
    let rows: Vec<RouteRow> = on_database!(store, read connection => {
        sqlx::query_as(row::SELECT_ALL).fetch_all(connection).await?
    })?;
    rows.into_iter().map(Route::try_from).collect()
}

/// Forgets the route of a deployment that is gone.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn delete(store: &Store, deployment: &str) -> Result<(), StoreError> {
    on_database!(store, change transaction, _number => {
        let deleted =
            sqlx::query("DELETE FROM routes WHERE deployment = $1").bind(deployment).execute(transaction).await?;
        if deleted.rows_affected() == 0 {
            return Err(StoreError::NotFound { noun: "route", name: deployment.to_owned() });
        }
    })
}
