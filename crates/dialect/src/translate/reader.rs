//! Reads a vendor's answer and writes the door's, piece by piece as it comes.

use crate::broken::Broken;
use crate::json::{Json, Rules};
use crate::passing::Facts;
use crate::sse::{Event, EventReader};
use crate::translate::answer::{Collected, Finish, Piece};
use crate::translate::vendors::Decoder;
use crate::translate::writer::{self, Answering, StreamWriter};

pub(crate) struct Translating {
    answering: Answering,
    stream: bool,
    decoder: Decoder,
    writer: StreamWriter,
    events: EventReader,
    closed: bool,
    pub(crate) facts: Facts,
}

impl Translating {
    pub(crate) fn new(answering: Answering, stream: bool, decoder: Decoder) -> Translating {
        let writer = StreamWriter::new(answering.door);
        let (events, facts) = (EventReader::default(), Facts::default());
        Translating {
            answering,
            stream,
            decoder,
            writer,
            events,
            closed: false,
            facts,
        }
    }

    pub(crate) fn content_type(&self) -> &'static str {
        if self.stream && !self.answering.array {
            "text/event-stream"
        } else {
            "application/json"
        }
    }

    /// For streams that are written as an array: what must stand before the next element.
    pub(crate) fn array_separator(&self) -> Option<&'static str> {
        let begun = self.facts.output_events > 0;
        (self.stream && self.answering.array).then_some(if begun { "\n,\n" } else { "[" })
    }

    pub(crate) fn whole(&mut self, body: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
        let answer = Json::parse(body, Rules::Vendor).map_err(|_| Broken::Garbage("the body is not JSON"))?;
        if let Some(error) = answer.get("error") {
            return Err(Broken::vendor(error));
        }
        let mut collected = Collected::default();
        let Translating {
            decoder,
            writer,
            answering,
            facts,
            stream,
            ..
        } = self;
        decoder.whole(&answer, &mut |choice, piece| {
            note(facts, &piece);
            if *stream {
                writer.take(answering, choice, piece, out);
            } else {
                collected.take(choice, piece);
            }
        })?;
        self.facts.begun = true;
        if self.stream {
            self.close(out);
        } else {
            writer::whole(&self.answering, &collected, out);
            self.closed = true;
        }
        Ok(())
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
        self.events.push(bytes);
        while let Some(event) = self.events.next() {
            self.event(event, out)?;
        }
        self.events.pause();
        if self.events.too_large() {
            Err(Broken::TooLarge)
        } else {
            Ok(())
        }
    }

    pub(crate) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        if !self.closed
            && let Some(event) = self.events.last()
        {
            match self.event(event, out) {
                Err(Broken::Garbage(_)) => return Err(Broken::Disconnected),
                result => result?,
            }
        }
        if self.closed {
            return Ok(());
        }
        if !self.decoder.may_end() {
            return Err(Broken::Disconnected);
        }
        let Translating {
            decoder,
            writer,
            answering,
            facts,
            ..
        } = self;
        decoder.end(&mut |choice, piece| {
            note(facts, &piece);
            writer.take(answering, choice, piece, out);
        });
        self.close(out);
        Ok(())
    }

    fn event(&mut self, event: Event, out: &mut Vec<u8>) -> Result<(), Broken> {
        if event.alien {
            return Err(Broken::Garbage("the body is no event stream"));
        }
        let Some(data) = self.events.data(&event) else {
            return Ok(());
        };
        if crate::passing::is_junk(data) || self.closed {
            return Ok(());
        }
        let Translating {
            decoder,
            writer,
            answering,
            facts,
            ..
        } = self;
        let named_error = self.events.name(&event) == b"error";
        let told = decoder.event(data, named_error, &mut |choice, piece| {
            note(facts, &piece);
            writer.take(answering, choice, piece, out);
        })?;
        facts.begun |= told;
        if self.decoder.ended() {
            let Translating {
                decoder,
                writer,
                answering,
                facts,
                ..
            } = self;
            decoder.end(&mut |choice, piece| {
                note(facts, &piece);
                writer.take(answering, choice, piece, out);
            });
            self.close(out);
        }
        Ok(())
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if !self.closed {
            self.closed = true;
            self.facts.ended = true;
            self.writer.close(&self.answering, out);
        }
    }
}

/// What the gateway must know of a piece.
fn note(facts: &mut Facts, piece: &Piece<'_>) {
    let written = match piece {
        Piece::Text(text) | Piece::Refusal(text) | Piece::Thought(text) => text.len(),
        Piece::CallArguments { text, .. } => text.len(),
        Piece::CallStart { name, .. } => name.len(),
        Piece::Usage(usage) => {
            facts.usage = Some(*usage);
            0
        }
        Piece::Finish { why, .. } => {
            facts.finish = Some(word(*why).to_owned());
            0
        }
        Piece::Start { .. } | Piece::Proof(_) | Piece::CallEnd { .. } => 0,
    };
    if written > 0 {
        facts.output_events += 1;
        facts.output_bytes += written as u64;
    }
}

fn word(why: Finish) -> &'static str {
    match why {
        Finish::Paused => "paused",
        Finish::StopSequence => "stop_sequence",
        why => crate::translate::doors::chat_answer::finish_reason(why),
    }
}
