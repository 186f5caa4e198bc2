use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{AccountView, billing, markup};
use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Api, body};
use crate::gate::Caller;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountChange)]
pub(in crate::api) struct Wanted {
    /// `prepaid` or `postpaid`; as it was by default.
    #[schema(pattern = "^(prepaid|postpaid)$")]
    billing: Option<String>,
    /// As it was by default.
    markup_percent: Option<f64>,
    reason: Option<String>,
}

/// Changes how an account pays, from the next request on. Its balance changes by top-ups and corrections only.
#[utoipa::path(
    put,
    path = "/accounts/{name}",
    tag = "accounts",
    request_body = Wanted,
    responses((status = 200, body = AccountView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(in crate::api) async fn change(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Json<AccountView>, ApiError> {
    let wanted: Wanted = body::read(&bytes)?;
    let billing = wanted.billing.as_deref().map(billing).transpose()?;
    let markup = wanted.markup_percent.map(markup).transpose()?;
    let actor = caller.actor(wanted.reason);
    let detail = json!({"billing": wanted.billing, "markup_percent": wanted.markup_percent});
    let (desk, ledger) = (Arc::clone(&api.desk), Arc::clone(&api.ledger));
    let changed = to_its_end(async move {
        let changed = ledger.change_account(&name, billing, markup).await?;
        desk.audit(&actor, "change account", &name, detail).await;
        Ok::<_, ApiError>(changed)
    })
    .await?;
    Ok(Json(changed.into()))
}
