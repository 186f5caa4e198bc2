use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::KeyView;
use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Api, body};
use crate::config::Period;
use crate::gate::Caller;

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Rotation)]
pub(in crate::api) struct Wanted {
    /// How long the old secret still works, as `24h`; not at all by default.
    #[schema(value_type = Option<String>)]
    grace: Option<Period>,
    reason: Option<String>,
}

/// Gives a key a new secret, which is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/keys/{name}/rotate",
    tag = "keys",
    request_body = Option<Wanted>,
    responses((status = 200, body = KeyView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody))
)]
pub(in crate::api) async fn rotate(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Json<KeyView>, ApiError> {
    let wanted: Wanted = body::optional(&bytes)?;
    let grace = wanted.grace.map_or(0, |grace| grace.duration().as_millis());
    let grace = i64::try_from(grace).unwrap_or(i64::MAX);
    let desk = Arc::clone(&api.desk);
    let rotate = async move { desk.rotate_key(&name, grace, &caller.actor(wanted.reason)).await };
    let rotated = to_its_end(rotate).await?;
    Ok(Json(KeyView::of(rotated.info, Some(rotated.secret))))
}
