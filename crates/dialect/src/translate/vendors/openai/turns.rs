//! Turns as chat messages: each tool result a message of its own, what an assistant said in one message.

use crate::door::Dialect;
use crate::json::Writer;
use crate::refusal::BadRequest;
use crate::translate::ids;
use crate::translate::request::{Call, Part, Request, Source, Speaker, ToolResult, Turn, What};

pub(super) fn write(request: &Request<'_>, deepseek: bool, body: &mut Writer<'_>) -> Result<(), BadRequest> {
    let mut failed = None;
    body.key("messages").list(|list| {
        for turn in &request.turns {
            let result = match turn.speaker {
                Speaker::System => plain(request, "system", &turn.parts.iter().collect::<Vec<_>>(), list),
                Speaker::User => user(request, turn, list),
                Speaker::Assistant => assistant(request, turn, deepseek, list),
            };
            failed = failed.take().or(result.err());
        }
    });
    failed.map_or(Ok(()), Err)
}

/// The API has no mark for the result of a failed tool, so its words say it.
pub(super) fn marks_errors_by_words(request: &Request<'_>) -> bool {
    let parts = request.turns.iter().flat_map(|turn| &turn.parts);
    parts
        .into_iter()
        .any(|part| matches!(&part.what, What::Result(result) if result.is_error))
}

fn user(request: &Request<'_>, turn: &Turn<'_>, list: &mut Writer<'_>) -> Result<(), BadRequest> {
    for part in &turn.parts {
        if let What::Result(result) = &part.what {
            tool_message(request, part, result, list)?;
        }
    }
    let rest: Vec<_> = turn
        .parts
        .iter()
        .filter(|part| !matches!(part.what, What::Result(_)))
        .collect();
    if rest.is_empty() {
        Ok(())
    } else {
        plain(request, "user", &rest, list)
    }
}

fn tool_message(
    request: &Request<'_>,
    part: &Part<'_>,
    result: &ToolResult<'_>,
    list: &mut Writer<'_>,
) -> Result<(), BadRequest> {
    let mut text = String::new();
    for inner in &result.content {
        match &inner.what {
            What::Text(words) => text.push_str(words),
            _ => {
                return Err(request.cannot_take(
                    part,
                    "anything but text in a tool's result",
                    Dialect::OpenAi,
                ));
            }
        }
    }
    let text = if result.is_error {
        format!("Error: {text}")
    } else {
        text
    };
    list.object(|message| {
        message
            .field("role", "tool")
            .field("tool_call_id", &ids::for_openai(&result.id));
        message.field("content", result.object.unwrap_or(&text));
    });
    Ok(())
}

fn plain(
    request: &Request<'_>,
    role: &str,
    parts: &[&Part<'_>],
    list: &mut Writer<'_>,
) -> Result<(), BadRequest> {
    let mut result = Ok(());
    list.object(|message| {
        message.field("role", role);
        match parts {
            [] => {
                message.field("content", "");
            }
            [
                Part {
                    what: What::Text(text),
                    ..
                },
            ] => {
                message.field("content", text);
            }
            parts => {
                message.key("content").list(|content| {
                    result = parts
                        .iter()
                        .try_for_each(|part| content_part(request, part, content));
                });
            }
        }
    });
    result
}

fn content_part(request: &Request<'_>, part: &Part<'_>, content: &mut Writer<'_>) -> Result<(), BadRequest> {
    match &part.what {
        What::Text(text) => text_part(text, content),
        What::Image(source) => {
            let url = url(source);
            content.object(|written| {
                written
                    .field("type", "image_url")
                    .key("image_url")
                    .object(|image| {
                        image.field("url", &url);
                    });
            });
        }
        What::File {
            source: Source::PlainText(text),
            ..
        } => text_part(text, content),
        What::File {
            source: Source::Url { .. },
            ..
        } => {
            return Err(request.cannot_take(part, "files by URL", Dialect::OpenAi));
        }
        What::File { source, name } => {
            let url = url(source);
            content.object(|written| {
                written.field("type", "file").key("file").object(|file| {
                    file.field("filename", name.as_deref().unwrap_or("document.pdf"))
                        .field("file_data", &url);
                });
            });
        }
        What::Media(Source::Base64 { media_type, data }) if audio_format(media_type).is_some() => {
            content.object(|written| {
                written
                    .field("type", "input_audio")
                    .key("input_audio")
                    .object(|audio| {
                        audio
                            .field("data", data)
                            .field("format", audio_format(media_type).unwrap_or_default());
                    });
            });
        }
        What::Media(_) => return Err(request.cannot_take(part, "this kind of media", Dialect::OpenAi)),
        What::Thought(_) | What::Call(_) | What::Result(_) => {}
    }
    Ok(())
}

fn text_part(text: &str, content: &mut Writer<'_>) {
    content.object(|written| {
        written.field("type", "text").field("text", text);
    });
}

fn url(source: &Source<'_>) -> String {
    match source {
        Source::Base64 { media_type, data } => format!("data:{media_type};base64,{data}"),
        Source::Url { url, .. } => url.clone().into_owned(),
        Source::PlainText(text) => text.clone().into_owned(),
    }
}

/// OpenAI takes two formats of sound.
fn audio_format(media_type: &str) -> Option<&'static str> {
    match media_type {
        "audio/wav" | "audio/x-wav" | "audio/wave" => Some("wav"),
        "audio/mp3" | "audio/mpeg" => Some("mp3"),
        _ => None,
    }
}

fn assistant(
    request: &Request<'_>,
    turn: &Turn<'_>,
    deepseek: bool,
    list: &mut Writer<'_>,
) -> Result<(), BadRequest> {
    let mut text = String::new();
    let mut thought: Option<String> = None;
    let mut calls: Vec<&Call<'_>> = Vec::new();
    for part in &turn.parts {
        match &part.what {
            What::Text(words) => text.push_str(words),
            What::Call(call) => calls.push(call),
            // DeepSeek signs nothing: its thoughts are known by the mark they were carried with.
            What::Thought(inner) => {
                if inner
                    .proof
                    .as_ref()
                    .is_some_and(|proof| proof.vendor == Dialect::OpenAi)
                {
                    thought.get_or_insert_default().push_str(&inner.text);
                }
            }
            What::Image(_) | What::File { .. } | What::Media(_) | What::Result(_) => {
                return Err(request.cannot_take(part, "media in what the model said", Dialect::OpenAi));
            }
        }
    }
    // Within a tool loop DeepSeek must get its reasoning back, be it empty.
    let reasoning = if deepseek && !calls.is_empty() {
        Some(thought.unwrap_or_default())
    } else {
        None
    };
    if text.is_empty() && calls.is_empty() {
        return Ok(());
    }
    list.object(|message| {
        message.field("role", "assistant");
        message
            .key("content")
            .text_or_null(Some(text.as_str()).filter(|text| !text.is_empty()));
        if let Some(reasoning) = &reasoning {
            message.field("reasoning_content", reasoning);
        }
        if !calls.is_empty() {
            message
                .key("tool_calls")
                .list(|list| calls.iter().for_each(|call| write_call(call, list)));
        }
    });
    Ok(())
}

fn write_call(call: &Call<'_>, list: &mut Writer<'_>) {
    list.object(|written| {
        written
            .field("id", &ids::for_openai(&call.id))
            .field("type", "function");
        written.key("function").object(|function| {
            let arguments = if call.arguments.trim().is_empty() {
                "{}"
            } else {
                &call.arguments
            };
            function.field("name", &call.name).field("arguments", arguments);
        });
    });
}
