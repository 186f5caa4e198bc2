//! How a conversation began. Requests of one conversation share their first turns byte for byte, up to the
//! first thing the model said; a hash of those names the conversation without remembering its words.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::door::Door;
use crate::json::{Cursor, Kind, Raw};
use crate::refusal::BadRequest;

#[derive(Default)]
pub(super) struct Opening {
    hash: Option<u64>,
    spoken: bool,
    listed: bool,
}

/// Whether this top-level field holds turns, or instructions that belong to the opening.
pub(super) fn holds_turns(door: Door, name: &str) -> bool {
    match door {
        Door::Chat => name == "messages",
        Door::Messages | Door::CountTokens => matches!(name, "messages" | "system"),
        Door::Responses => matches!(name, "input" | "instructions"),
        Door::Generate | Door::StreamGenerate | Door::GeminiCountTokens => {
            matches!(name, "contents" | "systemInstruction" | "system_instruction")
        }
        Door::Completions => name == "prompt",
        Door::Embeddings | Door::Other => false,
    }
}

impl Opening {
    pub(super) fn continues(&self) -> bool {
        self.spoken
    }

    pub(super) fn hash(&self) -> Option<u64> {
        self.hash
    }

    /// Whether there was an array of turns at all.
    pub(super) fn listed(&self) -> bool {
        self.listed
    }

    /// Reads a field that holds turns; an array of them is read turn by turn.
    pub(super) fn read(
        &mut self,
        door: Door,
        cursor: &mut Cursor<'_>,
        name: &str,
    ) -> Result<Raw, BadRequest> {
        let kind = cursor.kind()?;
        let is_array_of_turns =
            matches!(name, "messages" | "contents") || (name == "input" && kind == Kind::List);
        if !is_array_of_turns {
            let value = cursor.value()?;
            self.add(cursor.slice(value.span));
            return Ok(value);
        }
        if kind != Kind::List {
            return Err(BadRequest::wrong_type(name, "an array"));
        }
        self.listed = true;
        let mut position = 0_usize;
        let span = cursor.list(|cursor| {
            self.turn(door, cursor, name, position)?;
            position += 1;
            Ok::<(), BadRequest>(())
        })?;
        Ok(Raw { kind, span })
    }

    fn turn(
        &mut self,
        door: Door,
        cursor: &mut Cursor<'_>,
        list: &str,
        position: usize,
    ) -> Result<(), BadRequest> {
        if cursor.kind()? != Kind::Object {
            return Err(BadRequest::wrong_type(
                &format!("{list}[{position}]"),
                "an object",
            ));
        }
        let mut by_model = false;
        let span = cursor.object(|cursor, key| {
            let value = cursor.value()?;
            match key.name.as_ref() {
                "role" if value.kind == Kind::Text => by_model |= is_models_role(door, &cursor.words(value)),
                "role" if value.kind != Kind::Null => {
                    return Err(BadRequest::wrong_type(
                        &format!("{list}[{position}].role"),
                        "a string",
                    ));
                }
                "type" if door == Door::Responses && value.kind == Kind::Text => {
                    by_model |= cursor.words(value) != "message";
                }
                _ => {}
            }
            Ok(())
        })?;
        self.spoken |= by_model;
        if !self.spoken {
            self.add(cursor.slice(span));
        }
        Ok(())
    }

    fn add(&mut self, words: &str) {
        // Each turn is hashed with the hash of those before it as its seed, so a border cannot move unseen.
        self.hash = Some(xxh3_64_with_seed(words.as_bytes(), self.hash.unwrap_or_default()));
    }
}

/// Roles that show the conversation was under way already.
fn is_models_role(door: Door, role: &str) -> bool {
    match door {
        Door::Chat => matches!(role, "assistant" | "tool" | "function"),
        Door::Messages | Door::CountTokens | Door::Responses => role == "assistant",
        Door::Generate | Door::StreamGenerate | Door::GeminiCountTokens => {
            matches!(role, "model" | "function")
        }
        Door::Completions | Door::Embeddings | Door::Other => false,
    }
}
