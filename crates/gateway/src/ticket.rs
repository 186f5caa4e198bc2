//! The record of a request under way, which is handed on however the request ends.
//!
//! Dropping it is an end too: the client left. So nothing that a request used or caused can be
//! lost with a connection.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use decide::Share;
use dialect::{Dialect, Door, Usage};
use tokio::time::Instant;

use crate::answer::{has_line, push_field, push_number};
use crate::attempt::Trial;
use crate::flight::{Boarded, Flight};
use crate::forward;
use crate::limits::{Pass, Standing};
use crate::memory::{Room, make_room};
use crate::outcome::{Attempt, End, FailureKind, Outcome, Told};
use crate::said;
use crate::stay::Stay;
use crate::worker::Worker;

pub(crate) struct Ticket {
    worker: Rc<Worker>,
    /// `None` once it was handed on.
    outcome: Option<Box<Outcome>>,
    /// The request's head had arrived.
    pub(crate) started: Instant,
    /// When the attempt under way was sent.
    attempt_started: Instant,
    /// The environment that is being used.
    boarded: Option<Boarded>,
    /// Its place among those that wait for a first byte.
    place: Option<usize>,
    /// What the prompt comes to, estimated: for limits, and for answers whose vendor does not count.
    pub(crate) prompt_tokens: u64,
    /// Of a key with limits.
    pub(crate) limited: Option<Box<Limited>>,
    /// The charge that money is held for, or that was marked.
    charge: Option<Box<str>>,
    /// Somebody pays for it, so its progress is marked.
    pub(crate) paid: bool,
    /// Where it may have to be finished without its client.
    pub(crate) stay: Option<Rc<Stay>>,
    /// The memory of its bodies, if they are large.
    pub(crate) room: Option<Box<Room>>,
}

/// What a request knows of its key's limits.
#[derive(Default)]
pub(crate) struct Limited {
    /// What is left of them.
    pub(crate) standing: Standing,
    /// Its place within them, once it has one.
    pub(crate) pass: Option<Pass>,
}

impl Ticket {
    /// An empty `request_id` gets a new one.
    pub(crate) fn new(worker: &Rc<Worker>, request_id: String, door: Door, path: &str) -> Ticket {
        let now = Instant::now();
        let request_id = if request_id.is_empty() {
            said::new_request_id()
        } else {
            request_id
        };
        let outcome = Outcome {
            request_id,
            door,
            path: path.to_owned(),
            deployment: None,
            key: None,
            list: None,
            markup: 0,
            route: None,
            stream: false,
            monitoring: false,
            attempts: Vec::new(),
            status: 0,
            end: End::ClientLeft,
            duration: Duration::ZERO,
            first_byte: None,
            overhead: Duration::ZERO,
            at: unix_millis(),
            told: Told::Nothing,
        };
        Ticket {
            worker: Rc::clone(worker),
            outcome: Some(Box::new(outcome)),
            started: now,
            attempt_started: now,
            boarded: None,
            place: None,
            prompt_tokens: 0,
            limited: None,
            charge: None,
            paid: false,
            stay: None,
            room: None,
        }
    }

    /// From now on, whoever judges sees that this environment has not answered yet.
    pub(crate) fn wait_for(&mut self, flight: &Arc<Flight>, share: Share, unit: Option<u64>) {
        let room = &self.worker.shared.waiting_room;
        self.place = room.enter(self.request_id(), flight, self.started, share, unit);
    }

    fn wait_no_more(&mut self) {
        if let Some(place) = self.place.take() {
            self.worker.shared.waiting_room.leave(place);
        }
    }

    /// Has memory for a body that takes this many bytes by now; false if there is none.
    pub(crate) fn make_room(&mut self, bytes: usize) -> bool {
        make_room(&mut self.room, &self.worker, bytes)
    }

    /// The record so far; `None` only after the end.
    pub(crate) fn record(&mut self) -> Option<&mut Outcome> {
        self.outcome.as_deref_mut()
    }

    pub(crate) fn request_id(&self) -> &str {
        self.outcome
            .as_deref()
            .map_or("", |outcome| outcome.request_id.as_str())
    }

