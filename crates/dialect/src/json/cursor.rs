//! A strict, single-pass walk over a JSON text (RFC 8259). The caller says which objects and arrays it wants
//! to look into; everything else is checked just as strictly and skipped as one span.

use std::borrow::Cow;

use super::DEPTH_LIMIT;
use super::compact::Lead;
use super::flaw::{Flaw, FlawKind};
use super::grammar::Text;
use super::keys::Keys;
use super::text::{Rules, Span, decode};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    True,
    False,
    Number,
    Text,
    List,
    Object,
}

/// A value that was walked over: what it is and where (quotes and brackets included).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw {
    pub kind: Kind,
    pub span: Span,
}

/// A field's name, and where it stands, quotes included.
#[derive(Clone, Debug)]
pub struct Key<'a> {
    /// Its meaning, in UTF-8.
    pub name: Cow<'a, [u8]>,
    pub place: Span,
}

impl<'a> Key<'a> {
    fn new(name: Cow<'a, [u8]>, inside: Span) -> Self {
        let place = Span {
            start: inside.start - 1,
            end: inside.end + 1,
        };
        Key { name, place }
    }

    /// Whether this is the key of that name.
    #[inline]
    pub fn is(&self, name: &str) -> bool {
        self.name.as_ref() == name.as_bytes()
    }
}

