//! What a rollout looks like in JSON, for the OpenAPI document. The driver writes it; a test holds what it writes
//! against the document.
#![allow(dead_code, reason = "the document is made from the fields' names and types")]

use utoipa::ToSchema;

use crate::report::Split;

#[derive(ToSchema)]
#[schema(as = Rollout)]
pub(in crate::api) struct RolloutView {
    pub id: String,
    pub deployment: String,
    pub plan: String,
    /// `canary`, `blue_green` or `manual`
    pub strategy: String,
    /// `rollback`, `pause` or `notify`
    pub on_regression: String,
    /// Judges, but moves nothing.
    pub dry_run: bool,
    /// `pending`, `prechecking`, `progressing`, `held`, `paused`, `challenged`, `awaiting_approval`, `baking`,
    /// `promoting`, `blue_unhealthy`, `rolling_back`, `succeeded`, `rolled_back`, `rejected` or `cancelled`
    pub state: String,
    /// The place in `phases`, from 0.
    pub phase: usize,
    pub phase_name: String,
    pub phases: Vec<PhaseView>,
    /// In force.
    pub split: Split,
    /// Where it is on its way to.
    pub target: Split,
    /// A sentence.
    pub waiting_for: String,
    pub checks: Vec<CheckView>,
    pub verdict: Option<VerdictView>,
    pub drain: Option<DrainView>,
    pub paired_probes: u32,
    pub missed_requests: u64,
    /// RFC 3339, as all times here.
    pub started_at: String,
    pub updated_at: String,
    pub finished_at: Option<String>,
    pub elapsed_seconds: f64,
    pub keep_previous_seconds: f64,
}

#[derive(ToSchema)]
#[schema(as = RolloutPhase)]
pub(in crate::api) struct PhaseView {
    pub name: String,
    /// Green's percentage.
    pub weight: f64,
}

/// One stream of evidence.
#[derive(ToSchema)]
#[schema(as = RolloutCheck)]
pub(in crate::api) struct CheckView {
    pub stream: String,
    /// Of green.
    pub value: Option<f64>,
    /// Of blue.
    pub baseline: Option<f64>,
    pub evidence: f64,
    /// Where evidence acts.
    pub limit: Option<f64>,
    pub n_blue: f64,
    pub n_green: f64,
    /// `off`, `ok`, `noted`, `caution` or `regression`
    pub status: String,
    /// Of a threshold.
    pub window_seconds: Option<f64>,
}

#[derive(ToSchema)]
#[schema(as = RolloutDrain)]
pub(in crate::api) struct DrainView {
    /// `blue` or `green`
    pub environment: String,
    pub in_flight: u32,
    pub seconds_left: f64,
}

/// A decision with its evidence.
#[derive(ToSchema)]
#[schema(as = Verdict)]
pub(in crate::api) struct VerdictView {
    /// `rollback`, `reject`, `pause`, `notify` or `dry_run`
    pub action: String,
    pub cause: String,
    pub sentence: String,
    pub stream: Option<String>,
    pub evidence: Option<f64>,
    pub limit: Option<f64>,
    pub alpha: Option<f64>,
    pub effect: Option<f64>,
    pub blue: Option<CountedView>,
    pub green: Option<CountedView>,
    pub window_seconds: Option<f64>,
    /// Green's percentage at the time.
    pub weight: f64,
    pub phase: usize,
    pub after_seconds: f64,
    pub note: Option<String>,
    /// The first and the last that green failed.
    pub request_ids: Vec<String>,
}

#[derive(ToSchema)]
#[schema(as = Counted)]
pub(in crate::api) struct CountedView {
    /// Requests.
    pub n: f64,
    /// Of them, those that count against the side; or the sum of what was measured.
    pub x: f64,
}
