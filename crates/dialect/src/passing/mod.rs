//! Answers between the same dialects: bytes pass as they came. They are still read, because a gateway that
//! does not look would call a cut stream, an error under status 200 or a web page a success.

mod anthropic;
mod array;
mod chat;
mod gemini;
mod responses;
mod template;
mod whole;
mod whole_stream;

use crate::broken::Broken;
use crate::door::Door;
use crate::json::Span;
use crate::sse::{Data, Event, EventReader};
use crate::usage::{AnthropicUsage, Usage};

/// What is known of an answer so far.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) begun: bool,
    /// The answer is complete by its dialect's own rules.
    pub(crate) ended: bool,
    pub(crate) usage: Option<Usage>,
    pub(crate) finish: Option<String>,
    pub(crate) output_events: u64,
    pub(crate) output_bytes: u64,
    /// Parallel answers (`n`) that were seen and that finished, one bit each, the last bit for all beyond.
    pub(crate) choices_seen: u128,
    pub(crate) choices_finished: u128,
    pub(crate) anthropic: AnthropicUsage,
    template: template::Template,
}

/// What to do with an event of a stream.
pub(crate) enum Verdict {
    Pass,
    /// Passes, but says nothing about the answer.
    Idle,
    Drop,
    /// Passes without this piece of its data.
    Cut(Span),
}

pub(crate) struct Passing {
    door: Door,
    stream: bool,
    /// The client did not ask for the usage that the vendor was asked for.
    hides_usage: bool,
    array: Option<array::ArrayWriter>,
    events: EventReader,
    pub(crate) facts: Facts,
}

impl Passing {
    pub(crate) fn new(door: Door, stream: bool, hides_usage: bool, array: bool) -> Passing {
        let array = array.then(array::ArrayWriter::default);
        Passing {
            door,
            stream,
            hides_usage,
            array,
            events: EventReader::default(),
            facts: Facts::default(),
        }
    }

    /// Checks an answer that the client gets as it is; false if it is to be made another, and was not looked at.
    pub(crate) fn passes_whole(&mut self, body: &[u8]) -> Result<bool, Broken> {
        if self.stream {
            return Ok(false);
        }
        whole::read(self.door, body, &mut self.facts)?;
        self.facts.begun = true;
        self.facts.ended = true;
        Ok(true)
    }

    pub(crate) fn whole(&mut self, body: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
        if self.passes_whole(body)? {
            out.extend_from_slice(body);
            return Ok(());
        }
        whole::read(self.door, body, &mut self.facts)?;
        match &mut self.array {
            Some(array) => {
                array.element(body, out);
                array.close(out);
            }
            None => whole_stream::write(self.door, body, self.hides_usage, out)?,
        }
        self.facts.begun = true;
        self.facts.ended = true;
        Ok(())
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
        if self.door == Door::Other {
            self.facts.begun |= !bytes.is_empty();
            out.extend_from_slice(bytes);
            return Ok(());
        }
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
        if self.door == Door::Other {
            return Ok(());
        }
        if !self.facts.ended
            && let Some(event) = self.events.last()
        {
            // Half an event is no event: it counts only if it is whole but for the blank line.
            let taken = out.len();
            match self.event(event, out) {
                Ok(()) if out.len() > taken && self.array.is_none() => out.extend_from_slice(b"\n\n"),
                Ok(()) => {}
                Err(Broken::Garbage(_)) => return Err(Broken::Disconnected),
                Err(broken) => return Err(broken),
            }
        }
        let finished = self.facts.choices_finished;
        if !self.facts.ended && (finished == 0 || finished != self.facts.choices_seen) {
            return Err(Broken::Disconnected);
        }
        self.facts.ended = true;
        if let Some(array) = &mut self.array {
            array.close(out);
        }
        Ok(())
    }

    pub(crate) fn content_type(&self) -> Option<&'static str> {
        match (self.door, self.stream, &self.array) {
            (Door::Other, ..) => None,
            (_, true, None) => Some("text/event-stream"),
            (_, true, Some(_)) | (_, false, _) => Some("application/json"),
        }
    }

    /// For streams that are written as an array: what must stand before the next element.
    pub(crate) fn array_separator(&self) -> Option<&'static str> {
        self.array.as_ref().map(array::ArrayWriter::separator)
    }

    fn event(&mut self, event: Event, out: &mut Vec<u8>) -> Result<(), Broken> {
        if event.alien {
            return Err(Broken::Garbage("the body is no event stream"));
        }
        let Some(data) = self.events.data(&event) else {
            if self.array.is_none() {
                out.extend_from_slice(self.events.bytes(event.raw));
            }
            return Ok(());
        };
        if is_junk(data) || self.facts.ended {
            return Ok(());
        }
        let name = self.events.name(&event);
        let verdict = match self.door {
            Door::Chat | Door::Completions => chat::event(data, name, self.hides_usage, &mut self.facts)?,
            Door::Responses => responses::event(data, name, &mut self.facts)?,
            Door::Messages => anthropic::event(data, name, &mut self.facts)?,
            Door::Generate | Door::StreamGenerate => gemini::event(data, &mut self.facts)?,
            Door::Embeddings | Door::CountTokens | Door::GeminiCountTokens => {
                return Err(Broken::Garbage("a stream where none was asked for"));
            }
            Door::Other => Verdict::Pass,
        };
        if matches!(verdict, Verdict::Pass | Verdict::Cut(_) | Verdict::Drop) {
            self.facts.begun = true;
        }
        match (verdict, &mut self.array) {
            (Verdict::Drop, _) => {}
            (_, Some(array)) => array.element(data, out),
            (Verdict::Pass | Verdict::Idle, None) => out.extend_from_slice(self.events.bytes(event.raw)),
            (Verdict::Cut(piece), None) => self.write_without(event, piece, out),
        }
        Ok(())
    }

    fn write_without(&self, event: Event, piece: Span, out: &mut Vec<u8>) {
        match event.data {
            Data::OneLine(place) => {
                let before = Span {
                    start: event.raw.start,
                    end: place.start + piece.start,
                };
                let after = Span {
                    start: place.start + piece.end,
                    end: event.raw.end,
                };
                out.extend_from_slice(self.events.bytes(before));
                out.extend_from_slice(self.events.bytes(after));
            }
            Data::Joined | Data::None => {
                let data = self.events.data(&event).unwrap_or_default();
                let around = [data.get(..piece.start), data.get(piece.end..)];
                let left = around.map(Option::unwrap_or_default).concat();
                for line in left.split(|&byte| byte == b'\n') {
                    out.extend_from_slice(b"data: ");
                    out.extend_from_slice(line);
                    out.push(b'\n');
                }
                out.push(b'\n');
            }
        }
    }
}

/// Data that is no data: empty, or a keep-alive comment that some proxies wrap into a data line.
pub(crate) fn is_junk(data: &[u8]) -> bool {
    let first = data.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, None | Some(b':'))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
