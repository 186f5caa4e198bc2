#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::refusal::BadRequestCode as Code;

fn read(door: Door, body: &str) -> Scan {
    Scan::read(door, body.as_bytes()).unwrap_or_else(|refusal| panic!("{body}: {refusal:?}"))
}

#[test]
fn a_chat_request_tells_policy_everything_in_one_pass() {
    let body = r#" {"mo\u0064el": "gpt-\u0034.1@green", "stream":true,"stream_options":{"include_usage":true},
        "user":"u1","prompt_cache_key":"k","max_tokens":5,"max_completion_tokens":7,"n":2,
        "messages":[{"role":"user","content":"hi"}],"unknown":{"a":[1,2]}} "#;
    let scan = read(Door::Chat, body);
    let model = scan.model.clone().unwrap();
    assert_eq!(model.name, "gpt-4.1@green");
    assert_eq!(model.place.of(body.as_bytes()), br#""gpt-\u0034.1@green""#);
    assert!(scan.stream && scan.asks_usage && !scan.continues);
    assert_eq!((scan.max_tokens, scan.choices), (Some(7), Some(2)));
    assert_eq!(
        (scan.user.as_deref(), scan.prompt_cache_key.as_deref()),
        (Some("u1"), Some("k"))
    );
    let names: Vec<_> = scan
        .fields
        .iter()
        .map(|field| field.name(body.as_bytes()).into_owned())
        .collect();
    assert_eq!(
        names.join(" "),
        "model stream stream_options user prompt_cache_key max_tokens max_completion_tokens n messages unknown"
    );
}

#[test]
fn wrong_types_are_refused_with_the_field() {
    let table = [
        (Door::Chat, r#"{"messages":[]}"#, "model"),
        (Door::Chat, r#"{"model":1,"messages":[]}"#, "model"),
        (Door::Chat, r#"{"model":"","messages":[]}"#, "model"),
        (Door::Chat, r#"{"model":null,"messages":[]}"#, "model"),
        (Door::Chat, r#"{"model":"m"}"#, "messages"),
        (Door::Chat, r#"{"model":"m","messages":{}}"#, "messages"),
        (Door::Chat, r#"{"model":"m","messages":["x"]}"#, "messages[0]"),
        (
            Door::Chat,
            r#"{"model":"m","messages":[{"role":"user"},{"role":1}]}"#,
            "messages[1].role",
        ),
        (
            Door::Chat,
            r#"{"model":"m","messages":[],"stream":"true"}"#,
            "stream",
        ),
        (
            Door::Chat,
            r#"{"model":"m","messages":[],"stream_options":[]}"#,
            "stream_options",
        ),
        (
            Door::Chat,
            r#"{"model":"m","messages":[],"stream_options":{"include_usage":1}}"#,
            "stream_options.include_usage",
        ),
        (Door::Chat, r#"{"model":"m","messages":[],"user":5}"#, "user"),
        (
            Door::Chat,
            r#"{"model":"m","messages":[],"max_tokens":-1}"#,
            "max_tokens",
        ),
        (
            Door::Chat,
            r#"{"model":"m","messages":[],"max_tokens":1.5}"#,
            "max_tokens",
        ),
        (
            Door::Chat,
            r#"{"model":"m","messages":[],"max_tokens":99999999999999999999}"#,
            "max_tokens",
        ),
        (
            Door::Responses,
            r#"{"model":"m","previous_response_id":7}"#,
            "previous_response_id",
        ),
        (
            Door::Messages,
            r#"{"model":"m","messages":[],"metadata":{"user_id":7}}"#,
            "metadata.user_id",
        ),
        (
            Door::Generate,
            r#"{"contents":[],"generationConfig":{"maxOutputTokens":"9"}}"#,
            "generationConfig.maxOutputTokens",
        ),
    ];
    for (door, body, param) in table {
        let refusal = Scan::read(door, body.as_bytes()).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.param.as_deref()),
            (Code::InvalidRequest, Some(param)),
            "{body}"
        );
    }
}

#[test]
fn broken_json_and_repeated_fields_are_told_apart() {
    let table = [
        (r#"{"model":"m","messages":[]"#, Code::InvalidJson, None),
        (
            r#"{"model":"m","model":"n","messages":[]}"#,
            Code::DuplicateField,
            Some("model"),
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","role":"user"}]}"#,
            Code::DuplicateField,
            Some("role"),
        ),
        ("[]", Code::InvalidRequest, None),
        ("", Code::InvalidJson, None),
        ("{} {}", Code::InvalidJson, None),
    ];
    for (body, code, param) in table {
        let refusal = Scan::read(Door::Chat, body.as_bytes()).unwrap_err();
        assert_eq!((refusal.code, refusal.param.as_deref()), (code, param), "{body}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_told_whatever_else_is_wrong() {
    for body in [
        &b"{\"model\":5,\"messages\":[],\"x\":\"\xff\"}"[..],
        b"{\"model\":\"m\",\"messages\":[],\"model\":\"\xff\"}",
        b"[\xff",
        b"{\"model\":\"\\ud83d\xffude00\"}",
    ] {
        let refusal = Scan::read(Door::Chat, body).unwrap_err();
        assert_eq!(refusal.code, Code::InvalidJson);
        assert!(refusal.message.contains("not UTF-8"), "{}", refusal.message);
    }
}

#[test]
fn a_conversation_keeps_its_opening_whatever_follows() {
    let opening = r#"{"role":"system","content":"be brief"},{"role":"user","content":"hi"}"#;
    let first = read(Door::Chat, &format!(r#"{{"model":"m","messages":[{opening}]}}"#));
    let tails = [
        r#"{"role":"assistant","content":"hello"},{"role":"user","content":"more"}"#,
        r#"{"content":null,"tool_calls":[],"role":"assistant"},{"role":"tool","content":"x"}"#,
    ];
    for tail in tails {
        let later = read(
            Door::Chat,
            &format!(r#"{{"messages":[{opening}, {tail}],"model":"m","temperature":0}}"#),
        );
        assert!(later.continues && !first.continues);
        assert_eq!(later.opening, first.opening);
    }
    let other = read(
        Door::Chat,
        r#"{"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"ho"}]}"#,
    );
    assert_ne!(other.opening, first.opening);
}

#[test]
fn every_door_knows_when_a_conversation_continues() {
    let table = [
        (Door::Responses, r#"{"model":"m","input":"hi"}"#, false),
        (
            Door::Responses,
            r#"{"model":"m","input":[{"role":"user","content":"hi"}]}"#,
            false,
        ),
        (
            Door::Responses,
            r#"{"model":"m","input":"hi","previous_response_id":"resp_1"}"#,
            true,
        ),
        (
            Door::Responses,
            r#"{"model":"m","input":[{"type":"message","role":"assistant","content":"hi"}]}"#,
            true,
        ),
        (
            Door::Responses,
            r#"{"model":"m","input":[{"type":"function_call_output","call_id":"1","output":""}]}"#,
            true,
        ),
        (
            Door::Messages,
            r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#,
            false,
        ),
        (
            Door::Messages,
            r#"{"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]}"#,
            true,
        ),
        (
            Door::Generate,
            r#"{"contents":[{"parts":[{"text":"x"}]}]}"#,
            false,
        ),
        (
            Door::StreamGenerate,
            r#"{"contents":[{"role":"model","parts":[]}]}"#,
            true,
        ),
    ];
    for (door, body, continues) in table {
        assert_eq!(read(door, body).continues, continues, "{body}");
    }
    assert!(read(Door::StreamGenerate, r#"{"contents":[]}"#).stream);
}
