//! What tokens cost. A price is a vendor's row: nano-USD per million tokens of each kind, dearer from some
//! context length on, valid from a date. A cost is exact up to its one rounding at the end.

mod book;
mod name;

pub use book::{Dated, Prices, Row};
pub use name::undated;

use crate::money::{Nano, divide_half_even};

/// Rates are for so many tokens.
const TOKENS_PER_RATE: i128 = 1_000_000;

/// Token counts of one answer: parts are contained in their sums and never added to them. What a vendor's
/// counts contradict (more cached than there was input) is cut to the sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// All input, whatever it cost.
    pub input: u64,
    /// Of the input: read from the vendor's cache.
    pub cached_input: u64,
    /// Of the input: written to the vendor's cache, for how long whatever.
    pub cache_write: u64,
    /// Of the cache writes: kept for an hour.
    pub cache_write_1h: u64,
    /// Of the input that is neither read from nor written to a cache: audio.
    pub audio_input: u64,
    /// Of the same: images.
    pub image_input: u64,
    /// All output, reasoning included.
    pub output: u64,
    /// Of the output: reasoning.
    pub reasoning: u64,
    /// Of the output: audio.
    pub audio_output: u64,
    /// Of the output: images.
    pub image_output: u64,
}

/// Nano-USD per million tokens of a kind. A kind without a rate costs what the kind costs that contains it:
/// a cached token is a token of input, a written one too, an hour is at least a write, reasoning is output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    pub input: Nano,
    pub cached_input: Option<Nano>,
    pub cache_write: Option<Nano>,
    pub cache_write_1h: Option<Nano>,
    pub audio_input: Option<Nano>,
    pub image_input: Option<Nano>,
    pub output: Nano,
    pub reasoning: Option<Nano>,
    pub audio_output: Option<Nano>,
    pub image_output: Option<Nano>,
}

/// What a model costs at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Price {
    pub rates: Rates,
    /// Rates of long contexts, in ascending order of their length.
    pub tiers: Vec<Tier>,
    /// What a vendor's batch interface takes, in percent of the rates, if it has one.
    pub batch_percent: Option<u8>,
}

/// Rates of a request whose whole input is longer than this. They are those of all its tokens, input and
/// output, not only of what is above (so bill Anthropic, Google and OpenAI).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    pub above_input_tokens: u64,
    pub rates: Rates,
}

/// An amount that no ledger can hold: a vendor's counts or a price are absurd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cost of so many tokens does not fit into an account")]
pub struct TooMuch;

impl Price {
    /// One price for every length of context.
    pub const fn flat(rates: Rates) -> Price {
        Price {
            rates,
            tiers: Vec::new(),
            batch_percent: None,
        }
    }

    /// The rates for a request of so many tokens of input.
    pub fn rates_for(&self, input_tokens: u64) -> &Rates {
        let tier = self.tiers.iter().rev();
        tier.into_iter()
            .find(|tier| input_tokens > tier.above_input_tokens)
            .map_or(&self.rates, |tier| &tier.rates)
    }

    /// The price by the vendor's batch interface; None if there is none, or a rate does not fit.
    pub fn batch(&self) -> Option<Price> {
        let percent = u64::from(self.batch_percent?);
        let tiers = self.tiers.iter().map(|tier| {
            let rates = tier.rates.percent(percent)?;
            Some(Tier { rates, ..*tier })
        });
        Some(Price {
            rates: self.rates.percent(percent)?,
            tiers: tiers.collect::<Option<_>>()?,
            batch_percent: None,
        })
    }
}

/// What these tokens cost, rounded once, half to even.
pub fn cost(price: &Price, tokens: &Tokens) -> Result<Nano, TooMuch> {
    sold(price, tokens, 0)
}

