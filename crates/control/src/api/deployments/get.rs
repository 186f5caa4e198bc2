use axum::Json;
use axum::extract::{Path, State};

use super::{DeploymentView, view};
use crate::api::Api;
use crate::api::error::{ApiError, ErrorBody};

/// One deployment.
#[utoipa::path(
    get,
    path = "/deployments/{name}",
    tag = "deployments",
    responses((status = 200, body = DeploymentView), (status = 404, body = ErrorBody))
)]
pub(in crate::api) async fn get(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<DeploymentView>, ApiError> {
    Ok(Json(view(&api, api.desk.deployment(&name).await?)))
}
