//! Turns in Anthropic's words: instructions apart, user and assistant in turn, tool results first in the
//! message after their calls, nothing empty.

use super::model;
use crate::door::Dialect;
use crate::json::Writer;
use crate::refusal::BadRequest;
use crate::translate::ids;
use crate::translate::request::{Part, ProofKind, Request, Source, Speaker, Thought, ToolResult, Turn, What};

pub(super) fn write(
    request: &Request<'_>,
    model: &str,
    body: &mut Writer<'_>,
    adapted: &mut Vec<&'static str>,
) -> Result<(), BadRequest> {
    let leading = request
        .turns
        .iter()
        .take_while(|turn| turn.speaker == Speaker::System)
        .count();
    let (system, turns) = request.turns.split_at_checked(leading).unwrap_or_default();
    // A conversation needs a message: instructions alone become it.
    let alone = turns.iter().all(|turn| turn.parts.is_empty());
    let (system, turns) = if alone { (&[][..], system) } else { (system, turns) };
    let texts: Vec<&str> = system
        .iter()
        .flat_map(|turn| &turn.parts)
        .filter_map(words)
        .collect();
    if !texts.is_empty() {
        body.key("system").list(|list| {
            for text in texts {
                list.object(|block| {
                    block.field("type", "text").field("text", text);
                });
            }
        });
    }
    let mut failed = None;
    body.key("messages").list(|list| {
        for (role, parts) in messages(turns, model) {
            if let Err(refusal) = message(request, role, &parts, list) {
                failed = failed.take().or(Some(refusal));
            }
        }
    });
    let changed =
        turns.iter().any(|turn| turn.speaker == Speaker::System) && !model::takes_system_messages(model);
    if changed || alone {
        adapted.push(request.turns_field());
    }
    failed.map_or(Ok(()), Err)
}

fn words<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    match &part.what {
        What::Text(text) => Some(text),
        _ => None,
    }
}

/// Turns as messages: neighbours of one role together, tool results before everything else. A system message
/// between turns keeps its place, as a user's where the model knows no other.
fn messages<'t, 'a>(turns: &'t [Turn<'a>], model: &str) -> Vec<(&'static str, Vec<&'t Part<'a>>)> {
    let mut messages: Vec<(&'static str, Vec<&Part<'a>>)> = Vec::new();
    for turn in turns {
        let role = match turn.speaker {
            Speaker::System if model::takes_system_messages(model) => "system",
            Speaker::System | Speaker::User => "user",
            Speaker::Assistant => "assistant",
        };
        let parts: Vec<_> = turn.parts.iter().filter(|part| is_sent(&part.what)).collect();
        if parts.is_empty() {
            continue;
        }
        match messages.last_mut() {
            Some((last, held)) if *last == role => held.extend(parts),
            _ => messages.push((role, parts)),
        }
    }
    for (_, parts) in &mut messages {
        parts.sort_by_key(|part| !matches!(part.what, What::Result(_)));
    }
    messages
}

/// A thought without Anthropic's own proof is not sent: half a thought is refused by the vendor.
fn is_sent(what: &What<'_>) -> bool {
    match what {
        What::Thought(Thought { proof, .. }) => proof
            .as_ref()
            .is_some_and(|proof| proof.vendor == Dialect::Anthropic),
        What::Text(text) => !text.is_empty(),
        What::Image(_) | What::File { .. } | What::Media(_) | What::Call(_) | What::Result(_) => true,
    }
}

fn message(
    request: &Request<'_>,
    role: &str,
    parts: &[&Part<'_>],
    list: &mut Writer<'_>,
) -> Result<(), BadRequest> {
    let mut failed = None;
    list.object(|message| {
        message.field("role", role);
        message.key("content").list(|content| {
            for part in parts {
                failed = failed.take().or(block(request, part, content).err());
            }
        });
    });
    failed.map_or(Ok(()), Err)
}

fn block(request: &Request<'_>, part: &Part<'_>, content: &mut Writer<'_>) -> Result<(), BadRequest> {
    match &part.what {
        What::Text(text) => {
            content.object(|block| {
                block.field("type", "text").field("text", text);
            });
        }
        What::Image(source) => {
            if let Source::Base64 { media_type, .. } = source
                && !matches!(
                    media_type.as_ref(),
                    "image/jpeg" | "image/png" | "image/gif" | "image/webp"
                )
            {
                return Err(request.cannot_take(
                    part,
                    &format!("images of type {media_type}"),
                    Dialect::Anthropic,
                ));
            }
            content.object(|block| {
                block
                    .field("type", "image")
                    .key("source")
                    .object(|written| write_source(source, written));
            });
        }
        What::File { source, name } => document(request, part, source, name.as_deref(), content)?,
        What::Media(_) => return Err(request.cannot_take(part, "sound or film", Dialect::Anthropic)),
        What::Thought(thought) => write_thought(thought, content),
        What::Call(call) => {
            content.object(|block| {
                block
                    .field("type", "tool_use")
                    .field("id", &ids::for_anthropic(&call.id));
                block.field("name", &call.name);
                let arguments = call.arguments.trim();
                block
                    .key("input")
                    .raw(if arguments.is_empty() { "{}" } else { arguments });
            });
        }
        What::Result(result) => tool_result(request, result, content)?,
    }
    Ok(())
}

fn write_source(source: &Source<'_>, written: &mut Writer<'_>) {
    match source {
        Source::Base64 { media_type, data } => {
            written
                .field("type", "base64")
                .field("media_type", media_type)
                .field("data", data);
        }
        Source::Url { url, .. } => {
            written.field("type", "url").field("url", url);
        }
        Source::PlainText(text) => {
            written
                .field("type", "text")
                .field("media_type", "text/plain")
                .field("data", text);
        }
    }
}

fn document(
    request: &Request<'_>,
    part: &Part<'_>,
    source: &Source<'_>,
    name: Option<&str>,
    content: &mut Writer<'_>,
) -> Result<(), BadRequest> {
    if let Source::Base64 { media_type, .. } = source
        && media_type.as_ref() != "application/pdf"
    {
        return Err(request.cannot_take(part, &format!("files of type {media_type}"), Dialect::Anthropic));
    }
    content.object(|block| {
        block
            .field("type", "document")
            .key("source")
            .object(|written| write_source(source, written));
        if let Some(name) = name {
            block.field("title", name);
        }
    });
    Ok(())
}

fn write_thought(thought: &Thought<'_>, content: &mut Writer<'_>) {
    let Some(proof) = &thought.proof else { return };
    content.object(|block| match proof.kind {
        ProofKind::Signature => {
            block.field("type", "thinking").field("thinking", &thought.text);
            block.field("signature", &proof.words);
        }
        ProofKind::Redacted => {
            block
                .field("type", "redacted_thinking")
                .field("data", &proof.words);
        }
    });
}

fn tool_result(
    request: &Request<'_>,
    result: &ToolResult<'_>,
    content: &mut Writer<'_>,
) -> Result<(), BadRequest> {
    let mut failed = None;
    content.object(|block| {
        block
            .field("type", "tool_result")
            .field("tool_use_id", &ids::for_anthropic(&result.id));
        if let Some(object) = result.object {
            block.field("content", object);
        } else if !result.content.is_empty() {
            block.key("content").list(|list| {
                for part in &result.content {
                    failed = failed.take().or(self::block(request, part, list).err());
                }
            });
        }
        if result.is_error {
            block.key("is_error").bool(true);
        }
    });
    failed.map_or(Ok(()), Err)
}
