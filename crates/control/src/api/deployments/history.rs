use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::error::{ApiError, ErrorBody};
use crate::observe::{HISTORY_STEP, Point};

#[derive(Serialize, ToSchema)]
#[schema(as = History)]
pub(in crate::api) struct Shown {
    /// Seconds between points.
    step_seconds: u64,
    /// Oldest first; each is of the window that ended then.
    points: Vec<Point>,
}

/// The last ten minutes, since this gateway's start, for charts.
#[utoipa::path(
    get,
    path = "/deployments/{name}/history",
    tag = "deployments",
    responses((status = 200, body = Shown), (status = 404, body = ErrorBody))
)]
pub(in crate::api) async fn history(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Shown>, ApiError> {
    let state = api.desk.deployment(&name).await?;
    Ok(Json(Shown {
        step_seconds: HISTORY_STEP.as_secs(),
        points: api.history.of(&state.name),
    }))
}