pub struct Cursor<'a> {
    pub(super) text: Text<'a>,
    pub(super) rules: Rules,
    pub(super) at: usize,
    pub(super) depth: u32,
    pub(super) keys: Keys,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], rules: Rules) -> Self {
        Cursor {
            text: Text(bytes),
            rules,
            at: 0,
            depth: 0,
            keys: match rules {
                Rules::Client => Keys::with_room(),
                Rules::Vendor => Keys::default(),
            },
        }
    }

    /// The bytes of a piece of the text.
    pub fn slice(&self, span: Span) -> &'a [u8] {
        span.of(self.text.0)
    }

    /// The words of a string value.
    pub fn words(&self, value: Raw) -> Cow<'a, str> {
        let inside = std::str::from_utf8(self.inside(value)).unwrap_or_default();
        if self.is_plain(value) {
            Cow::Borrowed(inside)
        } else {
            decode(inside)
        }
    }

    /// The same in bytes, which costs less: to be compared.
    pub fn letters(&self, value: Raw) -> Cow<'a, [u8]> {
        let inside = self.inside(value);
        if self.is_plain(value) {
            Cow::Borrowed(inside)
        } else {
            meaning(inside)
        }
    }

    /// A string without its quotes.
    fn inside(&self, value: Raw) -> &'a [u8] {
        let (start, end) = (value.span.start + 1, value.span.end.saturating_sub(1));
        self.slice(Span { start, end })
    }

    /// Whether a string is known to be short and to say what is written.
    fn is_plain(&self, value: Raw) -> bool {
        self.text.short_string(value.span.start) == Some(value.span.end)
    }

    /// Checks the next value and steps over it.
    #[inline]
    pub fn value(&mut self) -> Result<Raw, Flaw> {
        let text = self.text;
        let (first, start) = text.token(self.at);
        let (kind, end) = match first {
            Some(b'"') => match text.short_string(start) {
                Some(behind) => (Kind::Text, behind),
                None => (
                    Kind::Text,
                    text.any_string(start + 1, start + 1, self.rules)?.0 + 1,
                ),
            },
            Some(b'{') => (Kind::Object, self.skip_container(start)?),
            Some(b'[') => (Kind::List, self.skip_container(start)?),
            Some(b'n') => (Kind::Null, text.literal(start, b"null")?),
            Some(b't') => (Kind::True, text.literal(start, b"true")?),
            Some(b'f') => (Kind::False, text.literal(start, b"false")?),
            Some(b'0'..=b'9') => (Kind::Number, text.number(start)?),
            Some(b'-') => (Kind::Number, text.negative_number(start)?),
            _ => return Err(text.no_value(start)),
        };
        self.at = end;
        let span = Span { start, end };
        Ok(Raw { kind, span })
    }

    /// Behind the value that begins at `at`. What is short and needs no look at what is around it stands here, as it
    /// does in a compact text.
    #[inline(always)]
    pub(super) fn behind_value(&mut self, at: usize) -> Result<usize, Flaw> {
        let text = self.text;
        match text.byte(at) {
            Some(b'"') => match text.short_string(at) {
                Some(behind) => Ok(behind),
                None => Ok(text.any_string(at + 1, at + 1, self.rules)?.0 + 1),
            },
            Some(b'0'..=b'9') => text.number(at),
            Some(b'-') => text.negative_number(at),
            Some(b'n') => text.literal(at, b"null"),
            Some(b't') => text.literal(at, b"true"),
            Some(b'f') => text.literal(at, b"false"),
            _ => self.behind_any_value(at),
        }
    }

    #[inline(never)]
    pub(super) fn behind_any_value(&mut self, at: usize) -> Result<usize, Flaw> {
        let (first, at) = self.text.token(at);
        match first {
            Some(b'{' | b'[') => self.skip_container(at),
            Some(byte) if kind_of(Some(byte)).is_some() => self.behind_value(at),
            _ => Err(self.text.no_value(at)),
        }
    }

    /// Checks the next value and steps over it; its number, if it is a whole one, not negative, that fits.
    pub fn integer(&mut self) -> Result<Option<u64>, Flaw> {
        if let Some((number, behind)) = self.text.short_integer(self.at) {
            self.at = behind;
            return Ok(Some(number));
        }
        let value = self.value()?;
        Ok(self.number(value))
    }

    /// The number that a value is, if it is a whole one, not negative, that fits.
    pub fn number(&self, value: Raw) -> Option<u64> {
        match value.kind {
            Kind::Number => decimal(self.slice(value.span)),
            _ => None,
        }
    }

    /// Whether the next value is an object, going by its first character.
    #[inline]
    pub fn at_object(&self) -> bool {
        self.text.token(self.at).0 == Some(b'{')
    }

    /// The same for an array.
    #[inline]
    pub fn at_list(&self) -> bool {
        self.text.token(self.at).0 == Some(b'[')
    }

    /// What the next value is, going by its first character.
    pub fn kind(&self) -> Result<Kind, Flaw> {
        let (first, at) = self.text.token(self.at);
        kind_of(first).ok_or_else(|| self.text.no_value(at))
    }

    /// Walks an object. `each` is called after a key was read and may take its value; one that it leaves is checked and
    /// stepped over.
    #[inline]
    pub fn object<E: From<Flaw>>(
        &mut self,
        mut each: impl FnMut(&mut Self, Key<'a>) -> Result<(), E>,
    ) -> Result<Span, E> {
        let start = self.open_object()?;
        let mut lead = Lead::BRACE;
        while let Some(key) = self.next_key(lead)? {
            let behind = self.at;
            each(self, key)?;
            if self.at == behind {
                self.at = self.behind_value(behind)?;
            }
            lead = Lead::COMMA;
        }
        Ok(Span { start, end: self.at })
    }

    #[inline(always)]
    fn open_object(&mut self) -> Result<usize, Flaw> {
        let start = self.enter(b'{', "an object was expected")?;
        self.open_keys();
        self.at = start;
        Ok(start)
    }

    /// The next key of the object that is open, with its value next; None behind the object. What comes before the key
    /// is next.
    #[inline(always)]
    fn next_key(&mut self, lead: Lead) -> Result<Option<Key<'a>>, Flaw> {
        let Some(name) = self.text.compact_key(self.at, lead) else {
            if self.text.byte(self.at) == Some(b'}') {
                self.close_object(self.at)?;
                return Ok(None);
            }
            return self.next_key_of_any_form(lead);
        };
        let start = self.at + 2;
        let inside = Span {
            start,
            end: start + name.len(),
        };
        if self.rules == Rules::Client {
            self.note_key(inside, name)?;
        }
        self.at = inside.end + 2;
        Ok(Some(Key::new(Cow::Borrowed(name), inside)))
    }

    #[inline(never)]
    fn next_key_of_any_form(&mut self, lead: Lead) -> Result<Option<Key<'a>>, Flaw> {
        let Some((inside, escaped, behind)) = self.any_key(self.at, lead)? else {
            return Ok(None);
        };
        self.at = behind;
        let raw = inside.of(self.text.0);
        let name = if escaped { meaning(raw) } else { Cow::Borrowed(raw) };
        Ok(Some(Key::new(name, inside)))
    }

    /// The key behind `at`, where its object's brace or the comma before it is: its inside, whether it holds escapes,
    /// and the place behind its colon. None if the object ends; then the place is behind it.
    pub(super) fn any_key(&mut self, at: usize, lead: Lead) -> Result<Option<(Span, bool, usize)>, Flaw> {
        let text = self.text;
        if let Some((inside, behind)) = text.spaced_key(at, lead) {
            if self.rules == Rules::Client {
                self.note_key(inside, inside.of(text.0))?;
            }
            return Ok(Some((inside, false, behind)));
        }
        let (next, place) = text.token(at + usize::from(lead == Lead::BRACE));
        let at = match (next, lead) {
            (Some(b'}'), _) => {
                self.close_object(place)?;
                return Ok(None);
            }
            (Some(b','), Lead::COMMA) => place + 1,
            (_, Lead::BRACE) => place,
            _ => return Err(text.flaw(NO_BRACE, place)),
        };
        let (quote, at) = text.token(at);
        if quote != Some(b'"') {
            return Err(text.flaw("a field name was expected", at));
        }
        let (end, escaped) = text.string(at + 1, self.rules)?;
        let inside = Span { start: at + 1, end };
        if self.rules == Rules::Client {
            let name = inside.of(text.0);
            let meant = if escaped {
                meaning(name)
            } else {
                Cow::Borrowed(name)
            };
            self.note_key(inside, &meant)?;
        }
        let (colon, at) = text.token(end + 1);
        if colon != Some(b':') {
            return Err(text.flaw("a colon was expected", at));
        }
        Ok(Some((inside, escaped, at + 1)))
    }

    /// Steps over the brace at `at`, which ends the object that is open.
    #[inline(always)]
    pub(super) fn close_object(&mut self, at: usize) -> Result<(), Flaw> {
        self.at = at + 1;
        self.close_keys()?;
        self.depth -= 1;
        Ok(())
    }

    #[inline(always)]
    pub(super) fn note_key(&mut self, inside: Span, name: &[u8]) -> Result<(), Flaw> {
        if self.keys.repeats(self.text.0, inside, name) {
            return Err(self.duplicate(inside));
        }
        Ok(())
    }

    /// Walks an array. `each` must take exactly one value.
    #[inline]
    pub fn list<E: From<Flaw>>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<Span, E> {
        let start = self.enter(b'[', "an array was expected")?;
        if self.token() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                each(self)?;
                if self.closed_by(b']', NO_BRACKET)? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(Span { start, end: self.at })
    }

    /// Nothing but white space may follow the value that was read.
    pub fn finish(&mut self) -> Result<(), Flaw> {
        match self.token() {
            None => Ok(()),
            Some(_) => Err(self.text.flaw("something follows the JSON value", self.at)),
        }
    }

    #[inline(always)]
    pub(super) fn open_keys(&mut self) {
        if self.rules == Rules::Client {
            self.keys.open();
        }
    }

    #[inline(always)]
    pub(super) fn close_keys(&mut self) -> Result<(), Flaw> {
        if self.rules == Rules::Client
            && let Some(name) = self.keys.close(self.text.0)
        {
            return Err(self.twice(name, self.at));
        }
        Ok(())
    }

    #[inline(always)]
    fn enter(&mut self, bracket: u8, what: &'static str) -> Result<usize, Flaw> {
        if self.token() != Some(bracket) {
            return Err(self.text.flaw(what, self.at));
        }
        if self.depth >= DEPTH_LIMIT {
            return Err(self.too_deep(self.at));
        }
        self.depth += 1;
        self.at += 1;
        Ok(self.at - 1)
    }

    #[inline(always)]
    fn closed_by(&mut self, bracket: u8, what: &'static str) -> Result<bool, Flaw> {
        let token = self.token();
        if token != Some(bracket) && token != Some(b',') {
            return Err(self.text.flaw(what, self.at));
        }
        self.at += 1;
        Ok(token == Some(bracket))
    }

    #[inline(always)]
    fn token(&mut self) -> Option<u8> {
        let (token, at) = self.text.token(self.at);
        self.at = at;
        token
    }

    #[cold]
    pub(super) fn too_deep(&self, at: usize) -> Flaw {
        let what = "nested more than 64 levels deep";
        Flaw::in_text(self.text.0, FlawKind::TooDeep, what, at, None)
    }

    #[cold]
    fn duplicate(&self, inside: Span) -> Flaw {
        let name = meaning(inside.of(self.text.0));
        self.twice(String::from_utf8_lossy(&name).into_owned(), inside.end + 1)
    }

    #[cold]
    pub(super) fn twice(&self, name: String, at: usize) -> Flaw {
        let what = "a field is given twice";
        Flaw::in_text(self.text.0, FlawKind::Duplicate, what, at, Some(name))
    }
}

pub(super) const NO_BRACE: &str = "a comma or a closing brace was expected";
pub(super) const NO_BRACKET: &str = "a comma or a closing bracket was expected";

fn kind_of(first: Option<u8>) -> Option<Kind> {
    match first? {
        b'"' => Some(Kind::Text),
        b'{' => Some(Kind::Object),
        b'[' => Some(Kind::List),
        b'n' => Some(Kind::Null),
        b't' => Some(Kind::True),
        b'f' => Some(Kind::False),
        b'-' | b'0'..=b'9' => Some(Kind::Number),
        _ => None,
    }
}

/// The meaning of a name, given the inside of its string.
#[cold]
pub(super) fn meaning(inside: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', inside).is_none() {
        return Cow::Borrowed(inside);
    }
    let inside = std::str::from_utf8(inside).unwrap_or_default();
    Cow::Owned(decode(inside).into_owned().into_bytes())
}

/// The number that digits say; None for other characters, and if it does not fit.
fn decimal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

#[cfg(test)]
#[path = "cursor_tests.rs"]
mod tests;
