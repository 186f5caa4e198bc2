use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};

use super::KeyView;
use crate::api::body::Why;
use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Api, body};
use crate::gate::Caller;

/// Makes a key useless, at once and for good.
#[utoipa::path(
    post,
    path = "/keys/{name}/revoke",
    tag = "keys",
    request_body = Option<Why>,
    responses((status = 200, body = KeyView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody))
)]
pub(in crate::api) async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Json<KeyView>, ApiError> {
    let why: Why = body::optional(&bytes)?;
    let desk = Arc::clone(&api.desk);
    let revoked = to_its_end(async move { desk.revoke_key(&name, &caller.actor(why.reason)).await }).await?;
    Ok(Json(KeyView::of(revoked, None)))
}
