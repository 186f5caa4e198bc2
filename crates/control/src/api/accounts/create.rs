use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use decide::book::Billing;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{AccountView, billing, check_name, markup};
use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Api, body};
use crate::gate::Caller;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAccount)]
pub(in crate::api) struct Wanted {
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    /// `prepaid` (default) or `postpaid`
    #[schema(pattern = "^(prepaid|postpaid)$")]
    billing: Option<String>,
    /// What it pays over the list price; 0 by default, negative for a discount.
    markup_percent: Option<f64>,
    reason: Option<String>,
}

/// Makes an account. It is given the welcome credit of the configuration, if there is one.
#[utoipa::path(
    post,
    path = "/accounts",
    tag = "accounts",
    request_body = Wanted,
    responses(
        (status = 201, body = AccountView),
        (status = 400, body = ErrorBody),
        (status = 409, description = "The name is taken", body = ErrorBody)
    )
)]
pub(in crate::api) async fn create(
    State(api): State<Api>,
    caller: Caller,
    bytes: Bytes,
) -> Result<(StatusCode, Json<AccountView>), ApiError> {
    let wanted: Wanted = body::read(&bytes)?;
    check_name(&wanted.name)?;
    let billing = wanted.billing.as_deref().map_or(Ok(Billing::Prepaid), billing)?;
    let markup = wanted.markup_percent.map_or(Ok(0), markup)?;
    let actor = caller.actor(wanted.reason);
    let (desk, ledger) = (Arc::clone(&api.desk), Arc::clone(&api.ledger));
    let made = to_its_end(async move {
        let welcome = desk.config().await.accounts.welcome_credit_usd.nano();
        let made = ledger
            .create_account(wanted.name, billing, markup, welcome)
            .await?;
        desk.audit(
            &actor,
            "create account",
            &made.account.name,
            json!({"welcome": welcome > 0}),
        )
        .await;
        Ok::<_, ApiError>(made)
    })
    .await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
