//! Client credentials that stand in the file. Further ones are made while running and live in the store.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::secret::Secret;
use super::usd::Usd;

/// A client's credential and what it may do.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The name in logs, usage and the admin API.
    pub name: String,
    /// What the client sends.
    pub secret: Secret,
    /// Names that the key may call: deployments, aliases, published models, `provider/model`; `*` is all.
    #[serde(default = "every_model")]
    pub models: Vec<String>,
    /// Whether the client may choose or weigh an environment itself.
    #[serde(default)]
    pub overrides: Overrides,
    /// The account that pays; none: nobody does, usage is still counted.
    #[serde(default)]
    pub account: Option<String>,
    /// How much in which time.
    #[serde(default)]
    pub limits: KeyLimits,
    /// How much money in which time.
    #[serde(default)]
    pub budget: Option<Budget>,
    /// When the key stops working; never by default.
    #[serde(default)]
    pub expires_at: Option<Moment>,
}

/// Whether a key may choose or weigh an environment itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overrides {
    /// Routing headers and model suffixes work.
    #[default]
    Allow,
    /// They are answered with 403 `override_not_allowed`.
    Deny,
}

/// How much a key may ask for; what is left out is without limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KeyLimits {
    /// Requests per minute. A burst of as many passes at once, then one each 60 s / limit.
    #[schemars(range(min = 1))]
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute, prompt and answer together.
    #[schemars(range(min = 1))]
    pub tokens_per_minute: Option<u64>,
    /// Requests at the same time.
    #[schemars(range(min = 1))]
    pub concurrent_requests: Option<u32>,
    /// Further limits of single models, by the public name; the key's own bind as well.
    pub models: BTreeMap<String, ModelLimits>,
}

/// How much a key may ask of one model; what is left out is without limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelLimits {
    /// Requests per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute, prompt and answer together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub tokens_per_minute: Option<u64>,
    /// Requests at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub concurrent_requests: Option<u32>,
}

/// How much money a key may spend.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// US dollars.
    pub usd: Usd,
    /// In which time.
    pub per: BudgetPeriod,
}

/// When a budget starts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetPeriod {
    /// At midnight UTC.
    Day,
    /// On the first of the month, UTC.
    Month,
    /// Never.
    Total,
}

fn every_model() -> Vec<String> {
    vec!["*".to_owned()]
}
