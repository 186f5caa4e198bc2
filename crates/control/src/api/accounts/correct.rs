use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use decide::money::Nano;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::AccountView;
use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Api, body};
use crate::gate::Caller;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Correction)]
pub(in crate::api) struct Wanted {
    /// Of your own making; the same again changes nothing.
    id: String,
    /// Added to the account's credit; negative: taken from it.
    amount_usd: String,
    /// Stands in the statement.
    reason: String,
}

/// Corrects an account's credit by an entry of its own. Entries are never changed or taken back.
#[utoipa::path(
    post,
    path = "/accounts/{name}/correct",
    tag = "accounts",
    request_body = Wanted,
    responses(
        (status = 200, body = AccountView),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "Another correction has this id", body = ErrorBody)
    )
)]
pub(in crate::api) async fn correct(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Json<AccountView>, ApiError> {
    let wanted: Wanted = body::read(&bytes)?;
    let amount: Nano = wanted
        .amount_usd
        .parse()
        .map_err(|error| ApiError::invalid("amount_usd", format!("'{}': {error}", wanted.amount_usd)))?;
    for (param, text) in [("id", &wanted.id), ("reason", &wanted.reason)] {
        if text.trim().is_empty() || text.len() > 500 {
            return Err(ApiError::invalid(
                param,
                format!("'{param}' has 1 to 500 characters"),
            ));
        }
    }
    let (desk, ledger) = (Arc::clone(&api.desk), Arc::clone(&api.ledger));
    let corrected = to_its_end(async move {
        let actor = caller.actor(Some(wanted.reason.clone()));
        let applied = ledger
            .correct(&name, &wanted.id, amount.get(), wanted.reason)
            .await?;
        applied?;
        let detail = json!({"id": wanted.id, "amount_usd": amount.to_string()});
        desk.audit(&actor, "correct account", &name, detail).await;
        Ok::<_, ApiError>(ledger.account(&name).await?)
    })
    .await?;
    Ok(Json(corrected.into()))
}
