//! One finished request as it is shown and stored. No bodies, no prompts, no keys' secrets.

use std::sync::Arc;
use std::time::Duration;

use gateway::{Cost, End, Outcome, Routed};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::observe::parts::{Ending, attempt_outcome};
use crate::report::Split;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FinishedRequest)]
pub struct Record {
    pub id: String,
    /// When its head had arrived, RFC 3339 with milliseconds.
    pub at: String,
    pub deployment: Option<String>,
    /// The key's name.
    pub key: Option<String>,
    pub account: Option<String>,
    pub path: String,
    pub stream: bool,
    pub monitoring: bool,
    /// The status the client got, or would have got.
    pub status: u16,
    /// `ok`, `caller_error`, `refused`, `failed`, `broken` or `client_left`.
    pub outcome: String,
    /// The error's code, or what broke the stream.
    pub error: Option<String>,
    /// `None` where the request got no route.
    pub routing: Option<Routing>,
    pub attempts: Vec<AttemptRecord>,
    pub timing: Timing,
    pub tokens: Tokens,
    /// `None` until it is settled. Where nobody pays, what it would be sold at.
    pub charge_usd: Option<String>,
    /// The tokens were counted here, for want of the vendor's count.
    pub estimated: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Routing {
    /// The side whose configuration answered, and why.
    pub environment: String,
    pub reason: String,
    /// The side that was chosen first, and why.
    pub chosen: String,
    pub chosen_reason: String,
    pub revision: u64,
    /// The shares the side was drawn with.
    pub split: Split,
    /// Hash of what is held to its side, in hexadecimal.
    pub unit: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RequestAttempt)]
pub struct AttemptRecord {
    pub environment: String,
    pub reason: String,
    pub provider: String,
    pub upstream_model: String,
    /// The vendor's status, where it gave one.
    pub status: Option<u16>,
    /// `ok`, `client_left`, or the kind of failure.
    pub outcome: String,
    /// Since the request's head.
    pub started_ms: f64,
    /// From the attempt's start to the first byte that says anything.
    pub ttft_ms: Option<f64>,
    pub duration_ms: f64,
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    /// What the vendor charges; `None` where nothing was used, or nobody knows the price.
    pub cost_usd: Option<String>,
    /// Its tokens were counted here, for want of the vendor's count.
    #[serde(default)]
    pub estimated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Timing {
    /// From the request's head to the last byte of its answer.
    pub duration_ms: f64,
    pub ttft_ms: Option<f64>,
    /// The gateway's own share of the time to the first byte, or of all of it where there was none.
    pub gateway_ms: f64,
}

/// Of all attempts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tokens {
    pub input: u64,
    /// Of the input.
    pub cached_input: u64,
    pub output: u64,
    /// Of the output.
    pub reasoning: u64,
}

impl From<&Outcome> for Record {
    fn from(outcome: &Outcome) -> Record {
        let key = outcome.key.as_ref();
        Record {
            id: outcome.request_id.clone(),
            at: moment(outcome.at),
            deployment: outcome.deployment.as_deref().map(str::to_owned),
            key: key.map(|key| key.name.to_string()),
            account: key.map(|key| key.account.to_string()),
            path: outcome.path.clone(),
            stream: outcome.stream,
            monitoring: outcome.monitoring,
            status: outcome.status,
            outcome: Ending::of(outcome).name().to_owned(),
            error: error(outcome.end).map(str::to_owned),
            routing: outcome.route.as_ref().map(routing),
            attempts: attempts(outcome),
            timing: timing(outcome),
            tokens: tokens(outcome),
            charge_usd: crate::ledger::unbooked(outcome).map(|charge| charge.to_string()),
            estimated: outcome.attempts.iter().any(|attempt| attempt.estimated),
        }
    }
}

fn error(end: End) -> Option<&'static str> {
    match end {
        End::Complete | End::ClientLeft => None,
        End::Refused(code) | End::Failed(code) => Some(code),
        End::Broken(kind) => Some(kind.name()),
    }
}

fn routing(route: &Routed) -> Routing {
    Routing {
        environment: route.answered.name().to_owned(),
        reason: route.because.name().to_owned(),
        chosen: route.chosen.name().to_owned(),
        chosen_reason: route.chosen_because.name().to_owned(),
        revision: route.revision,
        split: Split::of(route.share),
        unit: route.unit.map(|unit| format!("{unit:016x}")),
    }
}

fn attempts(outcome: &Outcome) -> Vec<AttemptRecord> {
    let last = outcome.attempts.len().saturating_sub(1);
    let shown = |(number, attempt): (usize, &gateway::Attempt)| AttemptRecord {
        environment: attempt.side.name().to_owned(),
        reason: attempt.because.name().to_owned(),
        provider: text(&attempt.provider),
        upstream_model: text(&attempt.model),
        status: attempt.status,
        outcome: attempt_outcome(outcome, attempt, number == last).to_owned(),
        started_ms: millis(attempt.started),
        ttft_ms: attempt.first_byte.map(millis),
        duration_ms: millis(attempt.duration),
        input_tokens: attempt.usage.map(|usage| usage.input_tokens),
        output_tokens: attempt.usage.map(|usage| usage.output_tokens),
        cost_usd: cost(outcome, attempt),
        estimated: attempt.estimated,
    };
    outcome.attempts.iter().enumerate().map(shown).collect()
}

fn cost(outcome: &Outcome, attempt: &gateway::Attempt) -> Option<String> {
    match attempt.cost(outcome.at) {
        Cost::Known(cost) => Some(cost.to_string()),
        Cost::Nothing | Cost::Unpriced => None,
    }
}

fn timing(outcome: &Outcome) -> Timing {
    let upstream: Duration = outcome.attempts.iter().map(|attempt| attempt.duration).sum();
    let gateway = match outcome.first_byte {
        Some(_) => outcome.overhead,
        None => outcome.duration.saturating_sub(upstream),
    };
    Timing {
        duration_ms: millis(outcome.duration),
        ttft_ms: outcome.first_byte.map(millis),
        gateway_ms: millis(gateway),
    }
}

fn tokens(outcome: &Outcome) -> Tokens {
    let used = outcome.attempts.iter().filter_map(|attempt| attempt.usage);
    used.fold(Tokens::default(), |sum, usage| Tokens {
        input: sum.input.saturating_add(usage.input_tokens),
        cached_input: sum.cached_input.saturating_add(usage.cached_input_tokens),
        output: sum.output.saturating_add(usage.output_tokens),
        reasoning: sum.reasoning.saturating_add(usage.reasoning_tokens),
    })
}

fn text(name: &Arc<str>) -> String {
    name.to_string()
}

/// Milliseconds to the hundredth, as `server-timing` shows them.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

/// Unix milliseconds as people and log systems read them.
fn moment(at: u64) -> String {
    let millis = i64::try_from(at).unwrap_or(i64::MAX);
    let moment = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    format!("{moment:.3}")
}
