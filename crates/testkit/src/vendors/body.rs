//! The body of a simulated answer: its pace, and how it ends.
//!
//! A body has a source (bytes, or a stream of events at a token rate) and an ending. Sources are already cut
//! where a fault wants them cut; the ending says what happens there.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::answer::Answer;
use super::dialects::EventWriter;
use super::errors::error_event;
use super::pieces::Piece;
use super::registry::InFlight;
use super::socket::ResetSwitch;

pub(super) struct AnswerBody {
    source: Source,
    ending: Ending,
    in_flight: Option<InFlight>,
    flushed_before_reset: bool,
}

pub(super) enum Source {
    /// One piece, and how many tokens it stands for.
    Whole(Option<Bytes>, u64),
    Paced(Box<PacedStream>),
}

pub(super) enum Ending {
    /// The whole answer was sent.
    Complete,
    /// An orderly end of an answer that is not whole or not sound.
    Faulty,
    /// Nothing more comes, and the connection stays.
    Stalled,
    Reset(ResetSwitch),
}

/// Events that come due one token at a time.
pub(super) struct PacedStream {
    pieces: std::vec::IntoIter<Piece>,
    writer: EventWriter,
    answer: Answer,
    time_per_token: Duration,
    started: Option<Instant>,
    tokens_written: u32,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Why hyper is told to drop the connection.
#[derive(Debug, thiserror::Error)]
#[error("the simulated vendor breaks the connection on purpose")]
pub(super) struct BrokenOnPurpose;

/// What is due at once goes out in one write up to this size; it bounds the memory of a fast stream to a slow
/// reader.
const LARGEST_FRAME: usize = 16 * 1024;

/// No event in any dialect, nor valid UTF-8.
pub(super) const GARBAGE: &[u8] =
    b"data: {\"id\": \"chatcm\xff\xfe<html><h1>502 Bad Gateway</h1></html>\r\n\n\n";

impl AnswerBody {
    pub(super) fn new(source: Source, ending: Ending, in_flight: Option<InFlight>) -> AnswerBody {
        AnswerBody {
            source,
            ending,
            in_flight,
            flushed_before_reset: false,
        }
    }

    /// A body outside any model's accounts: errors before routing, the simulator's own pages.
    pub(super) fn plain(bytes: impl Into<Bytes>) -> AnswerBody {
        AnswerBody::new(Source::Whole(Some(bytes.into()), 0), Ending::Complete, None)
    }

    fn note_tokens(&mut self, tokens: u64) {
        if let Some(in_flight) = &mut self.in_flight {
            in_flight.count_tokens(tokens);
        }
    }

    /// Counts the request as over once all is handed out and nothing more is to come.
    fn note_end_of_source(&mut self) {
        let Some(in_flight) = &mut self.in_flight else {
            return;
        };
        match self.ending {
            Ending::Complete => in_flight.answered(),
            Ending::Faulty | Ending::Reset(_) => in_flight.troubled(),
            Ending::Stalled => {}
        }
    }

    fn end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOnPurpose>>> {
        match &self.ending {
            Ending::Complete | Ending::Faulty => Poll::Ready(None),
            Ending::Stalled => Poll::Pending,
            Ending::Reset(switch) if self.flushed_before_reset => {
                switch.throw();
                Poll::Ready(Some(Err(BrokenOnPurpose)))
            }
            Ending::Reset(_) => {
                // hyper flushes what it has when a body is pending; only then may the connection go.
                self.flushed_before_reset = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BrokenOnPurpose;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOnPurpose>>> {
        let next = match &mut self.source {
            Source::Whole(bytes, tokens) => Poll::Ready(bytes.take().map(|bytes| (bytes, *tokens))),
            Source::Paced(stream) => stream.poll_due(cx),
        };
        match next {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => self.end(cx),
            Poll::Ready(Some((bytes, tokens))) => {
                self.note_tokens(tokens);
                if self.source.is_empty() {
                    self.note_end_of_source();
                }
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.ending, Ending::Complete) && self.source.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.source, &self.ending) {
            (Source::Whole(bytes, _), Ending::Complete) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            _ => SizeHint::default(),
        }
    }
}

impl Source {
    fn is_empty(&self) -> bool {
        match self {
            Source::Whole(bytes, _) => bytes.is_none(),
            Source::Paced(stream) => stream.pieces.as_slice().is_empty(),
        }
    }
}

impl PacedStream {
    pub(super) fn new(
        pieces: Vec<Piece>,
        writer: EventWriter,
        answer: Answer,
        time_per_token: Duration,
    ) -> PacedStream {
        PacedStream {
            pieces: pieces.into_iter(),
            writer,
            answer,
            time_per_token,
            started: None,
            tokens_written: 0,
            timer: None,
        }
    }

    /// All events that are due by now in one piece, with the number of tokens in it.
    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Bytes, u64)>> {
        loop {
            let (bytes, tokens) = self.write_due();
            if !bytes.is_empty() {
                return Poll::Ready(Some((bytes, tokens)));
            }
            if self.pieces.as_slice().is_empty() {
                return Poll::Ready(None);
            }
            let due = self.next_due();
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
            if timer.deadline() != due {
                timer.as_mut().reset(due);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn write_due(&mut self) -> (Bytes, u64) {
        let mut out = BytesMut::new();
        let now = Instant::now();
        self.started.get_or_insert(now);
        let mut tokens = 0;
        while let Some(&piece) = self.pieces.as_slice().first() {
            if out.len() >= LARGEST_FRAME || (piece.is_token() && now < self.next_due()) {
                break;
            }
            self.pieces.next();
            if piece.is_token() {
                tokens += 1;
                self.tokens_written = self.tokens_written.saturating_add(1);
            }
            match piece {
                Piece::Garbage => out.extend_from_slice(GARBAGE),
                Piece::Error => {
                    out.extend_from_slice(&error_event(self.writer.vendor(), self.writer.is_responses()))
                }
                piece => self.writer.write(piece, &self.answer, &mut out),
            }
        }
        (out.freeze(), tokens)
    }

    fn next_due(&self) -> Instant {
        let started = self.started.unwrap_or_else(Instant::now);
        started + self.time_per_token.saturating_mul(self.tokens_written)
    }
}
