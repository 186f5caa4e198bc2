//! An account in JSON.

use decide::book::Billing;
use decide::money::Nano;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::AccountState;

#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(in crate::api) struct AccountView {
    name: String,
    /// `prepaid`: requests are sent if credit covers them; `postpaid`: credit may be negative.
    billing: &'static str,
    /// What it pays over the list price.
    markup_percent: f64,
    /// US dollars, held money included.
    balance_usd: String,
    /// Set aside for requests under way.
    held_usd: String,
    /// Free to spend.
    available_usd: String,
    /// RFC 3339.
    created_at: Option<String>,
}

impl From<AccountState> for AccountView {
    fn from(state: AccountState) -> AccountView {
        let AccountState { account, standing } = state;
        let usd = |nanos| Nano::new(nanos).to_string();
        AccountView {
            name: account.name,
            billing: match account.billing {
                Billing::Prepaid => "prepaid",
                Billing::Postpaid => "postpaid",
            },
            markup_percent: account.markup as f64 / 100.0,
            balance_usd: usd(standing.available.saturating_add(standing.held)),
            held_usd: usd(standing.held),
            available_usd: usd(standing.available),
            created_at: jiff::Timestamp::from_millisecond(account.created_at)
                .ok()
                .map(|at| at.to_string()),
        }
    }
}
