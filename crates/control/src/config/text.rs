//! Scalars as they were written. `0.50`, `4.10` and `64MiB` mean something exact that a float loses, so every
//! value with a unit is read from its text, and the same text is what the schema's `format` names.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::address::{HttpUrl, ListenAddress, StoreAddress};
use super::header::HeaderName;
use super::moment::Moment;
use super::secret::Secret;
use super::share::Share;
use super::units::{Period, Size};
use super::usd::Usd;

/// Why a value cannot be used: what is wrong, and what to write instead. Never repeats a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadValue {
    /// What is wrong with it.
    pub message: String,
    /// How it is written, with an example.
    pub help: &'static str,
}

impl BadValue {
    pub(super) fn new(message: impl Into<String>, help: &'static str) -> BadValue {
        BadValue {
            message: message.into(),
            help,
        }
    }
}

impl fmt::Display for BadValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.message, self.help)
    }
}

impl std::error::Error for BadValue {}

/// The ways in which a scalar's text is read; each is the `format` of its type in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Period,
    Size,
    Share,
    Usd,
    HttpUrl,
    Store,
    Listen,
    Moment,
    Header,
    Secret,
}

impl Format {
    const ALL: [Format; 10] = [
        Format::Period,
        Format::Size,
        Format::Share,
        Format::Usd,
        Format::HttpUrl,
        Format::Store,
        Format::Listen,
        Format::Moment,
        Format::Header,
        Format::Secret,
    ];

    /// The name in the schema. Not JSON Schema's own `duration` and friends: those mean ISO 8601 to a validator.
    pub(super) fn name(self) -> &'static str {
        match self {
            Format::Period => "period",
            Format::Size => "size",
            Format::Share => "percent",
            Format::Usd => "usd",
            Format::HttpUrl => "http-url",
            Format::Store => "store-address",
            Format::Listen => "listen-address",
            Format::Moment => "date-time",
            Format::Header => "header-name",
            Format::Secret => "secret",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Whether the text may be shown to a person.
    pub(super) fn is_secret(self) -> bool {
        matches!(self, Format::Secret | Format::Store)
    }

    /// Reads the text as its type would, for the sake of the refusal.
    pub(super) fn check(self, text: &str) -> Result<(), BadValue> {
        match self {
            Format::Period => text.parse::<Period>().map(drop),
            Format::Size => text.parse::<Size>().map(drop),
            Format::Share => text.parse::<Share>().map(drop),
            Format::Usd => text.parse::<Usd>().map(drop),
            Format::HttpUrl => text.parse::<HttpUrl>().map(drop),
            Format::Store => text.parse::<StoreAddress>().map(drop),
            Format::Listen => text.parse::<ListenAddress>().map(drop),
            Format::Moment => text.parse::<Moment>().map(drop),
            Format::Header => text.parse::<HeaderName>().map(drop),
            Format::Secret => text.parse::<Secret>().map(drop),
        }
    }
}

/// Text that came as a string or as a bare number, on its way to a typed value.
pub(super) struct Text(pub(super) String);

impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Text")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "number"]})
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("text or a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Text, E> {
        Ok(Text(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Text, E> {
        Ok(Text(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Text, E> {
        Ok(Text(number.to_string()))
    }
}
