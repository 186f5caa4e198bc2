//! Where a request meets money: what it may cost is set aside before anything is sent, and what it did cost is
//! told once it is over.
//!
//! Only requests of accounts that pay before, and of keys with a budget, wait here. For all others a look at memory
//! and a record at the end is all there is. What a request came to is handed over when its ticket is, so however it
//! ends it is told, once.

use std::future::Future;
use std::pin::Pin;

use decide::book::Refused as NotCovered;
use decide::money::Nano;
use decide::price::{self, Dated};
use dialect::Door;

use crate::attempt::Payload;
use crate::keys::Key;
use crate::outcome::Outcome;
use crate::refused::Refused;
use crate::snapshot::Environment;

/// Keeps the money. What it is asked on the request path it must answer from memory, but for a hold.
pub trait Till: Send + Sync {
    /// How requests of this key are paid for.
    fn payment(&self, key: &Key) -> Payment;

    /// What the key's account pays over the list price, in hundredths of a percent.
    fn markup(&self, key: &Key) -> i64;

    /// Whether what is owed can be written down at all.
    fn is_open(&self) -> bool;

    /// Sets the greatest possible cost of a request aside. It is asked for when this returns: a settlement that
    /// is told afterwards comes after it, whether or not its answer is awaited.
    fn hold(&self, wanted: Wanted<'_>) -> Answered;

    /// What a request under way has cost so far; must return at once. `charge` is what it will be settled by.
    fn mark(&self, charge: &str, so_far: &Outcome);

    /// A request is over; `charge` names what was held for it, or marked. Must return at once and never forget.
    fn settle(&self, charge: Option<Box<str>>, outcome: &Outcome);
}

/// How a key's requests are paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payment {
    /// Nobody pays, nothing is written down.
    Nobody,
    /// Its account does, afterwards.
    Afterwards,
    /// It must be covered before it is sent.
    Before,
}

/// A hold that is asked for.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The charge's own id: a client may use a request id twice.
    pub charge: &'a str,
    pub request_id: &'a str,
    pub key: &'a Key,
    /// At list price.
    pub greatest: Nano,
    /// What is paid over that, in hundredths of a percent.
    pub markup: i64,
    /// Unix milliseconds of the request.
    pub at: u64,
}

/// When it is on the disk, or is refused.
pub type Answered = Pin<Box<dyn Future<Output = Result<(), Uncovered>> + Send>>;

/// Why a request is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uncovered {
    Refused(NotCovered),
    /// It cannot be written down.
    Unavailable,
}

/// What a key may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    pub most: Nano,
    pub per: Period,
}

/// When a budget starts over, by UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Day,
    Month,
    /// Never.
    Total,
}

impl From<Uncovered> for Refused {
    fn from(uncovered: Uncovered) -> Refused {
        let no_quota = |message: String| Refused::new(402, "insufficient_quota", message);
        match uncovered {
            Uncovered::Refused(NotCovered::NoCredit { available, needed }) => no_quota(format!(
                "The account's credit does not cover this request: it can cost up to {} USD, and {} USD is available",
                Nano::new(needed),
                Nano::new(available)
            )),
            Uncovered::Refused(NotCovered::OverBudget { left, needed }) => no_quota(format!(
                "The key's budget does not cover this request: it can cost up to {} USD, and {} USD is left",
                Nano::new(needed),
                Nano::new(left)
            )),
            Uncovered::Refused(_) => no_quota("This request's cost is more than can be booked".to_owned()),
            Uncovered::Unavailable => Refused::new(
                503,
                "ledger_unavailable",
                "Requests cannot be charged right now, please retry",
            )
            .retry_after(1),
        }
    }
}

/// Why a request's greatest possible cost cannot be told.
pub(crate) enum Untold {
    /// A model that may answer has no price.
    Unpriced,
    /// It is not paid for by the token: pictures, speech, files.
    NotInTokens,
}

pub(crate) fn not_in_tokens(path: &str) -> Refused {
    let message = format!(
        "'{path}' is not charged by the token, so its cost cannot be covered first, as this key's account or budget asks"
    );
    Refused::new(402, "insufficient_quota", message)
}

pub(crate) fn unpriced(model: &str) -> Refused {
    let message = format!("no price known for '{model}', so it cannot be charged to this account");
    Refused::new(402, "insufficient_quota", message).param("model")
}

/// What a request can cost, whichever of the environments that may be tried answers it.
pub(crate) fn greatest<'a>(
    environments: impl Iterator<Item = &'a Environment>,
    list: Option<&Dated>,
    (door, payload): (Door, &Payload),
    prompt_tokens: impl FnOnce() -> u64,
    at: u64,
) -> Result<Nano, Untold> {
    let scan = match payload {
        Payload::Json(scan) if door != Door::Other => scan,
        _ => return Err(Untold::NotInTokens),
    };
    let at = i64::try_from(at).unwrap_or(i64::MAX);
    let prompt_tokens = prompt_tokens();
    let mut greatest = Nano::ZERO;
    for environment in environments {
        let own = environment.price.as_deref();
        let price = list
            .or(own)
            .and_then(|price| price.at(at))
            .ok_or(Untold::Unpriced)?;
        let output_tokens = output_tokens(environment, door, scan);
        let most = price::greatest(price, prompt_tokens, output_tokens);
        greatest = greatest.max(most.map_err(|_| Untold::Unpriced)?);
    }
    Ok(greatest)
}

/// The most tokens that an answer of this environment can have. What it forces outranks the client's wish.
pub(crate) fn output_tokens(environment: &Environment, door: Door, scan: &dialect::Scan) -> u64 {
    const NAMES: [&str; 3] = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
    let limit = |fields: &[(String, String)]| {
        let mut named = fields.iter().filter(|(name, _)| NAMES.contains(&name.as_str()));
        named.find_map(|(_, value)| value.trim().parse::<u64>().ok())
    };
    let (dialect, model) = (environment.provider.dialect, &*environment.model);
    let given = limit(&environment.default);
    let without = dialect::output_tokens(door, scan, given, dialect, model);
    match limit(&environment.set) {
        Some(forced) if without > 0 => forced.saturating_mul(scan.choices.unwrap_or(1).max(1)),
        _ => without,
    }
}
