//! Whole rounds: an answer goes to a client, comes back as history, and means the same again, at its own vendor
//! and at another one.

use dialect::Door;
use serde_json::{Value, json};

use super::answers::{block, delta, ends, gemini, start, stop};
use crate::harness::{ask, sent, sse, stream_to, whole_to};

fn thinking_answer() -> Value {
    json!({"id": "msg_1", "content": [
        {"type": "thinking", "thinking": "hm", "signature": "SIG=="},
        {"type": "redacted_thinking", "data": "RED=="},
        {"type": "text", "text": "so"},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"n": 1.50}}],
        "stop_reason": "tool_use", "usage": {"input_tokens": 1, "output_tokens": 2}})
}

/// The next request of a chat: the answer as the client keeps it, and the tool's result.
fn chat_again(message: &Value) -> Value {
    let id = message["tool_calls"][0]["id"].clone();
    json!({"model": "pub", "reasoning_effort": "high", "messages": [
        {"role": "user", "content": "hi"}, message, {"role": "tool", "tool_call_id": id, "content": "42"}]})
}

#[test]
fn case_08_gemini_signatures_come_back_on_the_first_of_parallel_calls() {
    let calls = json!([{"text": "hm", "thought": true}, {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "SIG"}, {"functionCall": {"name": "g", "args": {}}}]);
    let whole = whole_to(Door::Chat, "gemini", &gemini(calls, Some("STOP")));
    let message = &whole["choices"][0]["message"];
    assert_eq!(
        message["tool_calls"][0]["extra_content"]["google"]["thought_signature"],
        "SIG"
    );
    let parts = sent(Door::Chat, "gemini", &chat_again(message))["contents"][1]["parts"].clone();
    assert_eq!(
        (
            parts[0]["thoughtSignature"].clone(),
            parts[1].get("thoughtSignature")
        ),
        (json!("SIG"), None)
    );
    assert_eq!(parts[0]["functionCall"]["id"], message["tool_calls"][0]["id"]);
}

#[test]
fn case_08_calls_of_other_vendors_get_googles_stand_in() {
    let whole = whole_to(Door::Chat, "anthropic", &thinking_answer());
    let body = sent(Door::Chat, "gemini", &chat_again(&whole["choices"][0]["message"]));
    let parts = &body["contents"][1]["parts"];
    assert_eq!(parts[0], json!({"text": "so"}));
    assert_eq!(parts[1]["thoughtSignature"], "skip_thought_signature_validator");
    assert_eq!(
        body["contents"][2]["parts"][0]["functionResponse"],
        json!({"id": "toolu_1", "name": "f", "response": {"result": "42"}})
    );
}

#[test]
fn case_09_claudes_proven_thoughts_come_back_whole_through_chat() {
    let whole = whole_to(Door::Chat, "anthropic", &thinking_answer());
    let message = &whole["choices"][0]["message"];
    assert_eq!(
        (message["reasoning_content"].clone(), message["content"].clone()),
        (json!("hm"), json!("so"))
    );
    let body = sent(Door::Chat, "anthropic", &chat_again(message));
    assert_eq!(body["messages"][1]["content"], thinking_answer()["content"]);
    assert_eq!(
        body["thinking"],
        json!({"type": "enabled", "budget_tokens": 24_576})
    );
}

