use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::error::{ApiError, ErrorBody};
use crate::api::rollouts::shape::RolloutView;
use crate::api::{Api, body};
use crate::driver::PlanAsked;
use crate::gate::Caller;

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StartRollout)]
pub(in crate::api) struct Wanted {
    /// A plan's name, or a plan as the configuration file has it; the deployment's own by default.
    #[schema(value_type = Option<Object>)]
    plan: Option<Value>,
    reason: Option<String>,
}

/// Starts a rollout. Its first phase is in force when this is answered.
#[utoipa::path(
    post,
    path = "/deployments/{name}/rollout",
    tag = "rollouts",
    security(("admin_token" = ["operator"])),
    request_body = Option<Wanted>,
    responses(
        (status = 200, description = "The rollout as it stands", body = RolloutView),
        (status = 400, description = "The plan makes no sense", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "There is no green, or a rollout is under way", body = ErrorBody)
    )
)]
pub(in crate::api) async fn start(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let wanted: Wanted = body::optional(&bytes)?;
    let asked = match wanted.plan {
        None | Some(Value::Null) => PlanAsked::Usual,
        Some(Value::String(name)) => PlanAsked::Named(name),
        Some(plan @ Value::Object(_)) => PlanAsked::Written(plan.to_string()),
        Some(_) => {
            return Err(ApiError::invalid(
                "plan",
                "'plan' is a plan's name, or a plan as an object",
            ));
        }
    };
    let started = api
        .driver
        .start(&name, asked, caller.actor(wanted.reason))
        .await?;
    Ok(Json(started))
}
