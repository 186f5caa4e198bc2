use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::refuse_during_rollout;
use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Api, body};
use crate::gate::Caller;

/// Removes a deployment that was made through this API.
#[utoipa::path(
    delete,
    path = "/deployments/{name}",
    tag = "deployments",
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody))
)]
pub(in crate::api) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<StatusCode, ApiError> {
    let why: body::Why = body::optional(&bytes)?;
    refuse_during_rollout(&api, &name, "delete")?;
    let desk = Arc::clone(&api.desk);
    to_its_end(async move { desk.delete_deployment(&name, &caller.actor(why.reason)).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}
