use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::vouchers::Batch;
use utoipa::ToSchema;

use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Api, body};
use crate::config::{Moment, Usd};
use crate::desk::{DeskError, new_code, now};
use crate::gate::Caller;

/// Codes in one batch; more are another batch.
const MOST: u32 = 10_000;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewVouchers)]
pub(in crate::api) struct Wanted {
    /// The batch's name.
    #[schema(min_length = 1, max_length = 128)]
    batch: String,
    /// How many codes.
    #[schema(minimum = 1, maximum = 10_000)]
    count: u32,
    /// What each is worth.
    usd: String,
    /// When a code that was not redeemed stops working, RFC 3339; never by default.
    code_expires_at: Option<String>,
    /// When what was not spent of a code's credit is taken back, RFC 3339; never by default.
    credit_expires_at: Option<String>,
    reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Vouchers)]
pub(in crate::api) struct Made {
    batch: String,
    /// In this answer and nowhere else.
    codes: Vec<String>,
}

/// Makes a batch of codes.
#[utoipa::path(
    post,
    path = "/vouchers",
    tag = "topups",
    request_body = Wanted,
    responses(
        (status = 201, body = Made),
        (status = 400, body = ErrorBody),
        (status = 409, description = "There is a batch of this name", body = ErrorBody)
    )
)]
pub(in crate::api) async fn create(
    State(api): State<Api>,
    caller: Caller,
    bytes: Bytes,
) -> Result<(StatusCode, Json<Made>), ApiError> {
    let wanted: Wanted = body::read(&bytes)?;
    if wanted.batch.trim().is_empty() || wanted.batch.len() > 128 {
        return Err(ApiError::invalid(
            "batch",
            "a batch's name has 1 to 128 characters",
        ));
    }
    if !(1..=MOST).contains(&wanted.count) {
        return Err(ApiError::invalid(
            "count",
            format!("a batch has 1 to {MOST} codes"),
        ));
    }
    let usd: Usd = wanted
        .usd
        .parse()
        .map_err(|error: crate::config::BadValue| ApiError::invalid("usd", error.to_string()))?;
    if usd.nano() == 0 {
        return Err(ApiError::invalid("usd", "a code is worth more than nothing"));
    }
    let codes: Vec<String> = (0..wanted.count)
        .map(|_| new_code())
        .collect::<Result<_, DeskError>>()?;
    let digests: Vec<_> = codes
        .iter()
        .map(|code| gateway::digest(code.as_bytes()))
        .collect();
    let batch = Batch {
        name: wanted.batch,
        usd_nanos: usd.nano(),
        code_expires_at: moment("code_expires_at", wanted.code_expires_at)?,
        credit_expires_at: moment("credit_expires_at", wanted.credit_expires_at)?,
        at: now(),
    };
    let actor = caller.actor(wanted.reason);
    let (desk, ledger) = (Arc::clone(&api.desk), Arc::clone(&api.ledger));
    let batch = to_its_end(async move {
        store::vouchers::create(ledger.store(), &batch, &digests).await?;
        let detail = json!({"count": digests.len(), "usd": usd.to_string()});
        desk.audit(&actor, "make vouchers", &batch.name, detail).await;
        Ok::<_, ApiError>(batch.name)
    })
    .await?;
    Ok((StatusCode::CREATED, Json(Made { batch, codes })))
}

/// Unix milliseconds.
fn moment(param: &str, text: Option<String>) -> Result<Option<i64>, ApiError> {
    let moment = text.map(|text| text.parse::<Moment>()).transpose();
    let moment = moment.map_err(|error| ApiError::invalid(param, error.to_string()))?;
    Ok(moment.map(|moment| moment.unix_seconds().saturating_mul(1_000)))
}
