//! One way to ask and to answer for the tests of this crate.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use dialect::{BadRequest, Broken, Call, Dialect, Door, Reader, Scan, Server, Target, call};
use serde_json::Value;

pub(crate) const CLAUDE: &str = "claude-sonnet-4-5";
pub(crate) const GEMINI: &str = "gemini-2.5-flash";
pub(crate) const GPT: &str = "gpt-4.1";

/// Dialect, server and model by a vendor's name.
pub(crate) fn vendor(name: &str) -> (Dialect, Server, &'static str) {
    match name {
        "anthropic" => (Dialect::Anthropic, Server::Official, CLAUDE),
        "gemini" => (Dialect::Gemini, Server::Official, GEMINI),
        "openai" => (Dialect::OpenAi, Server::Official, GPT),
        "deepseek" => (Dialect::OpenAi, Server::DeepSeek, "deepseek-chat"),
        other => panic!("no vendor {other}"),
    }
}

pub(crate) fn target(vendor_name: &str) -> Target<'static> {
    let (dialect, server, model) = vendor(vendor_name);
    Target {
        dialect,
        model,
        set: &[],
        default: &[],
        meter: true,
        public_model: "pub",
        server,
        request_id: "req-1",
        now_unix_seconds: 1_700_000_000,
    }
}

pub(crate) fn path(door: Door) -> &'static str {
    match door {
        Door::Chat => "/v1/chat/completions",
        Door::Responses => "/v1/responses",
        Door::Messages => "/v1/messages",
        Door::CountTokens => "/v1/messages/count_tokens",
        Door::Embeddings => "/v1/embeddings",
        Door::Generate => "/v1beta/models/pub:generateContent",
        Door::StreamGenerate => "/v1beta/models/pub:streamGenerateContent?alt=sse",
        Door::GeminiCountTokens => "/v1beta/models/pub:countTokens",
        other => panic!("no path for {other:?}"),
    }
}

pub(crate) fn ask_target(door: Door, target: &Target<'_>, body: &Value) -> Result<Call, BadRequest> {
    let body = serde_json::to_vec(body).unwrap();
    let scan = Scan::read(door, &body)?;
    call(door, path(door), &body, &scan, target)
}

pub(crate) fn ask(door: Door, vendor: &str, body: &Value) -> Result<Call, BadRequest> {
    ask_target(door, &target(vendor), body)
}

/// What the vendor is sent.
pub(crate) fn sent(door: Door, vendor: &str, body: &Value) -> Value {
    let call = ask(door, vendor, body).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    serde_json::from_slice(&call.body).unwrap()
}

/// The field a request is refused for.
pub(crate) fn refused(door: Door, vendor: &str, body: &Value) -> String {
    match ask(door, vendor, body) {
        Ok(call) => panic!("taken: {}", String::from_utf8_lossy(&call.body)),
        Err(refusal) => refusal.param.unwrap(),
    }
}

/// A reader for a plain request through a door.
pub(crate) fn reader(door: Door, vendor: &str, stream: bool) -> Reader {
    let body = plain(door, stream);
    ask(door, vendor, &body).unwrap().reader
}

pub(crate) fn plain(door: Door, stream: bool) -> Value {
    let turns = serde_json::json!([{"role": "user", "content": "hi"}]);
    match door {
        Door::Chat => {
            serde_json::json!({"model": "pub", "messages": turns, "stream": stream, "stream_options": {"include_usage": true}})
        }
        Door::Responses => serde_json::json!({"model": "pub", "input": "hi", "stream": stream}),
        Door::Messages => {
            serde_json::json!({"model": "pub", "messages": turns, "max_tokens": 9, "stream": stream})
        }
        _ => serde_json::json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
    }
}

/// Feeds a stream whole and byte by byte, which must tell the same; what the client gets, and how it ended.
pub(crate) fn streamed(door: Door, vendor: &str, stream: &str) -> (String, Result<(), Broken>) {
    let feed = |piece: usize| {
        let mut reader = reader(door, vendor, true);
        let mut out = Vec::new();
        let pieces = stream.as_bytes().chunks(piece);
        let result = pieces
            .into_iter()
            .try_for_each(|bytes| reader.feed(bytes, &mut out));
        let result = result.and_then(|()| reader.end(&mut out));
        (String::from_utf8(out).unwrap(), result)
    };
    let at_once = feed(usize::MAX);
    assert_eq!(feed(1), at_once, "byte by byte");
    at_once
}

pub(crate) fn stream_to(door: Door, vendor: &str, stream: &str) -> String {
    let (out, result) = streamed(door, vendor, stream);
    result.unwrap_or_else(|broken| panic!("{broken:?} after {out}"));
    out
}

pub(crate) fn whole_to(door: Door, vendor: &str, body: &Value) -> Value {
    let mut out = Vec::new();
    reader(door, vendor, false)
        .whole(&serde_json::to_vec(body).unwrap(), &mut out)
        .unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// Events as a stream: Anthropic's with their names, the others bare.
pub(crate) fn sse(events: &[Value]) -> String {
    let line = |event: &Value| match event["type"].as_str() {
        Some(kind) => format!("event: {kind}\ndata: {event}\n\n"),
        None => format!("data: {event}\n\n"),
    };
    events.iter().map(line).collect()
}
