//! What policy needs to know of a request, found in one strict pass over its bytes. The scan only notes
//! places; the body itself stays as it is and is what the vendor gets, so policy and vendor cannot have seen
//! two different requests.

mod fields;
mod turns;

use std::borrow::Cow;

use crate::door::Door;
use crate::json::{Cursor, Raw, Rules, Span, utf8};
use crate::refusal::BadRequest;

/// A string of the request: its words and the place of its value, quotes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub place: Span,
}

/// A top-level field of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The place of the key, quotes included.
    pub key: Span,
    pub value: Raw,
}

impl Field {
    pub fn name<'a>(&self, body: &'a [u8]) -> Cow<'a, str> {
        let quoted = std::str::from_utf8(self.key.of(body)).unwrap_or_default();
        crate::json::decode(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default())
    }

    /// Whether this is its name. A name that is spelled with escapes takes more bytes than it means.
    pub(crate) fn is(&self, body: &[u8], name: &str) -> bool {
        let (start, end) = (self.key.start + 1, self.key.end.saturating_sub(1));
        let spelled = Span { start, end }.of(body);
        spelled == name.as_bytes() || (spelled.len() > name.len() && self.name(body) == name)
    }

    /// From the key to the end of the value.
    pub(crate) fn place(&self) -> Span {
        Span {
            start: self.key.start,
            end: self.value.span.end,
        }
    }
}

/// Fields that are noted without a second allocation; chats have four to ten.
const USUAL_FIELDS: usize = 12;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The model as the body names it; None on Google's paths (the path names it) and where it may be missing.
    pub model: Option<Named>,
    /// The client wants a stream (on Google's paths: it called the streaming method).
    pub stream: bool,
    /// The client asked for usage in its stream (`stream_options.include_usage`).
    pub asks_usage: bool,
    /// `user` or `safety_identifier`; on Anthropic's API `metadata.user_id`.
    pub user: Option<String>,
    pub prompt_cache_key: Option<String>,
    pub previous_response_id: Option<String>,
    /// The request goes on with a conversation: it holds something the model said, or a tool's result.
    pub continues: bool,
    /// A stable hash of the turns before the model first spoke: the same for every request of a conversation.
    pub opening: Option<u64>,
    /// The client's limit on the tokens of one answer, under whatever name its API gives it.
    pub max_tokens: Option<u64>,
    /// How many answers were asked for (`n`, `candidateCount`).
    pub choices: Option<u64>,
    /// Where the top-level fields are.
    pub fields: Vec<Field>,
    /// Where the body's object is.
    pub(crate) object: Span,
    /// Where the value of `stream_options.include_usage` is.
    pub(crate) include_usage: Option<Span>,
}

impl Scan {
    /// Reads a JSON body as the API behind `door` defines it. Fields that policy does not need may hold
    /// anything that is strict JSON.
    pub fn read(door: Door, body: &[u8]) -> Result<Scan, BadRequest> {
        Scan::read_strictly(door, body).map_err(|refusal| match utf8(body) {
            Ok(_) => refusal,
            Err(flaw) => flaw.into(),
        })
    }

    fn read_strictly(door: Door, body: &[u8]) -> Result<Scan, BadRequest> {
        let mut cursor = Cursor::new(body, Rules::Client);
        let mut scan = Scan {
            stream: door == Door::StreamGenerate,
            fields: Vec::with_capacity(USUAL_FIELDS),
            ..Scan::default()
        };
        if !cursor.at_object() {
            cursor.value()?;
            cursor.finish()?;
            let message = "The request body must be a JSON object".to_owned();
            let code = crate::refusal::BadRequestCode::InvalidRequest;
            return Err(BadRequest {
                code,
                param: None,
                message,
            });
        }
        let mut opening = turns::Opening::default();
        scan.object = cursor.object(|cursor, key| {
            let value = scan.field(door, cursor, &key.name, &mut opening)?;
            scan.fields.push(Field {
                key: key.place,
                value,
            });
            Ok::<(), BadRequest>(())
        })?;
        cursor.finish()?;
        scan.continues |= opening.continues();
        scan.opening = opening.hash();
        scan.require(door, opening.listed())?;
        Ok(scan)
    }

    /// The top-level field of this name. Clients spell keys plainly, so this compares a few lengths.
    pub fn field_named(&self, body: &[u8], name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.is(body, name))
    }

    fn require(&self, door: Door, has_turns: bool) -> Result<(), BadRequest> {
        if self.model.is_none() && door.body_names_model() {
            return Err(BadRequest::invalid("model", "'model' is required"));
        }
        if !has_turns && matches!(door, Door::Chat | Door::Messages | Door::CountTokens) {
            return Err(BadRequest::invalid("messages", "'messages' is required"));
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "scan/tests.rs"]
mod tests;
