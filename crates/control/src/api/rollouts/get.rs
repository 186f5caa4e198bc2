use axum::Json;
use axum::extract::{Path, State};
use serde_json::Value;

use crate::api::Api;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::rollouts::shape::RolloutView;
use crate::driver::DriverError;

/// The newest rollout: its state and phase, the evidence, and what it waits for.
#[utoipa::path(
    get,
    path = "/deployments/{name}/rollout",
    tag = "rollouts",
    responses(
        (status = 200, body = RolloutView),
        (status = 404, description = "There is no such deployment, or it never had a rollout", body = ErrorBody)
    )
)]
pub(in crate::api) async fn get(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    api.desk.deployment(&name).await?;
    match api.driver.board().view(&name) {
        Value::Null => Err(DriverError::NoRollout(name).into()),
        view => Ok(Json(view)),
    }
}
