//! What became of a request: one record at its end, handed to whoever judges and counts.

use std::sync::Arc;
use std::time::Duration;

use decide::Side;
use decide::money::Nano;
use decide::price::{self, Dated, Tokens};
use decide::route::Because;
use dialect::{Door, Usage};

use crate::keys::Key;

/// Takes the records; must return at once, for it is called on the request path.
pub trait Observer: Send + Sync {
    fn observe(&self, outcome: Box<Outcome>);

    /// A request that goes on has shown something that whoever judges should not wait for: its first attempt failed, or
    /// blue's answer to it has begun. `so_far.told` is what was told before; the record at the end counts it no more.
    fn notice(&self, so_far: Box<Outcome>) {
        drop(so_far);
    }
}

#[derive(Clone, Debug)]
pub struct Outcome {
    pub request_id: String,
    pub door: Door,
    pub path: String,
    /// The public name that was routed; `None` where the request got no route.
    pub deployment: Option<Arc<str>>,
    pub key: Option<Arc<Key>>,
    /// What the operator lists for the deployment; `None`: what the model costs that answered.
    pub list: Option<Arc<Dated>>,
    /// What its account pays over the list price, in hundredths of a percent, when it came.
    pub markup: i64,
    pub route: Option<Routed>,
    pub stream: bool,
    pub monitoring: bool,
    /// In order; empty where nothing was sent upstream.
    pub attempts: Vec<Attempt>,
    /// The status the client got, or would have got.
    pub status: u16,
    pub end: End,
    /// From the request's head to the last byte of its answer.
    pub duration: Duration,
    /// From the request's head to the answer's first byte that says anything.
    pub first_byte: Option<Duration>,
    /// The gateway's own share of the time to the first byte.
    pub overhead: Duration,
    /// Unix milliseconds at which the head had arrived.
    pub at: u64,
    pub told: Told,
}

/// What whoever judges was told of a request before its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    #[default]
    Nothing,
    /// How its first attempt failed.
    Failure,
    /// That blue's answer to it has begun, besides.
    Rescue,
}

/// How it was routed, as the response headers said it.
#[derive(Clone, Copy, Debug)]
pub struct Routed {
    /// The side that was chosen.
    pub chosen: Side,
    /// The side whose configuration answered.
    pub answered: Side,
    pub because: Because,
    /// Why the first attempt went to the chosen side.
    pub chosen_because: Because,
    pub revision: u64,
    /// Green's share of the draw.
    pub share: decide::Share,
    pub unit: Option<u64>,
}

impl Routed {
    /// By a coin that could have fallen otherwise: nobody asked for this side, and there was another one.
    pub fn is_drawn(&self) -> bool {
        !self.chosen_because.is_forced() && self.chosen_because != Because::Only
    }
}

/// One call of a vendor.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub side: Side,
    pub because: Because,
    pub provider: Arc<str>,
    pub model: Arc<str>,
    /// The vendor's status; `None` where it gave none.
    pub status: Option<u16>,
    pub failure: Option<FailureKind>,
    /// When it started, since the request's head.
    pub started: Duration,
    pub first_byte: Option<Duration>,
    pub duration: Duration,
    /// What the vendor counted, or what was estimated where it did not.
    pub usage: Option<Usage>,
    /// The counts, or a part of them, are estimated here: the vendor did not tell, or not to the end.
    pub estimated: bool,
    /// Bytes of the answer that the model wrote, roughly.
    pub written_bytes: u64,
    /// Events of a stream that brought them.
    pub written_events: u64,
    /// The vendor has said why the model stopped, so its counts are its last word.
    pub finished: bool,
    /// What the vendor charges; `None`: nobody knows.
    pub price: Option<Arc<Dated>>,
}

/// What an attempt costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// It used nothing that is charged.
    Nothing,
    Known(Nano),
    /// It used tokens whose price nobody knows.
    Unpriced,
}

impl Cost {
    /// None where it is not known.
    pub fn known(self) -> Option<Nano> {
        match self {
            Cost::Nothing => Some(Nano::ZERO),
            Cost::Known(cost) => Some(cost),
            Cost::Unpriced => None,
        }
    }
}

impl Attempt {
    /// What the vendor charges for it, at the price of the moment (Unix milliseconds) of the request.
    pub fn cost(&self, at: u64) -> Cost {
        self.cost_by(self.price.as_deref(), 0, at)
    }

    /// The same by another price, with a markup in hundredths of a percent.
    fn cost_by(&self, price: Option<&Dated>, markup: i64, at: u64) -> Cost {
        let Some(usage) = self.usage else {
            return Cost::Nothing;
        };
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        let price = price.and_then(|price| price.at(at));
        // What no account can hold is no price either.
        price
            .and_then(|price| price::sold(price, &tokens(&usage), markup).ok())
            .map_or(Cost::Unpriced, Cost::Known)
    }
}

impl Outcome {
    /// What one of its attempts comes to at list price.
    pub fn listed(&self, attempt: &Attempt) -> Cost {
        attempt.cost_by(self.list_price(attempt), 0, self.at)
    }

    /// The same with what its account pays over that.
    pub fn sold(&self, attempt: &Attempt) -> Cost {
        attempt.cost_by(self.list_price(attempt), self.markup, self.at)
    }

    fn list_price<'a>(&'a self, attempt: &'a Attempt) -> Option<&'a Dated> {
        self.list.as_deref().or(attempt.price.as_deref())
    }
}

/// A vendor's counts as prices want them.
pub fn tokens(usage: &Usage) -> Tokens {
    Tokens {
        input: usage.input_tokens,
        cached_input: usage.cached_input_tokens,
        cache_write: usage.cache_write_tokens,
        cache_write_1h: usage.cache_write_1h_tokens,
        output: usage.output_tokens,
        reasoning: usage.reasoning_tokens,
        ..Tokens::default()
    }
}

/// How the answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The client got a whole answer, be it an error.
    Complete,
    /// Nothing was sent upstream; with the error's code.
    Refused(&'static str),
    /// Every attempt failed; with the error's code.
    Failed(&'static str),
    /// The stream broke after its first byte.
    Broken(FailureKind),
    ClientLeft,
}

/// What went wrong with an attempt, as statistics tell failures apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    Dns,
    Refused,
    Tls,
    Reset,
    Disconnected,
    ConnectTimeout,
    FirstByteTimeout,
    IdleTimeout,
    TotalTimeout,
    /// The vendor's own error status.
    Status,
    RateLimited,
    /// An answer that is not what was asked for.
    Invalid,
    /// An error inside a 200.
    ErrorEvent,
    /// Our own limit of requests under way.
    Capacity,
    /// The caller's own mistake, as the vendor saw it.
    Caller,
}

impl FailureKind {
    pub fn name(self) -> &'static str {
        match self {
            FailureKind::Dns => "dns",
            FailureKind::Refused => "refused",
            FailureKind::Tls => "tls",
            FailureKind::Reset => "reset",
            FailureKind::Disconnected => "disconnected",
            FailureKind::ConnectTimeout => "connect_timeout",
            FailureKind::FirstByteTimeout => "first_byte_timeout",
            FailureKind::IdleTimeout => "idle_timeout",
            FailureKind::TotalTimeout => "total_timeout",
            FailureKind::Status => "status",
            FailureKind::RateLimited => "rate_limited",
            FailureKind::Invalid => "invalid",
            FailureKind::ErrorEvent => "error_event",
            FailureKind::Capacity => "capacity",
            FailureKind::Caller => "caller",
        }
    }
}
