//! Turns in Google's words: instructions apart, `user` and `model` in turn, calls and results by the name of
//! their function, and signatures on the very part they came with.

use crate::door::Dialect;
use crate::json::{Json, Rules, Writer};
use crate::refusal::BadRequest;
use crate::translate::request::{Call, Part, Proof, Request, Source, Speaker, ToolResult, Turn, What};

/// Google's documented stand-in for the signature of a call that another vendor's model made.
pub(crate) const FOREIGN_CALL_SIGNATURE: &str = "skip_thought_signature_validator";

pub(super) fn write(
    request: &Request<'_>,
    body: &mut Writer<'_>,
    adapted: &mut Vec<&'static str>,
) -> Result<(), BadRequest> {
    let leading = request
        .turns
        .iter()
        .take_while(|turn| turn.speaker == Speaker::System)
        .count();
    let (system, turns) = request.turns.split_at_checked(leading).unwrap_or_default();
    // A conversation needs a turn: instructions alone become it.
    let alone = turns.iter().all(|turn| turn.parts.is_empty());
    let (system, turns) = if alone { (&[][..], system) } else { (system, turns) };
    if system.iter().any(|turn| !turn.parts.is_empty()) {
        body.key("systemInstruction").object(|instruction| {
            instruction.key("parts").list(|list| {
                for part in system.iter().flat_map(|turn| &turn.parts) {
                    if let What::Text(text) = &part.what {
                        list.object(|written| {
                            written.field("text", text);
                        });
                    }
                }
            });
        });
    }
    let mut failed = None;
    body.key("contents").list(|list| {
        for (role, parts) in contents(turns) {
            list.object(|content| {
                content.field("role", role).key("parts").list(|list| {
                    failed = failed.take().or(write_parts(request, &parts, list).err());
                });
            });
        }
    });
    if alone || turns.iter().any(|turn| turn.speaker == Speaker::System) {
        adapted.push(request.turns_field());
    }
    failed.map_or(Ok(()), Err)
}

fn contents<'t, 'a>(turns: &'t [Turn<'a>]) -> Vec<(&'static str, Vec<&'t Part<'a>>)> {
    let mut contents: Vec<(&'static str, Vec<&Part<'a>>)> = Vec::new();
    for turn in turns {
        let role = if turn.speaker == Speaker::Assistant {
            "model"
        } else {
            "user"
        };
        if !turn.parts.iter().any(|part| is_sent(&part.what)) {
            continue;
        }
        match contents.last_mut() {
            Some((last, held)) if *last == role => held.extend(&turn.parts),
            _ => contents.push((role, turn.parts.iter().collect())),
        }
    }
    contents
}

/// Thoughts themselves never go back to Google, only their signatures, on the part that follows.
fn is_sent(what: &What<'_>) -> bool {
    match what {
        What::Thought(_) => false,
        What::Text(text) => !text.is_empty(),
        What::Image(_) | What::File { .. } | What::Media(_) | What::Call(_) | What::Result(_) => true,
    }
}

fn write_parts(request: &Request<'_>, parts: &[&Part<'_>], list: &mut Writer<'_>) -> Result<(), BadRequest> {
    let mut waiting: Option<&Proof> = None;
    // In one turn only the first of several calls is signed.
    let mut calls = 0;
    for part in parts {
        if let What::Thought(thought) = &part.what {
            waiting = own(thought.proof.as_ref()).or(waiting);
            continue;
        }
        if !is_sent(&part.what) {
            continue;
        }
        let mut result = Ok(());
        list.object(|written| {
            result = write_part(request, part, written);
            let signature = match &part.what {
                What::Call(Call { proof, .. }) => {
                    calls += 1;
                    let signed = own(proof.as_ref())
                        .or(waiting.take())
                        .map(|proof| proof.words.as_str());
                    signed.or((calls == 1).then_some(FOREIGN_CALL_SIGNATURE))
                }
                _ => waiting.take().map(|proof| proof.words.as_str()),
            };
            if let Some(signature) = signature {
                written.field("thoughtSignature", signature);
            }
        });
        result?;
    }
    Ok(())
}

fn own(proof: Option<&Proof>) -> Option<&Proof> {
    proof.filter(|proof| proof.vendor == Dialect::Gemini && !proof.words.is_empty())
}

fn write_part(request: &Request<'_>, part: &Part<'_>, written: &mut Writer<'_>) -> Result<(), BadRequest> {
    match &part.what {
        What::Text(text) => {
            written.field("text", text);
        }
        What::Image(source) | What::Media(source) => write_source(source, "image/*", written),
        What::File { source, .. } => write_source(source, "application/pdf", written),
        What::Call(call) => {
            written.key("functionCall").object(|function| {
                if !call.id.is_empty() {
                    function.field("id", &call.id);
                }
                let arguments = call.arguments.trim();
                function.field("name", &call.name);
                function
                    .key("args")
                    .raw(if arguments.is_empty() { "{}" } else { arguments });
            });
        }
        What::Result(result) => return function_response(request, part, result, written),
        What::Thought(_) => {}
    }
    Ok(())
}

fn write_source(source: &Source<'_>, otherwise: &str, written: &mut Writer<'_>) {
    match source {
        Source::Base64 { media_type, data } => {
            written.key("inlineData").object(|inline| {
                inline.field("mimeType", media_type).field("data", data);
            });
        }
        Source::Url { url, media_type } => {
            written.key("fileData").object(|file| {
                let guess = || media_type_of(url).unwrap_or(otherwise);
                file.field("mimeType", media_type.as_deref().unwrap_or_else(guess))
                    .field("fileUri", url);
            });
        }
        Source::PlainText(text) => {
            written.field("text", text);
        }
    }
}

/// The media type that a URL's ending speaks of.
fn media_type_of(url: &str) -> Option<&'static str> {
    let path = url
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let types = [
        (".png", "image/png"),
        (".jpg", "image/jpeg"),
        (".jpeg", "image/jpeg"),
        (".gif", "image/gif"),
        (".webp", "image/webp"),
        (".pdf", "application/pdf"),
    ];
    types
        .into_iter()
        .find(|(ending, _)| path.ends_with(ending))
        .map(|(_, media_type)| media_type)
}

fn function_response(
    request: &Request<'_>,
    part: &Part<'_>,
    result: &ToolResult<'_>,
    written: &mut Writer<'_>,
) -> Result<(), BadRequest> {
    let mut text = String::new();
    for inner in &result.content {
        match &inner.what {
            What::Text(words) => text.push_str(words),
            _ => {
                return Err(request.cannot_take(
                    part,
                    "anything but text in a tool's result",
                    Dialect::Gemini,
                ));
            }
        }
    }
    let name = result.name.as_deref().or(request.function_of(&result.id));
    let Some(name) = name else {
        let message = format!("No earlier tool call has the id '{}'", result.id);
        return Err(BadRequest::invalid(request.path(part), message));
    };
    written.key("functionResponse").object(|response| {
        if !result.id.is_empty() {
            response.field("id", &result.id);
        }
        response.field("name", name);
        // A response must be an object; text that is one goes as it is.
        let object = Json::parse(text.as_bytes(), Rules::Vendor).is_ok_and(|json| json.is_object());
        match result.object {
            Some(object) => response.key("response").raw(object),
            None if object && !result.is_error => response.key("response").raw(&text),
            None => response.key("response").object(|wrapped| {
                wrapped
                    .key(if result.is_error { "error" } else { "result" })
                    .text(&text);
            }),
        };
    });
    Ok(())
}
