//! The fields policy looks at, door by door. Each has one type; another one is refused with the field's name,
//! because a policy that guesses what `"stream": "yes"` means would differ from the vendor's guess.

use super::{Named, Scan, turns};
use crate::door::{Dialect, Door};
use crate::json::{Cursor, Kind, Raw};
use crate::refusal::BadRequest;

impl Scan {
    /// Reads one top-level value and notes what policy needs of it.
    pub(super) fn field(
        &mut self,
        door: Door,
        cursor: &mut Cursor<'_>,
        name: &[u8],
        opening: &mut turns::Opening,
    ) -> Result<Raw, BadRequest> {
        if turns::holds_turns(door, name) {
            return opening.read(door, cursor, name);
        }
        if door == Door::Other && !matches!(name, b"model" | b"stream") {
            return Ok(cursor.value()?);
        }
        match (door.dialect(), name) {
            (Dialect::OpenAi, b"stream_options") => self.stream_options(cursor),
            (Dialect::Anthropic, b"metadata") => self.metadata(cursor),
            (Dialect::Gemini, b"generationConfig" | b"generation_config") => {
                self.generation_config(cursor, name)
            }
            (Dialect::OpenAi | Dialect::Anthropic, _) => {
                let value = cursor.value()?;
                self.note(door, cursor, name, value)?;
                Ok(value)
            }
            (Dialect::Gemini, _) => Ok(cursor.value()?),
        }
    }

    fn note(&mut self, door: Door, cursor: &Cursor<'_>, name: &[u8], value: Raw) -> Result<(), BadRequest> {
        match name {
            b"model" => self.model = model(door, cursor, value)?,
            b"stream" => self.stream = flag(name, value)?,
            b"user" => self.user = words(cursor, name, value)?,
            b"safety_identifier" => {
                let identifier = words(cursor, name, value)?;
                self.user = self.user.take().or(identifier);
            }
            b"prompt_cache_key" => self.prompt_cache_key = words(cursor, name, value)?,
            b"previous_response_id" => {
                self.previous_response_id = words(cursor, name, value)?;
                self.continues |= self.previous_response_id.is_some();
            }
            b"max_completion_tokens" | b"max_output_tokens" => self.max_tokens = count(cursor, name, value)?,
            b"max_tokens" => {
                let limit = count(cursor, name, value)?;
                self.max_tokens = self.max_tokens.or(limit);
            }
            b"n" if door != Door::Messages => self.choices = count(cursor, name, value)?,
            _ => {}
        }
        Ok(())
    }

    fn stream_options(&mut self, cursor: &mut Cursor<'_>) -> Result<Raw, BadRequest> {
        if !expects_object(cursor, b"stream_options")? {
            return Ok(cursor.value()?);
        }
        let span = cursor.object(|cursor, key| {
            let value = cursor.value()?;
            if key.name.as_ref() == b"include_usage" {
                self.asks_usage = flag(b"stream_options.include_usage", value)?;
                self.include_usage = Some(value.span);
            }
            Ok::<(), BadRequest>(())
        })?;
        Ok(Raw {
            kind: Kind::Object,
            span,
        })
    }

    fn metadata(&mut self, cursor: &mut Cursor<'_>) -> Result<Raw, BadRequest> {
        if !expects_object(cursor, b"metadata")? {
            return Ok(cursor.value()?);
        }
        let span = cursor.object(|cursor, key| {
            let value = cursor.value()?;
            if key.name.as_ref() == b"user_id" {
                self.user = words(cursor, b"metadata.user_id", value)?;
            }
            Ok::<(), BadRequest>(())
        })?;
        Ok(Raw {
            kind: Kind::Object,
            span,
        })
    }

    fn generation_config(&mut self, cursor: &mut Cursor<'_>, name: &[u8]) -> Result<Raw, BadRequest> {
        if !expects_object(cursor, name)? {
            return Ok(cursor.value()?);
        }
        let span = cursor.object(|cursor, key| {
            let value = cursor.value()?;
            match key.name.as_ref() {
                b"maxOutputTokens" | b"max_output_tokens" => {
                    self.max_tokens = count(cursor, b"generationConfig.maxOutputTokens", value)?;
                }
                b"candidateCount" | b"candidate_count" => {
                    self.choices = count(cursor, b"generationConfig.candidateCount", value)?;
                }
                _ => {}
            }
            Ok::<(), BadRequest>(())
        })?;
        Ok(Raw {
            kind: Kind::Object,
            span,
        })
    }
}

/// True for an object, false for null.
fn expects_object(cursor: &mut Cursor<'_>, name: &[u8]) -> Result<bool, BadRequest> {
    match cursor.kind()? {
        Kind::Object => Ok(true),
        Kind::Null => Ok(false),
        _ => Err(wrong_type(name, "an object")),
    }
}

fn model(door: Door, cursor: &Cursor<'_>, value: Raw) -> Result<Option<Named>, BadRequest> {
    if value.kind == Kind::Null && door == Door::Other {
        return Ok(None);
    }
    match words(cursor, b"model", value)? {
        Some(name) if !name.is_empty() => Ok(Some(Named {
            name,
            place: value.span,
        })),
        _ => Err(wrong_type(b"model", "a non-empty string")),
    }
}

fn words(cursor: &Cursor<'_>, name: &[u8], value: Raw) -> Result<Option<String>, BadRequest> {
    match value.kind {
        Kind::Text => Ok(Some(cursor.words(value).into_owned())),
        Kind::Null => Ok(None),
        _ => Err(wrong_type(name, "a string")),
    }
}

fn flag(name: &[u8], value: Raw) -> Result<bool, BadRequest> {
    match value.kind {
        Kind::True => Ok(true),
        Kind::False | Kind::Null => Ok(false),
        _ => Err(wrong_type(name, "a boolean")),
    }
}

fn count(cursor: &Cursor<'_>, name: &[u8], value: Raw) -> Result<Option<u64>, BadRequest> {
    match cursor.number(value) {
        None if value.kind != Kind::Null => Err(wrong_type(name, "a whole number of at least 0")),
        count => Ok(count),
    }
}

#[cold]
fn wrong_type(name: &[u8], expected: &str) -> BadRequest {
    BadRequest::wrong_type(&String::from_utf8_lossy(name), expected)
}
