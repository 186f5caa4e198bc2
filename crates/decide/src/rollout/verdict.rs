//! Why a rollout ended, or would have: a record for machines, and one sentence for people.

mod sentence;

use crate::Share;
use crate::evidence::{Engine, Stream, Tally};

pub(super) use sentence::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VerdictAction {
    Rollback,
    /// Before any user saw green.
    Reject,
    Pause,
    /// The weight rises no further.
    Notify,
    DryRun,
}

impl VerdictAction {
    pub const ALL: [VerdictAction; 5] = [
        VerdictAction::Rollback,
        VerdictAction::Reject,
        VerdictAction::Pause,
        VerdictAction::Notify,
        VerdictAction::DryRun,
    ];

    pub fn name(self) -> &'static str {
        match self {
            VerdictAction::Rollback => "rollback",
            VerdictAction::Reject => "reject",
            VerdictAction::Pause => "pause",
            VerdictAction::Notify => "notify",
            VerdictAction::DryRun => "dry_run",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Green is worse than blue, by the evidence of this stream.
    Regression(Stream),
    /// Mode threshold.
    ErrorRateLimit,
    LatencyLimit,
    /// A phase took too long without an answer, and the plan rolls back then.
    Inconclusive,
    ApprovalTimedOut,
    ApprovalRejected,
    Deadline,
    Operator,
    Precheck,
    /// Green's credential or model name was refused.
    Misconfigured,
}

impl Cause {
    /// Every cause that is not a stream's.
    pub const OTHERS: [Cause; 9] = [
        Cause::ErrorRateLimit,
        Cause::LatencyLimit,
        Cause::Inconclusive,
        Cause::ApprovalTimedOut,
        Cause::ApprovalRejected,
        Cause::Deadline,
        Cause::Operator,
        Cause::Precheck,
        Cause::Misconfigured,
    ];

    /// As in metrics and reports.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Regression(stream) => stream.name(),
            Cause::ErrorRateLimit => "error_rate_limit",
            Cause::LatencyLimit => "latency_limit",
            Cause::Inconclusive => "inconclusive",
            Cause::ApprovalTimedOut => "approval_timed_out",
            Cause::ApprovalRejected => "approval_rejected",
            Cause::Deadline => "deadline",
            Cause::Operator => "operator",
            Cause::Precheck => "precheck",
            Cause::Misconfigured => "misconfigured",
        }
    }

    pub fn from_name(name: &str) -> Option<Cause> {
        let others = Cause::OTHERS.into_iter().find(|cause| cause.name() == name);
        others.or_else(|| Stream::from_name(name).map(Cause::Regression))
    }
}

/// One side of a comparison: `n` requests, and of them `x` cases (failed, slow), or their
/// geometric mean `x` (seconds, US dollars, tokens) where a stream measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    pub n: f64,
    pub x: f64,
}

/// The numbers behind a regression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grounds {
    pub stream: Stream,
    /// The evidence, or in mode threshold the rate that is above its limit.
    pub evidence: f64,
    /// What the evidence had to reach.
    pub limit: f64,
    /// Chance of a false alarm; 0 in mode threshold, which promises none.
    pub alpha: f64,
    /// A difference of rates or a ratio of means, over the window.
    pub effect: f64,
    pub green: Counted,
    pub blue: Counted,
    /// How long the evidence was earned for. Blue's counts are of the whole rollout where blue had
    /// no request in this time.
    pub window_seconds: f64,
}

impl Grounds {
    pub(super) fn of(engine: &Engine, stream: Stream, alpha: f64) -> Grounds {
        let window = engine.window(stream);
        let (green, mut blue) = sides(stream, window);
        if blue.n == 0.0 {
            // The evidence came before blue's next request: what blue did before is what counts.
            blue = sides(stream, engine.counts(stream)).1;
        }
        Grounds {
            stream,
            evidence: engine.evidence(stream),
            limit: 1.0 / alpha,
            alpha,
            effect: engine.effect(stream),
            green,
            blue,
            window_seconds: window.at,
        }
    }
}

/// Green's and blue's side of a tally.
pub(super) fn sides(stream: Stream, tally: Tally) -> (Counted, Counted) {
    let side = |n: f64, sum: f64| {
        let mean = if n > 0.0 { (sum / n).exp() } else { 0.0 };
        let x = if stream.counts_cases() { sum } else { mean };
        Counted { n, x }
    };
    (
        side(tally.green_n, tally.green_sum),
        side(tally.blue_n, tally.blue_sum),
    )
}

#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub action: VerdictAction,
    pub cause: Cause,
    pub grounds: Option<Grounds>,
    /// Since the start of the rollout.
    pub at_seconds: f64,
    /// Index into the plan's phases, and their number.
    pub phase: usize,
    pub phases: usize,
    /// Green's share in force when it was found, and the one that the phase has.
    pub share: Share,
    pub planned: Share,
    /// Who and why, where an operator decided.
    pub note: Option<String>,
    /// Green's first and last failing requests.
    pub first_request_ids: Vec<String>,
    pub last_request_ids: Vec<String>,
}
