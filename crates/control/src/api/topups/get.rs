use axum::Json;
use axum::extract::{Path, State};

use super::TopupView;
use crate::api::Api;
use crate::api::error::{ApiError, ErrorBody};

/// One order.
#[utoipa::path(
    get,
    path = "/topups/{id}",
    tag = "topups",
    responses((status = 200, body = TopupView), (status = 404, body = ErrorBody))
)]
pub(in crate::api) async fn get(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<TopupView>, ApiError> {
    Ok(Json(store::topups::get(api.ledger.store(), &id).await?.into()))
}
