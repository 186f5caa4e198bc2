use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::KeyView;
use crate::api::Api;
use crate::api::error::ApiError;
use crate::api::query::Asked;

/// Keys on a page if the caller names no number.
const PAGE: u32 = 100;

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
#[schema(as = KeyList)]
pub(in crate::api) struct Listed {
    keys: Vec<KeyView>,
    next: Option<String>,
}

/// All keys, without their secrets.
#[utoipa::path(get, path = "/keys", tag = "keys", params(Which), responses((status = 200, body = Listed)))]
pub(in crate::api) async fn list(
    State(api): State<Api>,
    Asked(which): Asked<Which>,
) -> Result<Json<Listed>, ApiError> {
    let after = which.cursor.map(|cursor| cursor.parse()).transpose()?;
    let (keys, next) = api.desk.list_keys(after, which.limit.unwrap_or(PAGE)).await?;
    let keys = keys.into_iter().map(|key| KeyView::of(key, None)).collect();
    Ok(Json(Listed {
        keys,
        next: next.map(|cursor| cursor.to_string()),
    }))
}
