//! JSON strings: finding their end fast, and decoding them only when somebody needs the words.

use std::borrow::Cow;

/// A piece of a body, by byte positions. Copyable, so that a scan can be kept beside the body it is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// The bytes of this piece; empty if `bytes` is not the body the span was made for.
    pub fn of<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Where a piece of a text stands in it; `part` must have been cut from `whole`.
    pub(crate) fn of_slice(whole: &[u8], part: &str) -> Span {
        let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
        Span {
            start,
            end: start + part.len(),
        }
    }

    pub(crate) fn text<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// Whose text it is. From clients, what two readers could understand differently is refused; vendors are
/// taken as they are, because nobody but the client reads their answer after us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    Client,
    Vendor,
}

/// One escape of a string: how many bytes it takes, and what it means.
pub(super) enum Escape {
    Byte(u8),
    Unit(u16),
    Wrong,
}

/// Reads the escape at the start of `bytes` (which begins with the backslash).
pub(super) fn escape(bytes: &[u8]) -> (usize, Escape) {
    let plain = match bytes.get(1) {
        Some(b'"') => b'"',
        Some(b'\\') => b'\\',
        Some(b'/') => b'/',
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'u') => {
            return match bytes.get(2..6).and_then(hex_unit) {
                Some(unit) => (6, Escape::Unit(unit)),
                None => (2, Escape::Wrong),
            };
        }
        _ => return (1, Escape::Wrong),
    };
    (2, Escape::Byte(plain))
}

fn hex_unit(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0_u16, |unit, &digit| {
        let value = (digit as char).to_digit(16)?;
        Some((unit << 4) | value as u16)
    })
}

pub(super) fn is_high_surrogate(unit: u16) -> bool {
    (0xd800..0xdc00).contains(&unit)
}

pub(super) fn is_low_surrogate(unit: u16) -> bool {
    (0xdc00..0xe000).contains(&unit)
}

/// The meaning of a string's inside (without its quotes). Borrowed when nothing is escaped. A lone surrogate,
/// which only a vendor's answer may hold, becomes U+FFFD.
pub(crate) fn decode(inside: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        return Cow::Borrowed(inside);
    }
    Cow::Owned(decode_escaped(inside))
}

/// The same for a string that is known to hold escapes.
fn decode_escaped(inside: &str) -> String {
    let mut words = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (before, from) = rest.split_at(at);
        words.push_str(before);
        let (mut taken, meaning) = escape(from.as_bytes());
        match meaning {
            Escape::Byte(byte) => words.push(char::from(byte)),
            Escape::Unit(unit) => {
                let follower = from
                    .as_bytes()
                    .get(6..)
                    .filter(|more| more.first() == Some(&b'\\'))
                    .map(escape);
                let pair = match follower {
                    Some((_, Escape::Unit(low))) if is_high_surrogate(unit) && is_low_surrogate(low) => {
                        taken = 12;
                        char::decode_utf16([unit, low]).next()
                    }
                    _ => char::decode_utf16([unit]).next(),
                };
                words.push(pair.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Escape::Wrong => {}
        }
        rest = from.get(taken..).unwrap_or_default();
    }
    words.push_str(rest);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_follows_every_escape() {
        let table = [
            ("plain", "plain"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"mo\u0064el", "model"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d!", "\u{fffd}!"),
            (r"\ud83dA", "\u{fffd}A"),
            (r"\ude00", "\u{fffd}"),
        ];
        for (inside, words) in table {
            assert_eq!(decode(inside), words, "{inside}");
        }
    }
}
