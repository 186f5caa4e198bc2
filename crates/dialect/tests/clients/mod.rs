//! Small clients that read answers the way the official SDKs do, written apart from the code they check.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

/// What a client makes of an answer, in OpenAI's words.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) text: String,
    pub(crate) thought: String,
    pub(crate) tools: Vec<(String, Value)>,
    pub(crate) ids: Vec<String>,
    pub(crate) finish: Option<String>,
    /// Input and output tokens.
    pub(crate) usage: Option<(u64, u64)>,
    pub(crate) error: Option<String>,
}

/// Data of each event, with its name; a client that cannot read one fails here.
pub(crate) fn events(stream: &str) -> Vec<(String, String)> {
    let mut events = Vec::new();
    let (mut name, mut data) = (String::new(), Vec::new());
    for line in stream.replace("\r\n", "\n").split('\n') {
        if line.is_empty() {
            if !data.is_empty() {
                events.push((std::mem::take(&mut name), data.join("\n")));
                data = Vec::new();
            }
        } else if let Some(value) = line.strip_prefix("event:") {
            name = value.trim().to_owned();
        } else if let Some(value) = line.strip_prefix("data:") {
            data.push(value.strip_prefix(' ').unwrap_or(value).to_owned());
        }
    }
    assert!(data.is_empty(), "the stream ends within an event: {data:?}");
    events
}

fn count(usage: &Value, input: &str, output: &str) -> Option<(u64, u64)> {
    Some((usage[input].as_u64()?, usage[output].as_u64()?))
}

fn arguments(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("arguments {text:?}: {error}"))
}

pub(crate) fn chat_whole(body: &Value) -> Seen {
    if body.get("error").is_some_and(|error| !error.is_null()) {
        return Seen {
            error: Some(body["error"]["message"].as_str().unwrap().to_owned()),
            ..Seen::default()
        };
    }
    let choice = &body["choices"][0];
    let message = &choice["message"];
    let mut seen = Seen {
        text: message["content"].as_str().unwrap_or_default().to_owned(),
        thought: message["reasoning_content"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        finish: choice["finish_reason"].as_str().map(str::to_owned),
        usage: count(&body["usage"], "prompt_tokens", "completion_tokens"),
        ..Seen::default()
    };
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        seen.ids.push(call["id"].as_str().unwrap_or_default().to_owned());
        let text = call["function"]["arguments"].as_str().unwrap();
        seen.tools.push((
            call["function"]["name"].as_str().unwrap().to_owned(),
            arguments(text),
        ));
    }
    seen
}

/// Puts chunks together by index, as openai-python's helper does; `[DONE]` is needed only where it is due.
pub(crate) fn chat_stream(stream: &str) -> Seen {
    let mut seen = Seen::default();
    let mut calls: Vec<(u64, String, String, String)> = Vec::new();
    let mut done = false;
    for (_, data) in events(stream) {
        assert!(!done, "something follows [DONE]: {data}");
        if data == "[DONE]" {
            done = true;
            continue;
        }
        let chunk: Value = serde_json::from_str(&data).unwrap();
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            seen.error = Some(error["message"].as_str().unwrap_or_default().to_owned());
            continue;
        }
        if chunk["usage"].is_object() {
            seen.usage = count(&chunk["usage"], "prompt_tokens", "completion_tokens");
        }
        for choice in chunk["choices"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|choice| choice["index"].as_u64().unwrap_or(0) == 0)
        {
            let delta = &choice["delta"];
            seen.text += delta["content"].as_str().unwrap_or_default();
            seen.thought += delta["reasoning_content"].as_str().unwrap_or_default();
            for call in delta["tool_calls"].as_array().into_iter().flatten() {
                let index = call["index"].as_u64().unwrap_or_default();
                let position = calls.iter().position(|held| held.0 == index).unwrap_or_else(|| {
                    calls.push((index, String::new(), String::new(), String::new()));
                    calls.len() - 1
                });
                let held = &mut calls[position];
                held.1 += call["id"].as_str().unwrap_or_default();
                held.2 += call["function"]["name"].as_str().unwrap_or_default();
                held.3 += call["function"]["arguments"].as_str().unwrap_or_default();
            }
            if let Some(reason) = choice["finish_reason"].as_str() {
                seen.finish = Some(reason.to_owned());
            }
        }
    }
    for (_, id, name, text) in calls {
        seen.ids.push(id);
        seen.tools.push((
            name,
            if text.is_empty() {
                json!({})
            } else {
                arguments(&text)
            },
        ));
    }
    seen
}

