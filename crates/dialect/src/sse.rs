//! Server-sent events as vendors really send them: any of the three line ends, a byte order mark, comments,
//! several data lines, and packets that end anywhere, also inside a character. Bytes are kept until their
//! event is whole and only then looked at, so nothing is ever decoded in halves; and an event keeps its own
//! bytes, so what needs no change is passed on as it came.

use memchr::memchr2;

use crate::json::Span;

/// The largest event that is taken. An image in base64 or a whole answer in one event can reach some
/// megabytes; beyond 8 MiB it is a server that never ends its events, and memory is ours.
pub const EVENT_LIMIT_BYTES: usize = 8 << 20;
/// Far more than what is left of one event between two reads, as a rule.
const KEPT_ROOM: usize = 4 << 10;

/// One event; its places are good until the next `push`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    /// All its bytes, the blank line included.
    pub(crate) raw: Span,
    pub(crate) data: Data,
    name: Option<Span>,
    /// A line that no event stream has: this is some other text.
    pub(crate) alien: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    None,
    OneLine(Span),
    Joined,
}

#[derive(Default)]
pub(crate) struct EventReader {
    held: Vec<u8>,
    /// Where the event that is being read begins, its current line begins, and the search for that line's end goes on.
    event: usize,
    line: usize,
    searched: usize,
    data: Option<Span>,
    data_lines: u32,
    joined: Vec<u8>,
    name: Option<Span>,
    alien: bool,
    after_bare_return: bool,
    /// An event ended with a bare return. If a line feed comes next, it belongs to that return and to no event:
    /// whether it was there already must make no difference.
    ended_by_return: bool,
    past_start: bool,
}