/// What they are sold for at a price with a markup in hundredths of a percent (-500 is 5 % less), rounded once too.
pub fn sold(price: &Price, tokens: &Tokens, markup: i64) -> Result<Nano, TooMuch> {
    let rates = price.rates_for(tokens.input);
    let mut input = Portions::of(tokens.input);
    let mut output = Portions::of(tokens.output);
    let cached = input.take(tokens.cached_input);
    let written = input.take(tokens.cache_write);
    let written_1h = tokens.cache_write_1h.min(written);
    let audio_input = input.take(tokens.audio_input);
    let image_input = input.take(tokens.image_input);
    let reasoning = output.take(tokens.reasoning);
    let audio_output = output.take(tokens.audio_output);
    let image_output = output.take(tokens.image_output);
    let parts = [
        (cached, rates.cached_input()),
        (written - written_1h, rates.cache_write()),
        (written_1h, rates.cache_write_1h()),
        (audio_input, rates.audio_input.unwrap_or(rates.input)),
        (image_input, rates.image_input.unwrap_or(rates.input)),
        (input.rest, rates.input),
        (reasoning, rates.reasoning.unwrap_or(rates.output)),
        (audio_output, rates.audio_output.unwrap_or(rates.output)),
        (image_output, rates.image_output.unwrap_or(rates.output)),
        (output.rest, rates.output),
    ];
    total(parts, markup)
}

/// The most that a request can cost which has at most so many tokens of input and output, whatever kinds they
/// turn out to be of and whatever context length they reach: what a hold must cover.
pub fn greatest(price: &Price, prompt_tokens: u64, max_output_tokens: u64) -> Result<Nano, TooMuch> {
    let tiers = price.tiers.iter();
    let reached = tiers.filter(|tier| prompt_tokens > tier.above_input_tokens);
    let reached = reached.map(|tier| &tier.rates);
    std::iter::once(&price.rates)
        .chain(reached)
        .map(|rates| {
            let input = (prompt_tokens, rates.dearest_input());
            total([input, (max_output_tokens, rates.dearest_output())], 0)
        })
        .try_fold(Nano::ZERO, |greatest, cost| Ok(greatest.max(cost?)))
}

/// Hundredths of a percent in the whole.
const WHOLE: i64 = 10_000;

fn total<const N: usize>(parts: [(u64, Nano); N], markup: i64) -> Result<Nano, TooMuch> {
    // 64 bits times 63 bits and a sign fit into 127 and a sign.
    let product = |(count, rate): (u64, Nano)| i128::from(count) * i128::from(rate.get());
    let sum = parts
        .into_iter()
        .try_fold(0_i128, |sum, part| sum.checked_add(product(part)));
    let share = i128::from(WHOLE.checked_add(markup).ok_or(TooMuch)?);
    let marked_up = sum.and_then(|sum| sum.checked_mul(share));
    let rounded = marked_up.and_then(|sum| divide_half_even(sum, TOKENS_PER_RATE * i128::from(WHOLE)));
    rounded.and_then(Nano::from_wide).ok_or(TooMuch)
}

impl Rates {
    fn cached_input(&self) -> Nano {
        self.cached_input.unwrap_or(self.input)
    }

    fn cache_write(&self) -> Nano {
        self.cache_write.unwrap_or(self.input)
    }

    fn cache_write_1h(&self) -> Nano {
        self.cache_write_1h.unwrap_or(self.cache_write())
    }

    fn dearest_input(&self) -> Nano {
        let kinds = [
            self.cached_input,
            self.cache_write,
            self.cache_write_1h,
            self.audio_input,
            self.image_input,
        ];
        kinds.into_iter().flatten().fold(self.input, Nano::max)
    }

    fn dearest_output(&self) -> Nano {
        let kinds = [self.reasoning, self.audio_output, self.image_output];
        kinds.into_iter().flatten().fold(self.output, Nano::max)
    }

    fn percent(&self, percent: u64) -> Option<Rates> {
        let of = |rate: Nano| rate.share(percent, 100);
        let of_some = |rate: Option<Nano>| match rate {
            Some(rate) => of(rate).map(Some),
            None => Some(None),
        };
        Some(Rates {
            input: of(self.input)?,
            cached_input: of_some(self.cached_input)?,
            cache_write: of_some(self.cache_write)?,
            cache_write_1h: of_some(self.cache_write_1h)?,
            audio_input: of_some(self.audio_input)?,
            image_input: of_some(self.image_input)?,
            output: of(self.output)?,
            reasoning: of_some(self.reasoning)?,
            audio_output: of_some(self.audio_output)?,
            image_output: of_some(self.image_output)?,
        })
    }
}

/// A sum of tokens that is dealt out to the kinds in it: none is counted twice, none is lost.
struct Portions {
    rest: u64,
}

impl Portions {
    const fn of(sum: u64) -> Portions {
        Portions { rest: sum }
    }

    fn take(&mut self, wanted: u64) -> u64 {
        let taken = wanted.min(self.rest);
        self.rest -= taken;
        taken
    }
}

#[cfg(test)]
mod tests;
