//! What tokens cost. The file's prices override the shipped table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usd::Usd;

/// A model's price in US dollars per million tokens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Prompt tokens.
    pub input: Usd,
    /// Prompt tokens that the vendor had cached; like `input` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<Usd>,
    /// Prompt tokens written to the vendor's cache for five minutes; like `input` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Usd>,
    /// Prompt tokens written to the vendor's cache for an hour; like `cache_write` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Usd>,
    /// Answer tokens.
    pub output: Usd,
    /// Reasoning tokens, where the vendor bills them apart; like `output` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Usd>,
}
