//! What a rollout waits for, computed from the same values that decide.

use std::fmt;

use crate::evidence::Stream;
use crate::{Share, Side};

use super::plan::{Approval, Plan};
use super::stage::Stage;
use super::state::State;
use super::verdict::{Counted, Duration, sides};
use super::wake::CAPACITY_QUIET_SECONDS;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WaitingOn {
    /// It is over.
    Nothing,
    Start,
    Probes {
        done: u32,
        of: u32,
    },
    /// Of green's, in this phase.
    Requests {
        done: u64,
        of: u64,
    },
    Time {
        seconds: f64,
    },
    /// The evidence of a stream has to fall below the caution, or an operator to go on.
    Calm {
        stream: Stream,
        evidence: f64,
        caution: f64,
    },
    /// Green's vendor has refused requests for lack of capacity.
    Capacity {
        seconds: f64,
    },
    /// `None`: nobody approved in time, and the plan holds.
    Approval {
        seconds: Option<f64>,
    },
    Operator,
    /// The guard's alarm has to calm down, or the evidence to decide.
    Guard {
        evidence: f64,
        cap: Share,
    },
    Blue,
    Drain {
        side: Side,
        seconds: f64,
    },
}

impl fmt::Display for WaitingOn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WaitingOn::Nothing => write!(out, "nothing"),
            WaitingOn::Start => write!(out, "the start"),
            WaitingOn::Probes { done, of } => write!(out, "{done} of {of} probes to green"),
            WaitingOn::Requests { done, of } => write!(out, "{done} of {of} requests to green"),
            WaitingOn::Time { seconds } => write!(out, "{} more of the phase's time", Duration(*seconds)),
            WaitingOn::Calm {
                stream,
                evidence,
                caution,
            } => write!(
                out,
                "the {} evidence against green, {evidence:.1}, to fall below {caution}",
                stream.name()
            ),
            WaitingOn::Capacity { seconds } => write!(
                out,
                "{} without a refusal for lack of capacity by green's vendor",
                Duration(*seconds)
            ),
            WaitingOn::Approval { seconds: Some(left) } => {
                write!(out, "an approval, for {} more", Duration(*left))
            }
            WaitingOn::Approval { seconds: None } => write!(out, "an approval that did not come in time"),
            WaitingOn::Operator => write!(out, "an operator to resume, promote or roll back"),
            WaitingOn::Guard { evidence, cap } => write!(
                out,
                "the alarm about green's failures, {evidence:.1}, to calm down; green gets at most {cap} meanwhile"
            ),
            WaitingOn::Blue => write!(out, "blue, which is the worse side, to recover"),
            WaitingOn::Drain { side, seconds } => write!(
                out,
                "{side}'s requests in flight to end, for {} more at most",
                Duration(*seconds)
            ),
        }
    }
}

/// What a rollout that succeeded rests on: how many requests of each side, of them the failed ones, in how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passed {
    pub green: Counted,
    pub blue: Counted,
    pub seconds: f64,
    /// An operator promoted green, whatever was known by then.
    pub by_hand: bool,
}

impl Passed {
    pub(super) fn of(state: &State) -> Passed {
        let (green, blue) = sides(Stream::Error, state.judge.engine.counts(Stream::Error));
        Passed {
            green,
            blue,
            seconds: state.clock.elapsed,
            by_hand: state.promoted_by_hand,
        }
    }
}

impl fmt::Display for Passed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |side: Counted| 100.0 * side.x / side.n.max(1.0);
        write!(
            out,
            "Succeeded after {}{}: {} of {} requests to green failed ({:.2}%), and {} of {} to blue ({:.2}%).",
            Duration(self.seconds),
            if self.by_hand { ", promoted by hand" } else { "" },
            self.green.x,
            self.green.n,
            rate(self.green),
            self.blue.x,
            self.blue.n,
            rate(self.blue)
        )
    }
}

/// Where a rollout stands after a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    pub stage: Stage,
    /// Index into the plan's phases, and their number.
    pub phase: usize,
    pub phases: usize,
    /// Green's share in force, and the one that the phase has.
    pub share: Share,
    pub planned: Share,
    pub waiting_on: WaitingOn,
    /// Once it has succeeded.
    pub passed: Option<Passed>,
}

