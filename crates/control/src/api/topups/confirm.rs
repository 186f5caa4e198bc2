use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::TopupView;
use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Api, body};
use crate::gate::Caller;

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TopupConfirmation)]
pub(in crate::api) struct Wanted {
    /// Toss's key of the payment, from its redirect.
    payment_key: Option<String>,
    reason: Option<String>,
}

/// Confirms that an order is paid: a bank transfer by an admin's word, a payment by Toss's own. Again: no effect.
#[utoipa::path(
    post,
    path = "/topups/{id}/confirm",
    tag = "topups",
    request_body = Option<Wanted>,
    responses(
        (status = 200, body = TopupView),
        (status = 404, body = ErrorBody),
        (status = 409, description = "It has failed, expired, or the payment is not what it is for", body = ErrorBody),
        (status = 502, description = "The provider cannot be asked, or refused", body = ErrorBody)
    )
)]
pub(in crate::api) async fn confirm(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<TopupView>, ApiError> {
    let wanted: Wanted = body::optional(&bytes)?;
    let actor = caller.actor(wanted.reason);
    let (desk, ledger) = (Arc::clone(&api.desk), Arc::clone(&api.ledger));
    let paid = to_its_end(async move {
        let config = desk.config().await.topups;
        let paid = ledger
            .confirm(&id, wanted.payment_key.as_deref(), &config)
            .await?;
        desk.audit(&actor, "confirm top-up", &id, json!({"account": paid.account}))
            .await;
        Ok::<_, ApiError>(paid)
    })
    .await?;
    Ok(Json(paid.into()))
}
