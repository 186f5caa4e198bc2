//! Paths at the vendor. An OpenAI base URL holds the version, Anthropic's and Google's do not; Google's paths
//! hold the model and how the answer comes.

use super::Target;
use crate::door::{Dialect, Door};
use crate::refusal::BadRequest;

/// Refuses a model whose name would lead elsewhere on Google's server, where it is a part of the path.
pub(super) fn check_model(target: &Target<'_>) -> Result<(), BadRequest> {
    let leads_elsewhere = |part: &str| matches!(part, "" | "." | "..");
    if target.dialect == Dialect::Gemini && target.model.split('/').any(leads_elsewhere) {
        let message = format!("'{}' is not the name of a model", target.model);
        return Err(BadRequest::invalid("model", message));
    }
    Ok(())
}

/// The vendor's path for a door of its own API, with the client's query.
pub(super) fn native(door: Door, original: &str, target: &Target<'_>) -> String {
    let (path, query) = split(original);
    let path = match target.dialect {
        Dialect::OpenAi => path
            .strip_prefix("/v1")
            .filter(|rest| rest.starts_with('/'))
            .unwrap_or(path)
            .to_owned(),
        Dialect::Anthropic => path.to_owned(),
        Dialect::Gemini => {
            let version = if path.starts_with("/v1/") { "v1" } else { "v1beta" };
            gemini(version, target.model, method(door))
        }
    };
    if query.is_empty() && door != Door::StreamGenerate {
        return path;
    }
    // `key` is a credential of Google's API and has been the gateway's own; `alt` is ours to choose.
    let dropped = |pair: &&str| !(door.dialect() == Dialect::Gemini && (is(pair, "key") || is(pair, "alt")));
    let mut pairs: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .filter(dropped)
        .collect();
    if door == Door::StreamGenerate {
        pairs.push("alt=sse");
    }
    if pairs.is_empty() {
        path
    } else {
        format!("{path}?{}", pairs.join("&"))
    }
}

/// The vendor's path for a request that was translated.
pub(super) fn foreign(door: Door, stream: bool, target: &Target<'_>) -> String {
    let counts = matches!(door, Door::CountTokens | Door::GeminiCountTokens);
    match target.dialect {
        Dialect::OpenAi => "/chat/completions".to_owned(),
        Dialect::Anthropic if counts => "/v1/messages/count_tokens".to_owned(),
        Dialect::Anthropic => "/v1/messages".to_owned(),
        Dialect::Gemini if stream => format!(
            "{}?alt=sse",
            gemini("v1beta", target.model, "streamGenerateContent")
        ),
        Dialect::Gemini => gemini("v1beta", target.model, method(door)),
    }
}

/// Google streams a JSON array unless the caller asks for events.
pub(super) fn wants_array(door: Door, original: &str) -> bool {
    door == Door::StreamGenerate && !split(original).1.split('&').any(|pair| pair == "alt=sse")
}

/// A path and its query, which is empty as a rule.
fn split(original: &str) -> (&str, &str) {
    match memchr::memchr(b'?', original.as_bytes()) {
        Some(at) => (
            original.get(..at).unwrap_or_default(),
            original.get(at + 1..).unwrap_or_default(),
        ),
        None => (original, ""),
    }
}

fn method(door: Door) -> &'static str {
    match door {
        Door::StreamGenerate => "streamGenerateContent",
        Door::GeminiCountTokens | Door::CountTokens => "countTokens",
        Door::Embeddings => "batchEmbedContents",
        Door::Chat | Door::Completions | Door::Responses | Door::Messages | Door::Generate | Door::Other => {
            "generateContent"
        }
    }
}

/// `/v1beta/models/{model}:{method}`; a model may name its own collection (`tunedModels/x`).
fn gemini(version: &str, model: &str, method: &str) -> String {
    let mut path = format!("/{version}/");
    if !model.contains('/') {
        path.push_str("models/");
    }
    for byte in model.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'@' => {
                path.push(byte.into())
            }
            other => path.push_str(&format!("%{other:02X}")),
        }
    }
    path.push(':');
    path.push_str(method);
    path
}

fn is(pair: &str, name: &str) -> bool {
    pair.split_once('=').map_or(pair, |(key, _)| key) == name
}
