//! A strict, single-pass walk over a JSON text (RFC 8259). The caller says which objects and arrays it wants
//! to look into; everything else is checked just as strictly and skipped as one span.

use std::borrow::Cow;

use super::DEPTH_LIMIT;
use super::keys::Keys;
use super::text::{Escape, Span, decode, escape, is_high_surrogate, is_low_surrogate, ordinary_run};

/// Whose text it is. From clients, what two readers could understand differently is refused; vendors are
/// taken as they are, because nobody but the client reads their answer after us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    Client,
    Vendor,
}

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
    pub name: Cow<'a, str>,
    pub place: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlawKind {
    NotUtf8,
    Syntax,
    TooDeep,
    Duplicate,
}

/// Why a text is not taken. One pointer wide: every step of a walk returns a result, nearly none an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} at byte {}", self.0.what, self.0.at)]
pub struct Flaw(Box<Detail>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Detail {
    kind: FlawKind,
    what: &'static str,
    at: usize,
    key: Option<String>,
}

impl Flaw {
    #[cold]
    fn new(kind: FlawKind, what: &'static str, at: usize, key: Option<String>) -> Flaw {
        Flaw(Box::new(Detail { kind, what, at, key }))
    }

    pub fn kind(&self) -> FlawKind {
        self.0.kind
    }

    /// For a field that is given twice, which.
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }
}

pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    rules: Rules,
    keys: Keys,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], rules: Rules) -> Result<Self, Flaw> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            Flaw::new(
                FlawKind::NotUtf8,
                "the text is not UTF-8",
                error.valid_up_to(),
                None,
            )
        })?;
        Ok(Cursor {
            text,
            at: 0,
            depth: 0,
            rules,
            keys: match rules {
                Rules::Client => Keys::with_room(),
                Rules::Vendor => Keys::default(),
            },
        })
    }

    /// The whole text, which is known to be UTF-8.
    pub fn text(&self) -> &'a str {
        self.text
    }

    pub fn slice(&self, span: Span) -> &'a str {
        span.text(self.text)
    }

    /// The words of a string value.
    pub fn words(&self, value: Raw) -> Cow<'a, str> {
        decode(inside(self.slice(value.span)))
    }

    /// Checks the next value and steps over it.
    pub fn value(&mut self) -> Result<Raw, Flaw> {
        let Some(first) = self.next_token() else {
            return Err(self.flaw("unexpected end"));
        };
        let start = self.at;
        let kind = self.skip(first)?;
        Ok(Raw {
            kind,
            span: Span { start, end: self.at },
        })
    }

    /// What the next value is, going by its first character.
    pub fn kind(&mut self) -> Result<Kind, Flaw> {
        match self.next_token() {
            Some(b'"') => Ok(Kind::Text),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::List),
            Some(b'n') => Ok(Kind::Null),
            Some(b't') => Ok(Kind::True),
            Some(b'f') => Ok(Kind::False),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(_) => Err(self.flaw("unexpected character")),
            None => Err(self.flaw("unexpected end")),
        }
    }

    /// Walks an object. `each` is called after a key was read and must take exactly one value.
    pub fn object<E: From<Flaw>>(
        &mut self,
        mut each: impl FnMut(&mut Self, Key<'a>) -> Result<(), E>,
    ) -> Result<Span, E> {
        let start = self.enter(b'{', "an object was expected")?;
        let floor = self.keys.open();
        if self.next_token() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                let key = self.key(floor)?;
                each(self, key)?;
                if self.closed_by(b'}', "a comma or a closing brace was expected")? {
                    break;
                }
            }
            self.close_keys(floor)?;
        }
        self.depth -= 1;
        Ok(Span { start, end: self.at })
    }

    /// Walks an array. `each` must take exactly one value.
    pub fn list<E: From<Flaw>>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<Span, E> {
        let start = self.enter(b'[', "an array was expected")?;
        if self.next_token() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                each(self)?;
                if self.closed_by(b']', "a comma or a closing bracket was expected")? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(Span { start, end: self.at })
    }

    /// Nothing but white space may follow the value that was read.
    pub fn finish(&mut self) -> Result<(), Flaw> {
        match self.next_token() {
            None => Ok(()),
            Some(_) => Err(self.flaw("something follows the JSON value")),
        }
    }

    /// Steps over the value that begins with `first`.
    fn skip(&mut self, first: u8) -> Result<Kind, Flaw> {
        match first {
            b'"' => self.string().map(|_| Kind::Text),
            b'{' => self.skip_object().map(|()| Kind::Object),
            b'[' => self.list(|cursor| cursor.value().map(drop)).map(|_| Kind::List),
            b'n' => self.literal("null").map(|()| Kind::Null),
            b't' => self.literal("true").map(|()| Kind::True),
            b'f' => self.literal("false").map(|()| Kind::False),
            b'-' | b'0'..=b'9' => self.number().map(|()| Kind::Number),
            _ => Err(self.flaw("unexpected character")),
        }
    }

    /// Steps over an object that nobody looks into: as `object`, but no name is made for anybody.
    fn skip_object(&mut self) -> Result<(), Flaw> {
        self.enter(b'{', "an object was expected")?;
        let floor = self.keys.open();
        if self.next_token() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                self.key_place(floor)?;
                let Some(first) = self.next_token() else {
                    return Err(self.flaw("unexpected end"));
                };
                self.skip(first)?;
                if self.closed_by(b'}', "a comma or a closing brace was expected")? {
                    break;
                }
            }
            self.close_keys(floor)?;
        }
        self.depth -= 1;
        Ok(())
    }

    #[inline]
    fn close_keys(&mut self, floor: usize) -> Result<(), Flaw> {
        if self.rules == Rules::Client
            && let Some(name) = self.keys.close(floor, self.text)
        {
            return Err(self.duplicate(&name));
        }
        Ok(())
    }

    #[inline]
    fn key(&mut self, floor: usize) -> Result<Key<'a>, Flaw> {
        let (within, escaped) = self.key_place(floor)?;
        let raw = within.text(self.text);
        let name = if escaped { decode(raw) } else { Cow::Borrowed(raw) };
        let place = Span {
            start: within.start - 1,
            end: within.end + 1,
        };
        Ok(Key { name, place })
    }

    /// Steps over a key and its colon; its inside, and whether it holds escapes.
    #[inline(always)]
    fn key_place(&mut self, floor: usize) -> Result<(Span, bool), Flaw> {
        if self.next_token() != Some(b'"') {
            return Err(self.flaw("a field name was expected"));
        }
        let (within, escaped) = self.string()?;
        if self.rules == Rules::Client {
            self.check_twice(floor, within, escaped)?;
        }
        if self.next_token() != Some(b':') {
            return Err(self.flaw("a colon was expected"));
        }
        self.at += 1;
        Ok((within, escaped))
    }

    #[inline]
    fn check_twice(&mut self, floor: usize, within: Span, escaped: bool) -> Result<(), Flaw> {
        let repeats = if escaped {
            let name = decode(within.text(self.text));
            self.keys.repeats(floor, self.text, within, name.as_bytes())
        } else {
            let name = within.of(self.text.as_bytes());
            self.keys.repeats(floor, self.text, within, name)
        };
        if repeats {
            return Err(self.duplicate(&decode(within.text(self.text))));
        }
        Ok(())
    }

    #[inline]
    fn enter(&mut self, bracket: u8, what: &'static str) -> Result<usize, Flaw> {
        if self.next_token() != Some(bracket) {
            return Err(self.flaw(what));
        }
        if self.depth >= DEPTH_LIMIT {
            return Err(Flaw::new(
                FlawKind::TooDeep,
                "nested more than 64 levels deep",
                self.at,
                None,
            ));
        }
        self.depth += 1;
        self.at += 1;
        Ok(self.at - 1)
    }

    #[inline]
    fn closed_by(&mut self, bracket: u8, what: &'static str) -> Result<bool, Flaw> {
        let token = self.next_token();
        if token != Some(bracket) && token != Some(b',') {
            return Err(self.flaw(what));
        }
        self.at += 1;
        Ok(token == Some(bracket))
    }

    #[inline]
    fn next_token(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other,
            }
        }
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn literal(&mut self, word: &str) -> Result<(), Flaw> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.flaw("unexpected character"));
        }
        self.at += word.len();
        Ok(())
    }

    #[inline]
    fn number(&mut self) -> Result<(), Flaw> {
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.byte() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.flaw("a digit was expected")),
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.flaw("a digit was expected"));
        }
        Ok(())
    }

    /// Steps over a string; its inside, and whether it holds escapes. Most hold none and end where their
    /// ordinary bytes do: that case stands in its callers, the rest is one call away.
    #[inline(always)]
    fn string(&mut self) -> Result<(Span, bool), Flaw> {
        let start = self.at + 1;
        self.at = start;
        self.at += ordinary_run(self.rest());
        if self.byte() != Some(b'"') {
            self.rest_of_string()?;
            let end = self.at - 1;
            return Ok((Span { start, end }, true));
        }
        self.at += 1;
        let end = self.at - 1;
        Ok((Span { start, end }, false))
    }

    /// From the first byte of a string that is not ordinary, which is an escape or wrong, past its end.
    #[inline(never)]
    fn rest_of_string(&mut self) -> Result<(), Flaw> {
        loop {
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escaped()?,
                Some(_) => return Err(self.flaw("a control character stands in a string")),
                None => return Err(self.flaw("a string does not end")),
            }
            self.at += ordinary_run(self.rest());
        }
    }

    fn escaped(&mut self) -> Result<(), Flaw> {
        let (taken, meaning) = escape(self.rest());
        match meaning {
            Escape::Byte(_) => self.at += taken,
            Escape::Wrong => return Err(self.flaw("an unknown escape stands in a string")),
            Escape::Unit(unit) => {
                let lone = "half a surrogate pair stands in a string";
                if is_low_surrogate(unit) && self.rules == Rules::Client {
                    return Err(self.flaw(lone));
                }
                self.at += taken;
                if is_high_surrogate(unit) {
                    match escape(self.rest()) {
                        (taken, Escape::Unit(low)) if is_low_surrogate(low) && self.byte() == Some(b'\\') => {
                            self.at += taken;
                        }
                        _ if self.rules == Rules::Client => return Err(self.flaw(lone)),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    #[cold]
    fn flaw(&self, what: &'static str) -> Flaw {
        Flaw::new(FlawKind::Syntax, what, self.at, None)
    }

    #[cold]
    fn duplicate(&self, name: &str) -> Flaw {
        Flaw::new(
            FlawKind::Duplicate,
            "a field is given twice",
            self.at,
            Some(name.to_owned()),
        )
    }
}

/// A string value without its quotes.
fn inside(quoted: &str) -> &str {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default()
}

#[cfg(test)]
#[path = "cursor_tests.rs"]
mod tests;
