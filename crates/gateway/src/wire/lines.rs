//! The grammar of a head, line by line (RFC 9112, 2 to 5), in one pass over its bytes.
//!
//! Our own, because a head is most of what is not JSON of a request: a library finds fields, and then names have to be
//! looked up, ends be found and bare line feeds be ruled out in passes of their own. It knows one way to write a head:
//! names are tokens that the colon follows at once, every line ends in a carriage return and a line feed, none is
//! folded, nothing stands twice between the parts of the first line. A blank line before it is passed over, as RFC 9112
//! (2.2) asks for. `lines_tests.rs` holds it against `httparse`.
//!
//! Each part of a line is a run of bytes of one kind. Runs are looked at in blocks of 16 bytes by vector
//! instructions.

use http::Method;
use wide::u8x16;

use super::headers::Span;

/// Bytes that are looked at at once.
const BLOCK: usize = 16;
/// A head may have this many fields.
pub(crate) const FIELD_LIMIT: usize = 100;

/// What is wrong with the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// They are no head, or not a whole one.
    NotHttp,
    TooManyFields,
}

/// How a request begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestLine {
    pub(super) method: Method,
    /// The target's place; it is UTF-8.
    pub(super) target: (u32, u32),
    /// HTTP/1.1, not 1.0.
    pub(super) newest: bool,
}

/// How an answer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatusLine {
    pub(super) status: u16,
    pub(super) newest: bool,
}

/// Bytes that begin with a head, read up to a place.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Lines<'a> {
        let at = if bytes.starts_with(b"\r\n") { 2 } else { 0 };
        Lines { bytes, at }
    }

    /// `method SP target SP version CRLF`.
    pub(super) fn request(&mut self) -> Result<RequestLine, Flaw> {
        let Some((length, b' ', _)) = token(self.rest()) else {
            return Err(Flaw::NotHttp);
        };
        let method = self.rest().get(..length).unwrap_or_default();
        let method = Method::from_bytes(method).map_err(|_| Flaw::NotHttp)?;
        self.at += length + 1;
        let start = self.at;
        self.at += run(self.rest(), are_seen);
        let target = self.bytes.get(start..self.at).unwrap_or_default();
        if target.is_empty() || std::str::from_utf8(target).is_err() {
            return Err(Flaw::NotHttp);
        }
        let target = (start as u32, self.at as u32);
        self.expect(b' ')?;
        let newest = self.version()?;
        self.end_of_line()?;
        Ok(RequestLine {
            method,
            target,
            newest,
        })
    }

    /// `version SP three digits`, and after another space a reason of any length.
    pub(super) fn status(&mut self) -> Result<StatusLine, Flaw> {
        let newest = self.version()?;
        self.expect(b' ')?;
        let mut status = 0;
        for _ in 0..3 {
            let digit = self.bytes.get(self.at).filter(|byte| byte.is_ascii_digit());
            status = status * 10 + u16::from(*digit.ok_or(Flaw::NotHttp)? - b'0');
            self.at += 1;
        }
        match self.rest().strip_prefix(b" ").map(text_line) {
            None => self.end_of_line()?,
            Some(reason) => self.at += 1 + reason.ok_or(Flaw::NotHttp)?.0 + 2,
        }
        Ok(StatusLine { status, newest })
    }

    /// The fields, up to and with the blank line after them; how many bytes the head has.
    pub(super) fn fields(&mut self, spans: &mut Vec<Span>) -> Result<usize, Flaw> {
        let (bytes, mut rest) = (self.bytes, self.rest());
        while let Some((field, after)) = field(rest) {
            if spans.len() == FIELD_LIMIT {
                return Err(Flaw::TooManyFields);
            }
            let at = bytes.len() - rest.len();
            let place = |from: usize, to: usize| ((at + from) as u32, (at + to) as u32);
            let (name, value) = (place(0, field.colon), place(field.value, field.end));
            spans.push(Span::unmarked(name, value, field.is_plain));
            rest = after;
        }
        self.at = bytes.len() - rest.len();
        self.end_of_line()?;
        for span in spans {
            span.mark(bytes);
        }
        Ok(self.at)
    }

    fn version(&mut self) -> Result<bool, Flaw> {
        let newest = match self.bytes.get(self.at..self.at + 8) {
            Some(b"HTTP/1.1") => true,
            Some(b"HTTP/1.0") => false,
            _ => return Err(Flaw::NotHttp),
        };
        self.at += 8;
        Ok(newest)
    }

    fn expect(&mut self, wanted: u8) -> Result<(), Flaw> {
        if self.bytes.get(self.at) != Some(&wanted) {
            return Err(Flaw::NotHttp);
        }
        self.at += 1;
        Ok(())
    }

    fn end_of_line(&mut self) -> Result<(), Flaw> {
        if self.bytes.get(self.at..self.at + 2) != Some(b"\r\n") {
            return Err(Flaw::NotHttp);
        }
        self.at += 2;
        Ok(())
    }

    /// What is not read yet.
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }
}

