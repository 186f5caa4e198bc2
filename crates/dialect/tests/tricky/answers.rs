//! Answers: tool calls, arguments, finish reasons, usage.

use dialect::Door;
use serde_json::{Value, json};

use crate::clients::{chat_stream, chat_whole, messages_stream};
use crate::harness::{ask, sse, stream_to, streamed, whole_to};

pub(crate) fn start() -> Value {
    json!({"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 7, "cache_read_input_tokens": 2, "output_tokens": 1}}})
}

pub(crate) fn block(index: u64, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

pub(crate) fn delta(index: u64, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

pub(crate) fn stop(index: u64) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn arguments(index: u64, text: &str) -> Value {
    delta(index, json!({"type": "input_json_delta", "partial_json": text}))
}

fn tool(index: u64, id: &str, name: &str) -> Value {
    block(
        index,
        json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
    )
}

pub(crate) fn ends(reason: &str) -> [Value; 2] {
    [
        json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 20}}),
        json!({"type": "message_stop"}),
    ]
}

fn chunk(delta: Value, finish: Value) -> Value {
    json!({"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
}

pub(crate) fn gemini(parts: Value, finish: Option<&str>) -> Value {
    let mut event = json!({"candidates": [{"content": {"role": "model", "parts": parts}}], "responseId": "r1",
        "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 6, "thoughtsTokenCount": 7}});
    if let Some(reason) = finish {
        event["candidates"][0]["finishReason"] = json!(reason);
    }
    event
}

#[test]
fn case_01_parallel_tool_calls_of_claude_get_dense_indices_and_ids_once() {
    let mut events = vec![
        start(),
        block(0, json!({"type": "text", "text": ""})),
        delta(0, json!({"type": "text_delta", "text": "ok"})),
        stop(0),
    ];
    for (index, name) in [(1, "a"), (2, "b"), (3, "c")] {
        events.extend([
            tool(index, &format!("toolu_{name}"), name),
            arguments(index, "{\"x\":"),
            arguments(index, "1}"),
            stop(index),
        ]);
    }
    events.extend(ends("tool_use"));
    let out = stream_to(Door::Chat, "anthropic", &sse(&events));
    let seen = chat_stream(&out);
    assert_eq!(seen.ids, ["toolu_a", "toolu_b", "toolu_c"]);
    assert_eq!(
        seen.tools
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<String>(),
        "abc"
    );
    assert!(
        seen.tools
            .iter()
            .all(|(_, arguments)| *arguments == json!({"x": 1}))
    );
    assert!(
        ["\"index\":1,\"id\"", "\"index\":2,\"id\""]
            .iter()
            .all(|piece| out.contains(piece))
    );
    assert_eq!(seen.finish.as_deref(), Some("tool_calls"));
}

#[test]
fn case_02_interleaved_arguments_go_to_their_own_block() {
    let call = |index: u64, piece: Value| {
        chunk(
            json!({"tool_calls": [{"index": index, "function": piece}]}),
            json!(null),
        )
    };
    let begin = |index: u64| {
        let id = format!("call_{index}");
        chunk(
            json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": {"name": id, "arguments": ""}}]}),
            json!(null),
        )
    };
    let events = [
        chunk(json!({"role": "assistant", "content": "so"}), json!(null)),
        begin(0),
        begin(1),
        call(0, json!({"arguments": "{\"a\":"})),
        call(1, json!({"arguments": "{\"b\":"})),
        call(0, json!({"arguments": "1}"})),
        call(1, json!({"arguments": "2}"})),
        chunk(json!({}), json!("tool_calls")),
    ];
    let seen = messages_stream(&stream_to(
        Door::Messages,
        "openai",
        &(sse(&events) + "data: [DONE]\n\n"),
    ));
    assert_eq!(
        seen.tools,
        [
            ("call_0".to_owned(), json!({"a": 1})),
            ("call_1".to_owned(), json!({"b": 2}))
        ]
    );
    assert_eq!(
        (seen.text.as_str(), seen.finish.as_deref()),
        ("so", Some("tool_calls"))
    );
}

#[test]
fn case_03_a_tool_without_arguments_gets_an_empty_object() {
    for pieces in [vec![], vec![arguments(0, "")]] {
        let mut events = vec![start(), tool(0, "toolu_1", "now")];
        events.extend(pieces);
        events.push(stop(0));
        events.extend(ends("tool_use"));
        let out = stream_to(Door::Chat, "anthropic", &sse(&events));
        assert!(out.contains(r#""arguments":"{}""#), "{out}");
        assert_eq!(chat_stream(&out).tools, [("now".to_owned(), json!({}))]);
    }
    let whole = json!({"choices": [{"message": {"tool_calls": [{"id": "1", "function": {"name": "now", "arguments": ""}}]}, "finish_reason": "tool_calls"}]});
    assert_eq!(
        whole_to(Door::Messages, "openai", &whole)["content"][0]["input"],
        json!({})
    );
}

#[test]
fn case_04_a_vendors_own_tools_neither_leak_nor_shift_the_clients() {
    let server = |index| {
        block(
            index,
            json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}),
        )
    };
    let mut events = vec![start(), tool(0, "toolu_a", "a"), arguments(0, "{}"), stop(0)];
    events.extend([server(1), arguments(1, "{\"query\":\"x\"}"), stop(1)]);
    events.extend([
        block(2, json!({"type": "web_search_tool_result", "content": []})),
        stop(2),
    ]);
    events.extend([tool(3, "toolu_b", "b"), arguments(3, "{\"y\":2}"), stop(3)]);
    events.extend(ends("tool_use"));
    let out = stream_to(Door::Chat, "anthropic", &sse(&events));
    assert!(!out.contains("query") && !out.contains("srvtoolu"));
    assert_eq!(
        chat_stream(&out).tools,
        [("a".to_owned(), json!({})), ("b".to_owned(), json!({"y": 2}))]
    );
    assert!(out.contains(r#""index":1,"id":"toolu_b""#) && !out.contains(r#""index":2,"id""#));
}

#[test]
fn case_05_a_gemini_call_makes_tool_calls_of_a_later_stop() {
    let call = json!([{"functionCall": {"name": "f", "args": {"a": 1}}}]);
    let out = stream_to(
        Door::Chat,
        "gemini",
        &sse(&[
            gemini(call.clone(), None),
            gemini(json!([{"text": ""}]), Some("STOP")),
        ]),
    );
    assert_eq!(chat_stream(&out).finish.as_deref(), Some("tool_calls"));
    let whole = whole_to(Door::Chat, "gemini", &gemini(call, Some("STOP")));
    assert_eq!(chat_whole(&whole).finish.as_deref(), Some("tool_calls"));
}

#[test]
fn case_06_calls_of_one_function_without_ids_get_distinct_ones() {
    let calls =
        json!([{"functionCall": {"name": "f", "args": {}}}, {"functionCall": {"name": "f", "args": {}}}]);
    let first = chat_whole(&whole_to(
        Door::Chat,
        "gemini",
        &gemini(calls.clone(), Some("STOP")),
    ));
    let again = chat_stream(&stream_to(
        Door::Chat,
        "gemini",
        &sse(&[gemini(calls, Some("STOP"))]),
    ));
    assert_ne!(first.ids[0], first.ids[1]);
    assert_eq!(first.ids, again.ids);
    let given = json!([{"functionCall": {"id": "g-1", "name": "f", "args": {}}}]);
    assert_eq!(
        chat_whole(&whole_to(Door::Chat, "gemini", &gemini(given, Some("STOP")))).ids,
        ["g-1"]
    );
}

#[test]
fn case_07_gemini_arguments_may_come_piece_by_piece_or_not_at_all() {
    let piece = |call: Value| gemini(json!([{"functionCall": call}]), None);
    let events = [
        piece(json!({"name": "weather", "willContinue": true})),
        piece(
            json!({"partialArgs": [{"jsonPath": "$.location", "stringValue": "Bos", "willContinue": true}], "willContinue": true}),
        ),
        piece(
            json!({"partialArgs": [{"jsonPath": "$.location", "stringValue": "ton"}], "willContinue": true}),
        ),
        piece(json!({})),
        piece(json!({"name": "now"})),
        piece(json!({})),
        gemini(json!([]), Some("STOP")),
    ];
    let seen = chat_stream(&stream_to(Door::Chat, "gemini", &sse(&events)));
    assert_eq!(
        seen.tools,
        [
            ("weather".to_owned(), json!({"location": "Boston"})),
            ("now".to_owned(), json!({}))
        ]
    );
}

#[test]
fn case_11_usage_comes_after_the_end_before_done_and_only_if_asked() {
    let mut events = vec![start(), block(0, json!({"type": "text", "text": "x"})), stop(0)];
    events.extend(ends("end_turn"));
    let out = stream_to(Door::Chat, "anthropic", &sse(&events));
    let lines: Vec<&str> = out.lines().filter(|line| !line.is_empty()).collect();
    let [.., finish, usage, done] = lines.as_slice() else {
        panic!("{out}")
    };
    assert!(finish.contains(r#""finish_reason":"stop""#) && finish.contains(r#""usage":null"#));
    assert!(
        usage.contains(r#""choices":[],"usage":{"prompt_tokens":9,"completion_tokens":20,"total_tokens":29"#)
    );
    assert_eq!(*done, "data: [DONE]");
    let silent = json!({"model": "pub", "messages": [{"role": "user", "content": "x"}], "stream": true});
    let mut reader = crate::harness::ask(Door::Chat, "anthropic", &silent)
        .unwrap()
        .reader;
    let mut out = Vec::new();
    reader.feed(sse(&events).as_bytes(), &mut out).unwrap();
    assert!(!String::from_utf8(out).unwrap().contains("usage"));
    assert_eq!(reader.usage().unwrap().total_tokens(), 29);
}

#[test]
fn case_11_usage_may_come_beside_the_last_words_or_with_no_choices() {
    let last = json!({"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3, "completion_tokens": 4}});
    let apart = json!({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}});
    let first = chunk(json!({"content": "x"}), json!("stop"));
    for events in [vec![last], vec![first, apart]] {
        let seen = messages_stream(&stream_to(
            Door::Messages,
            "openai",
            &(sse(&events) + "data: [DONE]\n\n"),
        ));
        assert_eq!((seen.text.as_str(), seen.usage), ("x", Some((3, 4))));
    }
}

#[test]
fn case_12_cached_tokens_are_counted_once_and_later_counts_overwrite() {
    let events = [
        json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 8834, "output_tokens": 1}}}),
        block(0, json!({"type": "text", "text": "x"})),
        stop(0),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"input_tokens": 18, "cache_read_input_tokens": 8831, "output_tokens": 5}}),
        json!({"type": "message_stop"}),
    ];
    let out = stream_to(Door::Chat, "anthropic", &sse(&events));
    assert_eq!(chat_stream(&out).usage, Some((8849, 5)));
    assert!(out.contains(r#""cached_tokens":8831"#));
}

#[test]
fn case_20_a_stream_that_begins_twice_is_no_answer_unless_nothing_was_said() {
    let text = |text: &str| [block(0, json!({"type": "text", "text": text})), stop(0)];
    let mut early = vec![start(), start()];
    early.extend(text("x"));
    early.extend(ends("end_turn"));
    assert_eq!(
        chat_stream(&stream_to(Door::Chat, "anthropic", &sse(&early))).text,
        "x"
    );
    let mut late = vec![start(), tool(0, "toolu_1", "f"), arguments(0, "{\"a\""), start()];
    late.extend(text("x"));
    late.extend(ends("end_turn"));
    let (out, result) = streamed(Door::Chat, "anthropic", &sse(&late));
    assert!(result.is_err() && !out.contains("[DONE]") && !out.contains("finish_reason\":\""));
}

#[test]
fn case_29_embeddings_come_as_floats_or_base64_as_asked() {
    let answer = json!({"embeddings": [{"values": [0.5, -1.0]}, {"values": []}]});
    for (format, wanted) in [("float", json!([0.5, -1.0])), ("base64", json!("AAAAPwAAgL8="))] {
        let body = json!({"model": "pub", "input": ["a", "b"], "encoding_format": format});
        let mut call = crate::harness::ask(Door::Embeddings, "gemini", &body).unwrap();
        assert_eq!(call.path, "/v1beta/models/gemini-2.5-flash:batchEmbedContents");
        let mut out = Vec::new();
        call.reader
            .whole(&serde_json::to_vec(&answer).unwrap(), &mut out)
            .unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&out).unwrap()["data"][0]["embedding"],
            wanted
        );
    }
}

#[test]
fn case_30_choices_of_one_stream_stay_apart() {
    let told = |index: u64, text: &str, finish: Value| json!({"candidates": [{"index": index, "content": {"parts": [{"text": text}]}, "finishReason": finish}]});
    let events = [
        told(0, "a", json!(null)),
        told(1, "b", json!(null)),
        told(0, "c", json!("STOP")),
        told(1, "d", json!("MAX_TOKENS")),
    ];
    let out = stream_to(Door::Chat, "gemini", &sse(&events));
    let mut texts = [String::new(), String::new()];
    let mut finishes = [Value::Null, Value::Null];
    for (_, data) in crate::clients::events(&out)
        .into_iter()
        .filter(|(_, data)| data != "[DONE]")
    {
        let chunk: Value = serde_json::from_str(&data).unwrap();
        for choice in chunk["choices"].as_array().unwrap() {
            let index = choice["index"].as_u64().unwrap() as usize;
            texts[index] += choice["delta"]["content"].as_str().unwrap_or_default();
            if choice["finish_reason"].is_string() {
                finishes[index] = choice["finish_reason"].clone();
            }
        }
    }
    assert_eq!(
        (texts, finishes),
        (
            ["ac".to_owned(), "bd".to_owned()],
            [json!("stop"), json!("length")]
        )
    );
}

#[test]
fn where_one_call_at_most_is_wanted_the_first_of_gemini_is_given() {
    let asked = |stream: bool| {
        let tools = json!([{"name": "f", "input_schema": {"type": "object"}}]);
        json!({"model": "pub", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "tools": tools,
            "tool_choice": {"type": "any", "disable_parallel_tool_use": true}, "stream": stream})
    };
    let call = |more: Value| {
        let mut call = json!({"name": "f"});
        call.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"functionCall": call})
    };
    let piece = |value: &str| json!([{"jsonPath": "$.x", "stringValue": value}]);
    let whole = gemini(
        json!([
            call(json!({"args": {"x": "1"}})),
            call(json!({"args": {"x": "2"}}))
        ]),
        Some("STOP"),
    );
    let mut made = ask(Door::Messages, "gemini", &asked(false)).unwrap();
    assert_eq!(made.adapted, ["tool_choice"]);
    let mut out = Vec::new();
    made.reader.whole(whole.to_string().as_bytes(), &mut out).unwrap();
    let answer: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(answer["content"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(
        (&answer["content"][0]["input"], &answer["stop_reason"]),
        (&json!({"x": "1"}), &json!("tool_use"))
    );

    let pieces = [
        gemini(
            json!([call(json!({"partialArgs": piece("1"), "willContinue": true}))]),
            None,
        ),
        gemini(json!([{"functionCall": {}}]), None),
        gemini(
            json!([call(json!({"partialArgs": piece("2"), "willContinue": true}))]),
            None,
        ),
        gemini(
            json!([{"functionCall": {"partialArgs": piece("2")}}]),
            Some("STOP"),
        ),
    ];
    let mut reader = ask(Door::Messages, "gemini", &asked(true)).unwrap().reader;
    let mut out = Vec::new();
    reader.feed(sse(&pieces).as_bytes(), &mut out).unwrap();
    reader.end(&mut out).unwrap();
    let seen = messages_stream(&String::from_utf8(out).unwrap());
    assert_eq!(seen.tools, [("f".to_owned(), json!({"x": "1"}))]);
}
