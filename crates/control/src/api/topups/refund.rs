use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::TopupView;
use super::create::decimal;
use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Api, body};
use crate::gate::Caller;

/// The id of a refund that was given none.
const ALL: &str = "all";

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Refund)]
pub(in crate::api) struct Wanted {
    /// Of your own making; the same again changes nothing. A part needs one.
    id: Option<String>,
    /// In the order's currency; all that is left by default.
    #[schema(value_type = Option<String>)]
    amount: Option<Value>,
    reason: Option<String>,
}

/// Pays an order back, as far as the account's credit covers it. Again: no effect.
#[utoipa::path(
    post,
    path = "/topups/{id}/refund",
    tag = "topups",
    request_body = Option<Wanted>,
    responses(
        (status = 200, body = TopupView),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "It was not paid, or credit does not cover it", body = ErrorBody),
        (status = 502, description = "Booked, but not paid back by the provider yet", body = ErrorBody)
    )
)]
pub(in crate::api) async fn refund(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<TopupView>, ApiError> {
    let wanted: Wanted = body::optional(&bytes)?;
    let amount = wanted.amount.map(decimal).transpose()?;
    if amount.is_some() && wanted.id.is_none() {
        return Err(ApiError::invalid(
            "id",
            "a refund of a part needs an id, so that it is not paid twice",
        ));
    }
    let refund = wanted.id.unwrap_or_else(|| ALL.to_owned());
    let actor = caller.actor(wanted.reason.clone());
    let (desk, ledger) = (Arc::clone(&api.desk), Arc::clone(&api.ledger));
    let refunded = to_its_end(async move {
        let config = desk.config().await.topups;
        let reason = wanted.reason.as_deref().unwrap_or("refund");
        let refunded = ledger
            .refund(&id, &refund, amount.as_deref(), reason, &config)
            .await?;
        let detail = json!({"refund": refund, "amount": amount});
        desk.audit(&actor, "refund top-up", &id, detail).await;
        Ok::<_, ApiError>(refunded)
    })
    .await?;
    Ok(Json(refunded.into()))
}