/// A field, as places in its line.
struct Field {
    colon: usize,
    /// Where the value begins and ends: blanks around it are none of it.
    value: usize,
    end: usize,
    /// These are one space before it.
    is_plain: bool,
}

/// `name ":" text CRLF`, and what is after it.
#[inline(always)]
fn field(line: &[u8]) -> Option<(Field, &[u8])> {
    let (colon, b':', after) = token(line)? else {
        return None;
    };
    let (blanks, is_one_space) = blanks(after);
    let text = after.get(blanks..)?;
    let (length, after) = text_line(text)?;
    let trailing = match text.get(..length)? {
        text @ [.., b' ' | b'\t'] => text.iter().rev().take_while(|byte| is_blank(byte)).count(),
        _ => 0,
    };
    let value = colon + 1 + blanks;
    let end = value + length - trailing;
    let field = Field {
        colon,
        value,
        end,
        is_plain: is_one_space && trailing == 0,
    };
    Some((field, after))
}

/// How many blanks it begins with, and whether that is one space, as it nearly always is.
#[inline(always)]
fn blanks(bytes: &[u8]) -> (usize, bool) {
    match bytes {
        [b' ', after, ..] if !is_blank(after) => (1, true),
        _ => (bytes.iter().take_while(|byte| is_blank(byte)).count(), false),
    }
}

/// How long the token is that it begins with (RFC 9110, 5.6.2), the byte that ends it, and what is after that.
#[inline(always)]
fn token(bytes: &[u8]) -> Option<(usize, u8, &[u8])> {
    let mut length = run(bytes, are_usual_in_tokens);
    if !matches!(bytes.get(length), Some(b':' | b' ' | b'\r')) {
        length = odd_token(bytes);
    }
    let (end, after) = bytes.get(length..)?.split_first()?;
    (length > 0).then_some((length, *end, after))
}

/// How long the text is that it begins with, which is no control characters besides tabs, up to the end of its line; and
/// what is after that.
#[inline(always)]
fn text_line(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut length = run(bytes, are_printed);
    if bytes.get(length) == Some(&b'\t') {
        length = odd_text(bytes);
    }
    let after = bytes.get(length..)?.strip_prefix(b"\r\n")?;
    Some((length, after))
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Letters, digits and hyphens: nearly all names are of these.
#[inline(always)]
fn are_usual_in_tokens(bytes: u8x16) -> u8x16 {
    let are_within = |from: u8, to: u8, bytes: u8x16| {
        let above = bytes - u8x16::splat(from);
        above.min(u8x16::splat(to - from)).simd_eq(above)
    };
    let letters = are_within(b'a', b'z', bytes | u8x16::splat(0x20));
    let digits = are_within(b'0', b'9', bytes);
    letters | digits | bytes.simd_eq(u8x16::splat(b'-'))
}

#[inline(always)]
fn are_printed(bytes: u8x16) -> u8x16 {
    let from_blank = bytes.max(u8x16::splat(b' ')).simd_eq(bytes);
    from_blank & !bytes.simd_eq(u8x16::splat(0x7f))
}

/// What a target is of, besides that it is UTF-8.
#[inline(always)]
fn are_seen(bytes: u8x16) -> u8x16 {
    are_printed(bytes) & !bytes.simd_eq(u8x16::splat(b' '))
}

#[cold]
fn odd_token(bytes: &[u8]) -> usize {
    let is_of_it = |byte: &&u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    bytes.iter().take_while(is_of_it).count()
}

#[cold]
fn odd_text(bytes: &[u8]) -> usize {
    let is_of_it = |byte: &&u8| **byte == b'\t' || **byte >= b' ' && **byte != 0x7f;
    bytes.iter().take_while(is_of_it).count()
}

/// How many bytes it begins with that are of a kind.
#[inline(always)]
fn run(bytes: &[u8], are_of_it: impl Fn(u8x16) -> u8x16) -> usize {
    let (mut length, mut rest) = (0, bytes);
    while let Some((block, after)) = rest.split_first_chunk::<BLOCK>() {
        let others = (!are_of_it(u8x16::new(*block))).to_bitmask();
        if others != 0 {
            return length + others.trailing_zeros() as usize;
        }
        length += BLOCK;
        rest = after;
    }
    // Zeros fill the last block up, which are of no kind.
    let others = (!are_of_it(u8x16::new(filled_up(rest)))).to_bitmask();
    length + others.trailing_zeros() as usize
}

#[cold]
fn filled_up(bytes: &[u8]) -> [u8; BLOCK] {
    std::array::from_fn(|at| bytes.get(at).copied().unwrap_or(0))
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
