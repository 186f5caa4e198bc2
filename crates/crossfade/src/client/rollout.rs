//! A rollout as the admin API shows it, as far as people are shown it.

use control::config::Share;
use serde::Deserialize;

use super::answers::Split;

#[derive(Deserialize)]
pub(crate) struct RolloutStatus {
    pub(crate) deployment: String,
    pub(crate) plan: String,
    pub(crate) state: String,
    pub(crate) phase: usize,
    #[serde(default)]
    pub(crate) phases: Vec<Phase>,
    pub(crate) split: Split,
    pub(crate) target: Split,
    pub(crate) waiting_for: String,
    #[serde(default)]
    pub(crate) checks: Vec<Check>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) drain: Option<Drain>,
    #[serde(default)]
    pub(crate) dry_run: bool,
    pub(crate) started_at: Option<String>,
    pub(crate) finished_at: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Phase {
    pub(crate) name: String,
    pub(crate) weight: Share,
}

/// One stream of evidence. Numbers that are not finite come as `null`.
#[derive(Deserialize)]
pub(crate) struct Check {
    pub(crate) stream: String,
    pub(crate) value: Option<f64>,
    pub(crate) baseline: Option<f64>,
    pub(crate) evidence: Option<f64>,
    pub(crate) limit: Option<f64>,
    pub(crate) n_blue: u64,
    pub(crate) n_green: u64,
    pub(crate) status: String,
}

#[derive(Deserialize)]
pub(crate) struct Verdict {
    pub(crate) action: String,
    pub(crate) sentence: String,
    #[serde(default)]
    pub(crate) request_ids: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Drain {
    pub(crate) environment: String,
    pub(crate) in_flight: u64,
    pub(crate) seconds_left: Option<f64>,
}

/// How a rollout ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Succeeded,
    /// Or turned away before any user saw green.
    RolledBack,
    Cancelled,
}

impl RolloutStatus {
    pub(crate) fn ended(&self) -> Option<Ended> {
        match self.state.as_str() {
            "succeeded" => Some(Ended::Succeeded),
            "rolled_back" | "rejected" => Some(Ended::RolledBack),
            "cancelled" => Some(Ended::Cancelled),
            _ => None,
        }
    }

    /// Why it ended, or what it waits for.
    pub(crate) fn sentence(&self) -> &str {
        let verdict = self.verdict.as_ref().map(|verdict| verdict.sentence.as_str());
        verdict.unwrap_or(&self.waiting_for)
    }
}
