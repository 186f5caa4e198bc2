//! A state as bytes, to be written down and read back by whoever keeps it.
//!
//! Little-endian numbers in a fixed order behind a version. Names of states, causes and streams
//! are written as words, so that an enum may grow. Nothing is read that could not have been
//! written: a damaged record is refused, and never half a state.

mod bytes;

use crate::Side;
use crate::evidence::{FirstOfUnit, Stream, Streams, Tally};

use bytes::{Reader, Writer};

use super::plan::Plan;
use super::stage::Stage;
use super::state::{ApprovalState, BlueState, Clock, DrainState, State};
use super::verdict::{Cause, Counted, Grounds, Verdict, VerdictAction};

/// Changes with every change of what is written.
const VERSION: &[u8] = b"rollout1";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the rollout's record is of another version")]
    Version,
    #[error("the rollout's record is damaged: {0}")]
    Damaged(&'static str),
    #[error("the rollout's record does not fit its plan")]
    OtherPlan,
}

impl State {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(VERSION.to_vec());
        out.text(self.stage.name());
        out.number(self.phase as f64);
        out.share(self.share);
        out.flag(self.share_by_hand);
        for number in [
            self.clock.now,
            self.clock.elapsed,
            self.clock.in_phase,
            self.clock.paused,
        ] {
            out.number(number);
        }
        out.number(self.requests_in_phase as f64);
        out.number(f64::from(self.probes_passed));
        out.number(f64::from(self.probes_failed));
        out.optional(self.approval.asked_at);
        out.flag(self.approval.given);
        out.flag(self.approval.timed_out);
        out.optional(self.approval.given_for.map(|phase| phase as f64));
        out.optional(self.capacity_refused_at);
        out.flag(self.blue.down);
        out.flag(self.blue.worse_since.is_some());
        out.numbers(&self.blue.worse_since.unwrap_or_default());
        out.drain(self.drain);
        out.flag(self.promoted_by_hand);
        out.streams(self.told);
        out.streams(self.settled);
        out.verdict(self.noticed.as_deref());
        out.flag(self.acknowledged);
        out.verdict(self.verdict.as_deref());
        out.list(&self.failures, |out, id| out.text(id));
        out.numbers(&self.judge.engine);
        out.numbers(&self.judge.guard);
        out.flag(self.judge.window.is_some());
        if let Some(window) = &self.judge.window {
            out.numbers(&**window);
        }
        out.words(self.judge.units.words());
        out.0
    }

    /// Say `Event::Restarted` next: the record's clock is not this process's.
    pub fn from_bytes(plan: &Plan, bytes: &[u8]) -> Result<State, Unreadable> {
        let mut from = Reader(bytes.strip_prefix(VERSION).ok_or(Unreadable::Version)?);
        let stage = from.named(Stage::from_name)?;
        let phase = from.count()?;
        let share = from.share()?;
        let mut state = State::new(share, 0.0);
        state.stage = stage;
        state.phase = phase;
        state.share_by_hand = from.flag()?;
        state.clock = Clock {
            now: from.number()?,
            elapsed: from.number()?,
            in_phase: from.number()?,
            paused: from.number()?,
        };
        state.requests_in_phase = from.count()? as u64;
        state.probes_passed = from.count()? as u32;
        state.probes_failed = from.count()? as u32;
        state.approval = ApprovalState {
            asked_at: from.optional()?,
            given: from.flag()?,
            timed_out: from.flag()?,
            given_for: from.optional()?.map(|phase| phase as usize),
        };
        state.capacity_refused_at = from.optional()?;
        let (down, is_worse) = (from.flag()?, from.flag()?);
        let mut since = Tally::default();
        from.numbers(&mut since)?;
        state.blue = BlueState {
            down,
            worse_since: is_worse.then_some(since),
        };
        state.drain = from.drain()?;
        state.promoted_by_hand = from.flag()?;
        state.told = from.streams()?;
        state.settled = from.streams()?;
        state.noticed = from.verdict()?.map(Box::new);
        state.acknowledged = from.flag()?;
        state.verdict = from.verdict()?.map(Box::new);
        state.failures = from.list(|from| from.text().map(Into::into))?;
        from.numbers(&mut state.judge.engine)?;
        from.numbers(&mut state.judge.guard)?;
        if from.flag()? {
            from.numbers(&mut **state.judge.window.insert(Box::default()))?;
        }
        let words = from.words(state.judge.units.words().len())?;
        state.judge.units =
            FirstOfUnit::from_words(&words).ok_or(Unreadable::Damaged("units are missing"))?;
        if !from.0.is_empty() {
            return Err(Unreadable::Damaged("it goes on after its end"));
        }
        if state.phase > plan.last() {
            return Err(Unreadable::OtherPlan);
        }
        Ok(state)
    }
}

