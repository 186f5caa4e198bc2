//! Rollout plans: the phases through which a green rises, and what may stop it. `safe` and `fast` are built in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::analysis::Analysis;
use super::secret::Secret;
use super::share::Share;
use super::units::Period;

/// How a rollout proceeds and what makes it turn back.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// How the weight moves.
    pub strategy: Strategy,
    /// Steps in order; their weights rise and end at 100.
    pub phases: Vec<Phase>,
    /// Gates of every phase that names none of its own.
    pub phase_defaults: Gates,
    /// How green is judged against blue.
    pub analysis: Analysis,
    /// What a proven regression does.
    pub on_regression: OnRegression,
    /// How requests in flight end on the side that was left.
    pub drain: Drain,
    /// How long the side that was left stays ready for a rollback after the end; then green is finalized by itself.
    pub keep_previous: Period,
    /// When an unfinished rollout gives up and rolls back.
    pub deadline: Period,
    /// Who is told. Its secrets are never written anywhere else.
    #[serde(skip_serializing)]
    pub notify: Vec<Notify>,
}

/// How the weight moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Step by step.
    Canary,
    /// Checked without users, then everything at once, then watched.
    BlueGreen,
    /// Only when somebody says so.
    Manual,
}

/// One step of a plan.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// A name for the log; the weight by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Green's percentage in this phase. 0 is a check before any user sees green.
    pub weight: Share,
    /// Requests that the gateway makes itself, for a phase of weight 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes: Option<Probes>,
    /// Least time in this phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_duration: Option<Period>,
    /// Least number of requests on green in this phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_requests: Option<u64>,
    /// When waiting for requests ends and `on_inconclusive` decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_duration: Option<Period>,
    /// What happens when there were too few requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_inconclusive: Option<OnInconclusive>,
    /// Whether somebody must agree before the next phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

/// What must have happened before a phase ends.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Gates {
    /// Least time in a phase.
    pub min_duration: Period,
    /// Least number of requests on green in a phase.
    pub min_requests: u64,
    /// When waiting for requests ends and `on_inconclusive` decides.
    pub max_duration: Period,
    /// What happens when there were too few requests.
    pub on_inconclusive: OnInconclusive,
    /// Whether somebody must agree before the next phase.
    pub approval: Approval,
}

impl Default for Gates {
    fn default() -> Gates {
        Gates {
            min_duration: Period::seconds(60),
            min_requests: 100,
            max_duration: Period::seconds(30 * 60),
            on_inconclusive: OnInconclusive::Hold,
            approval: Approval::None,
        }
    }
}

/// Requests that the gateway makes to green before any user does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Probes {
    /// How many.
    #[schemars(range(min = 1, max = 10_000))]
    pub count: u32,
    /// How many of them may fail.
    pub max_failures: u32,
    /// How many at a time.
    #[schemars(range(min = 1, max = 100))]
    pub concurrency: u32,
    /// How long each may take.
    pub timeout: Period,
    /// Longest answer of each, in tokens.
    #[schemars(range(min = 1))]
    pub max_tokens: u32,
}

impl Default for Probes {
    fn default() -> Probes {
        Probes {
            count: 20,
            max_failures: 1,
            concurrency: 4,
            timeout: Period::seconds(30),
            max_tokens: 16,
        }
    }
}

/// What happens when a phase ends with too few requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnInconclusive {
    /// Stay and say so: no data is neither good nor bad.
    Hold,
    /// Go on.
    Advance,
    /// Turn back.
    Rollback,
}

/// Whether somebody must agree before the next phase.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Nobody.
    None,
    /// An operator, by `approve` or `reject`.
    Manual(ManualApproval),
}

/// How long an approval is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ManualApproval {
    /// When `on_timeout` decides.
    pub timeout: Period,
    /// What silence means.
    pub on_timeout: OnSilence,
}

impl Default for ManualApproval {
    fn default() -> ManualApproval {
        ManualApproval {
            timeout: Period::seconds(86_400),
            on_timeout: OnSilence::Hold,
        }
    }
}

/// What an approval that never came means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnSilence {
    /// Stay where it is.
    Hold,
    /// Turn back.
    Rollback,
}

/// What a proven regression does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnRegression {
    /// Green gets nothing at once.
    Rollback,
    /// The weight stays until somebody decides.
    Pause,
    /// Somebody is told, nothing else.
    Notify,
}

/// How requests in flight end on a side that was left.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Drain {
    /// Longest time for requests in flight.
    pub timeout: Period,
}

impl Default for Drain {
    fn default() -> Drain {
        Drain {
            timeout: Period::seconds(600),
        }
    }
}

/// Somebody who is told of every transition: one of `webhook` and `slack`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// Gets each transition as JSON by POST. Such URLs often carry a credential, so it counts as a secret.
    pub webhook: Option<Secret>,
    /// Signs the webhook's body: `x-crossfade-signature: sha256=HEX` is its HMAC-SHA-256 with this secret.
    pub secret: Option<Secret>,
    /// A Slack incoming webhook; whoever knows the URL can write, so it counts as a secret.
    pub slack: Option<Secret>,
}

impl Plan {
    /// The gates of a phase: its own, else the plan's. A least time that was raised takes the longest one along.
    pub fn gates(&self, phase: &Phase) -> Gates {
        let defaults = &self.phase_defaults;
        let min_duration = phase.min_duration.unwrap_or(defaults.min_duration);
        Gates {
            min_duration,
            min_requests: phase.min_requests.unwrap_or(defaults.min_requests),
            max_duration: phase
                .max_duration
                .unwrap_or(defaults.max_duration)
                .max(min_duration),
            on_inconclusive: phase.on_inconclusive.unwrap_or(defaults.on_inconclusive),
            approval: phase
                .approval
                .clone()
                .unwrap_or_else(|| defaults.approval.clone()),
        }
    }
}
