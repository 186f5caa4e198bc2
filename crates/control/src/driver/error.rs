//! Why a rollout did not do what it was asked.

use decide::release::Conflict;
use decide::rollout::PlanRefused;
use store::StoreError;

use crate::config::Problems;
use crate::desk::DeskError;

#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    #[error("deployment '{0}' has had no rollout")]
    NoRollout(String),
    #[error("{0}")]
    Conflict(#[from] Conflict),
    #[error("plan '{name}' does not exist; there are {known}")]
    UnknownPlan { name: String, known: String },
    #[error("{}", first(.0))]
    Plan(Problems),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    PlanRefused(Vec<PlanRefused>),
    /// Receivers of a plan that is written out would be forgotten at a restart: their secrets are never stored.
    #[error("'notify' belongs to plans of the configuration file, which keeps its secrets")]
    SecretsInPlan,
    #[error(transparent)]
    Desk(#[from] DeskError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not known to be in force: the store does not answer, or the gateway that drives the rollout does not.
    #[error("the rollout did not answer in time; look at its state before you try again")]
    Slow,
}

fn first(problems: &Problems) -> String {
    let shown = |problem: &crate::config::Problem| format!("{}: {}", problem.path, problem.message);
    problems.problems.iter().map(shown).collect::<Vec<_>>().join("; ")
}
