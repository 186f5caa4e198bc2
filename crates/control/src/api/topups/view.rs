//! An order in JSON.

use decide::money::Nano;
use serde::Serialize;
use store::topups::Topup;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
#[schema(as = Topup)]
pub(in crate::api) struct TopupView {
    id: String,
    account: String,
    /// `manual`, `bank_transfer`, `toss`, `stripe` or `voucher`
    provider: String,
    /// In the currency's units.
    amount: String,
    currency: String,
    /// What a unit was in US dollars when the order was made.
    rate: String,
    /// What is credited.
    amount_usd: String,
    /// `pending`, `paid`, `failed`, `expired`, `partially_refunded` or `refunded`
    state: String,
    /// What the payer writes to a bank transfer.
    reference: Option<String>,
    /// The provider's own name of the payment.
    payment: Option<String>,
    /// Of `amount`.
    refunded: String,
    reason: Option<String>,
    /// RFC 3339, like the other times.
    created_at: Option<String>,
    expires_at: Option<String>,
    paid_at: Option<String>,
}

impl From<Topup> for TopupView {
    fn from(order: Topup) -> TopupView {
        let decimal = |nanos| Nano::new(nanos).to_string();
        let time = |at: Option<i64>| {
            at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
                .map(|at| at.to_string())
        };
        TopupView {
            amount: decimal(order.amount_nanos),
            rate: decimal(order.rate_nanos),
            amount_usd: decimal(order.usd_nanos),
            refunded: decimal(order.refunded_nanos),
            created_at: time(Some(order.created_at)),
            expires_at: time(order.expires_at),
            paid_at: time(order.paid_at),
            id: order.id,
            account: order.account,
            provider: order.provider,
            currency: order.currency,
            state: order.state,
            reference: order.reference,
            payment: order.payment,
            reason: order.reason,
        }
    }
}