    /// What the attempt under way needs of it.
    pub(crate) fn trial(&mut self) -> Trial<'_> {
        let id = self.outcome.as_deref().map(|outcome| outcome.request_id.as_str());
        Trial {
            request_id: id.unwrap_or_default(),
            started: self.attempt_started,
            room: &mut self.room,
        }
    }

    pub(crate) fn path(&self) -> &str {
        self.outcome
            .as_deref()
            .map_or("", |outcome| outcome.path.as_str())
    }

    /// Milliseconds since the Unix epoch at which the head arrived.
    pub(crate) fn at(&self) -> u64 {
        self.outcome.as_deref().map_or(0, |outcome| outcome.at)
    }

    /// An attempt begins; the one before it is over.
    pub(crate) fn attempt(&mut self, attempt: Attempt, boarded: Option<Boarded>) {
        self.attempt_started = Instant::now();
        self.boarded = boarded;
        let started = self.attempt_started.duration_since(self.started);
        if let Some(outcome) = &mut self.outcome {
            // Nearly all requests have one, and the last ten thousand are kept.
            outcome.attempts.reserve_exact(1);
            outcome.attempts.push(Attempt { started, ..attempt });
        }
    }

    pub(crate) fn attempt_failed(&mut self, kind: FailureKind, status: Option<u16>) {
        self.wait_no_more();
        let duration = self.attempt_started.elapsed();
        if let Some(attempt) = self.last_attempt() {
            attempt.failure = Some(kind);
            attempt.status = status.or(attempt.status);
            attempt.duration = duration;
        }
    }

    /// The vendor's answer has begun to say something.
    pub(crate) fn first_byte(&mut self, status: u16) {
        self.wait_no_more();
        let now = Instant::now();
        let since_sent = now.duration_since(self.attempt_started);
        let since_head = now.duration_since(self.started);
        let earlier = self
            .outcome
            .as_deref()
            .map(|o| o.attempts.iter().map(|a| a.duration).sum());
        if let Some(attempt) = self.last_attempt() {
            attempt.status = Some(status);
            attempt.first_byte = Some(since_sent);
        }
        if let Some(outcome) = &mut self.outcome {
            outcome.first_byte = Some(since_head);
            outcome.overhead = since_head
                .saturating_sub(since_sent)
                .saturating_sub(earlier.unwrap_or_default());
        }
    }

    /// Tells whoever judges what is known by now, once: the end may be long in coming.
    pub(crate) fn tell_early(&mut self, told: Told) {
        let Some(outcome) = &mut self.outcome else { return };
        let is_judged = !outcome.monitoring && outcome.route.is_some_and(|route| route.is_drawn());
        if !is_judged || outcome.told >= told {
            return;
        }
        let mut so_far = outcome.clone();
        so_far.duration = self.started.elapsed();
        outcome.told = told;
        self.worker.shared.observer.notice(so_far);
    }

    pub(crate) fn last_attempt(&mut self) -> Option<&mut Attempt> {
        self.outcome.as_deref_mut()?.attempts.last_mut()
    }

    pub(crate) fn attempts(&self) -> usize {
        self.outcome
            .as_deref()
            .map_or(0, |outcome| outcome.attempts.len())
    }

    /// Nothing was sent after all.
    pub(crate) fn forget_attempt(&mut self) {
        if let Some(outcome) = &mut self.outcome {
            outcome.attempts.pop();
        }
    }

    /// A request that no statistics are kept of.
    pub(crate) fn forget(mut self) {
        self.outcome = None;
    }

    /// From now on something may be held for it; the charge's id.
    pub(crate) fn open_charge(&mut self) -> String {
        let mut charge = format!("{}.", self.request_id());
        said::push_nonce(&mut charge);
        self.charge = Some(charge.as_str().into());
        charge
    }

    /// Nothing is held after all.
    pub(crate) fn forget_charge(&mut self) {
        self.charge = None;
    }

    /// Has what it cost so far written down, in case that this is the last that is heard of it.
    pub(crate) fn mark(&mut self) {
        if self.charge.is_none() {
            self.open_charge();
        }
        let (Some(till), Some(charge)) = (self.worker.shared.till(), &self.charge) else {
            return;
        };
        let Some(outcome) = &mut self.outcome else { return };
        let counted = outcome
            .attempts
            .last()
            .map(|attempt| (attempt.usage, attempt.estimated));
        estimate(outcome, self.prompt_tokens);
        till.mark(charge, outcome);
        // The estimate was for this moment.
        if let Some((attempt, (usage, estimated))) = outcome.attempts.last_mut().zip(counted) {
            (attempt.usage, attempt.estimated) = (usage, estimated);
        }
    }

    /// The header lines that every answer carries.
    pub(crate) fn push_lines(&self, lines: &mut Vec<u8>) {
        let Some(outcome) = &self.outcome else { return };
        // Ours, or a client's that was looked at.
        push_field(lines, b"x-request-id", outcome.request_id.as_bytes());
        // Where Anthropic's clients look for it. A vendor's own stays: only it means something to that vendor.
        if outcome.door.dialect() == Dialect::Anthropic && !has_line(lines, b"request-id") {
            push_field(lines, b"request-id", outcome.request_id.as_bytes());
        }
        let so_far = || self.started.elapsed();
        let (gateway, upstream) = match outcome.first_byte {
            Some(first_byte) => (
                outcome.overhead,
                Some(first_byte.saturating_sub(outcome.overhead)),
            ),
            None if outcome.attempts.is_empty() => (so_far(), None),
            None => {
                let upstream = outcome.attempts.iter().map(|attempt| attempt.duration).sum();
                (so_far().saturating_sub(upstream), Some(upstream))
            }
        };
        lines.extend_from_slice(b"server-timing: gateway;dur=");
        push_millis(lines, gateway);
        if let Some(upstream) = upstream {
            lines.extend_from_slice(b", upstream;dur=");
            push_millis(lines, upstream);
        }
        lines.extend_from_slice(b"\r\n");
        if let Some(limited) = &self.limited
            && !limited.standing.is_empty()
        {
            forward::drop_limits(lines);
            limited.standing.push_lines(lines);
        }
    }

    /// The request is over, and this is how.
    pub(crate) fn end(mut self, end: End) {
        self.hand_on(end);
    }

    fn hand_on(&mut self, end: End) {
        self.wait_no_more();
        let Some(mut outcome) = self.outcome.take() else {
            return;
        };
        let now = Instant::now();
        outcome.end = end;
        outcome.duration = now.duration_since(self.started);
        let running = now.duration_since(self.attempt_started);
        if let Some(attempt) = outcome.attempts.last_mut()
            && attempt.duration.is_zero()
        {
            attempt.duration = running;
        }
        estimate(&mut outcome, self.prompt_tokens);
        if let Some(pass) = self.limited.take().and_then(|limited| limited.pass) {
            pass.settle(used_tokens(&outcome));
        }
        if let Some(till) = self.worker.shared.till() {
            till.settle(self.charge.take(), &outcome);
        }
        self.worker.shared.observer.observe(outcome);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.hand_on(End::ClientLeft);
    }
}

