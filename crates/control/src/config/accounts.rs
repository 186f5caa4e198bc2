//! Payers. Accounts themselves live in the store; the file says how a new one begins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usd::Usd;

/// How a new account begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// Credit in US dollars that each new account is given once, booked from promotions.
    pub welcome_credit_usd: Usd,
}
