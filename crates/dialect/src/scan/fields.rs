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
        name: &str,
        opening: &mut turns::Opening,
    ) -> Result<Raw, BadRequest> {
        if turns::holds_turns(door, name) {
            return opening.read(door, cursor, name);
        }
        if door == Door::Other && !matches!(name, "model" | "stream") {
            return Ok(cursor.value()?);
        }
        match (door.dialect(), name) {
            (Dialect::OpenAi, "stream_options") => self.stream_options(cursor),
            (Dialect::Anthropic, "metadata") => self.metadata(cursor),
            (Dialect::Gemini, "generationConfig" | "generation_config") => {
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

    fn note(&mut self, door: Door, cursor: &Cursor<'_>, name: &str, value: Raw) -> Result<(), BadRequest> {
        match name {
            "model" => self.model = model(door, cursor, value)?,
            "stream" => self.stream = flag(name, value)?,
            "user" => self.user = words(cursor, name, value)?,
            "safety_identifier" => {
                let identifier = words(cursor, name, value)?;
                self.user = self.user.take().or(identifier);
            }
            "prompt_cache_key" => self.prompt_cache_key = words(cursor, name, value)?,
            "previous_response_id" => {
                self.previous_response_id = words(cursor, name, value)?;
                self.continues |= self.previous_response_id.is_some();
            }
            "max_completion_tokens" | "max_output_tokens" => self.max_tokens = count(cursor, name, value)?,
            "max_tokens" => {
                let limit = count(cursor, name, value)?;
                self.max_tokens = self.max_tokens.or(limit);
            }
            "n" if door != Door::Messages => self.choices = count(cursor, name, value)?,
            _ => {}
        }
        Ok(())
    }

    fn stream_options(&mut self, cursor: &mut Cursor<'_>) -> Result<Raw, BadRequest> {
        if !expects_object(cursor, "stream_options")? {
            return Ok(cursor.value()?);
        }
        let span = cursor.object(|cursor, key| {
            let value = cursor.value()?;
            if key.name == "include_usage" {
                self.asks_usage = flag("stream_options.include_usage", value)?;
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
        if !expects_object(cursor, "metadata")? {
            return Ok(cursor.value()?);
        }
        let span = cursor.object(|cursor, key| {
            let value = cursor.value()?;
            if key.name == "user_id" {
                self.user = words(cursor, "metadata.user_id", value)?;
            }
            Ok::<(), BadRequest>(())
        })?;
        Ok(Raw {
            kind: Kind::Object,
            span,
        })
    }

    fn generation_config(&mut self, cursor: &mut Cursor<'_>, name: &str) -> Result<Raw, BadRequest> {
        if !expects_object(cursor, name)? {
            return Ok(cursor.value()?);
        }
        let span = cursor.object(|cursor, key| {
            let value = cursor.value()?;
            match key.name.as_ref() {
                "maxOutputTokens" | "max_output_tokens" => {
                    self.max_tokens = count(cursor, "generationConfig.maxOutputTokens", value)?;
                }
                "candidateCount" | "candidate_count" => {
                    self.choices = count(cursor, "generationConfig.candidateCount", value)?;
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
fn expects_object(cursor: &mut Cursor<'_>, name: &str) -> Result<bool, BadRequest> {
    match cursor.kind()? {
        Kind::Object => Ok(true),
        Kind::Null => Ok(false),
        _ => Err(BadRequest::wrong_type(name, "an object")),
    }
}

fn model(door: Door, cursor: &Cursor<'_>, value: Raw) -> Result<Option<Named>, BadRequest> {
    if value.kind == Kind::Null && door == Door::Other {
        return Ok(None);
    }
    match words(cursor, "model", value)? {
        Some(name) if !name.is_empty() => Ok(Some(Named {
            name,
            place: value.span,
        })),
        _ => Err(BadRequest::wrong_type("model", "a non-empty string")),
    }
}

fn words(cursor: &Cursor<'_>, name: &str, value: Raw) -> Result<Option<String>, BadRequest> {
    match value.kind {
        Kind::Text => Ok(Some(cursor.words(value).into_owned())),
        Kind::Null => Ok(None),
        _ => Err(BadRequest::wrong_type(name, "a string")),
    }
}

fn flag(name: &str, value: Raw) -> Result<bool, BadRequest> {
    match value.kind {
        Kind::True => Ok(true),
        Kind::False | Kind::Null => Ok(false),
        _ => Err(BadRequest::wrong_type(name, "a boolean")),
    }
}

fn count(cursor: &Cursor<'_>, name: &str, value: Raw) -> Result<Option<u64>, BadRequest> {
    match value.kind {
        Kind::Null => Ok(None),
        Kind::Number => match cursor.slice(value.span).parse() {
            Ok(count) => Ok(Some(count)),
            Err(_) => Err(BadRequest::wrong_type(name, "a whole number of at least 0")),
        },
        _ => Err(BadRequest::wrong_type(name, "a whole number of at least 0")),
    }
}
