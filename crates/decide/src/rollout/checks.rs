//! Each check with its value, its baseline, and its evidence against its limit.

use crate::evidence::{Action, Limits, Standing, Stream, TOLERATED_SLOW};

use super::plan::{Mode, Plan};
use super::state::State;
use super::verdict::sides;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Check {
    pub stream: Stream,
    /// Green's, since the start: a rate (0 to 1), or a geometric mean in seconds, US dollars or
    /// tokens. Of `hard`, green's rate of failures.
    pub value: f64,
    /// Blue's. Of `hard`, blue's rate of failures with the requests that green had failed.
    pub baseline: f64,
    /// In mode `threshold`, the rate that has the limit.
    pub evidence: f64,
    /// From which the stream acts.
    pub limit: f64,
    pub n_blue: u64,
    pub n_green: u64,
    pub status: Standing,
}

pub fn checks(plan: &Plan, state: &State) -> Vec<Check> {
    match plan.analysis.mode {
        Mode::Sequential => Stream::ALL
            .into_iter()
            .map(|stream| of_evidence(plan, state, stream))
            .filter(|check| check.status != Standing::Off)
            .collect(),
        Mode::Threshold(limits) => of_limits(state, &limits).to_vec(),
    }
}

fn of_evidence(plan: &Plan, state: &State, stream: Stream) -> Check {
    let (metric, caution) = (plan.analysis.metrics.of(stream), plan.analysis.caution);
    let (green, blue) = sides(stream, state.judge.engine.counts(stream));
    let value = |n: f64, x: f64| if stream.counts_cases() { x / n.max(1.0) } else { x };
    Check {
        stream,
        value: value(green.n, green.x),
        baseline: value(blue.n, blue.x),
        evidence: state.judge.engine.evidence(stream),
        limit: match metric.action {
            Action::Regression => 1.0 / metric.alpha,
            Action::Hold | Action::Notify | Action::Off => caution,
        },
        n_blue: blue.n as u64,
        n_green: green.n as u64,
        status: state.judge.engine.standing(stream, metric, caution),
    }
}

fn of_limits(state: &State, limits: &Limits) -> [Check; 2] {
    let now = state.clock.elapsed;
    let seen = state.judge.seen_in_window(now, limits);
    let check = |stream, rate: f64, limit, n: f64, broken| Check {
        stream,
        value: rate,
        baseline: 0.0,
        evidence: rate,
        limit,
        n_blue: 0,
        n_green: n as u64,
        status: if broken {
            Standing::Regressed
        } else {
            Standing::Fine
        },
    };
    let errors = seen.too_many_errors(limits);
    let slow = seen.too_slow(limits);
    [
        check(
            Stream::Error,
            seen.error_rate(),
            limits.error_rate,
            seen.requests,
            errors,
        ),
        check(
            Stream::Latency,
            seen.slow_rate(),
            TOLERATED_SLOW,
            seen.answered,
            slow,
        ),
    ]
}
