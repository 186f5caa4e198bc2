//! What happens to this rollout now? `step` answers it from the plan, the state, one event and
//! the time, and hands back the next state, what is to be done, and what the rollout waits for.
//!
//! Buttons, requests, probes, timers and restarts are all events; a phase or a weight changes
//! nowhere else. What is to be done is a closed set of effects, in the order in which they are to
//! be done: a rollback swaps the route before anything that could be slow, an advance is
//! written down before it is in force. A driver that could not write an advance down drops the
//! new state and asks again later: nothing has happened.
//!
//! `plan` is what was asked for, `draft` the same before it was checked; `verbs`, `observe` and
//! `advance` are the three ways in which a state changes, `verdict`, `report` and `checks` say why.

mod advance;
mod checks;
mod draft;
mod event;
mod gate;
mod observe;
mod plan;
mod record;
mod regress;
mod report;
mod stage;
mod standard;
mod state;
mod step;
mod validate;
mod verbs;
mod verdict;
mod wake;

pub use checks::{Check, checks};
pub use draft::{
    AnalysisDraft, ApprovalDraft, ChallengeDraft, GateDraft, ManualDraft, MetricDraft, PhaseDraft, PlanDraft,
    ProbesDraft,
};
pub use event::{Effect, Event, Notice, Observation, Probe, Seen, Verb};
pub use gate::{Gate, gate};
pub use plan::{
    Analysis, Approval, Challenge, Mode, OnInconclusive, OnRegression, OnTimeout, Phase, Plan, Probes,
    Strategy,
};
pub use record::Unreadable;
pub use report::{Passed, Report, WaitingOn};
pub use stage::Stage;
pub use state::State;
pub use step::{Stepped, step};
pub use validate::{PlanProblem, PlanRefused};
pub use verdict::{Cause, Counted, Grounds, Verdict, VerdictAction};
