//! All that a rollout remembers: a few kilobytes, the same after a restart.

use crate::evidence::{Engine, FirstOfUnit, Guard, InWindow, Limits, Stream, Streams, Tally, Window};
use crate::{Share, Side};

use super::plan::{Mode, Plan};
use super::stage::Stage;
use super::verdict::Verdict;

/// Failing requests of green's that a verdict names, from each end.
pub(super) const REQUESTS_NAMED: usize = 5;

/// The rollout's own time: it runs on through restarts, and stands still for nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Clock {
    /// Of the caller's clock; means nothing after a restart.
    pub(super) now: f64,
    /// Since the start. Every other time in a state is on this clock.
    pub(super) elapsed: f64,
    /// While nothing but its gate held the phase up.
    pub(super) in_phase: f64,
    pub(super) paused: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct ApprovalState {
    pub(super) asked_at: Option<f64>,
    pub(super) given: bool,
    pub(super) timed_out: bool,
    /// The phase that was left with the latest one: repeating the button changes nothing.
    pub(super) given_for: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DrainState {
    pub(super) side: Side,
    pub(super) since: f64,
    pub(super) done: bool,
}

/// What is known of blue being the worse side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct BlueState {
    /// By its health checks.
    pub(super) down: bool,
    /// By the evidence: when it was found, and blue's and green's requests and failures then.
    pub(super) worse_since: Option<Tally>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub(super) stage: Stage,
    /// Index into the plan's phases.
    pub(super) phase: usize,
    /// In force.
    pub(super) share: Share,
    /// An operator has set it while the rollout was paused.
    pub(super) share_by_hand: bool,
    pub(super) clock: Clock,
    pub(super) requests_in_phase: u64,
    pub(super) probes_passed: u32,
    pub(super) probes_failed: u32,
    pub(super) approval: ApprovalState,
    pub(super) capacity_refused_at: Option<f64>,
    pub(super) blue: BlueState,
    pub(super) drain: Option<DrainState>,
    pub(super) promoted_by_hand: bool,
    /// Keeps the weight from rising as of the latest look; found anew by the next one.
    pub(super) suspect: Option<Stream>,
    /// Streams that only tell, and have.
    pub(super) told: Streams,
    /// Held up by these, and an operator went on regardless.
    pub(super) settled: Streams,
    /// A regression that did not roll back (pause, notify, dry run).
    pub(super) noticed: Option<Box<Verdict>>,
    pub(super) acknowledged: bool,
    /// The latch: set once, with the rollback.
    pub(super) verdict: Option<Box<Verdict>>,
    /// Ids of green's first and last failing requests, in this order.
    pub(super) failures: Vec<Box<str>>,
    pub(super) unsaved_since: Option<f64>,
    pub(super) judge: Box<Judge>,
}

/// What was learned from requests. Apart, because it is large and a state is handed on with
/// every event.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Judge {
    pub(super) engine: Engine,
    pub(super) guard: Guard,
    /// Of mode threshold only.
    pub(super) window: Option<Box<Window>>,
    pub(super) units: FirstOfUnit,
}

impl Judge {
    pub(super) fn seen_in_window(&self, at: f64, limits: &Limits) -> InWindow {
        self.window
            .as_ref()
            .map(|window| window.seen(at, limits))
            .unwrap_or_default()
    }
}

impl State {
    /// A rollout that has not started. `share` is green's split so far.
    pub fn new(share: Share, now: f64) -> State {
        State {
            stage: Stage::Pending,
            phase: 0,
            share,
            share_by_hand: false,
            clock: Clock {
                now,
                ..Clock::default()
            },
            requests_in_phase: 0,
            probes_passed: 0,
            probes_failed: 0,
            approval: ApprovalState::default(),
            capacity_refused_at: None,
            blue: BlueState::default(),
            drain: None,
            promoted_by_hand: false,
            suspect: None,
            told: Streams::default(),
            settled: Streams::default(),
            noticed: None,
            acknowledged: false,
            verdict: None,
            failures: Vec::new(),
            unsaved_since: None,
            judge: Box::default(),
        }
    }

    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Index into the plan's phases.
    pub fn phase(&self) -> usize {
        self.phase
    }

    /// Green's share in force.
    pub fn share(&self) -> Share {
        self.share
    }

    /// Why it was rolled back; else what was found and not acted on.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_deref().or(self.noticed.as_deref())
    }

    /// Age in seconds at which a request that starts now is slow; infinite until blue is known.
    pub fn slow_after(&self) -> f64 {
        self.judge.engine.slow_after()
    }

    pub fn engine(&self) -> &Engine {
        &self.judge.engine
    }

    /// Seconds since the start, restarts included.
    pub fn elapsed_seconds(&self) -> f64 {
        self.clock.elapsed
    }

    /// Probes that are still to be sent; none outside of the precheck.
    pub fn probes_missing(&self, plan: &Plan) -> u32 {
        match (self.stage, plan.phase(self.phase).probes) {
            (Stage::Prechecking | Stage::Held, Some(probes)) => probes
                .count
                .saturating_sub(self.probes_passed + self.probes_failed),
            _ => 0,
        }
    }

    /// Whether the guard's alarm is up and counts.
    pub(super) fn hears_guard(&self, plan: &Plan) -> bool {
        let analysis = &plan.analysis;
        analysis.mode == Mode::Sequential && !analysis.dry_run && self.judge.guard.is_active()
    }

    /// The next phase's weight would be capped at once, so there is no point in going there.
    pub(super) fn would_be_challenged(&self, plan: &Plan) -> bool {
        self.hears_guard(plan) && plan.phase(self.phase + 1).weight > plan.analysis.challenge.cap
    }

    pub(super) fn remember_failure(&mut self, request_id: &str) {
        if self.failures.len() >= 2 * REQUESTS_NAMED {
            self.failures.remove(REQUESTS_NAMED);
        }
        self.failures.push(request_id.into());
    }
}
