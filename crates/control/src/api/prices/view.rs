//! A price in JSON, with where it comes from.

use serde::Serialize;
use utoipa::ToSchema;

use crate::config::{Moment, Price, PriceTier, Usd};
use crate::prices::{Listed, Owner};

/// US dollars per million tokens, as decimal strings.
#[derive(Serialize, ToSchema)]
#[schema(as = Price)]
pub(super) struct PriceView {
    /// The vendor's name of the model, `provider/model` or `provider/*`; of a list price the public name.
    model: String,
    /// `cost` (what the vendor charges) or `list` (what you ask for)
    kind: &'static str,
    /// RFC 3339; null is always.
    #[schema(value_type = Option<String>)]
    from: Option<Moment>,
    /// Whether it holds now.
    in_force: bool,
    /// `shipped`, `file` or `store`
    managed_by: &'static str,
    #[serde(flatten)]
    rates: RatesView,
    /// Other prices of requests whose prompt is longer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tiers: Vec<TierView>,
    /// What the vendor's batch interface takes, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_percent: Option<u8>,
    /// Where a shipped price was read, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PriceTier)]
struct TierView {
    above_input_tokens: u64,
    #[serde(flatten)]
    rates: RatesView,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PriceRates)]
struct RatesView {
    input: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write_1h: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_input: Option<String>,
    output: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_output: Option<String>,
}

impl PriceView {
    pub(super) fn of(listed: &Listed, in_force: bool) -> PriceView {
        let source = listed.source.as_ref();
        PriceView {
            model: listed.model.clone(),
            kind: listed.kind.name(),
            from: listed.price.from,
            in_force,
            managed_by: listed.owner.name(),
            rates: (&listed.price).into(),
            tiers: listed.price.tiers.iter().map(TierView::from).collect(),
            batch_percent: listed.price.batch_percent,
            source: source.map(|source| source.url.clone()),
            as_of: source.map(|source| source.as_of.clone()),
            note: source.and_then(|source| source.note.clone()),
        }
    }
}

/// The prices with whether each holds at this moment: of a model's prices that have begun the latest of the
/// highest layer.
pub(super) fn all(listed: &[Listed], now: i64) -> Vec<PriceView> {
    let rank = |listed: &Listed| match listed.owner {
        Owner::Shipped => 0,
        Owner::Store => 1,
        Owner::File => 2,
    };
    let place = |listed: &Listed| (rank(listed), crate::prices::from(&listed.price));
    let beaten = |one: &Listed| {
        listed.iter().any(|other| {
            (other.kind, &other.model) == (one.kind, &one.model)
                && crate::prices::from(&other.price) <= now
                && place(other) > place(one)
        })
    };
    let in_force = |one: &Listed| crate::prices::from(&one.price) <= now && !beaten(one);
    listed
        .iter()
        .map(|one| PriceView::of(one, in_force(one)))
        .collect()
}

fn text(usd: Option<Usd>) -> Option<String> {
    usd.map(|usd| usd.to_string())
}

impl From<&Price> for RatesView {
    fn from(price: &Price) -> RatesView {
        RatesView {
            input: price.input.to_string(),
            cached_input: text(price.cached_input),
            cache_write: text(price.cache_write),
            cache_write_1h: text(price.cache_write_1h),
            audio_input: text(price.audio_input),
            image_input: text(price.image_input),
            output: price.output.to_string(),
            reasoning: text(price.reasoning),
            audio_output: text(price.audio_output),
            image_output: text(price.image_output),
        }
    }
}

impl From<&PriceTier> for TierView {
    fn from(tier: &PriceTier) -> TierView {
        TierView {
            above_input_tokens: tier.above_input_tokens,
            rates: RatesView {
                input: tier.input.to_string(),
                cached_input: text(tier.cached_input),
                cache_write: text(tier.cache_write),
                cache_write_1h: text(tier.cache_write_1h),
                audio_input: None,
                image_input: None,
                output: tier.output.to_string(),
                reasoning: text(tier.reasoning),
                audio_output: None,
                image_output: None,
            },
        }
    }
}
