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
pub(super) fn holds_turns(door: Door, name: &[u8]) -> bool {
    match door {
        Door::Chat => name == b"messages",
        Door::Messages | Door::CountTokens => matches!(name, b"messages" | b"system"),
        Door::Responses => matches!(name, b"input" | b"instructions"),
        Door::Generate | Door::StreamGenerate | Door::GeminiCountTokens => {
            matches!(name, b"contents" | b"systemInstruction" | b"system_instruction")
        }
        Door::Completions => name == b"prompt",
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
        name: &[u8],
    ) -> Result<Raw, BadRequest> {
        let is_list = cursor.at_list();
        let is_array_of_turns = matches!(name, b"messages" | b"contents") || (name == b"input" && is_list);
        if !is_array_of_turns {
            let value = cursor.value()?;
            self.add(cursor.slice(value.span));
            return Ok(value);
        }
        if !is_list {
            cursor.kind()?;
            return Err(wrong_type(name, "", "an array"));
        }
        self.listed = true;
        let mut position = 0_usize;
        let span = cursor.list(|cursor| {
            self.turn(door, cursor, name, position)?;
            position += 1;
            Ok::<(), BadRequest>(())
        })?;
        Ok(Raw {
            kind: Kind::List,
            span,
        })
    }

    fn turn(
        &mut self,
        door: Door,
        cursor: &mut Cursor<'_>,
        list: &[u8],
        position: usize,
    ) -> Result<(), BadRequest> {
        if !cursor.at_object() {
            cursor.kind()?;
            return Err(wrong_type(list, &format!("[{position}]"), "an object"));
        }
        let mut by_model = false;
        let span = cursor.object(|cursor, key| {
            if key.is("role") {
                let role = cursor.value()?;
                match role.kind {
                    Kind::Text => by_model |= is_models_role(door, &cursor.letters(role)),
                    Kind::Null => {}
                    _ => return Err(wrong_type(list, &format!("[{position}].role"), "a string")),
                }
            } else if door == Door::Responses && key.is("type") {
                let kind = cursor.value()?;
                by_model |= kind.kind == Kind::Text && *cursor.letters(kind) != *b"message";
            }
            Ok::<(), BadRequest>(())
        })?;
        self.spoken |= by_model;
        if !self.spoken {
            self.add(cursor.slice(span));
        }
        Ok(())
    }

    fn add(&mut self, words: &[u8]) {
        // Each turn is hashed with the hash of those before it as its seed, so a border cannot move unseen.
        self.hash = Some(xxh3_64_with_seed(words, self.hash.unwrap_or_default()));
    }
}

/// Roles that show the conversation was under way already.
fn is_models_role(door: Door, role: &[u8]) -> bool {
    match door {
        Door::Chat => matches!(role, b"assistant" | b"tool" | b"function"),
        Door::Messages | Door::CountTokens | Door::Responses => role == b"assistant",
        Door::Generate | Door::StreamGenerate | Door::GeminiCountTokens => {
            matches!(role, b"model" | b"function")
        }
        Door::Completions | Door::Embeddings | Door::Other => false,
    }
}

/// A field of turns, or the `place` in it, holds a value of another type.
#[cold]
fn wrong_type(field: &[u8], place: &str, expected: &str) -> BadRequest {
    BadRequest::wrong_type(&format!("{}{place}", String::from_utf8_lossy(field)), expected)
}