/// Fills in what a vendor did not count of an answer that had begun: all of it, or what came after its last
/// word on it before the stream was cut. Never less than it said.
fn estimate(outcome: &mut Outcome, prompt_tokens: u64) {
    let whole = outcome.end == End::Complete;
    let counts = dialect::counts_tokens(outcome.door);
    let Some(attempt) = outcome.attempts.last_mut() else {
        return;
    };
    let (begun, ended_well) = (attempt.first_byte.is_some(), whole && attempt.failure.is_none());
    // OpenAI's usage comes after the finish, the others' with it: a client that leaves then changes nothing.
    let last_word = attempt.usage.is_some() && (ended_well || attempt.finished);
    if !counts || !begun || last_word {
        return;
    }
    let counted = attempt.usage.unwrap_or_default();
    let written = dialect::streamed_tokens(attempt.written_bytes, attempt.written_events);
    let input_tokens = match counted.input_tokens {
        0 => prompt_tokens,
        said => said,
    };
    attempt.estimated = true;
    attempt.usage = Some(Usage {
        input_tokens,
        output_tokens: counted.output_tokens.max(written),
        ..counted
    });
}

/// All that the vendors were asked for, retries too: a limit is there for their sake.
fn used_tokens(outcome: &Outcome) -> u64 {
    let counted = outcome.attempts.iter().filter_map(|attempt| attempt.usage);
    counted.fold(0, |sum, usage| sum.saturating_add(usage.total_tokens()))
}

/// Milliseconds with two decimals.
fn push_millis(lines: &mut Vec<u8>, time: Duration) {
    let hundredths = u64::try_from(time.as_micros() / 10).unwrap_or(u64::MAX);
    push_number(lines, hundredths / 100);
    let rest = (hundredths % 100) as u8;
    lines.extend_from_slice(&[b'.', b'0' + rest / 10, b'0' + rest % 10]);
}

pub(crate) fn unix_millis() -> u64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
