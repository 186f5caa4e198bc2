//! How credit comes in. A provider that is not configured takes no orders and has no webhook.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address::HttpUrl;
use super::secret::Secret;
use super::units::Period;
use super::usd::Usd;

/// How credit comes in. `manual` and `voucher` need nothing here.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Topups {
    /// What one unit of a currency is in US dollars, by its code (`KRW: 0.00072`). Each order keeps the rate it was
    /// made at.
    pub rates: BTreeMap<String, Usd>,
    /// How long an order may wait for its payment.
    pub expire_after: Period,
    /// Transfers to a bank account, by a reference code that the payer writes.
    pub bank_transfer: Option<BankTransfer>,
    /// Payments by Toss Payments.
    pub toss: Option<Toss>,
    /// Payments by Stripe Checkout.
    pub stripe: Option<Stripe>,
}

impl Default for Topups {
    fn default() -> Topups {
        Topups {
            rates: BTreeMap::new(),
            expire_after: Period::seconds(7 * 86_400),
            bank_transfer: None,
            toss: None,
            stripe: None,
        }
    }
}

/// Transfers to a bank account, by a reference code that the payer writes.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BankTransfer {
    /// What a feed of the bank signs its messages with. None: only an admin confirms.
    #[serde(default)]
    pub feed_secret: Option<Secret>,
}

/// Payments by Toss Payments.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Toss {
    /// The secret key of the shop.
    pub secret_key: Secret,
    /// `https://api.tosspayments.com` by default.
    #[serde(default)]
    pub base_url: Option<HttpUrl>,
}

/// Payments by Stripe Checkout.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stripe {
    /// The signing secret of the webhook, `whsec_...`.
    pub webhook_secret: Secret,
}
