//! How one simulated model behaves: its speed, the length of its answers, and what goes wrong how often.
//!
//! One draw a request decides between the faults, so their rates add up and never shadow each other: with
//! `error_rate` 0.1 and a fault at 0.2, seven requests in ten are answered well.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dice::Dice;

/// Settings of one model; the JSON of `POST /sim/models/{model}` has these fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelBehaviour {
    /// Time until the head of the answer: half of all requests wait less.
    pub first_byte_median_ms: f64,
    /// Standard deviation of the logarithm of that time; 0 makes it constant.
    pub first_byte_spread: f64,
    /// Speed of the answer; 0 sends it at once.
    pub tokens_per_second: f64,
    /// Length of a plain answer.
    pub answer_tokens: u32,
    /// Share of requests that are refused with `error_status`, 0 to 1.
    pub error_rate: f64,
    pub error_status: u16,
    /// Sent with every 429.
    pub retry_after_seconds: u32,
    /// Share of requests that meet each fault, 0 to 1. Together with `error_rate` at most 1.
    pub faults: BTreeMap<Fault, f64>,
}

/// What can go wrong with one answer, apart from a plain error status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 429 with `Retry-After`.
    RateLimit,
    /// The request is read, and nothing ever comes back.
    StallBeforeHead,
    /// A good head, then nothing.
    StallBeforeFirstByte,
    /// Half of the answer, then nothing.
    StallMidStream,
    /// The connection is reset (RST) instead of an answer.
    ResetBeforeHead,
    /// The connection is closed (FIN) instead of an answer.
    CloseBeforeHead,
    /// Half of the answer, then a reset.
    ResetMidStream,
    /// Half of the answer, then an orderly end without a finish.
    TruncateStream,
    /// Status 200, and a body that is no answer at all.
    GarbageFirst,
    /// Half of the answer, a piece of rubbish, then the rest as if nothing had happened.
    GarbageMidStream,
    /// Status 200 whose first event (or whole body) is an error.
    RefuseInStream,
    /// Half of the answer, then an error event and the end.
    ErrorMidStream,
    /// A stream was asked for, and a whole answer comes.
    WholeAnswerForStream,
}

/// Why settings were not taken; the old ones stay in force.
#[derive(Debug, thiserror::Error)]
pub enum BehaviourError {
    #[error("the settings are not understood: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("the settings must be a JSON object")]
    NotAnObject,
    #[error("{field} must be a number of at least 0 and at most {most}, not {found}")]
    OutOfRange { field: String, most: f64, found: f64 },
    #[error("error_rate and faults add up to {sum}, more than 1")]
    RatesExceedOne { sum: f64 },
    #[error("error_status must be 400 to 599, not {0}")]
    NoErrorStatus(u16),
}

/// What one request will meet.
pub(super) struct Fate {
    pub(super) first_byte_after: Duration,
    pub(super) trouble: Option<Trouble>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Trouble {
    Status(u16),
    Fault(Fault),
}

impl Default for ModelBehaviour {
    /// A quick hosted model without troubles: answers in half a second.
    fn default() -> Self {
        ModelBehaviour {
            first_byte_median_ms: 120.0,
            first_byte_spread: 0.25,
            tokens_per_second: 100.0,
            answer_tokens: 40,
            error_rate: 0.0,
            error_status: 500,
            retry_after_seconds: 1,
            faults: BTreeMap::new(),
        }
    }
}

impl ModelBehaviour {
    /// No waiting at all: for tests and benchmarks of what stands in front of the vendor.
    #[must_use]
    pub fn instant() -> Self {
        ModelBehaviour {
            first_byte_median_ms: 0.0,
            first_byte_spread: 0.0,
            tokens_per_second: 0.0,
            ..ModelBehaviour::default()
        }
    }

    /// The same behaviour with one fault at this rate instead of any others.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault, rate: f64) -> Self {
        self.faults = BTreeMap::from([(fault, rate)]);
        self
    }

    /// These settings with the given ones replaced: what is not named stays.
    ///
    /// # Errors
    /// Unknown names, wrong types and impossible rates.
    pub fn changed_by(&self, changes: Value) -> Result<Self, BehaviourError> {
        let Value::Object(changes) = changes else {
            return Err(BehaviourError::NotAnObject);
        };
        let mut settings = serde_json::to_value(self)?;
        if let Value::Object(settings) = &mut settings {
            settings.extend(changes);
        }
        let behaviour: ModelBehaviour = serde_json::from_value(settings)?;
        behaviour.check()?;
        Ok(behaviour)
    }

    /// # Errors
    /// Rates that are no shares of one whole, negative times, a status that is no error.
    pub fn check(&self) -> Result<(), BehaviourError> {
        let mut sum = in_range("error_rate", self.error_rate, 1.0)?;
        for (fault, rate) in &self.faults {
            sum += in_range(&format!("faults.{fault:?}"), *rate, 1.0)?;
        }
        // Rates such as 0.7 + 0.2 + 0.1 miss 1 by a rounding error.
        if sum > 1.0 + 1e-9 {
            return Err(BehaviourError::RatesExceedOne { sum });
        }
        in_range(
            "first_byte_median_ms",
            self.first_byte_median_ms,
            LONGEST_FIRST_BYTE_MS,
        )?;
        in_range("first_byte_spread", self.first_byte_spread, WIDEST_SPREAD)?;
        in_range(
            "tokens_per_second",
            self.tokens_per_second,
            FASTEST_TOKENS_PER_SECOND,
        )?;
        in_range(
            "answer_tokens",
            f64::from(self.answer_tokens),
            LONGEST_ANSWER_TOKENS,
        )?;
        if !(400..=599).contains(&self.error_status) {
            return Err(BehaviourError::NoErrorStatus(self.error_status));
        }
        Ok(())
    }

