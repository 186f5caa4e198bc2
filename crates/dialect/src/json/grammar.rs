//! The grammar of RFC 8259 below objects and arrays: from the place where something begins to the place behind
//! it. Texts are compact and strings short, as a rule: what that rule takes stands in its callers, the rest is
//! one call away.

use super::blocks::{ordinary_end, plain_end, white_end};
use super::flaw::{Flaw, FlawKind};
use super::text::{Escape, Rules, Span, escape, is_high_surrogate, is_low_surrogate};

const UNEXPECTED: &str = "unexpected character";
const NO_DIGIT: &str = "a digit was expected";
const HALF_PAIR: &str = "half a surrogate pair stands in a string";

/// A text that is being read. Not known to be UTF-8: strings are the only place where other bytes than ASCII may
/// stand, and are checked as they are met.
#[derive(Clone, Copy)]
pub(super) struct Text<'a>(pub(super) &'a [u8]);

impl<'a> Text<'a> {
    #[inline(always)]
    pub(super) fn byte(self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }

    /// The next byte that is no white space, and its place.
    #[inline(always)]
    pub(super) fn token(self, at: usize) -> (Option<u8>, usize) {
        match self.byte(at) {
            Some(byte) if byte > b' ' => (Some(byte), at),
            _ => {
                let at = white_end(self.0, at);
                (self.byte(at), at)
            }
        }
    }

    /// Where the string ends whose inside begins at `start` (the place of its closing quote), and whether it holds
    /// escapes.
    #[inline(always)]
    pub(super) fn string(self, start: usize, rules: Rules) -> Result<(usize, bool), Flaw> {
        match self.short_string(start - 1) {
            Some(behind) => Ok((behind - 1, false)),
            None => self.any_string(start, start, rules),
        }
    }

    /// The same for a string that is plain from `start` to `end` at least.
    #[inline(never)]
    pub(super) fn any_string(
        self,
        start: usize,
        mut end: usize,
        rules: Rules,
    ) -> Result<(usize, bool), Flaw> {
        let (mut foreign, mut escaped) = (false, false);
        loop {
            end = if foreign {
                ordinary_end(self.0, end)
            } else {
                plain_end(self.0, end)
            };
            match self.byte(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    end = self.behind_escape(end, rules)?;
                }
                Some(0x80..) => foreign = true,
                Some(_) => return Err(self.flaw("a control character stands in a string", end)),
                None => return Err(self.flaw("a string does not end", end)),
            }
        }
        let inside = Span { start, end }.of(self.0);
        if foreign && std::str::from_utf8(inside).is_err() {
            return Err(self.flaw(UNEXPECTED, start));
        }
        Ok((end, escaped))
    }

    /// Behind the escape at `at`, or the two that make one character.
    fn behind_escape(self, at: usize, rules: Rules) -> Result<usize, Flaw> {
        let strict = rules == Rules::Client;
        let escape_at = |at: usize| escape(self.0.get(at..).unwrap_or_default());
        let (taken, meaning) = escape_at(at);
        let behind = at + taken;
        match meaning {
            Escape::Byte(_) => Ok(behind),
            Escape::Wrong => Err(self.flaw("an unknown escape stands in a string", at)),
            Escape::Unit(unit) if is_low_surrogate(unit) && strict => Err(self.flaw(HALF_PAIR, at)),
            Escape::Unit(unit) if is_high_surrogate(unit) => match escape_at(behind) {
                (taken, Escape::Unit(low)) if is_low_surrogate(low) && self.byte(behind) == Some(b'\\') => {
                    Ok(behind + taken)
                }
                _ if strict => Err(self.flaw(HALF_PAIR, behind)),
                _ => Ok(behind),
            },
            Escape::Unit(_) => Ok(behind),
        }
    }

    #[inline(always)]
    pub(super) fn literal(self, at: usize, word: &[u8]) -> Result<usize, Flaw> {
        if self.0.get(at..).is_some_and(|rest| rest.starts_with(word)) {
            Ok(at + word.len())
        } else {
            Err(self.flaw(UNEXPECTED, at))
        }
    }

    /// Behind the number that begins with a digit at `at`.
    #[inline(always)]
    pub(super) fn number(self, at: usize) -> Result<usize, Flaw> {
        let end = match self.byte(at) {
            Some(b'0') => at + 1,
            _ => self.digits_end(at + 1),
        };
        match self.byte(end) {
            Some(b'.' | b'e' | b'E') => self.fraction(end),
            _ => Ok(end),
        }
    }

    /// The same for one that begins with its sign.
    #[inline(never)]
    pub(super) fn negative_number(self, at: usize) -> Result<usize, Flaw> {
        match self.byte(at + 1) {
            Some(b'0'..=b'9') => self.number(at + 1),
            _ => Err(self.flaw(NO_DIGIT, at + 1)),
        }
    }

    /// Behind what follows a number's whole part.
    #[inline(never)]
    fn fraction(self, mut at: usize) -> Result<usize, Flaw> {
        if self.byte(at) == Some(b'.') {
            at = self.digits(at + 1)?;
        }
        match self.byte(at) {
            Some(b'e' | b'E') => self.exponent(at + 1),
            _ => Ok(at),
        }
    }

    fn exponent(self, at: usize) -> Result<usize, Flaw> {
        let sign = matches!(self.byte(at), Some(b'+' | b'-'));
        self.digits(at + usize::from(sign))
    }

    #[inline(always)]
    fn digits(self, at: usize) -> Result<usize, Flaw> {
        match self.digits_end(at) {
            end if end == at => Err(self.flaw(NO_DIGIT, at)),
            end => Ok(end),
        }
    }

    #[inline(always)]
    fn digits_end(self, mut at: usize) -> usize {
        while let Some(b'0'..=b'9') = self.byte(at) {
            at += 1;
        }
        at
    }

    /// What is not expected at a place where a value should begin.
    #[cold]
    #[inline(never)]
    pub(super) fn no_value(self, at: usize) -> Flaw {
        let what = if at < self.0.len() {
            UNEXPECTED
        } else {
            "unexpected end"
        };
        self.flaw(what, at)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn flaw(self, what: &'static str, at: usize) -> Flaw {
        Flaw::in_text(self.0, FlawKind::Syntax, what, at, None)
    }
}
