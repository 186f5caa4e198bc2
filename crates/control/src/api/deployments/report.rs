use axum::Json;
use axum::extract::{Path, State};

use crate::api::Api;
use crate::api::error::{ApiError, ErrorBody};
use crate::report::{Report, report as make};

/// How blue and green compare over the last minute.
#[utoipa::path(
    get,
    path = "/deployments/{name}/report",
    tag = "deployments",
    responses((status = 200, body = Object), (status = 404, body = ErrorBody))
)]
pub(in crate::api) async fn report(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Report>, ApiError> {
    let state = api.desk.deployment(&name).await?;
    let snapshot = api.desk.shared().snapshot();
    let made = make(
        &snapshot,
        &state.name,
        &api.observatory,
        &api.health,
        jiff::Timestamp::now(),
        api.driver.board().view(&state.name),
    );
    made.map(Json)
        .ok_or_else(|| ApiError::new(404, "deployment_not_found", "the deployment is gone"))
}