impl Writer {
    fn streams(&mut self, streams: Streams) {
        let named: Vec<Stream> = streams.iter().collect();
        self.list(&named, |out, stream| out.text(stream.name()));
    }

    fn drain(&mut self, drain: Option<DrainState>) {
        self.flag(drain.is_some());
        if let Some(drain) = drain {
            self.flag(drain.side == Side::Green);
            self.number(drain.since);
            self.flag(drain.done);
        }
    }

    fn verdict(&mut self, verdict: Option<&Verdict>) {
        self.flag(verdict.is_some());
        let Some(verdict) = verdict else { return };
        self.text(verdict.action.name());
        self.text(verdict.cause.name());
        self.flag(verdict.grounds.is_some());
        if let Some(grounds) = verdict.grounds {
            self.grounds(grounds);
        }
        self.number(verdict.at_seconds);
        self.number(verdict.phase as f64);
        self.number(verdict.phases as f64);
        self.share(verdict.share);
        self.share(verdict.planned);
        self.flag(verdict.note.is_some());
        self.text(verdict.note.as_deref().unwrap_or_default());
        self.list(&verdict.first_request_ids, |out, id| out.text(id));
        self.list(&verdict.last_request_ids, |out, id| out.text(id));
    }

    fn grounds(&mut self, grounds: Grounds) {
        self.text(grounds.stream.name());
        for number in [
            grounds.evidence,
            grounds.limit,
            grounds.alpha,
            grounds.effect,
            grounds.green.n,
            grounds.green.x,
            grounds.blue.n,
            grounds.blue.x,
            grounds.window_seconds,
        ] {
            self.number(number);
        }
    }
}

impl Reader<'_> {
    fn streams(&mut self) -> Result<Streams, Unreadable> {
        let mut streams = Streams::default();
        for stream in self.list(|from| from.named(Stream::from_name))? {
            streams.insert(stream);
        }
        Ok(streams)
    }

    fn drain(&mut self) -> Result<Option<DrainState>, Unreadable> {
        if !self.flag()? {
            return Ok(None);
        }
        Ok(Some(DrainState {
            side: if self.flag()? { Side::Green } else { Side::Blue },
            since: self.number()?,
            done: self.flag()?,
        }))
    }

    fn verdict(&mut self) -> Result<Option<Verdict>, Unreadable> {
        if !self.flag()? {
            return Ok(None);
        }
        let action = |name: &str| {
            VerdictAction::ALL
                .into_iter()
                .find(|action| action.name() == name)
        };
        let (action, cause) = (self.named(action)?, self.named(Cause::from_name)?);
        let grounds = if self.flag()? { Some(self.grounds()?) } else { None };
        let (at_seconds, phase, phases) = (self.number()?, self.count()?, self.count()?);
        let (share, planned) = (self.share()?, self.share()?);
        let (has_note, note) = (self.flag()?, self.text()?);
        Ok(Some(Verdict {
            action,
            cause,
            grounds,
            at_seconds,
            phase,
            phases,
            share,
            planned,
            note: has_note.then_some(note),
            first_request_ids: self.list(|from| from.text())?,
            last_request_ids: self.list(|from| from.text())?,
        }))
    }

    fn grounds(&mut self) -> Result<Grounds, Unreadable> {
        let stream = self.named(Stream::from_name)?;
        let mut next = || self.number();
        Ok(Grounds {
            stream,
            evidence: next()?,
            limit: next()?,
            alpha: next()?,
            effect: next()?,
            green: Counted {
                n: next()?,
                x: next()?,
            },
            blue: Counted {
                n: next()?,
                x: next()?,
            },
            window_seconds: next()?,
        })
    }
}
