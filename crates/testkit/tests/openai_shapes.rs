//! The OpenAI dialect of the simulated vendors, compared with goldens and with its own rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;

use base64::Engine;
use serde_json::{Value, json};
use testkit::vendors::{ModelBehaviour, Simulator, SimulatorConfig};
use testkit::wait::{get, post, stream};

async fn simulator() -> Simulator {
    let default_behaviour = ModelBehaviour {
        answer_tokens: 6,
        ..ModelBehaviour::instant()
    };
    Simulator::start(SimulatorConfig {
        default_behaviour,
        ..SimulatorConfig::default()
    })
    .await
    .unwrap()
}

fn chat() -> Value {
    json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello there"}]})
}

fn weather_tool() -> Value {
    json!([{"type": "function", "function": {"name": "get_weather", "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}])
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

/// The raw text of a stream, as its data lines.
async fn data_of(addr: SocketAddr, path: &str, body: &Value) -> Vec<String> {
    let mut events = stream(addr, path, &[], body).await;
    let data = events
        .collect()
        .await
        .into_iter()
        .map(|event| event.data)
        .collect();
    assert!(events.ended_orderly());
    data
}

fn pretty(lines: &[String]) -> String {
    lines.join("\n")
}

#[tokio::test]
async fn a_chat_completion_has_the_recorded_shape() {
    let vendor = simulator().await;
    let reply = post(vendor.addr(), "/v1/chat/completions", &[], &chat()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert!(reply.header("x-request-id").unwrap().starts_with("req_"));
    insta::assert_json_snapshot!(reply.json());
}

#[tokio::test]
async fn a_chat_stream_has_the_recorded_order() {
    let vendor = simulator().await;
    let data = data_of(
        vendor.addr(),
        "/v1/chat/completions",
        &with(chat(), json!({"stream": true})),
    )
    .await;
    insta::assert_snapshot!(pretty(&data));
}

#[tokio::test]
async fn usage_comes_in_a_chunk_of_its_own_and_only_if_asked_for() {
    let vendor = simulator().await;
    let asking = with(
        chat(),
        json!({"stream": true, "stream_options": {"include_usage": true}}),
    );
    let data = data_of(vendor.addr(), "/v1/chat/completions", &asking).await;
    let chunks: Vec<Value> = data
        .iter()
        .filter_map(|data| serde_json::from_str(data).ok())
        .collect();
    let (usage, others) = chunks.split_last().unwrap();
    assert_eq!(usage["choices"], json!([]));
    assert!(
        others
            .iter()
            .all(|chunk| chunk.get("usage") == Some(&Value::Null))
    );
    let whole = post(vendor.addr(), "/v1/chat/completions", &[], &chat())
        .await
        .json();
    assert_eq!(usage["usage"], whole["usage"]);
    assert_eq!(data.last().unwrap(), "[DONE]");
}

#[tokio::test]
async fn a_stream_says_word_for_word_what_the_whole_answer_says() {
    let vendor = simulator().await;
    vendor
        .change_behaviour("gpt-4.1", json!({"answer_tokens": 300}))
        .unwrap();
    let whole = post(vendor.addr(), "/v1/chat/completions", &[], &chat())
        .await
        .json();
    let data = data_of(
        vendor.addr(),
        "/v1/chat/completions",
        &with(chat(), json!({"stream": true})),
    )
    .await;
    let chunks = data
        .iter()
        .filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let text: String = chunks
        .filter_map(|chunk| Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect();
    assert_eq!(
        Some(text.as_str()),
        whole["choices"][0]["message"]["content"].as_str()
    );
    assert_eq!(whole["usage"]["completion_tokens"], 300);
}

#[tokio::test]
async fn a_tool_is_called_when_the_prompt_names_it() {
    let vendor = simulator().await;
    let body = json!({"model": "gpt-4.1", "tools": weather_tool(),
        "messages": [{"role": "user", "content": "Please use get_weather."}]});
    let whole = post(vendor.addr(), "/v1/chat/completions", &[], &body)
        .await
        .json();
    insta::assert_json_snapshot!("a_tool_call", whole["choices"]);
    let data = data_of(
        vendor.addr(),
        "/v1/chat/completions",
        &with(body, json!({"stream": true})),
    )
    .await;
    insta::assert_snapshot!("a_streamed_tool_call", pretty(&data));
}

#[tokio::test]
async fn no_tool_is_called_unasked_or_after_its_result() {
    let vendor = simulator().await;
    let finish = async |body: Value| {
        let reply = post(vendor.addr(), "/v1/chat/completions", &[], &body)
            .await
            .json();
        reply["choices"][0]["finish_reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        finish(with(chat(), json!({"tools": weather_tool()}))).await,
        "stop"
    );
    let required = json!({"tools": weather_tool(), "tool_choice": "required"});
    assert_eq!(finish(with(chat(), required)).await, "tool_calls");
    let call =
        json!({"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}});
    let turns = json!([{"role": "user", "content": "Use get_weather"},
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "get_weather says rain"}]);
    assert_eq!(
        finish(json!({"model": "gpt-4.1", "messages": turns, "tools": weather_tool()})).await,
        "stop"
    );
}

#[tokio::test]
async fn limits_stops_choices_and_schemas_are_kept() {
    let vendor = simulator().await;
    let choices = async |more: Value| {
        let reply = post(vendor.addr(), "/v1/chat/completions", &[], &with(chat(), more)).await;
        reply.json()["choices"].as_array().unwrap().clone()
    };
    let cut = choices(json!({"max_completion_tokens": 2})).await;
    assert_eq!(
        (&cut[0]["message"]["content"], &cut[0]["finish_reason"]),
        (&json!("This is"), &json!("length"))
    );
    let stopped = choices(json!({"stop": "gpt"})).await;
    assert_eq!(
        (&stopped[0]["message"]["content"], &stopped[0]["finish_reason"]),
        (&json!("This is "), &json!("stop"))
    );
    assert_eq!(choices(json!({"n": 3})).await.len(), 3);
    let schema = json!({"type": "object", "properties": {"days": {"type": "integer"}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": schema}});
    assert_eq!(
        choices(json!({"response_format": format})).await[0]["message"]["content"],
        r#"{"days":3}"#
    );
}

#[tokio::test]
async fn the_same_request_gets_the_same_bytes_and_another_seed_other_words() {
    let (one, two) = (simulator().await, simulator().await);
    let other = Simulator::start(SimulatorConfig {
        seed: 2,
        default_behaviour: ModelBehaviour::instant(),
        ..SimulatorConfig::default()
    });
    let other = other.await.unwrap();
    let body = |vendor: &Simulator| {
        let addr = vendor.addr();
        async move { post(addr, "/v1/chat/completions", &[], &chat()).await.text() }
    };
    assert_eq!(body(&one).await, body(&two).await);
    assert_eq!(body(&one).await, body(&one).await);
    assert_ne!(body(&one).await, body(&other).await);
}

#[tokio::test]
async fn completions_answer_each_prompt() {
    let vendor = simulator().await;
    let body = json!({"model": "davinci", "prompt": ["One", "Two"], "max_tokens": 3});
    insta::assert_json_snapshot!(
        "completions",
        post(vendor.addr(), "/v1/completions", &[], &body).await.json()
    );
    let streamed = with(
        body,
        json!({"stream": true, "stream_options": {"include_usage": true}}),
    );
    insta::assert_snapshot!(
        "streamed_completions",
        pretty(&data_of(vendor.addr(), "/v1/completions", &streamed).await)
    );
}

#[tokio::test]
async fn a_response_has_the_published_shape() {
    let vendor = simulator().await;
    let body = json!({"model": "gpt-4.1", "input": "Hello there"});
    insta::assert_json_snapshot!(post(vendor.addr(), "/v1/responses", &[], &body).await.json());
}

#[tokio::test]
async fn the_events_of_a_response_are_named_numbered_and_end_with_the_whole() {
    let vendor = simulator().await;
    let body = json!({"model": "gpt-4.1", "input": "Hello there"});
    let whole = post(vendor.addr(), "/v1/responses", &[], &body).await.json();
    let streaming = with(body, json!({"stream": true}));
    let events = stream(vendor.addr(), "/v1/responses", &[], &streaming)
        .await
        .collect()
        .await;
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event.json()["sequence_number"], number);
        assert_eq!(event.json()["type"].as_str(), event.event.as_deref());
    }
    assert_eq!(events.last().unwrap().json()["response"], whole);
    let names: Vec<_> = events.iter().filter_map(|event| event.event.clone()).collect();
    insta::assert_snapshot!(pretty(&names));
}

#[tokio::test]
async fn the_events_of_a_function_call_repeat_its_arguments_in_full() {
    let vendor = simulator().await;
    let tool = json!({"type": "function", "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}});
    let body = json!({"model": "gpt-4.1", "input": "use get_weather", "tools": [tool], "stream": true});
    insta::assert_snapshot!(pretty(&data_of(vendor.addr(), "/v1/responses", &body).await));
}

#[tokio::test]
async fn embeddings_are_the_same_numbers_as_floats_and_as_base64() {
    let vendor = simulator().await;
    let ask = |format| json!({"model": "e", "input": ["one", "two words"], "dimensions": 4, "encoding_format": format});
    let floats = post(vendor.addr(), "/v1/embeddings", &[], &ask("float"))
        .await
        .json();
    let packed = post(vendor.addr(), "/v1/embeddings", &[], &ask("base64"))
        .await
        .json();
    assert_eq!(floats["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}));
    for index in 0..2 {
        let text = packed["data"][index]["embedding"].as_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        let numbers = bytes
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes(four.try_into().unwrap()));
        let numbers: Vec<f32> = numbers.collect();
        let given: Vec<f32> = serde_json::from_value(floats["data"][index]["embedding"].clone()).unwrap();
        assert_eq!(numbers, given);
        assert!((numbers.iter().map(|number| number * number).sum::<f32>() - 1.0).abs() < 1e-5);
    }
    let default = post(
        vendor.addr(),
        "/v1/embeddings",
        &[],
        &json!({"model": "e", "input": [1, 2]}),
    )
    .await
    .json();
    assert_eq!(default["data"][0]["embedding"].as_array().unwrap().len(), 1536);
}

#[tokio::test]
async fn the_smaller_endpoints_answer_in_their_shapes() {
    let vendor = simulator().await;
    let addr = vendor.addr();
    let moderation = post(addr, "/v1/moderations", &[], &json!({"input": "please flag me"}))
        .await
        .json();
    insta::assert_json_snapshot!("moderation", moderation);
    let image = json!({"model": "gpt-image-1", "prompt": "a lock"});
    insta::assert_json_snapshot!(
        "image",
        post(addr, "/v1/images/generations", &[], &image).await.json()
    );
    let speech = json!({"model": "tts-1", "voice": "alloy", "input": "Hello"});
    let speech = post(addr, "/v1/audio/speech", &[], &speech).await;
    assert_eq!(
        (speech.status, speech.header("content-type")),
        (200, Some("audio/mpeg"))
    );
    assert!(speech.body.starts_with(b"ID3"));
    let list = get(addr, "/v1/models", &[]).await.json();
    assert_eq!(
        (&list["object"], &list["data"][0]["id"]),
        (&json!("list"), &json!("gpt-image-1"))
    );
    assert_eq!(get(addr, "/v1/models/tts-1", &[]).await.json()["id"], "tts-1");
    assert_eq!(get(addr, "/v1/models/unheard-of", &[]).await.status, 404);
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_no_missing_model() {
    let vendor = simulator().await;
    let openai = get(vendor.addr(), "/v1/files/file-1", &[]).await;
    assert_eq!(
        (openai.status, openai.json()["error"].clone()),
        (
            404,
            json!({"message": "Invalid URL (GET /v1/files/file-1)", "type": "invalid_request_error", "param": null, "code": null})
        )
    );
    let anthropic = get(vendor.addr(), "/v1/messages/batches", &[]).await.json();
    assert_eq!(
        anthropic["error"],
        json!({"type": "not_found_error", "message": "Not Found"})
    );
    let gemini = get(vendor.addr(), "/v1beta/files/f-1", &[]).await.json();
    assert_eq!(
        (&gemini["error"]["code"], &gemini["error"]["status"]),
        (&json!(404), &json!("NOT_FOUND"))
    );
}

#[tokio::test]
async fn mistakes_are_refused_by_field() {
    let vendor = simulator().await;
    let refuse = async |path: &str, body: Value| {
        let reply = post(vendor.addr(), path, &[], &body).await;
        (
            reply.status,
            reply.json()["error"]["param"].as_str().unwrap_or("").to_owned(),
        )
    };
    let chat_path = "/v1/chat/completions";
    assert_eq!(
        refuse(chat_path, json!({"messages": []})).await,
        (400, "model".into())
    );
    assert_eq!(
        refuse(chat_path, json!({"model": "m", "messages": []})).await,
        (400, "messages".into())
    );
    assert_eq!(
        refuse(chat_path, with(chat(), json!({"n": 0}))).await,
        (400, "n".into())
    );
    let options = json!({"stream_options": {"include_usage": true}});
    assert_eq!(
        refuse(chat_path, with(chat(), options)).await,
        (400, "stream_options".into())
    );
    let orphan = json!({"model": "m", "messages": [{"role": "tool", "tool_call_id": "x", "content": ""}]});
    assert_eq!(refuse(chat_path, orphan).await, (400, "messages.[0].role".into()));
    assert_eq!(
        refuse("/v1/embeddings", json!({"model": "m", "input": []})).await,
        (400, "input".into())
    );
}

#[tokio::test]
async fn reasoning_models_take_neither_the_old_limit_nor_a_temperature() {
    let vendor = simulator().await;
    let refuse = async |more: Value| {
        let body = with(with(chat(), json!({"model": "o4-mini"})), more);
        post(vendor.addr(), "/v1/chat/completions", &[], &body)
            .await
            .json()["error"]["code"]
            .clone()
    };
    assert_eq!(refuse(json!({"max_tokens": 5})).await, "unsupported_parameter");
    assert_eq!(refuse(json!({"temperature": 0.2})).await, "unsupported_value");
    assert_eq!(
        refuse(json!({"temperature": 1, "max_completion_tokens": 5})).await,
        Value::Null
    );
    assert_eq!(
        refuse(json!({"model": "gpt-4o", "max_tokens": 5})).await,
        Value::Null
    );
}

#[tokio::test]
async fn a_required_key_is_taken_from_any_vendors_header() {
    let config = SimulatorConfig {
        required_key: Some("My API Key".to_owned()),
        default_behaviour: ModelBehaviour::instant(),
        ..SimulatorConfig::default()
    };
    let vendor = Simulator::start(config).await.unwrap();
    let status =
        async |headers: &[(&str, &str)], path: &str| post(vendor.addr(), path, headers, &chat()).await.status;
    let path = "/v1/chat/completions";
    assert_eq!(status(&[("authorization", "Bearer My API Key")], path).await, 200);
    assert_eq!(status(&[("x-api-key", "My API Key")], path).await, 200);
    assert_eq!(status(&[("x-goog-api-key", "My API Key")], path).await, 200);
    assert_eq!(status(&[], "/v1/chat/completions?key=My%20API%20Key").await, 200);
    assert_eq!(status(&[("authorization", "Bearer other")], path).await, 401);
    let refused = post(vendor.addr(), path, &[], &chat()).await.json();
    assert_eq!(refused["error"]["code"], "invalid_api_key");
}