impl Report {
    /// `waiting for 12 of 100 requests to green`.
    pub fn sentence(&self) -> String {
        if let Some(passed) = self.passed {
            return passed.to_string();
        }
        match (self.stage, self.waiting_on) {
            (stage, WaitingOn::Nothing) => format!("{}, at {}", stage.name(), self.share),
            (Stage::Held, waiting_on) => format!("held at {}, waiting for {waiting_on}", self.share),
            (_, waiting_on) => format!("waiting for {waiting_on}"),
        }
    }
}

/// The same as after the latest step.
pub(super) fn report(plan: &Plan, state: &State) -> Report {
    Report {
        stage: state.stage,
        phase: state.phase,
        phases: plan.last() + 1,
        share: state.share,
        planned: plan.phase(state.phase).weight,
        waiting_on: waiting_on(plan, state),
        passed: (state.stage == Stage::Succeeded).then(|| Passed::of(state)),
    }
}

impl State {
    /// Where it stands, without an event.
    pub fn report(&self, plan: &Plan) -> Report {
        report(plan, self)
    }
}

fn waiting_on(plan: &Plan, state: &State) -> WaitingOn {
    match state.stage {
        Stage::Pending => WaitingOn::Start,
        Stage::Succeeded | Stage::RolledBack | Stage::Rejected | Stage::Cancelled => WaitingOn::Nothing,
        Stage::RollingBack => drain(plan, state),
        Stage::Paused => WaitingOn::Operator,
        Stage::BlueUnhealthy => WaitingOn::Blue,
        Stage::Challenged => guard(plan, state),
        Stage::AwaitingApproval => approval(plan, state),
        Stage::Promoting if state.promoted_by_hand => drain(plan, state),
        Stage::Prechecking | Stage::Progressing | Stage::Held | Stage::Baking | Stage::Promoting => {
            of_the_phase(plan, state)
        }
    }
}

fn of_the_phase(plan: &Plan, state: &State) -> WaitingOn {
    let phase = plan.phase(state.phase);
    if let Some(probes) = phase.probes {
        let done = state.probes_passed.saturating_add(state.probes_failed);
        return WaitingOn::Probes {
            done,
            of: probes.count,
        };
    }
    let left = |at: f64| at + CAPACITY_QUIET_SECONDS - state.clock.elapsed;
    if let Some(stream) = state.suspect {
        if state.noticed.is_some() && !state.acknowledged {
            return WaitingOn::Operator;
        }
        return WaitingOn::Calm {
            stream,
            evidence: state.judge.engine.evidence(stream),
            caution: plan.analysis.caution,
        };
    }
    if state.would_be_challenged(plan) {
        return guard(plan, state);
    }
    if let Some(seconds) = state.capacity_refused_at.map(left).filter(|left| *left > 0.0) {
        return WaitingOn::Capacity { seconds };
    }
    if state.requests_in_phase < phase.min_requests {
        return WaitingOn::Requests {
            done: state.requests_in_phase,
            of: phase.min_requests,
        };
    }
    let seconds = phase.min_duration_seconds - state.clock.in_phase;
    if seconds > 0.0 {
        WaitingOn::Time { seconds }
    } else {
        drain(plan, state)
    }
}

fn guard(plan: &Plan, state: &State) -> WaitingOn {
    WaitingOn::Guard {
        evidence: state.judge.guard.evidence(),
        cap: plan.analysis.challenge.cap,
    }
}

fn approval(plan: &Plan, state: &State) -> WaitingOn {
    let left = match (plan.phase(state.phase).approval, state.approval.asked_at) {
        (Approval::Manual { timeout_seconds, .. }, Some(asked_at)) if !state.approval.timed_out => {
            Some((asked_at + timeout_seconds - state.clock.elapsed).max(0.0))
        }
        _ => None,
    };
    WaitingOn::Approval { seconds: left }
}

fn drain(plan: &Plan, state: &State) -> WaitingOn {
    match state.drain {
        Some(drain) => WaitingOn::Drain {
            side: drain.side,
            seconds: (drain.since + plan.drain_timeout_seconds - state.clock.elapsed).max(0.0),
        },
        None => WaitingOn::Time { seconds: 0.0 },
    }
}