    pub(super) fn draw(&self, dice: &mut Dice) -> Fate {
        let mut chance = dice.chance();
        let first_byte_after = dice.duration(self.first_byte_median_ms, self.first_byte_spread);
        let mut trouble = None;
        if chance < self.error_rate {
            trouble = Some(Trouble::Status(self.error_status));
        } else {
            chance -= self.error_rate;
            for (fault, rate) in &self.faults {
                if chance < *rate {
                    trouble = Some(Trouble::Fault(*fault));
                    break;
                }
                chance -= rate;
            }
        }
        Fate {
            first_byte_after,
            trouble,
        }
    }

    /// Time that one token takes.
    pub(super) fn time_per_token(&self) -> Duration {
        if self.tokens_per_second <= 0.0 {
            return Duration::ZERO;
        }
        let time = Duration::try_from_secs_f64(1.0 / self.tokens_per_second);
        time.unwrap_or(LONGEST_TIME_PER_TOKEN).min(LONGEST_TIME_PER_TOKEN)
    }
}

/// Slower than this is a stall; the bound also keeps sums of waiting times far from overflow.
const LONGEST_TIME_PER_TOKEN: Duration = Duration::from_secs(60);
const LONGEST_FIRST_BYTE_MS: f64 = 3_600_000.0;
/// At a spread of 3 one draw in twenty is already above 130 medians.
const WIDEST_SPREAD: f64 = 3.0;
const FASTEST_TOKENS_PER_SECOND: f64 = 1e6;
/// Keeps one answer below some 10 MB.
const LONGEST_ANSWER_TOKENS: f64 = 1e6;

fn in_range(field: &str, found: f64, most: f64) -> Result<f64, BehaviourError> {
    if (0.0..=most).contains(&found) {
        return Ok(found);
    }
    Err(BehaviourError::OutOfRange {
        field: field.to_owned(),
        most,
        found,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use serde_json::json;

    fn troubles_of(behaviour: &ModelBehaviour, requests: u64) -> BTreeMap<String, u64> {
        let mut found = BTreeMap::new();
        for number in 0..requests {
            let fate = behaviour.draw(&mut Dice::for_request(1, "m", number));
            *found.entry(format!("{:?}", fate.trouble)).or_insert(0) += 1;
        }
        found
    }

    #[test]
    fn a_change_replaces_what_it_names_and_keeps_the_rest() {
        let changed = ModelBehaviour::default()
            .changed_by(json!({"answer_tokens": 5}))
            .unwrap();
        assert_eq!(
            changed,
            ModelBehaviour {
                answer_tokens: 5,
                ..ModelBehaviour::default()
            }
        );
    }

    #[test]
    fn unknown_settings_and_faults_are_refused_by_name() {
        let refuse = |changes| {
            ModelBehaviour::default()
                .changed_by(changes)
                .unwrap_err()
                .to_string()
        };
        assert!(refuse(json!({"eror_rate": 1})).contains("eror_rate"));
        assert!(refuse(json!({"faults": {"explode": 1}})).contains("explode"));
        assert!(refuse(json!({"error_rate": 1.5})).contains("error_rate"));
        assert!(refuse(json!({"error_status": 200})).contains("200"));
    }

    #[test]
    fn rates_that_exceed_one_together_are_refused() {
        let changes = json!({"error_rate": 0.6, "faults": {"reset_mid_stream": 0.5}});
        assert!(
            ModelBehaviour::default()
                .changed_by(changes)
                .unwrap_err()
                .to_string()
                .contains("1.1")
        );
    }

    #[test]
    fn faults_come_at_their_rates() {
        let changes = json!({"error_rate": 0.1, "faults": {"rate_limit": 0.2, "garbage_first": 0.3}});
        let behaviour = ModelBehaviour::default().changed_by(changes).unwrap();
        let found = troubles_of(&behaviour, 10_000);
        let near = |name: &str, expected: u64| {
            assert!(found[name].abs_diff(expected) < 150, "{name}: {found:?}");
        };
        near("Some(Status(500))", 1000);
        near("Some(Fault(RateLimit))", 2000);
        near("Some(Fault(GarbageFirst))", 3000);
        near("None", 4000);
    }

    #[test]
    fn a_rate_of_one_spares_nobody_and_of_zero_hits_nobody() {
        let always = ModelBehaviour {
            error_rate: 1.0,
            ..ModelBehaviour::default()
        };
        assert_eq!(troubles_of(&always, 2000).len(), 1);
        assert_eq!(troubles_of(&ModelBehaviour::default(), 2000).len(), 1);
    }
}
