//! Header fields as places in the bytes they came in: nothing is copied or hashed.

use std::ops::Range;

use super::names::Marks;
use crate::answer::push_field;

/// Where a field's name and value stand, and what the name means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    name: (u32, u32),
    value: (u32, u32),
    marks: Marks,
    /// The line is just the one that would be written of it.
    is_plain: bool,
}

impl Span {
    /// Of a field in `bytes`.
    pub(crate) fn new(bytes: &[u8], name: (u32, u32), value: (u32, u32)) -> Span {
        let mut span = Span::unmarked(name, value, false);
        span.mark(bytes);
        span
    }

    /// Of a field whose name is still to be looked up. In a plain one there are a colon and a blank between the name and
    /// the value, and the line's end follows at once.
    pub(super) fn unmarked(name: (u32, u32), value: (u32, u32), is_plain: bool) -> Span {
        Span {
            name,
            value,
            marks: Marks::default(),
            is_plain,
        }
    }

    /// The place of its whole line, if that is the line that would be written of it.
    fn plain_line(&self) -> Option<Range<usize>> {
        let line = self.name.0 as usize..self.value.1 as usize + 2;
        self.is_plain.then_some(line)
    }

    /// Looks its name up.
    pub(super) fn mark(&mut self, bytes: &[u8]) {
        self.marks = Marks::of(part(bytes, self.name));
    }
}

/// The fields of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Headers<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) spans: &'a [Span],
}

/// A field's name as it was sent. It may be in any case, and is only ever compared or passed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'a> {
    bytes: &'a [u8],
    marks: Marks,
}

impl<'a> Name<'a> {
    pub(crate) fn of(name: &'a str) -> Name<'a> {
        let bytes = name.as_bytes();
        let marks = Marks::of(bytes);
        Name { bytes, marks }
    }

    /// Whether it has any of these marks.
    pub(crate) fn has(self, any: Marks) -> bool {
        self.marks.has(any)
    }

    /// Whether this is that field. Nearly always the lengths differ already.
    #[inline]
    pub(crate) fn is(self, name: &str) -> bool {
        self.bytes.len() == name.len() && self.bytes.eq_ignore_ascii_case(name.as_bytes())
    }

    pub(crate) fn len(self) -> usize {
        self.bytes.len()
    }

    #[cfg(test)]
    pub(crate) fn bytes(self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a> Headers<'a> {
    /// In order.
    pub(crate) fn iter(self) -> impl Iterator<Item = (Name<'a>, &'a [u8])> {
        self.spans.iter().map(move |span| self.field(span))
    }

    /// Those whose names have any of these marks, in order.
    pub(crate) fn marked(self, any: Marks) -> impl Iterator<Item = (Name<'a>, &'a [u8])> {
        let spans = self.spans.iter().filter(move |span| span.marks.has(any));
        spans.map(move |span| self.field(span))
    }

    /// The first field of this name, in any case.
    pub(crate) fn get(self, name: &str) -> Option<&'a [u8]> {
        let is_it = |span: &&Span| {
            (span.name.1 - span.name.0) as usize == name.len()
                && part(self.bytes, span.name).eq_ignore_ascii_case(name.as_bytes())
        };
        let found = self.spans.iter().find(is_it)?;
        Some(part(self.bytes, found.value))
    }

    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(self.get(name)?).ok()
    }

    /// Appends the fields that pass, as lines. Neighbours that stand in the message just as they would be written are
    /// copied in one piece.
    pub(crate) fn push_lines(self, lines: &mut Vec<u8>, mut passes: impl FnMut(Name<'a>, &'a [u8]) -> bool) {
        let mut piece = 0..0;
        for span in self.spans {
            let (name, value) = self.field(span);
            if !passes(name, value) {
                continue;
            }
            match span.plain_line() {
                Some(line) if line.start == piece.end => piece.end = line.end,
                Some(line) => {
                    lines.extend_from_slice(self.bytes.get(piece).unwrap_or_default());
                    piece = line;
                }
                None => {
                    lines.extend_from_slice(self.bytes.get(piece).unwrap_or_default());
                    piece = 0..0;
                    push_field(lines, name.bytes, value);
                }
            }
        }
        lines.extend_from_slice(self.bytes.get(piece).unwrap_or_default());
    }

    #[inline]
    fn field(self, span: &Span) -> (Name<'a>, &'a [u8]) {
        let name = Name {
            bytes: part(self.bytes, span.name),
            marks: span.marks,
        };
        (name, part(self.bytes, span.value))
    }
}

#[inline]
fn part(bytes: &[u8], place: (u32, u32)) -> &[u8] {
    bytes.get(place.0 as usize..place.1 as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::head::read_request;

    #[test]
    fn fields_are_written_as_if_one_by_one_however_they_stood() {
        let text = "GET / HTTP/1.1\r\nhost: a\r\nA: 1\r\nB: 2\r\nC:3\r\nD:  4 \r\nE:\r\nE: \r\nE:\t5\r\nF: 6\r\nskip: x\r\nG: 7\r\n\r\n";
        let read = read_request(text.as_bytes(), &Default::default()).unwrap();
        let headers = Headers {
            bytes: text.as_bytes(),
            spans: &read.spans,
        };
        for left_out in ["skip", "A", "B", "F", "G", "host"] {
            let (mut lines, mut wanted) = (Vec::new(), Vec::new());
            headers.push_lines(&mut lines, |name, _| !name.is(left_out));
            for (name, value) in headers.iter().filter(|(name, _)| !name.is(left_out)) {
                push_field(&mut wanted, name.bytes, value);
            }
            assert_eq!(
                String::from_utf8_lossy(&lines),
                String::from_utf8_lossy(&wanted),
                "{left_out}"
            );
        }
    }
}
