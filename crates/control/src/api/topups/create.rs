use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::TopupView;
use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Api, body};
use crate::gate::Caller;
use crate::ledger::Order;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTopup)]
pub(in crate::api) struct Wanted {
    /// Of your own making; the same again changes nothing.
    id: String,
    account: String,
    /// `manual`, `voucher`, or one that is configured: `bank_transfer`, `toss`, `stripe`.
    provider: String,
    /// In the currency's units, as `50000` or `"10.00"`; a voucher has its own.
    #[schema(value_type = Option<String>)]
    amount: Option<Value>,
    /// `USD` by default.
    currency: Option<String>,
    /// A manual top-up needs one.
    reason: Option<String>,
    /// The voucher's.
    code: Option<String>,
}

/// Orders credit. By an admin (`manual`) or a voucher it is there at once, else once it is paid.
#[utoipa::path(
    post,
    path = "/topups",
    tag = "topups",
    request_body = Wanted,
    responses(
        (status = 201, body = TopupView),
        (status = 400, body = ErrorBody),
        (status = 404, description = "There is no such account", body = ErrorBody),
        (status = 409, description = "The id stands for something else", body = ErrorBody)
    )
)]
pub(in crate::api) async fn create(
    State(api): State<Api>,
    caller: Caller,
    bytes: Bytes,
) -> Result<(StatusCode, Json<TopupView>), ApiError> {
    let wanted: Wanted = body::read(&bytes)?;
    let actor = caller.actor(wanted.reason.clone());
    let order = Order {
        id: wanted.id,
        account: wanted.account,
        provider: wanted.provider,
        amount: wanted.amount.map(decimal).transpose()?,
        currency: wanted.currency,
        reason: wanted.reason,
        code: wanted.code,
    };
    let (desk, ledger) = (Arc::clone(&api.desk), Arc::clone(&api.ledger));
    let made = to_its_end(async move {
        let config = desk.config().await.topups;
        let made = ledger.order(order, &config).await?;
        let detail = json!({"account": made.account, "provider": made.provider, "state": made.state});
        desk.audit(&actor, "top up", &made.id, detail).await;
        Ok::<_, ApiError>(made)
    })
    .await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Numbers are taken as they are written; a decimal that is no exact number would be rounded before we see it.
pub(super) fn decimal(amount: Value) -> Result<String, ApiError> {
    match amount {
        Value::String(text) => Ok(text),
        Value::Number(number) if number.is_u64() => Ok(number.to_string()),
        _ => Err(ApiError::invalid(
            "amount",
            "write the amount as text, as in \"10.00\"",
        )),
    }
}
