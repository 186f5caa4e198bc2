//! A plan as it was written down: everything is optional, names are still words.
//!
//! Whoever reads plans (the configuration file, the admin API) refuses unknown keys itself and
//! fills in one of these; `validate` knows the rest. Weights are percentages, times are seconds.

/// Leaves the standard value in place wherever it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanDraft {
    /// Of the plan, for people; `custom` if there is none.
    pub name: Option<String>,
    /// `canary`, `blue_green` or `manual`.
    pub strategy: Option<String>,
    pub phases: Option<Vec<PhaseDraft>>,
    pub phase_defaults: GateDraft,
    pub analysis: AnalysisDraft,
    /// `rollback`, `pause` or `notify`.
    pub on_regression: Option<String>,
    pub drain_timeout_seconds: Option<f64>,
    pub keep_previous_seconds: Option<f64>,
    pub deadline_seconds: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PhaseDraft {
    /// The weight if there is none; `bake` is a bake.
    pub name: Option<String>,
    /// Percent, in steps of 0.01.
    pub weight: f64,
    pub gate: GateDraft,
    pub probes: Option<ProbesDraft>,
}

/// When a phase may be left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GateDraft {
    pub min_duration_seconds: Option<f64>,
    pub min_requests: Option<u64>,
    pub max_duration_seconds: Option<f64>,
    /// `hold`, `advance` or `rollback`.
    pub on_inconclusive: Option<String>,
    pub approval: Option<ApprovalDraft>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ApprovalDraft {
    /// `none`, or `manual` with the standard time-out.
    Named(String),
    Manual(ManualDraft),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ManualDraft {
    pub timeout_seconds: Option<f64>,
    /// `hold` or `rollback`.
    pub on_timeout: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProbesDraft {
    pub count: Option<u32>,
    pub max_failures: Option<u32>,
    pub concurrency: Option<u32>,
    pub timeout_seconds: Option<f64>,
    pub max_tokens: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnalysisDraft {
    /// `sequential` or `threshold`.
    pub mode: Option<String>,
    pub dry_run: Option<bool>,
    pub alpha: Option<f64>,
    pub caution: Option<f64>,
    pub challenge: Option<ChallengeDraft>,
    /// By stream, in the order in which they were written.
    pub metrics: Vec<(String, MetricDraft)>,
    /// The four limits are of mode `threshold` only. 0 to 1.
    pub error_rate: Option<f64>,
    pub latency_ms: Option<f64>,
    pub window_seconds: Option<f64>,
    pub min_requests: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChallengeDraft {
    pub fire: Option<f64>,
    /// Percent.
    pub cap: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricDraft {
    /// `regression` (what `on_regression` says), `hold`, `notify` or `off`.
    pub action: Option<String>,
    /// Of streams that find regressions; they sum to the analysis' alpha.
    pub alpha: Option<f64>,
    /// Least difference that counts: percentage points of streams that count cases, else a ratio.
    pub effect: Option<f64>,
}
