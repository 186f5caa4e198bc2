//! Texts are compact and names and words short, as a rule. What follows that rule is read here without a look at white
//! space and, within a piece of known length, at the end of the text; what does not is left to `grammar`.

use super::blocks::{not_plain, plain_end, white_end};
use super::grammar::Text;
use super::text::Span;

/// What stands before a key: its own quote and what is before that.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Lead(u16);

impl Lead {
    /// The first of an object.
    pub(super) const BRACE: Lead = Lead(u16::from_le_bytes(*b"{\""));
    pub(super) const COMMA: Lead = Lead(u16::from_le_bytes(*b",\""));
}

const AFTER_KEY: u16 = u16::from_le_bytes(*b"\":");

/// More digits may say more than a u64 can hold.
const SAFE_DIGITS: usize = 18;

impl<'a> Text<'a> {
    /// The name in `{"name":` or `,"name":` at `at`, if there is that; a name may be too long.
    #[inline(always)]
    pub(super) fn compact_key(self, at: usize, lead: Lead) -> Option<&'a [u8]> {
        let Some(window) = self.0.get(at..).and_then(|rest| rest.first_chunk::<36>()) else {
            return self.last_compact_key(at, lead);
        };
        let [one, two, inside @ ..] = window;
        if u16::from_le_bytes([*one, *two]) != lead.0 {
            return None;
        }
        match not_plain(inside.first_chunk()?) {
            0 => {
                let window: &[u8; 36] = self.0.get(at + 16..)?.first_chunk()?;
                let [_, _, inside @ ..] = window;
                let length = key_length(inside, not_plain(inside.first_chunk()?))?;
                self.0.get(at + 2..at + 18 + length)
            }
            marks => inside.get(..key_length(inside, marks)?),
        }
    }

    /// The same near the end of the text.
    #[inline(never)]
    fn last_compact_key(self, at: usize, lead: Lead) -> Option<&'a [u8]> {
        let (before, inside) = self.0.get(at..)?.split_first_chunk()?;
        if u16::from_le_bytes(*before) != lead.0 {
            return None;
        }
        let length = plain_end(self.0, at + 2) - (at + 2);
        let (name, after) = inside.split_at_checked(length)?;
        after.starts_with(b"\":").then_some(name)
    }

    /// The inside of the name in `, "name": ` at `at`, and the place behind it: as a compact key, but for a space
    /// or a new line before it, a space after its colon, or both.
    #[inline(always)]
    pub(super) fn spaced_key(self, at: usize, lead: Lead) -> Option<(Span, usize)> {
        let [before, _] = lead.0.to_le_bytes();
        let quote = match self.0.get(at..)? {
            [first, b'"', ..] if *first == before => at + 1,
            [first, b' ', b'"', ..] if *first == before => at + 2,
            [first, b'\r' | b'\n', ..] if *first == before => {
                let quote = white_end(self.0, at + 2);
                (self.byte(quote) == Some(b'"')).then_some(quote)?
            }
            _ => return None,
        };
        let behind = self.short_string(quote)?;
        let inside = Span {
            start: quote + 1,
            end: behind - 1,
        };
        match self.0.get(behind..)? {
            [b':', b' ', ..] => Some((inside, behind + 2)),
            [b':', ..] => Some((inside, behind + 1)),
            _ => None,
        }
    }

    /// Behind the string that begins at `at`, if it is shorter than 32 bytes and all plain.
    #[inline(always)]
    pub(super) fn short_string(self, at: usize) -> Option<usize> {
        let window: &[u8; 36] = self.0.get(at..)?.first_chunk()?;
        let [_, inside @ ..] = window;
        let mut marks = not_plain(inside.first_chunk()?);
        if marks == 0 {
            marks = not_plain(inside.get(16..)?.first_chunk()?) << 16;
        }
        let length = marks.trailing_zeros() as usize;
        (inside.get(length) == Some(&b'"') && marks != 0).then_some(at + length + 2)
    }

    /// The whole number that begins at `at`, and the place behind it, if it is a short one without a sign.
    #[inline(always)]
    pub(super) fn short_integer(self, at: usize) -> Option<(u64, usize)> {
        let digit = |at: usize| match self.byte(at) {
            Some(digit @ b'0'..=b'9') => Some(u64::from(digit - b'0')),
            _ => None,
        };
        let mut number = digit(at)?;
        let mut behind = at + 1;
        if number != 0 {
            while let Some(digit) = digit(behind) {
                number = number.wrapping_mul(10).wrapping_add(digit);
                behind += 1;
            }
        }
        match self.byte(behind) {
            Some(b'0'..=b'9' | b'.' | b'e' | b'E') => None,
            _ => (behind - at <= SAFE_DIGITS).then_some((number, behind)),
        }
    }
}

/// The place of the first mark, if a key ends there.
#[inline(always)]
fn key_length(inside: &[u8; 34], marks: u32) -> Option<usize> {
    let length = marks.trailing_zeros() as usize;
    let after = [*inside.get(length)?, *inside.get(length + 1)?];
    (marks != 0 && u16::from_le_bytes(after) == AFTER_KEY).then_some(length)
}