fn openai_finish(stop_reason: &str) -> String {
    match stop_reason {
        "end_turn" | "stop_sequence" | "pause_turn" => "stop",
        "tool_use" => "tool_calls",
        "max_tokens" => "length",
        "refusal" => "content_filter",
        other => panic!("unknown stop reason {other}"),
    }
    .to_owned()
}

fn anthropic_usage(usage: &Value) -> Option<(u64, u64)> {
    let names = [
        "input_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
    ];
    Some((
        names.iter().filter_map(|name| usage[*name].as_u64()).sum(),
        usage["output_tokens"].as_u64()?,
    ))
}

fn take_block(seen: &mut Seen, block: &Value) {
    match block["type"].as_str().unwrap() {
        "text" => seen.text += block["text"].as_str().unwrap(),
        "thinking" => seen.thought += block["thinking"].as_str().unwrap(),
        "tool_use" => {
            seen.ids.push(block["id"].as_str().unwrap().to_owned());
            seen.tools
                .push((block["name"].as_str().unwrap().to_owned(), block["input"].clone()));
        }
        "redacted_thinking" => {}
        other => panic!("unknown block {other}"),
    }
}

pub(crate) fn messages_whole(body: &Value) -> Seen {
    let mut seen = Seen {
        finish: body["stop_reason"].as_str().map(openai_finish),
        usage: anthropic_usage(&body["usage"]),
        ..Seen::default()
    };
    body["content"]
        .as_array()
        .unwrap()
        .iter()
        .for_each(|block| take_block(&mut seen, block));
    seen
}

/// Builds the message as Anthropic's SDK does: by the names of events, block by block.
pub(crate) fn messages_stream(stream: &str) -> Seen {
    let mut seen = Seen::default();
    let mut blocks: Vec<(Value, String, bool)> = Vec::new();
    let mut stopped = false;
    for (name, data) in events(stream) {
        let event: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(event["type"].as_str().unwrap(), name);
        assert!(!stopped, "something follows message_stop");
        let index = event["index"].as_u64().unwrap_or_default() as usize;
        match name.as_str() {
            "message_start" => {
                assert!(event["message"]["usage"]["output_tokens"].is_u64() && blocks.is_empty())
            }
            "content_block_start" => {
                assert_eq!(index, blocks.len(), "blocks come in order");
                blocks.push((event["content_block"].clone(), String::new(), true));
            }
            "content_block_delta" => {
                let (block, json, open) = &mut blocks[index];
                assert!(*open);
                let delta = &event["delta"];
                let field = match delta["type"].as_str().unwrap() {
                    "text_delta" => "text",
                    "thinking_delta" => "thinking",
                    "signature_delta" => "signature",
                    "input_json_delta" => {
                        json.push_str(delta["partial_json"].as_str().unwrap());
                        continue;
                    }
                    other => panic!("unknown delta {other}"),
                };
                let more = block[field].as_str().unwrap().to_owned() + delta[field].as_str().unwrap();
                block[field] = json!(more);
            }
            "content_block_stop" => {
                let (block, json, open) = &mut blocks[index];
                assert!(std::mem::replace(open, false));
                if block["type"] == "tool_use" {
                    block["input"] = if json.is_empty() {
                        json!({})
                    } else {
                        arguments(json)
                    };
                }
            }
            "message_delta" => {
                seen.finish = event["delta"]["stop_reason"].as_str().map(openai_finish);
                seen.usage = anthropic_usage(&event["usage"]);
            }
            "message_stop" => stopped = true,
            "ping" => {}
            "error" => seen.error = Some(event["error"]["message"].as_str().unwrap().to_owned()),
            other => panic!("unknown event {other}"),
        }
    }
    assert!(
        blocks.iter().all(|(_, _, open)| !open) || seen.error.is_some(),
        "a block stays open"
    );
    blocks.iter().for_each(|(block, ..)| take_block(&mut seen, block));
    seen
}

