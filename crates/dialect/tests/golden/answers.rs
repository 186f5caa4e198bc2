//! Answers of each vendor: text, thought, calls, each way to end.

use serde_json::{Value, json};

use crate::harness::sse;

pub(crate) enum Answer {
    Whole(Value),
    Stream(String),
}

use Answer::{Stream, Whole};

pub(crate) fn of(vendor: &str) -> Vec<(&'static str, Answer)> {
    match vendor {
        "openai" => openai("content_filter"),
        "deepseek" => deepseek(),
        "anthropic" => anthropic(),
        _ => gemini(),
    }
}

fn openai(last: &str) -> Vec<(&'static str, Answer)> {
    let whole = |message: Value, finish: &str| {
        Whole(
            json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 2}}}),
        )
    };
    let chunk = |delta: Value, finish: Value| json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    let usage = json!({"id": "chatcmpl-1", "choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}});
    let call = |delta: Value| chunk(json!({"tool_calls": [delta]}), json!(null));
    let calls = json!([{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1.0}"}}, {"id": "call_2", "type": "function", "function": {"name": "g", "arguments": ""}}]);
    let events = [
        chunk(json!({"role": "assistant", "content": "so"}), json!(null)),
        call(
            json!({"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}),
        ),
        call(json!({"index": 0, "function": {"arguments": "{\"a\":"}})),
        call(json!({"index": 0, "function": {"arguments": "1.0}"}})),
        call(
            json!({"index": 1, "id": "call_2", "type": "function", "function": {"name": "g", "arguments": ""}}),
        ),
        chunk(json!({}), json!("tool_calls")),
        usage,
    ];
    vec![
        (
            "text",
            whole(
                json!({"role": "assistant", "content": "hi", "refusal": null}),
                "stop",
            ),
        ),
        (
            "calls",
            whole(
                json!({"role": "assistant", "content": "so", "tool_calls": calls}),
                "tool_calls",
            ),
        ),
        (
            "refusal",
            whole(
                json!({"role": "assistant", "content": null, "refusal": "no"}),
                "stop",
            ),
        ),
        (
            "cut short",
            whole(json!({"role": "assistant", "content": "hi"}), "length"),
        ),
        (
            "filtered",
            whole(json!({"role": "assistant", "content": ""}), last),
        ),
        ("stream of calls", Stream(sse(&events) + "data: [DONE]\n\n")),
        ("stream that breaks", Stream(sse(&events[..3]))),
    ]
}

fn deepseek() -> Vec<(&'static str, Answer)> {
    let chunk = |delta: Value, finish: Value| json!({"id": "d", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": null});
    let events = [
        chunk(
            json!({"role": "assistant", "content": null, "reasoning_content": "h"}),
            json!(null),
        ),
        chunk(json!({"content": null, "reasoning_content": "m"}), json!(null)),
        chunk(json!({"content": "so", "reasoning_content": null}), json!(null)),
        chunk(json!({"content": ""}), json!("stop")),
    ];
    vec![
        (
            "thought",
            Whole(
                json!({"id": "d", "choices": [{"index": 0, "message": {"role": "assistant", "content": "so", "reasoning_content": "hm"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "prompt_cache_hit_tokens": 8, "prompt_cache_miss_tokens": 2, "completion_tokens": 5, "total_tokens": 15}}),
            ),
        ),
        (
            "stream of thought",
            Stream(format!(": keep-alive\n\n{}data: [DONE]\n\n", sse(&events))),
        ),
    ]
}

fn anthropic() -> Vec<(&'static str, Answer)> {
    let whole = |content: Value, stop: &str| {
        Whole(
            json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": stop, "stop_sequence": if stop == "stop_sequence" { json!("END") } else { json!(null) },
            "usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 5, "output_tokens": 6}}),
        )
    };
    let text = |text: &str| json!([{"type": "text", "text": text}]);
    let thinking = json!([{"type": "thinking", "thinking": "hm", "signature": "SIG"}, {"type": "redacted_thinking", "data": "RED"}, {"type": "text", "text": "so"},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1.0}}, {"type": "server_tool_use", "id": "srvtoolu_1", "name": "x", "input": {"q": 1}}]);
    let delta =
        |index: u64, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let begin = |index: u64, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let stop = |index: u64| json!({"type": "content_block_stop", "index": index});
    let events = [
        json!({"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 3, "output_tokens": 1}}}),
        begin(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(0, json!({"type": "thinking_delta", "thinking": "hm"})),
        delta(0, json!({"type": "signature_delta", "signature": "SIG"})),
        stop(0),
        json!({"type": "ping"}),
        begin(1, json!({"type": "text", "text": ""})),
        delta(1, json!({"type": "text_delta", "text": "so"})),
        stop(1),
        begin(
            2,
            json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}),
        ),
        delta(2, json!({"type": "input_json_delta", "partial_json": ""})),
        delta(
            2,
            json!({"type": "input_json_delta", "partial_json": "{\"a\": 1.0}"}),
        ),
        stop(2),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {"output_tokens": 6}}),
        json!({"type": "message_stop"}),
    ];
    vec![
        ("end_turn", whole(text("hi"), "end_turn")),
        ("stop_sequence", whole(text("hi"), "stop_sequence")),
        ("max_tokens", whole(text("hi"), "max_tokens")),
        (
            "model_context_window_exceeded",
            whole(text("hi"), "model_context_window_exceeded"),
        ),
        ("refusal", whole(json!([]), "refusal")),
        ("pause_turn", whole(text("hi"), "pause_turn")),
        ("thinking and tool_use", whole(thinking, "tool_use")),
        ("stream", Stream(sse(&events))),
        ("stream that breaks", Stream(sse(&events[..8]))),
    ]
}

fn gemini() -> Vec<(&'static str, Answer)> {
    let answer = |parts: Value, reason: &str| {
        json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": reason}], "responseId": "r1", "modelVersion": "m",
            "usageMetadata": {"promptTokenCount": 10, "cachedContentTokenCount": 4, "candidatesTokenCount": 5, "thoughtsTokenCount": 2, "totalTokenCount": 17}})
    };
    let text = json!([{"text": "hi"}]);
    let calls = json!([{"text": "hm", "thought": true}, {"text": "so"}, {"functionCall": {"name": "f", "args": {"a": 1.0}}, "thoughtSignature": "SIG"}, {"functionCall": {"name": "g"}}]);
    let mut first = answer(json!([{"text": "so"}]), "");
    first["candidates"][0]
        .as_object_mut()
        .unwrap()
        .remove("finishReason");
    vec![
        ("STOP", Whole(answer(text.clone(), "STOP"))),
        ("MAX_TOKENS", Whole(answer(text.clone(), "MAX_TOKENS"))),
        ("SAFETY", Whole(answer(json!([]), "SAFETY"))),
        ("OTHER", Whole(answer(text, "OTHER"))),
        (
            "blocked prompt",
            Whole(
                json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}}),
            ),
        ),
        ("thought and calls", Whole(answer(calls.clone(), "STOP"))),
        (
            "stream",
            Stream(sse(&[first.clone(), answer(calls, "STOP")]).replace('\n', "\r\n")),
        ),
        ("stream that breaks", Stream(sse(&[first]))),
    ]
}
