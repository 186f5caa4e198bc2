//! The items of a Responses input: messages, calls, their outputs, reasoning. What one model turn gave comes
//! back as several items, which are one turn again here.

use std::borrow::Cow;

use crate::door::Door;
use crate::json::Json;
use crate::refusal::BadRequest;
use crate::translate::doors::chat_parts::{arguments, user_parts};
use crate::translate::proof;
use crate::translate::request::{Call, Part, Speaker, Thought, ToolResult, Turn, What};
use crate::translate::shape::{known, required, text};

pub(super) fn push_item<'j>(
    item: &'j Json<'_>,
    position: usize,
    turns: &mut Vec<Turn<'j>>,
) -> Result<(), BadRequest> {
    let path = format!("input[{position}]");
    let at = (position, 0);
    let (speaker, parts) = match item.text_at("type").unwrap_or("message") {
        "message" => message(item, &path, position)?,
        "function_call" => {
            let what = What::Call(function_call(item, &path)?);
            (Speaker::Assistant, vec![Part { at, what }])
        }
        "function_call_output" => {
            known(item, &path, &["type", "id", "call_id", "output", "status"])?;
            let output = item.get("output");
            let result = ToolResult {
                id: Cow::Borrowed(required(item, &path, "call_id")?),
                name: None,
                content: user_parts(output, Door::Responses, position)?,
                object: None,
                is_error: false,
            };
            (
                Speaker::User,
                vec![Part {
                    at,
                    what: What::Result(result),
                }],
            )
        }
        "reasoning" => (Speaker::Assistant, thoughts(item, at)),
        kind => {
            let message = format!("The provider behind this model takes no items of type '{kind}'");
            return Err(BadRequest::unsupported(format!("{path}.type"), message));
        }
    };
    match turns.last_mut() {
        Some(last) if last.speaker == Speaker::Assistant && speaker == Speaker::Assistant => {
            last.parts.extend(parts)
        }
        _ => turns.push(Turn { speaker, parts }),
    }
    Ok(())
}

fn function_call<'j>(item: &'j Json<'_>, path: &str) -> Result<Call<'j>, BadRequest> {
    let names = ["type", "id", "call_id", "name", "arguments", "status"];
    known(item, path, &names)?;
    Ok(Call {
        id: Cow::Borrowed(required(item, path, "call_id")?),
        name: Cow::Borrowed(required(item, path, "name")?),
        arguments: arguments(item, path)?,
        proof: None,
    })
}

fn message<'j>(
    item: &'j Json<'_>,
    path: &str,
    position: usize,
) -> Result<(Speaker, Vec<Part<'j>>), BadRequest> {
    known(item, path, &["type", "id", "role", "content", "status", "phase"])?;
    let speaker = match required(item, path, "role")? {
        "system" | "developer" => Speaker::System,
        "user" => Speaker::User,
        "assistant" => Speaker::Assistant,
        role => {
            return Err(BadRequest::invalid(
                format!("{path}.role"),
                format!("'{role}' is no role of a message"),
            ));
        }
    };
    Ok((
        speaker,
        user_parts(item.get("content"), Door::Responses, position)?,
    ))
}

/// Reasoning goes back to the vendor that proved it; OpenAI's own encrypted reasoning means nothing to others.
fn thoughts<'j>(item: &'j Json<'_>, at: (usize, usize)) -> Vec<Part<'j>> {
    let Some(proof) = item.text_at("encrypted_content").and_then(proof::read) else {
        return Vec::new();
    };
    let mut words = String::new();
    for summary in item.get("summary").map(Json::items).unwrap_or_default() {
        words.push_str(text_of(summary));
    }
    vec![Part {
        at,
        what: What::Thought(Thought {
            text: Cow::Owned(words),
            proof: Some(proof),
        }),
    }]
}

fn text_of<'j>(summary: &'j Json<'_>) -> &'j str {
    summary
        .get("text")
        .and_then(|words| text(words, "summary").ok())
        .unwrap_or_default()
}
