//! A borrowed tree of a JSON text, for where the shape must be known: translation and vendors' numbers. Every
//! node keeps its own bytes, so what passes through a translation whole (a tool's schema, a tool's arguments)
//! is copied and not written anew, and no number is ever rounded.

use std::borrow::Cow;

use super::cursor::{Cursor, Kind};
use super::flaw::{Flaw, utf8};
use super::text::{Rules, decode};

#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    /// As written.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Json<'a> {
    /// The bytes of this value as they came.
    pub raw: &'a str,
    pub value: Value<'a>,
}

impl<'a> Json<'a> {
    pub fn parse(bytes: &'a [u8], rules: Rules) -> Result<Json<'a>, Flaw> {
        let text = utf8(bytes)?;
        let mut cursor = Cursor::new(bytes, rules);
        let json = node(text, &mut cursor)?;
        cursor.finish()?;
        Ok(json)
    }

    /// The field of an object; None for other values, and for a field that is null: vendors write a null
    /// where others leave the field out, and it means the same.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        let found = self
            .fields()
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)?;
        (found.value != Value::Null).then_some(found)
    }

    /// The fields of an object in their order; none for other values.
    pub fn fields(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        match &self.value {
            Value::Object(fields) => fields,
            _ => &[],
        }
    }

    /// The elements of an array; none for other values.
    pub fn items(&self) -> &[Json<'a>] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(words) => Some(words),
            _ => None,
        }
    }

    pub fn bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// A whole, non-negative number. `12.0` and `1e3` are not taken: nobody who counts writes them.
    pub fn integer(&self) -> Option<u64> {
        match self.value {
            Value::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// A number, rounded to what a comparison needs; to be passed on, a number's `raw` is copied.
    pub fn number(&self) -> Option<f64> {
        match self.value {
            Value::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    pub fn is_object(&self) -> bool {
        matches!(self.value, Value::Object(_))
    }

    pub fn is_list(&self) -> bool {
        matches!(self.value, Value::List(_))
    }

    /// `get(name)` as text.
    pub fn text_at(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Json::text)
    }

    /// `get(name)` as a whole number.
    pub fn integer_at(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(Json::integer)
    }
}

fn node<'a>(text: &'a str, cursor: &mut Cursor<'a>) -> Result<Json<'a>, Flaw> {
    match cursor.kind()? {
        Kind::Object => {
            let mut fields = Vec::new();
            let span = cursor.object(|cursor, key| -> Result<(), Flaw> {
                let name = match key.name {
                    Cow::Borrowed(_) => Cow::Borrowed(inside(key.place.text(text))),
                    Cow::Owned(name) => Cow::Owned(String::from_utf8(name).unwrap_or_default()),
                };
                fields.push((name, node(text, cursor)?));
                Ok(())
            })?;
            Ok(Json {
                raw: span.text(text),
                value: Value::Object(fields),
            })
        }
        Kind::List => {
            let mut items = Vec::new();
            let span = cursor.list(|cursor| -> Result<(), Flaw> {
                items.push(node(text, cursor)?);
                Ok(())
            })?;
            Ok(Json {
                raw: span.text(text),
                value: Value::List(items),
            })
        }
        Kind::Null | Kind::True | Kind::False | Kind::Number | Kind::Text => leaf(text, cursor),
    }
}

fn leaf<'a>(text: &'a str, cursor: &mut Cursor<'a>) -> Result<Json<'a>, Flaw> {
    let read = cursor.value()?;
    let raw = read.span.text(text);
    let value = match read.kind {
        Kind::True => Value::Bool(true),
        Kind::False => Value::Bool(false),
        Kind::Number => Value::Number(raw),
        Kind::Text => Value::Text(decode(inside(raw))),
        Kind::Null | Kind::List | Kind::Object => Value::Null,
    };
    Ok(Json { raw, value })
}

/// A string without its quotes.
fn inside(quoted: &str) -> &str {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default()
}
