use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::AccountView;
use crate::api::Api;
use crate::api::error::ApiError;
use crate::api::query::Asked;

/// Accounts on a page if the caller names no number.
const PAGE: u32 = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Which {
    /// `next` of the page before.
    cursor: Option<String>,
    /// Accounts on a page.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AccountList)]
pub(in crate::api) struct Listed {
    accounts: Vec<AccountView>,
    next: Option<String>,
}

/// All accounts, in the order they were made.
#[utoipa::path(get, path = "/accounts", tag = "accounts", params(Which), responses((status = 200, body = Listed)))]
pub(in crate::api) async fn list(
    State(api): State<Api>,
    Asked(which): Asked<Which>,
) -> Result<Json<Listed>, ApiError> {
    let after = which.cursor.map(|cursor| cursor.parse()).transpose()?;
    let page = store::accounts::list(api.ledger.store(), after, which.limit.unwrap_or(PAGE)).await?;
    let mut accounts = Vec::with_capacity(page.rows.len());
    for account in page.rows {
        accounts.push(api.ledger.with_standing(account).await?.into());
    }
    Ok(Json(Listed {
        accounts,
        next: page.next.map(|cursor| cursor.to_string()),
    }))
}
