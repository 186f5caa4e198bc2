//! What tokens cost. The file's prices override the shipped table.

use decide::money::Nano;
use decide::price::{Rates, Row, Tier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moment::Moment;
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
    /// Prompt tokens of audio; like `input` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<Usd>,
    /// Prompt tokens of images; like `input` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_input: Option<Usd>,
    /// Answer tokens.
    pub output: Usd,
    /// Reasoning tokens, where the vendor bills them apart; like `output` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Usd>,
    /// Answer tokens of audio; like `output` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<Usd>,
    /// Answer tokens of images; like `output` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_output: Option<Usd>,
    /// Other prices for long prompts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<PriceTier>,
    /// What the vendor's batch interface takes, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub batch_percent: Option<u8>,
    /// From when the price holds; always by default. Until then the shipped price holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
}

/// The price of a request whose prompt is longer than this, for all of its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceTier {
    /// In tokens.
    #[schemars(range(min = 1))]
    pub above_input_tokens: u64,
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

impl Price {
    /// As costs are calculated by it.
    pub fn row(&self) -> Row {
        let rates = Rates {
            input: self.input.amount(),
            cached_input: amount(self.cached_input),
            cache_write: amount(self.cache_write),
            cache_write_1h: amount(self.cache_write_1h),
            audio_input: amount(self.audio_input),
            image_input: amount(self.image_input),
            output: self.output.amount(),
            reasoning: amount(self.reasoning),
            audio_output: amount(self.audio_output),
            image_output: amount(self.image_output),
        };
        let mut tiers: Vec<Tier> = self.tiers.iter().map(|tier| tier.tier(&rates)).collect();
        tiers.sort_by_key(|tier| tier.above_input_tokens);
        let price = decide::price::Price {
            rates,
            tiers,
            batch_percent: self.batch_percent,
        };
        let from_unix_ms = self.from.map_or(i64::MIN, Moment::unix_milliseconds);
        Row { from_unix_ms, price }
    }
}

impl PriceTier {
    /// Pictures and sound cost the same in long prompts.
    fn tier(&self, short: &Rates) -> Tier {
        let rates = Rates {
            input: self.input.amount(),
            cached_input: amount(self.cached_input),
            cache_write: amount(self.cache_write),
            cache_write_1h: amount(self.cache_write_1h),
            output: self.output.amount(),
            reasoning: amount(self.reasoning),
            ..*short
        };
        Tier {
            above_input_tokens: self.above_input_tokens,
            rates,
        }
    }
}

fn amount(usd: Option<Usd>) -> Option<Nano> {
    usd.map(Usd::amount)
}
