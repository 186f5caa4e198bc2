//! Anthropic's messages: thoughts of other vendors are taken out, since their signatures would be refused. And
//! with a thinking budget the vendor wants a tool's result to follow a turn that began with its own thoughts;
//! where another vendor made that turn, this one request goes without thinking.

use super::{replace, with_fields};
use crate::json::{Edits, Json, Rules, Writer};
use crate::scan::Scan;
use crate::translate::MARK;

pub(super) fn clean(
    messages: &Json<'_>,
    body: &[u8],
    scan: &Scan,
    edits: &mut Edits,
    adapted: &mut Vec<&'static str>,
) {
    let foreign = messages
        .items()
        .iter()
        .any(|message| blocks(message).iter().any(is_foreign));
    if foreign {
        let mut out = Vec::new();
        Writer::new(&mut out).list(|list| messages.items().iter().for_each(|message| cleaned(message, list)));
        replace(body, messages, out, edits);
    }
    let thinking = scan.field_named(body, "thinking");
    let budget = thinking.and_then(|field| Json::parse(field.value.span.of(body), Rules::Client).ok());
    let budget = budget.is_some_and(|thinking| thinking.text_at("type") == Some("enabled"));
    if let Some(field) = thinking.filter(|_| budget && continues_foreign_calls(messages)) {
        edits.replace(field.value.span, "{\"type\":\"disabled\"}");
        adapted.push("thinking");
    }
}

fn blocks<'j, 'a>(message: &'j Json<'a>) -> &'j [Json<'a>] {
    message.get("content").map(Json::items).unwrap_or_default()
}

fn is_foreign(block: &Json<'_>) -> bool {
    block.text_at("type") == Some("thinking")
        && block
            .text_at("signature")
            .is_some_and(|words| words.starts_with(MARK))
}

/// A message without foreign thoughts; one that held nothing else is left out.
fn cleaned(message: &Json<'_>, list: &mut Writer<'_>) {
    let kept: Vec<&Json<'_>> = blocks(message)
        .iter()
        .filter(|block| !is_foreign(block))
        .collect();
    if kept.len() == blocks(message).len() {
        list.raw(message.raw);
    } else if !kept.is_empty() {
        let without = with_fields(
            message,
            |name| name != "content",
            |written| {
                written.key("content").list(|content| {
                    kept.iter().for_each(|block| {
                        content.raw(block.raw);
                    });
                });
            },
        );
        list.raw(&String::from_utf8(without).unwrap_or_default());
    }
}

/// Whether the last message answers calls of a turn that does not begin with Anthropic's own thoughts.
fn continues_foreign_calls(messages: &Json<'_>) -> bool {
    let is = |block: &Json<'_>, kind: &str| block.text_at("type") == Some(kind);
    let mut backwards = messages.items().iter().rev();
    let answers = backwards
        .next()
        .is_some_and(|last| blocks(last).iter().any(|block| is(block, "tool_result")));
    let caller = backwards
        .next()
        .filter(|message| message.text_at("role") == Some("assistant"));
    let first = caller.and_then(|caller| blocks(caller).iter().find(|block| !is_foreign(block)));
    answers && first.is_some_and(|first| !is(first, "thinking") && !is(first, "redacted_thinking"))
}
