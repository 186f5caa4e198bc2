//! How one request was routed, attempted and answered.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use store::StoreError;

use super::Api;
use super::error::{ApiError, ErrorBody};
use crate::requests::{Record, explain, find};

#[derive(Serialize)]
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
    responses((status = 200, body = Object), (status = 404, body = ErrorBody))
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
