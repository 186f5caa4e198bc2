//! What the clock decides: when a wait is over, and when to look again.

use super::plan::Approval;
use super::stage::Stage;
use super::step::{SAVE_AFTER_SECONDS, Turn};

/// Green's vendor has refused no request for capacity for this long before a weight may rise.
pub(super) const CAPACITY_QUIET_SECONDS: f64 = 60.0;

impl Turn<'_> {
    pub(super) fn has_capacity(&self) -> bool {
        self.state
            .capacity_refused_at
            .is_none_or(|at| self.state.clock.elapsed - at >= CAPACITY_QUIET_SECONDS)
    }

    pub(super) fn deadline_left(&self) -> f64 {
        let clock = self.state.clock;
        self.plan.deadline_seconds - (clock.elapsed - clock.paused)
    }

    /// Seconds until the next moment at which time alone decides something.
    pub(super) fn next_wake(&self) -> Option<f64> {
        let (state, clock) = (&self.state, self.state.clock);
        let since = |at: Option<f64>, wait: f64| at.map(|at| at + wait - clock.elapsed);
        let phase = self.phase();
        let judged = state.stage.is_judged();
        let timed = state.stage.counts_time();
        let timeout = match phase.approval {
            Approval::Manual { timeout_seconds, .. } => since(state.approval.asked_at, timeout_seconds),
            Approval::None => None,
        };
        let drain = state.drain.filter(|drain| !drain.done).map(|drain| drain.since);
        [
            timed.then_some(phase.min_duration_seconds - clock.in_phase),
            timed.then_some(phase.max_duration_seconds - clock.in_phase),
            (judged && state.stage != Stage::Paused).then(|| self.deadline_left()),
            timeout.filter(|_| judged),
            since(drain, self.plan.drain_timeout_seconds),
            since(state.capacity_refused_at, CAPACITY_QUIET_SECONDS).filter(|_| judged),
            since(state.unsaved_since, SAVE_AFTER_SECONDS),
        ]
        .into_iter()
        .flatten()
        .filter(|seconds| *seconds > 0.0 && seconds.is_finite())
        .min_by(f64::total_cmp)
    }
}
