use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::TopupView;
use crate::api::Api;
use crate::api::error::ApiError;
use crate::api::query::Asked;

/// Orders on a page if the caller names no number.
const PAGE: u32 = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Which {
    /// Of this account only.
    account: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Orders on a page.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TopupList)]
pub(in crate::api) struct Listed {
    topups: Vec<TopupView>,
    next: Option<String>,
}

/// Orders, the newest first.
#[utoipa::path(get, path = "/topups", tag = "topups", params(Which), responses((status = 200, body = Listed)))]
pub(in crate::api) async fn list(
    State(api): State<Api>,
    Asked(which): Asked<Which>,
) -> Result<Json<Listed>, ApiError> {
    let after = which.cursor.map(|cursor| cursor.parse()).transpose()?;
    let limit = which.limit.unwrap_or(PAGE);
    let page = store::topups::list(api.ledger.store(), which.account.as_deref(), after, limit).await?;
    Ok(Json(Listed {
        topups: page.rows.into_iter().map(TopupView::from).collect(),
        next: page.next.map(|cursor| cursor.to_string()),
    }))
}
