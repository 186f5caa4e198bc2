//! Stepping over an object or an array that nobody looks into. Most of what passes through is that, so this is one
//! loop without recursion: which of the open containers are objects is one bit each of a word.

use super::DEPTH_LIMIT;
use super::compact::Lead;
use super::cursor::{Cursor, NO_BRACKET};
use super::flaw::Flaw;
use super::text::{Rules, Span};

// One bit for each level that may be open.
const _: () = assert!(DEPTH_LIMIT <= u64::BITS);

impl Cursor<'_> {
    /// Behind the container that begins at `at`, all in it checked.
    #[inline(never)]
    pub(super) fn skip_container(&mut self, mut at: usize) -> Result<usize, Flaw> {
        let text = self.text;
        let outside = self.depth;
        let mut objects = 0_u64;
        loop {
            let is_object = text.byte(at) == Some(b'{');
            self.open_any(at, is_object)?;
            objects = objects << 1 | u64::from(is_object);
            let mut lead = Lead::BRACE;
            at = loop {
                let value = if objects & 1 == 1 {
                    self.key_to_skip(at, lead)?
                } else {
                    self.element(at, lead)?
                };
                lead = Lead::COMMA;
                if let Some(value) = value {
                    let (first, value) = text.token(value);
                    if let Some(b'{' | b'[') = first {
                        break value;
                    }
                    at = self.behind_value(value)?;
                } else {
                    at = self.at;
                    objects >>= 1;
                    if self.depth == outside {
                        return Ok(at);
                    }
                }
            };
        }
    }

    #[inline(always)]
    fn open_any(&mut self, at: usize, is_object: bool) -> Result<(), Flaw> {
        if self.depth >= DEPTH_LIMIT {
            return Err(self.too_deep(at));
        }
        self.depth += 1;
        if is_object {
            self.open_keys();
        }
        Ok(())
    }

    #[inline(always)]
    fn key_to_skip(&mut self, at: usize, lead: Lead) -> Result<Option<usize>, Flaw> {
        let Some(name) = self.text.compact_key(at, lead) else {
            if self.text.byte(at) == Some(b'}') {
                self.close_object(at)?;
                return Ok(None);
            }
            return Ok(self.any_key(at, lead)?.map(|(_, _, behind)| behind));
        };
        let end = at + 2 + name.len();
        if self.rules == Rules::Client {
            self.note_key(Span { start: at + 2, end }, name)?;
        }
        Ok(Some(end + 2))
    }

    /// The place of the next element of the array that is open; None behind it.
    #[inline(always)]
    fn element(&mut self, at: usize, lead: Lead) -> Result<Option<usize>, Flaw> {
        let (next, place) = self.text.token(at + usize::from(lead == Lead::BRACE));
        match (next, lead) {
            (Some(b']'), _) => {
                self.at = place + 1;
                self.depth -= 1;
                Ok(None)
            }
            (Some(b','), Lead::COMMA) => Ok(Some(place + 1)),
            (_, Lead::BRACE) => Ok(Some(place)),
            _ => Err(self.text.flaw(NO_BRACKET, place)),
        }
    }
}
