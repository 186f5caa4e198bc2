//! What a rollout hears, and all that it can ask for.

use crate::evidence::Witness;
use crate::{Share, Side};

use super::stage::Stage;

/// A button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Start,
    Pause,
    Resume,
    /// On to the next phase, whatever this one lacks.
    Skip,
    Approve,
    Reject,
    /// Stop judging, and leave the split where it is.
    Cancel,
    /// All of the traffic to green, now.
    Promote,
    Rollback,
    /// The split by hand, while paused.
    Split(Share),
}

impl Verb {
    pub fn name(self) -> &'static str {
        match self {
            Verb::Start => "start",
            Verb::Pause => "pause",
            Verb::Resume => "resume",
            Verb::Skip => "skip",
            Verb::Approve => "approve",
            Verb::Reject => "reject",
            Verb::Cancel => "cancel",
            Verb::Promote => "promote",
            Verb::Rollback => "rollback",
            Verb::Split(_) => "split",
        }
    }

    /// `share` is what a split gives green.
    pub fn from_name(name: &str, share: Option<Share>) -> Option<Verb> {
        let verb = match name {
            "start" => Verb::Start,
            "pause" => Verb::Pause,
            "resume" => Verb::Resume,
            "skip" => Verb::Skip,
            "approve" => Verb::Approve,
            "reject" => Verb::Reject,
            "cancel" => Verb::Cancel,
            "promote" => Verb::Promote,
            "rollback" => Verb::Rollback,
            "split" => Verb::Split(share?),
            _ => return None,
        };
        Some(verb)
    }
}

/// How a probe of our own ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    Passed,
    Failed,
    /// The credential or the model's name was refused: no further probe will do better.
    Misconfigured,
    /// Says nothing.
    Cancelled,
}

/// What was seen at one moment about one request that was drawn at random, as the engine wants it: a request that has
/// ended well shows several things, and the rollout is looked at once for all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation<'a> {
    /// The side it was drawn for.
    pub side: Side,
    /// Green's share by which it was drawn: the split's at its start or its own; 0 if it was in
    /// flight when the rollout started.
    pub share: Share,
    /// A hash of the unit that stays on its side (session, conversation, user); `None` for a draw
    /// of its own. Only a unit's first failure, first latency and so on are evidence.
    pub unit: Option<u64>,
    pub seen: &'a [Seen<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen<'a> {
    Succeeded,
    /// The first attempt failed.
    Failed {
        request_id: &'a str,
    },
    /// Green's vendor was out of capacity (429): green is not bad, and gets no more for a while.
    OutOfCapacity,
    /// Green's request, where blue could have taken it over, and how long green had it.
    Witnessed {
        witness: Witness,
        green_seconds: f64,
    },
    /// Of a success.
    FirstByte {
        seconds: f64,
    },
    /// Its age reached `State::slow_after` as of its start (`slow`), or its first byte came before.
    Aged {
        slow: bool,
    },
    TimePerOutputToken {
        seconds: f64,
    },
    Cost {
        usd: f64,
    },
    OutputTokens {
        tokens: f64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    Operator {
        verb: Verb,
        /// Who and why, for the verdict.
        note: Option<&'a str>,
    },
    Observed(Observation<'a>),
    Probed(Probe),
    /// Blue's own health, as the gateway's health checks see it.
    BlueHealth {
        healthy: bool,
    },
    /// No request is in flight any more on a side that was to drain.
    Drained(Side),
    /// The wake-up that was asked for, or any other time.
    Tick,
    /// The state was read back. `now` is on a new clock; for this long nobody looked.
    Restarted {
        down_seconds: f64,
    },
}

/// What is to be done, in the order given. A rollback's first effect waits for nothing; an
/// advance's `SetShare` waits for its `Persist`.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Put this split in force; latched: pins and mirrors to green end, only a forced side
    /// reaches it.
    SetShare {
        green: Share,
        latched: bool,
    },
    /// Let the requests in flight on a side end, and say `Drained` then.
    Drain {
        side: Side,
        timeout_seconds: f64,
    },
    /// Write the state down.
    Persist,
    Notify(Notice),
    /// Say `Tick` at this time, on the clock of `now`.
    WakeAt(f64),
}

/// For people: a transition, or something worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub from: Stage,
    pub to: Stage,
    pub phase: usize,
    /// Reads alone, but for the deployment's name.
    pub sentence: String,
}
