//! An answer on its way through: vendor's bytes in, client's bytes out, until either ends.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use dialect::{Fault, Reader};
use tokio::time::{Instant, Sleep};

use crate::attempt::of_broken;
use crate::outcome::{End, FailureKind};
use crate::refused::of_failure;
use crate::ticket::Ticket;
use crate::upstream::{Body, Failure};
use crate::worker::Worker;

/// How often the progress of a request that somebody pays for is marked. With the time that a mark waits for company and
/// for the disk, at most 250 ms of an answer are not written down.
const MARK_EVERY: Duration = Duration::from_millis(150);

pub(crate) struct Relay {
    worker: Rc<Worker>,
    body: Body,
    reader: Reader,
    ticket: Option<Ticket>,
    /// What was read before the answer began.
    first: Vec<u8>,
    idle: Duration,
    total_by: Instant,
    last_byte: Instant,
    /// Set to when the idle limit would be reached if nothing came; only looked at when it fires,
    /// since moving it with each event would cost more than the event.
    alarm: Pin<Box<Sleep>>,
    /// When the next mark is due; `None` where nobody pays.
    mark_at: Option<Instant>,
}

/// What a relay has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Bytes were appended, and more will come.
    More,
    /// Nothing more will come; bytes may have been appended.
    End,
}

impl Relay {
    pub(crate) fn new(
        worker: &Rc<Worker>,
        (body, reader, first): (Body, Reader, Vec<u8>),
        (idle, total_by): (Duration, Instant),
        ticket: Ticket,
    ) -> Relay {
        let now = Instant::now();
        let mark_at = ticket.paid.then(|| now + MARK_EVERY);
        Relay {
            mark_at,
            worker: Rc::clone(worker),
            body,
            reader,
            ticket: Some(ticket),
            first,
            idle,
            total_by,
            last_byte: now,
            alarm: Box::pin(tokio::time::sleep_until(total_by.min(now + idle))),
        }
    }

    /// Appends what has arrived to `out`. A vendor's failure becomes the stream's last event; once
    /// `End` is returned, the relay is not polled again and `close` tells how it ended.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Poll<Step> {
        if !self.first.is_empty() {
            // With its room: a client may take its time.
            out.extend_from_slice(&std::mem::take(&mut self.first));
            self.mark_if_due();
            return Poll::Ready(Step::More);
        }
        let before = out.len();
        let mut payload = self.worker.payload.take();
        let step = loop {
            payload.clear();
            let failed = match self.body.poll_read(cx, &mut payload) {
                Poll::Pending => match self.poll_alarm(cx) {
                    Poll::Ready(kind) => Some(Failure::new(kind, "the answer stopped coming")),
                    Poll::Pending => break Poll::Pending,
                },
                Poll::Ready(Ok(true)) => {
                    self.last_byte = Instant::now();
                    // Growing piece by piece would make twice the room, for as long as the client takes.
                    out.reserve(payload.len());
                    self.reader.feed(&payload, out).err().map(of_broken)
                }
                Poll::Ready(Ok(false)) => match self.reader.end(out) {
                    Ok(()) => break Poll::Ready(Step::End),
                    Err(broken) => Some(of_broken(broken)),
                },
                Poll::Ready(Err(error)) => Some(Failure::from_io(&error)),
            };
            if let Some(failure) = failed {
                self.fail(&failure, out);
                break Poll::Ready(Step::End);
            }
            if out.len() > before {
                break Poll::Ready(Step::More);
            }
        };
        self.worker.payload.set(payload);
        if step == Poll::Ready(Step::More) {
            self.mark_if_due();
        }
        if step == Poll::Ready(Step::End) {
            self.count();
        }
        step
    }

    /// All that there was has been written to the client.
    pub(crate) fn close(&mut self) {
        let Some(mut ticket) = self.ticket.take() else {
            return;
        };
        let broken = ticket.last_attempt().and_then(|attempt| attempt.failure);
        ticket.end(broken.map_or(End::Complete, End::Broken));
    }

    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<FailureKind> {
        while self.alarm.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now >= self.total_by {
                return Poll::Ready(FailureKind::TotalTimeout);
            }
            let due = self.last_byte + self.idle;
            if now >= due {
                return Poll::Ready(FailureKind::IdleTimeout);
            }
            self.alarm.as_mut().reset(due.min(self.total_by));
        }
        Poll::Pending
    }

    fn fail(&mut self, failure: &Failure, out: &mut Vec<u8>) {
        let shown = of_failure(failure.kind);
        let fault = Fault {
            status: shown.status,
            code: shown.code,
            message: &shown.message,
            param: None,
            request_id: self.ticket.as_ref().map_or("", Ticket::request_id),
        };
        self.reader.fail(&fault, out);
        if let Some(ticket) = &mut self.ticket {
            tracing::warn!(
                request_id = ticket.request_id(),
                kind = failure.kind.name(),
                detail = failure.detail,
                "a stream broke"
            );
            ticket.attempt_failed(failure.kind, None);
        }
    }

    /// Only where somebody pays.
    fn mark_if_due(&mut self) {
        if self.mark_at.is_some_and(|due| due <= self.last_byte) {
            self.mark_at = Some(self.last_byte + MARK_EVERY);
            self.count();
            if let Some(ticket) = &mut self.ticket {
                ticket.mark();
            }
        }
    }

    fn count(&mut self) {
        let reader = &self.reader;
        if let Some(attempt) = self.ticket.as_mut().and_then(Ticket::last_attempt) {
            attempt.usage = reader.usage();
            attempt.written_bytes = reader.output_bytes();
            attempt.written_events = reader.output_events();
            attempt.finished = reader.finish().is_some();
        }
    }
}

impl Drop for Relay {
    /// The client left in mid-stream: what was generated so far is counted all the same.
    fn drop(&mut self) {
        self.count();
    }
}
