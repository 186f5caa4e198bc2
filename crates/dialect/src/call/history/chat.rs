//! Chat: what translated answers carried in extra fields goes to no other vendor; and DeepSeek wants its
//! reasoning back in every turn that called tools, be it empty.

use super::{replace, with_fields};
use crate::call::Server;
use crate::json::{Edits, Json, Writer};

/// The field that carries proven thoughts through chat.
const CARRIED: &str = "reasoning_signature";

pub(super) fn needs_cleaning(server: Server, holds: impl Fn(&str) -> bool) -> bool {
    match server {
        Server::Official => {
            holds("\"reasoning_signature\"") || holds("\"reasoning_content\"") || holds("\"extra_content\"")
        }
        Server::DeepSeek => {
            holds("\"tool_calls\"") || holds("\"developer\"") || holds("\"reasoning_signature\"")
        }
        Server::Compatible => holds("\"reasoning_signature\""),
    }
}

pub(super) fn clean(messages: &Json<'_>, body: &[u8], server: Server, edits: &mut Edits) {
    for message in messages.items() {
        match message.text_at("role") {
            Some("assistant") => assistant(message, body, server, edits),
            Some("developer") if server == Server::DeepSeek => {
                if let Some(role) = message.get("role") {
                    replace(body, role, b"\"system\"".to_vec(), edits);
                }
            }
            _ => {}
        }
    }
}

fn assistant(message: &Json<'_>, body: &[u8], server: Server, edits: &mut Edits) {
    let calls = message
        .get("tool_calls")
        .filter(|calls| !calls.items().is_empty());
    let foreign: &[&str] = match server {
        Server::Official => &[CARRIED, "reasoning_content", "extra_content"],
        Server::DeepSeek => &[CARRIED, "extra_content"],
        Server::Compatible => &[CARRIED],
    };
    let lacks_reasoning =
        server == Server::DeepSeek && calls.is_some() && message.text_at("reasoning_content").is_none();
    let signed_calls = server != Server::Compatible
        && calls.is_some_and(|calls| {
            calls
                .items()
                .iter()
                .any(|call| call.get("extra_content").is_some())
        });
    let holds_foreign = message
        .fields()
        .iter()
        .any(|(name, _)| foreign.contains(&name.as_ref()));
    if !(holds_foreign || lacks_reasoning || signed_calls) {
        return;
    }
    let keep = |name: &str| {
        let replaced =
            (signed_calls && name == "tool_calls") || (lacks_reasoning && name == "reasoning_content");
        !foreign.contains(&name) && !replaced
    };
    let cleaned = with_fields(message, keep, |written| {
        if lacks_reasoning {
            written.field("reasoning_content", "");
        }
        if let Some(calls) = calls.filter(|_| signed_calls) {
            written
                .key("tool_calls")
                .list(|list| calls.items().iter().for_each(|call| unsigned(call, list)));
        }
    });
    replace(body, message, cleaned, edits);
}

fn unsigned(call: &Json<'_>, list: &mut Writer<'_>) {
    let cleaned = with_fields(call, |name| name != "extra_content", |_| {});
    list.raw(&String::from_utf8(cleaned).unwrap_or_default());
}