fn take_candidate(seen: &mut Seen, body: &Value) {
    for part in body["candidates"][0]["content"]["parts"]
        .as_array()
        .into_iter()
        .flatten()
    {
        if part["thought"] == true {
            seen.thought += part["text"].as_str().unwrap_or_default();
        } else if let Some(text) = part["text"].as_str() {
            seen.text += text;
        }
        if let Some(call) = part.get("functionCall") {
            seen.ids.push(call["id"].as_str().unwrap_or_default().to_owned());
            seen.tools
                .push((call["name"].as_str().unwrap().to_owned(), call["args"].clone()));
        }
    }
    if let Some(reason) = body["candidates"][0]["finishReason"].as_str() {
        let calls = !seen.tools.is_empty();
        seen.finish = Some(match reason {
            "STOP" if calls => "tool_calls".to_owned(),
            "STOP" => "stop".to_owned(),
            "MAX_TOKENS" => "length".to_owned(),
            "SAFETY" => "content_filter".to_owned(),
            other => panic!("unknown finish reason {other}"),
        });
    }
    let usage = &body["usageMetadata"];
    if usage.is_object() {
        let thoughts = usage["thoughtsTokenCount"].as_u64().unwrap_or_default();
        seen.usage = count(usage, "promptTokenCount", "candidatesTokenCount")
            .map(|(input, output)| (input, output + thoughts));
    }
    if let Some(error) = body.get("error") {
        seen.error = Some(error["message"].as_str().unwrap().to_owned());
    }
}

pub(crate) fn generate_whole(body: &Value) -> Seen {
    let mut seen = Seen::default();
    take_candidate(&mut seen, body);
    seen
}

pub(crate) fn generate_stream(stream: &str) -> Seen {
    let mut seen = Seen::default();
    for (_, data) in events(stream) {
        take_candidate(&mut seen, &serde_json::from_str(&data).unwrap());
    }
    seen
}

pub(crate) fn responses_whole(body: &Value) -> Seen {
    let mut seen = Seen::default();
    for item in body["output"].as_array().unwrap() {
        match item["type"].as_str().unwrap() {
            "message" => {
                for part in item["content"].as_array().unwrap() {
                    seen.text += part["text"].as_str().unwrap_or_default();
                }
            }
            "reasoning" => {
                for part in item["summary"].as_array().unwrap() {
                    seen.thought += part["text"].as_str().unwrap();
                }
            }
            "function_call" => {
                seen.ids.push(item["call_id"].as_str().unwrap().to_owned());
                seen.tools.push((
                    item["name"].as_str().unwrap().to_owned(),
                    arguments(item["arguments"].as_str().unwrap()),
                ));
            }
            other => panic!("unknown item {other}"),
        }
    }
    seen.usage = count(&body["usage"], "input_tokens", "output_tokens");
    seen.finish = Some(
        match (
            body["status"].as_str().unwrap(),
            body["incomplete_details"]["reason"].as_str(),
        ) {
            ("completed", _) if !seen.tools.is_empty() => "tool_calls".to_owned(),
            ("completed", _) => "stop".to_owned(),
            ("incomplete", Some("max_output_tokens")) => "length".to_owned(),
            ("incomplete", Some(reason)) => reason.to_owned(),
            other => panic!("unknown end {other:?}"),
        },
    );
    seen
}

/// Follows the events, checks that what was streamed is what the end says, and reads the end.
pub(crate) fn responses_stream(stream: &str) -> Seen {
    let mut items: Vec<Value> = Vec::new();
    let (mut text, mut last, mut end) = (String::new(), None::<u64>, None);
    for (name, data) in events(stream) {
        let event: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(event["type"].as_str().unwrap(), name);
        let sequence = event["sequence_number"].as_u64().unwrap();
        if name != "error" {
            assert_eq!(sequence, last.map_or(0, |last| last + 1));
            last = Some(sequence);
        }
        match name.as_str() {
            "response.output_item.added" => {
                assert_eq!(event["output_index"].as_u64().unwrap() as usize, items.len());
                items.push(Value::Null);
            }
            "response.output_item.done" => {
                items[event["output_index"].as_u64().unwrap() as usize] = event["item"].clone();
            }
            "response.output_text.delta" => text += event["delta"].as_str().unwrap(),
            "response.completed" | "response.incomplete" => end = Some(event["response"].clone()),
            "error" => {
                return Seen {
                    text,
                    error: Some(event["message"].as_str().unwrap().to_owned()),
                    ..Seen::default()
                };
            }
            _ => {}
        }
    }
    let end = end.expect("a response ends");
    assert_eq!(end["output"].as_array().unwrap(), &items);
    let seen = responses_whole(&end);
    assert!(seen.text.starts_with(&text) || text == seen.text);
    seen
}
