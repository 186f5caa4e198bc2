//! Buttons. Pushing one that already holds changes nothing; one that does not fit the state is a 409 that names it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use decide::rollout::Verb;
use serde_json::Value;

use crate::api::body::Why;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::rollouts::shape::RolloutView;
use crate::api::{Api, body};
use crate::gate::Caller;

async fn press(
    api: &Api,
    name: &str,
    verb: Verb,
    caller: &Caller,
    bytes: &Bytes,
) -> Result<Json<Value>, ApiError> {
    let why: Why = body::optional(bytes)?;
    Ok(Json(
        api.driver.press(name, verb, caller.actor(why.reason)).await?,
    ))
}

/// Stops the ramp where it is. A regression still acts.
#[utoipa::path(
    post,
    path = "/deployments/{name}/rollout/pause",
    tag = "rollouts",
    security(("admin_token" = ["operator"])),
    request_body = Option<Why>,
    responses(
        (status = 200, body = RolloutView),
        (status = 404, body = ErrorBody),
        (status = 409, description = "Does not fit the state", body = ErrorBody)
    )
)]
pub(in crate::api) async fn pause(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    press(&api, &name, Verb::Pause, &caller, &bytes).await
}

/// Goes on after a pause, or although something held the rollout up.
#[utoipa::path(
    post,
    path = "/deployments/{name}/rollout/resume",
    tag = "rollouts",
    security(("admin_token" = ["operator"])),
    request_body = Option<Why>,
    responses(
        (status = 200, body = RolloutView),
        (status = 404, body = ErrorBody),
        (status = 409, description = "Does not fit the state", body = ErrorBody)
    )
)]
pub(in crate::api) async fn resume(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    press(&api, &name, Verb::Resume, &caller, &bytes).await
}

/// On to the next phase, whatever this one lacks.
#[utoipa::path(
    post,
    path = "/deployments/{name}/rollout/skip",
    tag = "rollouts",
    security(("admin_token" = ["operator"])),
    request_body = Option<Why>,
    responses(
        (status = 200, body = RolloutView),
        (status = 404, body = ErrorBody),
        (status = 409, description = "Does not fit the state", body = ErrorBody)
    )
)]
pub(in crate::api) async fn skip(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    press(&api, &name, Verb::Skip, &caller, &bytes).await
}

/// Agrees to leave the phase that asks for it.
#[utoipa::path(
    post,
    path = "/deployments/{name}/rollout/approve",
    tag = "rollouts",
    security(("admin_token" = ["operator"])),
    request_body = Option<Why>,
    responses(
        (status = 200, body = RolloutView),
        (status = 404, body = ErrorBody),
        (status = 409, description = "Does not fit the state", body = ErrorBody)
    )
)]
pub(in crate::api) async fn approve(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    press(&api, &name, Verb::Approve, &caller, &bytes).await
}

/// Refuses to leave the phase that asks for it: green is rolled back.
#[utoipa::path(
    post,
    path = "/deployments/{name}/rollout/reject",
    tag = "rollouts",
    security(("admin_token" = ["operator"])),
    request_body = Option<Why>,
    responses(
        (status = 200, body = RolloutView),
        (status = 404, body = ErrorBody),
        (status = 409, description = "Does not fit the state", body = ErrorBody)
    )
)]
pub(in crate::api) async fn reject(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    press(&api, &name, Verb::Reject, &caller, &bytes).await
}

/// Stops judging, and leaves the split where it is.
#[utoipa::path(
    post,
    path = "/deployments/{name}/rollout/cancel",
    tag = "rollouts",
    security(("admin_token" = ["operator"])),
    request_body = Option<Why>,
    responses(
        (status = 200, body = RolloutView),
        (status = 404, body = ErrorBody),
        (status = 409, description = "Does not fit the state", body = ErrorBody)
    )
)]
pub(in crate::api) async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    press(&api, &name, Verb::Cancel, &caller, &bytes).await
}
