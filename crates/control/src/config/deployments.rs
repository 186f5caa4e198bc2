//! What clients call by one public model name: blue, perhaps green, and how they share the traffic.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::share::Share;
use super::units::Period;

/// One public model name, answered by `blue` and perhaps by a candidate `green`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// The environment in service.
    pub blue: Environment,
    /// The candidate. A changed definition is a new candidate: its split starts at `split.green` again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub green: Option<Environment>,
    /// Share of a new green at its start. Afterwards the live split is state that the file never moves.
    #[serde(default)]
    pub split: Split,
    /// What stays on one side.
    #[serde(default)]
    pub sticky: Sticky,
    /// Whether blue answers a request whose green attempt failed before its first byte.
    #[serde(default = "yes")]
    pub rescue: bool,
    /// The plan that a rollout follows when none is named: `safe`, `fast` or one of `plans`.
    #[serde(default = "safe")]
    pub rollout: String,
}

/// One side of a deployment: a provider's model and how it is called.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// One of `providers`.
    pub provider: String,
    /// The model's name at the vendor.
    pub model: String,
    /// Request fields that are forced into every request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Value>,
    /// Request fields that are filled in where the client sent none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub default: BTreeMap<String, Value>,
    /// How long an attempt may take.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// Most requests in flight at the vendor from this gateway; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_concurrency: Option<u32>,
    /// Models that are tried in order before the first client byte when this one's vendor fails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<Fallback>,
    /// How the gateway finds out on its own whether the vendor is there.
    #[serde(default)]
    pub health: HealthProbe,
}

/// A model that answers when an environment's own vendor cannot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    /// One of `providers`.
    pub provider: String,
    /// The model's name at the vendor.
    pub model: String,
}

/// Share of the automatic traffic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Split {
    /// Percentage that green gets; blue gets the rest.
    pub green: Share,
    /// Blue's percentage, for those who like to see both; the two must sum to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blue: Option<Share>,
}

/// What stays on one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sticky {
    /// A session that is named by the client, else a conversation that goes on; single requests are drawn freely.
    #[default]
    Auto,
    /// Only sessions that are named by the client.
    Session,
    /// The request's `user`.
    User,
    /// The client's key.
    Key,
    /// Nothing: every request is drawn freely.
    None,
}

/// How long one attempt at the vendor may take.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// Until the connection stands, TLS included.
    pub connect: Period,
    /// From the request's end to the answer's first byte.
    pub first_byte: Period,
    /// Between two bytes of an answer.
    pub idle: Period,
    /// From the first attempt's start to the answer's end.
    pub total: Period,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Period::seconds(3),
            first_byte: Period::seconds(300),
            idle: Period::seconds(120),
            total: Period::seconds(600),
        }
    }
}

/// A cheap request from time to time that tells whether the vendor is there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HealthProbe {
    /// Between two probes.
    pub interval: Period,
    /// How long a probe may take.
    pub timeout: Period,
    /// Probes that must fail in a row until the environment counts as unhealthy.
    #[schemars(range(min = 1, max = 100))]
    pub retries: u32,
    /// What is asked.
    pub probe: Probe,
    /// The prompt of a `prompt` probe.
    pub prompt: String,
}

impl Default for HealthProbe {
    fn default() -> HealthProbe {
        HealthProbe {
            interval: Period::seconds(10),
            timeout: Period::seconds(5),
            retries: 3,
            probe: Probe::Models,
            prompt: "Reply with OK.".to_owned(),
        }
    }
}

/// What a health probe asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// The vendor's list of models: free of charge.
    Models,
    /// A tiny prompt to the model itself: sees more, costs a few tokens.
    Prompt,
    /// Nothing: only real traffic tells.
    Off,
}

const fn yes() -> bool {
    true
}

fn safe() -> String {
    "safe".to_owned()
}
