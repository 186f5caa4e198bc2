//! Why the desk did not do what it was asked.

use decide::release::Conflict;
use gateway::BadEndpoint;
use store::StoreError;

use crate::config::Problems;

#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error("deployment '{name}' does not exist{}", near(.nearest))]
    UnknownDeployment { name: String, nearest: Vec<String> },
    #[error("key '{0}' does not exist")]
    UnknownKey(String),
    #[error("{0}")]
    Conflict(#[from] Conflict),
    #[error("key '{0}' exists already")]
    KeyExists(String),
    #[error("no price of '{0}' was set here from that moment on")]
    UnknownPrice(String),
    #[error("key '{0}' is revoked")]
    KeyRevoked(String),
    #[error("{noun} '{name}' is defined in the configuration file; change it there")]
    ManagedByFile { noun: &'static str, name: String },
    /// The definition or the request makes no sense; says what and where.
    #[error("{message}")]
    Invalid { param: String, message: String },
    #[error("{}", first(.0))]
    Definition(Problems),
    #[error("provider '{name}': {why}")]
    Provider { name: String, why: BadEndpoint },
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn near(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!("; did you mean '{}'?", names.join("', '")),
    }
}

fn first(problems: &Problems) -> String {
    let shown = |problem: &crate::config::Problem| format!("{}: {}", problem.path, problem.message);
    problems.problems.iter().map(shown).collect::<Vec<_>>().join("; ")
}
