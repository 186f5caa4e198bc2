//! Finished requests: a search through them, and how one was routed, attempted and answered.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use store::StoreError;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::query::Asked;
use crate::requests::{Cursor, Record, Wanted, explain, find, search};

#[derive(Serialize, ToSchema)]
#[schema(as = ExplainedRequest)]
pub(super) struct Explained {
    #[serde(flatten)]
    record: Record,
    /// The same in a few sentences.
    explanation: String,
}

/// One finished request.
#[utoipa::path(
    get,
    path = "/requests/{id}",
    tag = "requests",
    responses((status = 200, body = Explained), (status = 404, body = ErrorBody))
)]
pub(super) async fn get(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<Explained>, ApiError> {
    match find(&api.observatory, api.desk.store(), &id).await {
        Ok(record) => Ok(Json(Explained {
            explanation: explain(&record),
            record,
        })),
        Err(StoreError::NotFound { .. }) => {
            let message =
                format!("Request '{id}' is not known: it is too old, still under way, or never was");
            Err(ApiError::new(404, "request_not_found", message).param("id"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Rows on a page if the caller names no number.
const PAGE: u32 = 50;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    deployment: Option<String>,
    /// The key's name.
    key: Option<String>,
    /// A status as `429`, a class of them as `5xx`, or an outcome: `ok`, `caller_error`, `refused`, `failed`,
    /// `broken`, `client_left`; `trouble` is whatever is not `ok`.
    status: Option<String>,
    /// `next` of the page before.
    before: Option<String>,
    /// Rows on a page.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RequestList)]
pub(super) struct Listed {
    requests: Vec<Record>,
    /// Continues the search; a page may be short, or empty, before the end.
    next: Option<String>,
}

/// Finished requests, newest first. Those without a valid key are not kept.
#[utoipa::path(
    get,
    path = "/requests",
    tag = "requests",
    params(Which),
    responses((status = 200, body = Listed), (status = 400, body = ErrorBody))
)]
pub(super) async fn list(
    State(api): State<Api>,
    Asked(which): Asked<Which>,
) -> Result<Json<Listed>, ApiError> {
    let status = which.status.as_deref().map(str::parse).transpose();
    let before = which.before.as_deref().map(str::parse::<Cursor>).transpose();
    let wanted = Wanted {
        deployment: which.deployment,
        key: which.key,
        status: status.map_err(|why: &str| ApiError::invalid("status", why))?,
        before: before.map_err(|why: &str| ApiError::invalid("before", why))?,
        limit: which.limit.unwrap_or(PAGE),
    };
    let found = search(&api.observatory, api.desk.store(), wanted).await?;
    Ok(Json(Listed {
        requests: found.records,
        next: found.next.map(|cursor| cursor.to_string()),
    }))
}
