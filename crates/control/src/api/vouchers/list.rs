use axum::Json;
use axum::extract::State;
use decide::money::Nano;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::error::ApiError;

#[derive(Serialize, ToSchema)]
#[schema(as = VoucherBatches)]
pub(in crate::api) struct Listed {
    vouchers: Vec<BatchView>,
    /// Always null: batches are few.
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = VoucherBatch)]
struct BatchView {
    batch: String,
    /// What each code is worth.
    usd: String,
    codes: i64,
    redeemed: i64,
    /// RFC 3339.
    code_expires_at: Option<String>,
    /// RFC 3339.
    credit_expires_at: Option<String>,
}

/// All batches of vouchers. Codes are not kept, so they cannot be shown.
#[utoipa::path(get, path = "/vouchers", tag = "topups", responses((status = 200, body = Listed)))]
pub(in crate::api) async fn list(State(api): State<Api>) -> Result<Json<Listed>, ApiError> {
    let batches = store::vouchers::batches(api.ledger.store()).await?;
    let vouchers = batches.into_iter().map(|batch| BatchView {
        usd: Nano::new(batch.usd_nanos).to_string(),
        codes: batch.codes,
        redeemed: batch.redeemed,
        code_expires_at: batch.code_expires_at.and_then(moment),
        credit_expires_at: batch.credit_expires_at.and_then(moment),
        batch: batch.batch,
    });
    Ok(Json(Listed {
        vouchers: vouchers.collect(),
        next: None,
    }))
}

fn moment(at: i64) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at).ok()?;
    Some(at.to_string())
}
