//! A plan that was checked: every value is in range, weights rise, the last phase is at 100 %.
//!
//! Plans come from `PlanDraft::validate` only; nothing else can build one.

use crate::Share;
use crate::evidence::{Limits, Metrics};

use super::stage::Stage;

/// How traffic moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Phase by phase.
    Canary,
    /// Precheck, then all of it, then watching.
    BlueGreen,
    /// Phase by phase, each left by an approval only.
    Manual,
}

impl Strategy {
    pub const ALL: [Strategy; 3] = [Strategy::Canary, Strategy::BlueGreen, Strategy::Manual];

    pub fn name(self) -> &'static str {
        match self {
            Strategy::Canary => "canary",
            Strategy::BlueGreen => "blue_green",
            Strategy::Manual => "manual",
        }
    }
}

/// What happens to a phase that is too long without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnInconclusive {
    Hold,
    /// Only with at least one request, and nothing against green.
    Advance,
    Rollback,
}

impl OnInconclusive {
    pub const ALL: [OnInconclusive; 3] = [
        OnInconclusive::Hold,
        OnInconclusive::Advance,
        OnInconclusive::Rollback,
    ];

    pub fn name(self) -> &'static str {
        match self {
            OnInconclusive::Hold => "hold",
            OnInconclusive::Advance => "advance",
            OnInconclusive::Rollback => "rollback",
        }
    }
}

/// What happens when green is found to be worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnRegression {
    Rollback,
    /// The weight stays, until an operator decides.
    Pause,
    /// The weight rises no further.
    Notify,
}

impl OnRegression {
    pub const ALL: [OnRegression; 3] = [OnRegression::Rollback, OnRegression::Pause, OnRegression::Notify];

    pub fn name(self) -> &'static str {
        match self {
            OnRegression::Rollback => "rollback",
            OnRegression::Pause => "pause",
            OnRegression::Notify => "notify",
        }
    }
}

/// What happens when nobody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnTimeout {
    Hold,
    Rollback,
}

impl OnTimeout {
    pub const ALL: [OnTimeout; 2] = [OnTimeout::Hold, OnTimeout::Rollback];

    pub fn name(self) -> &'static str {
        match self {
            OnTimeout::Hold => "hold",
            OnTimeout::Rollback => "rollback",
        }
    }
}

/// Whether a person must agree before a phase is left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Approval {
    None,
    Manual {
        /// Counted from the moment at which nothing else was missing; infinite: for ever.
        timeout_seconds: f64,
        on_timeout: OnTimeout,
    },
}

/// Requests of our own to green before any of a user's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probes {
    pub count: u32,
    pub max_failures: u32,
    pub concurrency: u32,
    pub timeout_seconds: f64,
    pub max_tokens: u32,
}

impl Probes {
    pub const STANDARD: Probes = Probes {
        count: 20,
        max_failures: 1,
        concurrency: 4,
        timeout_seconds: 30.0,
        max_tokens: 16,
    };
}

#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Phase {
    pub name: String,
    pub weight: Share,
    pub min_duration_seconds: f64,
    /// Of green's, drawn at random and completed within this phase.
    pub min_requests: u64,
    pub max_duration_seconds: f64,
    pub on_inconclusive: OnInconclusive,
    pub approval: Approval,
    /// In the phase at weight 0, and only there.
    pub probes: Option<Probes>,
}

impl Phase {
    /// The state of a rollout that this phase does not hold up.
    pub fn stage(&self) -> Stage {
        if self.probes.is_some() {
            Stage::Prechecking
        } else if self.name == BAKE {
            Stage::Baking
        } else if self.weight == Share::ALL {
            Stage::Promoting
        } else {
            Stage::Progressing
        }
    }
}

/// The name by which a phase is a bake: long, and almost all of the traffic.
pub(super) const BAKE: &str = "bake";

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// Evidence against concurrent blue.
    Sequential,
    /// Plain limits on green alone.
    Threshold(Limits),
}

/// The alarm for weights at which the side of a request says little.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Challenge {
    /// Evidence that raises it.
    pub fire: f64,
    /// The weight meanwhile.
    pub cap: Share,
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Analysis {
    pub mode: Mode,
    /// Greatest chance that a healthy green is rolled back, over the whole rollout.
    pub alpha: f64,
    /// Evidence from which the weight may not rise.
    pub caution: f64,
    pub challenge: Challenge,
    /// Finds and tells, never acts.
    pub dry_run: bool,
    pub metrics: Metrics,
}

#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    pub name: String,
    pub strategy: Strategy,
    /// Below 100 %, with rising weights.
    pub ramp: Vec<Phase>,
    /// At 100 %.
    pub cutover: Phase,
    pub analysis: Analysis,
    pub on_regression: OnRegression,
    pub drain_timeout_seconds: f64,
    /// How long blue stays ready after a promotion.
    pub keep_previous_seconds: f64,
    /// A rollout that is not done by then is rolled back; time spent paused does not count.
    pub deadline_seconds: f64,
}

impl Plan {
    /// Counted from 0; past the end it is the last one.
    pub fn phase(&self, index: usize) -> &Phase {
        self.ramp.get(index).unwrap_or(&self.cutover)
    }

    pub fn phases(&self) -> impl Iterator<Item = &Phase> {
        self.ramp.iter().chain(std::iter::once(&self.cutover))
    }

    pub fn last(&self) -> usize {
        self.ramp.len()
    }
}
