use axum::Json;
use axum::extract::{Path, State};

use super::AccountView;
use crate::api::Api;
use crate::api::error::{ApiError, ErrorBody};

/// One account, with what it has.
#[utoipa::path(
    get,
    path = "/accounts/{name}",
    tag = "accounts",
    responses((status = 200, body = AccountView), (status = 404, body = ErrorBody))
)]
pub(in crate::api) async fn get(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<AccountView>, ApiError> {
    Ok(Json(api.ledger.account(&name).await?.into()))
}
