use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::api::Api;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::query::Asked;
use crate::api::rollouts::shape::RolloutView;

/// Rollouts on a page if the caller names no number.
const PAGE: u32 = 50;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Which {
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows on a page.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RolloutList)]
pub(in crate::api) struct Listed {
    #[schema(value_type = Vec<RolloutView>)]
    rollouts: Vec<Value>,
    next: Option<String>,
}

/// A deployment's rollouts with their verdicts, newest first.
#[utoipa::path(
    get,
    path = "/deployments/{name}/rollouts",
    tag = "rollouts",
    params(Which),
    responses((status = 200, body = Listed), (status = 404, body = ErrorBody))
)]
pub(in crate::api) async fn list(
    State(api): State<Api>,
    Path(name): Path<String>,
    Asked(which): Asked<Which>,
) -> Result<Json<Listed>, ApiError> {
    api.desk.deployment(&name).await?;
    let after = which.cursor.map(|cursor| cursor.parse()).transpose()?;
    let page = api
        .driver
        .history(&name, after, which.limit.unwrap_or(PAGE))
        .await?;
    Ok(Json(Listed {
        rollouts: page.rows,
        next: page.next.map(|cursor| cursor.to_string()),
    }))
}
