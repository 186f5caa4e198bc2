use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::Api;
use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::query::Asked;
use crate::config::Moment;
use crate::gate::Caller;
use crate::prices::Kind;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Which {
    model: String,
    /// `cost` (default) or `list`
    kind: Option<String>,
    /// The moment of the price that goes; the one without a moment by default.
    from: Option<String>,
    reason: Option<String>,
}

/// Takes back a price that was set here; what lies below it holds again.
#[utoipa::path(
    delete,
    path = "/prices",
    tag = "prices",
    params(Which),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, body = ErrorBody),
        (status = 409, description = "The price stands in the configuration file", body = ErrorBody)
    )
)]
pub(in crate::api) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Asked(which): Asked<Which>,
) -> Result<StatusCode, ApiError> {
    let kind = which.kind.as_deref().map_or(Ok(Kind::Cost), super::put::kind)?;
    let from = match which.from.as_deref().map(str::parse::<Moment>) {
        None => i64::MIN,
        Some(Ok(moment)) => moment.unix_milliseconds(),
        Some(Err(error)) => return Err(ApiError::invalid("from", error.to_string())),
    };
    let (desk, actor) = (Arc::clone(&api.desk), caller.actor(which.reason));
    to_its_end(async move { desk.delete_price(kind, &which.model, from, &actor).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}
