use axum::Json;
use axum::extract::State;
use decide::money::Nano;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::error::ApiError;

#[derive(Serialize, ToSchema)]
#[schema(as = LedgerCheck)]
pub(in crate::api) struct Shown {
    /// Every balance is the sum of its entries, and all balances together are 0.
    right: bool,
    /// Of all balances, in nano-US-dollars.
    sum_nanos: String,
    entries: u64,
    balances: Vec<BalanceView>,
    /// Balances that are not the sum of their entries.
    wrong: Vec<WrongView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = BookBalance)]
struct BalanceView {
    book_account: String,
    balance_usd: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = WrongBookBalance)]
struct WrongView {
    book_account: String,
    balance_usd: String,
    sum_of_entries_nanos: String,
}

/// Adds the whole book up again and compares. Entries that are written meanwhile may make it look wrong: ask again.
#[utoipa::path(get, path = "/ledger/check", tag = "ledger", responses((status = 200, body = Shown)))]
pub(in crate::api) async fn check(State(api): State<Api>) -> Result<Json<Shown>, ApiError> {
    let checked = store::ledger::check(api.ledger.store()).await?;
    let usd = |nanos| Nano::new(nanos).to_string();
    Ok(Json(Shown {
        right: checked.sum == 0 && checked.wrong.is_empty(),
        sum_nanos: checked.sum.to_string(),
        entries: checked.entries,
        balances: checked
            .balances
            .into_iter()
            .map(|balance| BalanceView {
                book_account: balance.account.to_string(),
                balance_usd: usd(balance.nanos),
            })
            .collect(),
        wrong: checked
            .wrong
            .into_iter()
            .map(|(balance, sum)| WrongView {
                book_account: balance.account.to_string(),
                balance_usd: usd(balance.nanos),
                sum_of_entries_nanos: sum.to_string(),
            })
            .collect(),
    }))
}
