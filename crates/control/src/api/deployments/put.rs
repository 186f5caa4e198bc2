use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::{DeploymentView, refuse_during_rollout, view};
use crate::api::Api;
use crate::api::body::text;
use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::desk::PutOutcome;
use crate::gate::Caller;

/// Creates or redefines a deployment. The body is its definition as the configuration file has it.
#[utoipa::path(
    put,
    path = "/deployments/{name}",
    tag = "deployments",
    request_body(content = Object, content_type = "application/json"),
    responses(
        (status = 200, description = "Redefined", body = DeploymentView),
        (status = 201, description = "Created", body = DeploymentView),
        (status = 400, body = ErrorBody),
        (status = 409, description = "Defined in the configuration file", body = ErrorBody)
    )
)]
pub(in crate::api) async fn put(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<(StatusCode, Json<DeploymentView>), ApiError> {
    let body = text(&bytes)?.to_owned();
    refuse_during_rollout(&api, &name, "redefine")?;
    let desk = Arc::clone(&api.desk);
    let put = async move { desk.put_deployment(&name, &body, &caller.actor(None)).await };
    let (outcome, state) = to_its_end(put).await?;
    let status = match outcome {
        PutOutcome::Created => StatusCode::CREATED,
        PutOutcome::Updated => StatusCode::OK,
    };
    Ok((status, Json(view(&api, state))))
}
