#![allow(clippy::unwrap_used, clippy::panic)]

use super::super::{Dialect, Server, call};
use super::*;

fn sent(door: Door, dialect: Dialect, server: Server, body: &str) -> (String, Vec<&'static str>) {
    let target = Target {
        dialect,
        model: "gemini-3-pro",
        set: &[],
        default: &[],
        meter: false,
        public_model: "gemini-3-pro",
        server,
        request_id: "req-1",
        now_unix_seconds: 0,
    };
    let scan = Scan::read(door, body.as_bytes()).unwrap();
    let call = call(door, "/v1/x", body.as_bytes(), &scan, &target).unwrap();
    Json::parse(&call.body, Rules::Client).unwrap();
    (String::from_utf8(call.body).unwrap(), call.adapted)
}

fn chat(messages: &str) -> String {
    format!(r#"{{"model":"gemini-3-pro","messages":[{messages}]}}"#)
}

#[test]
fn openai_gets_no_traces_of_other_vendors() {
    let user = r#"{"role":"user","content":"a \"reasoning_content\" b"}"#;
    let traced = r#"{"reasoning_signature":"[]","role":"assistant","content":null,"reasoning_content":"x","extra_content":{},"tool_calls":[{"id":"1","extra_content":{"google":{}},"type":"function"}]}"#;
    let clean = r#"{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function"}]}"#;
    let (body, _) = sent(
        Door::Chat,
        Dialect::OpenAi,
        Server::Official,
        &chat(&format!("{user} , {traced}")),
    );
    assert_eq!(body, chat(&format!("{user} , {clean}")));
    let native = chat(r#"{"role":"assistant","content":"x","annotations":[]}"#);
    assert_eq!(
        sent(Door::Chat, Dialect::OpenAi, Server::Official, &native).0,
        native
    );
}

#[test]
fn deepseek_gets_its_reasoning_back_in_tool_turns_be_it_empty() {
    let table = [
        (
            r#"{"role":"assistant","content":"","tool_calls":[{"id":"1"}]}"#,
            r#"{"role":"assistant","content":"","tool_calls":[{"id":"1"}],"reasoning_content":""}"#,
        ),
        (
            r#"{"role":"assistant","reasoning_content":"why","tool_calls":[{"id":"1"}]}"#,
            r#"{"role":"assistant","reasoning_content":"why","tool_calls":[{"id":"1"}]}"#,
        ),
        (
            r#"{"role":"assistant","content":"x"}"#,
            r#"{"role":"assistant","content":"x"}"#,
        ),
        (
            r#"{"role":"developer","content":"x"}"#,
            r#"{"role":"system","content":"x"}"#,
        ),
    ];
    for (message, wanted) in table {
        assert_eq!(
            sent(Door::Chat, Dialect::OpenAi, Server::DeepSeek, &chat(message)).0,
            chat(wanted)
        );
    }
}

#[test]
fn anthropic_gets_no_foreign_thoughts_and_does_not_think_after_foreign_calls() {
    let body = |thinking: &str, assistant: &str| {
        format!(
            r#"{{"model":"gemini-3-pro","thinking":{thinking},"messages":[{{"role":"user","content":"x"}},{{"role":"assistant","content":[{assistant}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"1"}}]}}]}}"#
        )
    };
    let (budget, off) = (
        r#"{"type":"enabled","budget_tokens":1024}"#,
        r#"{"type":"disabled"}"#,
    );
    let foreign = r#"{"type":"thinking","thinking":"x","signature":"crossfade.gemini.signature.abc"}"#;
    let own = r#"{"type":"thinking","thinking":"x","signature":"EvMC"}"#;
    let call = r#"{"type":"tool_use","id":"1","name":"f","input":{}}"#;
    let sent = |body: &str| sent(Door::Messages, Dialect::Anthropic, Server::Official, body);
    let native = body(budget, &format!("{own},{call}"));
    assert_eq!(sent(&native), (native.clone(), vec![]));
    let (cleaned, adapted) = sent(&body(budget, &format!("{foreign},{call}")));
    assert_eq!((cleaned, adapted), (body(off, call), vec!["thinking"]));
}

#[test]
fn google_gets_its_stand_in_for_calls_of_others() {
    let body = |parts: &str| format!(r#"{{"contents":[{{"role":"model","parts":[{parts}]}}]}}"#);
    let table = [
        (
            r#"{"functionCall":{"name":"f"}},{"functionCall":{"name":"g"}}"#,
            r#"{"functionCall":{"name":"f"},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"name":"g"}}"#,
        ),
        (
            r#"{"text":"t","thought":true,"thoughtSignature":"Y3Jvc3NmYWRlLmFudGhyb3BpYy5z"},{"text":"x"}"#,
            r#"{"text":"x"}"#,
        ),
        (
            r#"{"functionCall":{"name":"f"},"thoughtSignature":"own"}"#,
            r#"{"functionCall":{"name":"f"},"thoughtSignature":"own"}"#,
        ),
    ];
    for (parts, wanted) in table {
        let (sent, _) = sent(Door::Generate, Dialect::Gemini, Server::Official, &body(parts));
        assert_eq!(sent, body(wanted));
    }
}

#[test]
fn foreign_reasoning_items_are_left_out() {
    let body = |items: &str| format!(r#"{{"model":"gemini-3-pro","input":[{items}]}}"#);
    let foreign =
        r#"{"type":"reasoning","summary":[],"encrypted_content":"crossfade.anthropic.signature.x"}"#;
    let own =
        r#"{"type":"reasoning","summary":[],"encrypted_content":"gAAAA"},{"role":"user","content":"x"}"#;
    let (sent, _) = sent(
        Door::Responses,
        Dialect::OpenAi,
        Server::Official,
        &body(&format!("{foreign},{own}")),
    );
    assert_eq!(sent, body(own));
}