impl EventReader {
    /// Takes more bytes; the places of earlier events are void from here on.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.forget_done();
        self.held.extend_from_slice(bytes);
    }

    /// To be called when `next` has no more: room that one large read took is not kept while the client takes its
    /// time with what came of it. The places of earlier events are void from here on.
    pub(crate) fn pause(&mut self) {
        if self.held.capacity() > KEPT_ROOM {
            self.forget_done();
            self.held.shrink_to(KEPT_ROOM);
        }
    }

    fn forget_done(&mut self) {
        let done = self.event;
        if done > 0 {
            self.held.drain(..done.min(self.held.len()));
            self.event = 0;
            self.line -= done;
            self.searched -= done;
            for span in [&mut self.data, &mut self.name].into_iter().flatten() {
                *span = Span {
                    start: span.start - done,
                    end: span.end - done,
                };
            }
        }
    }

    /// Whether the event that is being read has outgrown the limit. To be asked when `next` has no more.
    pub(crate) fn too_large(&self) -> bool {
        self.held.len() - self.event > EVENT_LIMIT_BYTES
    }

    /// The next whole event, if there is one.
    pub(crate) fn next(&mut self) -> Option<Event> {
        loop {
            let (line, after) = self.next_line()?;
            self.searched = after;
            self.line = after;
            if line.start == line.end {
                return Some(self.dispatch(after));
            }
            self.field(line);
        }
    }

    /// At the end of the stream: what was begun and has no blank line after it.
    pub(crate) fn last(&mut self) -> Option<Event> {
        let end = self.held.len();
        let mut line = Span {
            start: self.line,
            end,
        };
        if line.of(&self.held).ends_with(b"\r") {
            line.end -= 1;
        }
        if line.start < line.end {
            self.field(line);
        }
        self.line = end;
        self.searched = end;
        self.data.is_some().then(|| self.dispatch(end))
    }

    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        span.of(&self.held)
    }

    /// The data of an event; None if it had no data line.
    pub(crate) fn data(&self, event: &Event) -> Option<&[u8]> {
        match event.data {
            Data::None => None,
            Data::OneLine(span) => Some(span.of(&self.held)),
            Data::Joined => Some(&self.joined),
        }
    }

    pub(crate) fn name(&self, event: &Event) -> &[u8] {
        event.name.map_or(&[], |span| span.of(&self.held))
    }

    /// The next line, and the place after its end. A `\r` at the end of what is held may be half a `\r\n`,
    /// so its line waits; but not where lines end with bare returns and this one is blank, or the event
    /// would wait for the next one.
    fn next_line(&mut self) -> Option<(Span, usize)> {
        if self.ended_by_return
            && let Some(next) = self.held.get(self.searched)
        {
            self.ended_by_return = false;
            if *next == b'\n' {
                self.searched += 1;
                (self.line, self.event) = (self.searched, self.searched);
            }
        }
        let from = self.held.get(self.searched..)?;
        // Every other line is blank, as a rule.
        let found = match from.first() {
            Some(b'\n' | b'\r') => Some(0),
            Some(_) => memchr2(b'\n', b'\r', from),
            None => None,
        };
        let Some(found) = found else {
            self.searched = self.held.len();
            return None;
        };
        let end = self.searched + found;
        let line = Span {
            start: self.line,
            end,
        };
        if self.held.get(end) == Some(&b'\n') {
            self.after_bare_return = false;
            return Some((line, end + 1));
        }
        let ends_event = line.start == line.end && self.after_bare_return;
        self.ended_by_return = ends_event;
        match self.held.get(end + 1) {
            Some(b'\n') if !ends_event => {
                self.after_bare_return = false;
                Some((line, end + 2))
            }
            None if !ends_event => {
                self.searched = end;
                None
            }
            Some(_) | None => {
                self.after_bare_return = true;
                Some((line, end + 1))
            }
        }
    }

    fn field(&mut self, mut line: Span) {
        if !self.past_start {
            self.past_start = true;
            if line.of(&self.held).starts_with(b"\xef\xbb\xbf") {
                line.start += 3;
                self.event = line.start;
            }
        }
        let bytes = line.of(&self.held);
        let colon = match bytes.get(4) {
            Some(b':') if bytes.starts_with(b"data") => Some(4),
            _ => memchr::memchr(b':', bytes),
        };
        let (name, rest) = bytes
            .split_at_checked(colon.unwrap_or(bytes.len()))
            .unwrap_or((bytes, &[]));
        let skipped = match rest.get(1) {
            Some(b' ') => 2,
            _ => usize::from(!rest.is_empty()),
        };
        let value = Span {
            start: line.start + name.len() + skipped,
            end: line.end,
        };
        match name {
            b"data" => self.add_data(value),
            b"event" => self.name = Some(value),
            name => {
                self.alien |= !name
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            }
        }
    }

    fn add_data(&mut self, value: Span) {
        self.data_lines += 1;
        let Some(first) = self.data else {
            self.data = Some(value);
            return;
        };
        if self.data_lines == 2 {
            self.joined.clear();
            self.joined.extend_from_slice(first.of(&self.held));
        }
        self.joined.push(b'\n');
        self.joined.extend_from_slice(value.of(&self.held));
    }

    fn dispatch(&mut self, end: usize) -> Event {
        let raw = Span {
            start: self.event,
            end,
        };
        self.event = end;
        let data = match self.data.take() {
            None => Data::None,
            Some(span) if self.data_lines == 1 => Data::OneLine(span),
            Some(_) => Data::Joined,
        };
        self.data_lines = 0;
        Event {
            raw,
            data,
            name: self.name.take(),
            alien: std::mem::take(&mut self.alien),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// All events as (name, data or "-"), fed in pieces; the bytes of the events must be the stream's bytes.
    fn read(stream: &[u8], pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut reader = EventReader::default();
        let mut seen = Vec::new();
        let mut raw = Vec::new();
        for piece in pieces {
            reader.push(piece);
            while let Some(event) = reader.next() {
                raw.extend_from_slice(reader.bytes(event.raw));
                let data = reader
                    .data(&event)
                    .map_or("-", |data| std::str::from_utf8(data).unwrap());
                let name = std::str::from_utf8(reader.name(&event)).unwrap();
                if event.raw.end - event.raw.start > 2 || event.data != Data::None {
                    seen.push((name.to_owned(), data.to_owned()));
                }
            }
        }
        assert_eq!(raw, stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream));
        seen
    }

    #[test]
    fn events_are_the_same_wherever_packets_end() {
        let stream = "\u{feff}event: a\ndata:{\"x\":\"é😀\"}\n\n: comment\n\ndata: one\ndata: two\nid: 7\n\nretry: 5\n\ndata\n\n";
        let wanted = [
            ("a", "{\"x\":\"é😀\"}"),
            ("", "-"),
            ("", "one\ntwo"),
            ("", "-"),
            ("", ""),
        ];
        for ends in ["\n", "\r\n", "\r"] {
            let stream = stream.replace('\n', ends).into_bytes();
            let wanted: Vec<_> = wanted
                .iter()
                .map(|(name, data)| (name.to_string(), data.to_string()))
                .collect();
            for at in 0..=stream.len() {
                let (one, two) = stream.split_at(at);
                assert_eq!(read(&stream, &[one, two]), wanted, "{ends:?} split at {at}");
            }
            let single: Vec<_> = stream.chunks(1).collect();
            assert_eq!(read(&stream, &single), wanted);
        }
    }

    #[test]
    fn an_event_that_never_ends_is_refused_before_memory_is_gone() {
        for filler in ["x", "data: x\n"] {
            let mut reader = EventReader::default();
            let block = filler.repeat((1 << 20) / filler.len());
            let mut taken = 0;
            while !reader.too_large() {
                reader.push(block.as_bytes());
                assert!(reader.next().is_none());
                taken += 1;
            }
            assert_eq!(taken, 9);
        }
    }

    #[test]
    fn text_that_is_no_event_stream_is_noticed() {
        for text in [
            "<html><body>\n\n",
            "{\"id\":1}\n\n",
            "502 Bad Gateway\n\n",
            "\u{0}\u{1}\n\n",
        ] {
            let mut reader = EventReader::default();
            reader.push(text.as_bytes());
            assert!(reader.next().unwrap().alien, "{text}");
        }
    }
}
