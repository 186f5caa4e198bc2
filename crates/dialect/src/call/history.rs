//! Cleaning what another vendor left in a conversation. The turns of one conversation may have been answered
//! by both sides of a split, or by a rescue: then the history that a client sends holds reasoning with another
//! vendor's proof, or lacks what this vendor wants to see again. Between equal dialects nobody translates the
//! history, so it is put right here, and only when such traces are found.

mod chat;
mod generate;
mod messages;
mod responses;

use memchr::memmem;

use super::{Server, Target};
use crate::door::Door;
use crate::json::{Edits, Json, Rules, Writer};
use crate::scan::Scan;
use crate::translate::{MARK, MARK_IN_BASE64};

/// Adds the edits that make a history fit for its vendor. Fields that were changed are added to `adapted`.
pub(super) fn clean(
    door: Door,
    body: &[u8],
    scan: &Scan,
    target: &Target<'_>,
    edits: &mut Edits,
    adapted: &mut Vec<&'static str>,
) {
    // A history is what the model said before; DeepSeek also wants its instructions renamed.
    if !scan.continues && target.server != Server::DeepSeek {
        return;
    }
    let holds = |needle: &str| memmem::find(body, needle.as_bytes()).is_some();
    match door {
        Door::Chat if chat::needs_cleaning(target.server, holds) => {
            if let Some(messages) = list(body, scan, "messages") {
                chat::clean(&messages, body, target.server, edits);
            }
        }
        Door::Messages | Door::CountTokens => {
            let thinks = scan.field_named(body, "thinking").is_some();
            if (thinks || holds(MARK))
                && let Some(messages) = list(body, scan, "messages")
            {
                messages::clean(&messages, body, scan, edits, adapted);
            }
        }
        Door::Responses if holds(MARK) => {
            if let Some(input) = list(body, scan, "input") {
                responses::clean(&input, body, edits);
            }
        }
        Door::Generate | Door::StreamGenerate | Door::GeminiCountTokens => {
            if (holds(MARK_IN_BASE64) || holds("\"functionCall\""))
                && let Some(contents) = list(body, scan, "contents")
            {
                generate::clean(&contents, body, target.model, edits);
            }
        }
        Door::Chat | Door::Responses | Door::Completions | Door::Embeddings | Door::Other => {}
    }
}

/// An array of the body as a tree; None if it is no array.
fn list<'b>(body: &'b [u8], scan: &Scan, name: &str) -> Option<Json<'b>> {
    let field = scan.field_named(body, name)?;
    Json::parse(field.value.span.of(body), Rules::Client)
        .ok()
        .filter(Json::is_list)
}

/// Replaces a part of the body, given as a node of a tree over it.
fn replace(body: &[u8], node: &Json<'_>, with: Vec<u8>, edits: &mut Edits) {
    edits.replace(crate::json::Span::of_slice(body, node.raw), with);
}

/// An object again with only some of its fields, and maybe others behind them.
fn with_fields(
    object: &Json<'_>,
    keep: impl Fn(&str) -> bool,
    more: impl FnOnce(&mut Writer<'_>),
) -> Vec<u8> {
    let mut out = Vec::new();
    Writer::new(&mut out).object(|written| {
        for (name, value) in object.fields().iter().filter(|(name, _)| keep(name)) {
            written.key(name).raw(value.raw);
        }
        more(written);
    });
    out
}

#[cfg(test)]
#[path = "history/tests.rs"]
mod tests;
