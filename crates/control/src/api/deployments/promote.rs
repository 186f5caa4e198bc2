use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use decide::release::Verb;

use super::{DeploymentView, VerbAnswers, plain_verb};
use crate::api::Api;
use crate::api::body::Why;
use crate::api::error::ApiError;
use crate::gate::Caller;

/// Gives green all traffic; blue stays ready for a rollback.
#[utoipa::path(
    post,
    path = "/deployments/{name}/promote",
    tag = "deployments",
    security(("admin_token" = ["operator"])),
    request_body = Option<Why>,
    responses(VerbAnswers)
)]
pub(in crate::api) async fn promote(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Json<DeploymentView>, ApiError> {
    plain_verb(&api, &name, Verb::Promote, &caller, &bytes).await
}