#[test]
fn case_09_streamed_thoughts_come_back_whole_too() {
    let mut events = vec![
        start(),
        block(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
    ];
    events.extend([
        delta(0, json!({"type": "thinking_delta", "thinking": "hm"})),
        delta(0, json!({"type": "signature_delta", "signature": "SIG=="})),
        stop(0),
    ]);
    events.extend([
        block(1, json!({"type": "redacted_thinking", "data": "RED=="})),
        stop(1),
    ]);
    events.extend([
        block(
            2,
            json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}),
        ),
        stop(2),
    ]);
    events.extend(ends("tool_use"));
    let out = stream_to(Door::Chat, "anthropic", &sse(&events));
    let mut message = json!({"role": "assistant", "content": null, "tool_calls": [{"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    for (_, data) in crate::clients::events(&out)
        .into_iter()
        .filter(|(_, data)| data != "[DONE]")
    {
        let chunk: Value = serde_json::from_str(&data).unwrap();
        if let Some(signature) = chunk["choices"][0]["delta"]["reasoning_signature"].as_str() {
            message["reasoning_signature"] = json!(signature);
        }
    }
    let content = sent(Door::Chat, "anthropic", &chat_again(&message))["messages"][1]["content"].clone();
    assert_eq!(
        content[0],
        json!({"type": "thinking", "thinking": "hm", "signature": "SIG=="})
    );
    assert_eq!(content[1], json!({"type": "redacted_thinking", "data": "RED=="}));
}

#[test]
fn case_09_thoughts_without_proof_are_left_out_and_the_model_then_does_not_think() {
    let message = json!({"role": "assistant", "content": "so", "reasoning_content": "unsigned", "tool_calls": [{"id": "functions.f:0", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let call = ask(Door::Chat, "anthropic", &chat_again(&message)).unwrap();
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    assert!(!body.to_string().contains("unsigned") && body.get("thinking").is_none());
    assert_eq!(call.adapted, ["reasoning_effort"]);
    let id = body["messages"][1]["content"][1]["id"].as_str().unwrap();
    assert!(
        id.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    );
    assert_eq!(body["messages"][2]["content"][0]["tool_use_id"], id);
}

#[test]
fn case_10_deepseek_gets_its_reasoning_back_through_every_door() {
    let answer = json!({"id": "d", "choices": [{"message": {"role": "assistant", "content": "", "reasoning_content": "hm",
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]}, "finish_reason": "tool_calls"}]});
    let message = whole_to(Door::Messages, "deepseek", &answer);
    let history = json!({"model": "pub", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": message["content"]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "42"}]}]});
    let back = sent(Door::Messages, "deepseek", &history);
    assert_eq!(
        (
            back["messages"][1]["reasoning_content"].clone(),
            back["messages"][1]["tool_calls"][0]["id"].clone()
        ),
        (json!("hm"), json!("call_1"))
    );
    assert!(
        !sent(Door::Messages, "openai", &history)
            .to_string()
            .contains("hm")
    );
    assert!(
        !sent(Door::Messages, "anthropic", &history)
            .to_string()
            .contains("thinking")
    );

    let response = whole_to(Door::Responses, "deepseek", &answer);
    let mut input = response["output"].as_array().unwrap().clone();
    input.push(json!({"type": "function_call_output", "call_id": "call_1", "output": "42"}));
    let back = sent(
        Door::Responses,
        "deepseek",
        &json!({"model": "pub", "input": input}),
    );
    assert_eq!(back["messages"][0]["reasoning_content"], "hm");
    assert_eq!(
        back["messages"][1],
        json!({"role": "tool", "tool_call_id": "call_1", "content": "42"})
    );
}

#[test]
fn proofs_survive_the_doors_of_other_vendors() {
    let response = whole_to(Door::Responses, "anthropic", &thinking_answer());
    let body = sent(
        Door::Responses,
        "anthropic",
        &json!({"model": "pub", "input": response["output"]}),
    );
    assert_eq!(body["messages"][0]["content"], thinking_answer()["content"]);

    let content = whole_to(Door::Generate, "anthropic", &thinking_answer());
    let body = sent(
        Door::Generate,
        "anthropic",
        &json!({"contents": [content["candidates"][0]["content"]]}),
    );
    assert_eq!(body["messages"][0]["content"], thinking_answer()["content"]);

    let signed = json!([{"functionCall": {"id": "g1", "name": "f", "args": {}}, "thoughtSignature": "SIG"}]);
    let message = whole_to(Door::Messages, "gemini", &gemini(signed.clone(), Some("STOP")));
    let history = json!({"model": "pub", "max_tokens": 9, "messages": [{"role": "assistant", "content": message["content"]}]});
    assert_eq!(
        sent(Door::Messages, "gemini", &history)["contents"][0]["parts"],
        signed
    );
}

#[test]
fn results_of_parallel_calls_come_in_one_message_before_any_text() {
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": id, "arguments": "{}"}});
    let body = json!({"model": "pub", "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": null, "tool_calls": [call("a"), call("b")]},
        {"role": "tool", "tool_call_id": "a", "content": "1"}, {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "2"}]}, {"role": "user", "content": "y"}]});
    let result = |id: &str, text: &str| json!({"type": "tool_result", "tool_use_id": id, "content": [{"type": "text", "text": text}]});
    assert_eq!(
        sent(Door::Chat, "anthropic", &body)["messages"][2]["content"],
        json!([result("a", "1"), result("b", "2"), {"type": "text", "text": "y"}])
    );
}

#[test]
fn a_thought_that_was_streamed_in_pieces_is_signed_as_a_whole() {
    let mut events = vec![
        start(),
        block(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
    ];
    for text in ["h", "m"] {
        events.push(delta(0, json!({"type": "thinking_delta", "thinking": text})));
    }
    events.extend([
        delta(0, json!({"type": "signature_delta", "signature": "SIG=="})),
        stop(0),
    ]);
    events.extend([block(1, json!({"type": "text", "text": "so"})), stop(1)]);
    events.extend(ends("end_turn"));
    let out = stream_to(Door::StreamGenerate, "anthropic", &sse(&events));
    let mut parts = Vec::new();
    for (_, data) in crate::clients::events(&out) {
        let event: Value = serde_json::from_str(&data).unwrap();
        parts.extend(
            event["candidates"][0]["content"]["parts"]
                .as_array()
                .unwrap()
                .clone(),
        );
    }
    let body = sent(
        Door::Generate,
        "anthropic",
        &json!({"contents": [{"role": "model", "parts": parts}]}),
    );
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": "SIG=="});
    assert_eq!(
        body["messages"][0]["content"],
        json!([thought, {"type": "text", "text": "so"}])
    );
}

#[test]
fn a_thought_that_nobody_proves_is_marked_and_goes_to_no_other_vendor() {
    let thought = gemini(
        json!([{"text": "hm", "thought": true}, {"text": "so"}]),
        Some("STOP"),
    );
    let stream = stream_to(Door::Messages, "gemini", &sse(std::slice::from_ref(&thought)));
    assert!(stream.contains("crossfade.gemini.signature."));
    let message = whole_to(Door::Messages, "gemini", &thought);
    let history = json!({"model": "pub", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": message["content"]}]});
    let back = sent(Door::Messages, "anthropic", &history);
    assert_eq!(
        back["messages"][1]["content"],
        json!([{"type": "text", "text": "so"}])
    );
    let response = whole_to(Door::Responses, "gemini", &thought);
    let back = sent(
        Door::Responses,
        "openai",
        &json!({"model": "pub", "input": response["output"]}),
    );
    assert_eq!(back["input"].as_array().unwrap().len(), 1);
}
