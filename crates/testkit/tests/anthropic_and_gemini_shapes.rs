//! The Anthropic and Gemini dialects of the simulated vendors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use testkit::vendors::{ModelBehaviour, Simulator, SimulatorConfig};
use testkit::wait::{get, post, raw, stream};

const MESSAGES: &str = "/v1/messages";
const GENERATE: &str = "/v1beta/models/gemini-2.5-pro:generateContent";
const STREAM: &str = "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse";

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

fn message() -> Value {
    json!({"model": "claude-sonnet-4", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello there"}]})
}

fn contents() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}]})
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

async fn events_of(vendor: &Simulator, path: &str, body: &Value) -> String {
    let mut events = stream(vendor.addr(), path, &[], body).await;
    let all = events.collect().await;
    assert!(events.ended_orderly());
    let line =
        |event: &testkit::wait::Arrived| format!("{} {}", event.event.as_deref().unwrap_or("-"), event.data);
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_message_has_the_recorded_shape() {
    let vendor = simulator().await;
    let reply = post(vendor.addr(), MESSAGES, &[], &message()).await;
    assert!(reply.header("request-id").unwrap().starts_with("req_011"));
    insta::assert_json_snapshot!(reply.json());
}

#[tokio::test]
async fn a_streamed_message_has_the_recorded_events() {
    let vendor = simulator().await;
    insta::assert_snapshot!(events_of(&vendor, MESSAGES, &with(message(), json!({"stream": true}))).await);
}

#[tokio::test]
async fn tools_of_anthropic_are_called_in_blocks_of_their_own() {
    let vendor = simulator().await;
    let tool = |name| json!({"name": name, "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}});
    let asking = json!([{"role": "user", "content": "call get_weather and get_time"}]);
    let body = with(
        message(),
        json!({"messages": asking, "tools": [tool("get_weather"), tool("get_time")]}),
    );
    let whole = post(vendor.addr(), MESSAGES, &[], &body).await.json();
    insta::assert_json_snapshot!("tool_use_blocks", json!([whole["content"], whole["stop_reason"]]));
    let streamed = events_of(&vendor, MESSAGES, &with(body.clone(), json!({"stream": true}))).await;
    insta::assert_snapshot!("streamed_tool_use", streamed);
    let only_one = json!({"tool_choice": {"type": "auto", "disable_parallel_tool_use": true}});
    let whole = post(vendor.addr(), MESSAGES, &[], &with(body, only_one))
        .await
        .json();
    assert_eq!(whole["content"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn tokens_are_counted_as_they_are_charged() {
    let vendor = simulator().await;
    let charged =
        post(vendor.addr(), MESSAGES, &[], &message()).await.json()["usage"]["input_tokens"].clone();
    let mut asked = message();
    asked.as_object_mut().unwrap().shift_remove("max_tokens");
    let counted = post(vendor.addr(), "/v1/messages/count_tokens", &[], &asked)
        .await
        .json();
    assert_eq!(counted, json!({"input_tokens": charged}));
    let counted = post(vendor.addr(), "/v1beta/models/g:countTokens", &[], &contents())
        .await
        .json();
    assert_eq!(counted["totalTokens"], charged);
}

#[tokio::test]
async fn anthropic_refuses_what_the_real_one_refuses() {
    let vendor = simulator().await;
    let refuse = async |more: Value| {
        let reply = post(vendor.addr(), MESSAGES, &[], &with(message(), more)).await;
        assert_eq!((reply.status, &reply.json()["type"]), (400, &json!("error")));
        reply.json()["error"]["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        refuse(json!({"prompt_cache_key": "x"})).await,
        "prompt_cache_key: Extra inputs are not permitted"
    );
    assert_eq!(
        refuse(json!({"max_tokens": null})).await,
        "max_tokens: Field required"
    );
    assert!(refuse(json!({"temperature": 1.5})).await.contains("range"));
    let empty = json!([{"role": "user", "content": [{"type": "text", "text": ""}]}]);
    assert!(refuse(json!({"messages": empty})).await.contains("non-empty"));
    let call =
        json!({"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}]});
    let unanswered = json!([call, {"role": "user", "content": "and?"}]);
    assert!(
        refuse(json!({"messages": unanswered}))
            .await
            .contains("without `tool_result` blocks")
    );
}

#[tokio::test]
async fn a_generated_content_has_the_recorded_shape() {
    let vendor = simulator().await;
    insta::assert_json_snapshot!(post(vendor.addr(), GENERATE, &[], &contents()).await.json());
    let newer = GENERATE.replace("v1beta", "v1");
    assert_eq!(post(vendor.addr(), &newer, &[], &contents()).await.status, 200);
}

#[tokio::test]
async fn a_gemini_stream_has_crlf_line_ends_and_no_terminator() {
    let vendor = simulator().await;
    insta::assert_snapshot!("gemini_chunks", events_of(&vendor, STREAM, &contents()).await);
    let body = contents().to_string();
    let request = format!(
        "POST {STREAM} HTTP/1.0\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = String::from_utf8(raw(vendor.addr(), request).await).unwrap();
    assert!(answer.ends_with("}\r\n\r\n"), "{answer}");
    assert_eq!(answer.matches("data: ").count(), 7);
}

#[tokio::test]
async fn a_gemini_stream_without_events_is_one_json_array() {
    let vendor = simulator().await;
    let path = STREAM.replace("?alt=sse", "");
    let chunks = post(vendor.addr(), &path, &[], &contents()).await.json();
    assert_eq!(chunks.as_array().unwrap().len(), 7);
    assert_eq!(chunks[6]["candidates"][0]["finishReason"], "STOP");
}

#[tokio::test]
async fn gemini_functions_come_whole_and_end_with_stop() {
    let vendor = simulator().await;
    let declared = json!([{"functionDeclarations": [{"name": "get_weather",
        "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}}]}]);
    let any = json!({"function_calling_config": {"mode": "ANY"}});
    let body = with(contents(), json!({"tools": declared, "tool_config": any}));
    let candidate = post(vendor.addr(), GENERATE, &[], &body).await.json()["candidates"][0].clone();
    let expected = json!([{"functionCall": {"name": "get_weather", "args": {"city": "Zürich"}}}]);
    assert_eq!(
        (&candidate["content"]["parts"], &candidate["finishReason"]),
        (&expected, &json!("STOP"))
    );
    assert_eq!(
        events_of(&vendor, STREAM, &body)
            .await
            .matches("functionCall")
            .count(),
        1
    );
}

#[tokio::test]
async fn gemini_refuses_names_it_does_not_know() {
    let vendor = simulator().await;
    let reply = post(
        vendor.addr(),
        GENERATE,
        &[],
        &with(contents(), json!({"temperature": 1})),
    )
    .await;
    assert_eq!(
        (reply.status, &reply.json()["error"]["status"]),
        (400, &json!("INVALID_ARGUMENT"))
    );
    assert!(
        reply.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("\"temperature\"")
    );
}

#[tokio::test]
async fn newer_claude_models_refuse_to_be_sampled() {
    let vendor = simulator().await;
    let status = async |model: &str, more: Value| {
        let body = with(with(message(), json!({"model": model})), more);
        post(vendor.addr(), MESSAGES, &[], &body).await.status
    };
    assert_eq!(status("claude-opus-4-8", json!({"temperature": 0.5})).await, 400);
    assert_eq!(status("claude-opus-4-7-20260401", json!({"top_k": 5})).await, 400);
    assert_eq!(
        status(
            "claude-opus-4-8",
            json!({"thinking": {"type": "enabled", "budget_tokens": 2000}})
        )
        .await,
        400
    );
    assert_eq!(status("claude-opus-4-8", json!({})).await, 200);
    assert_eq!(
        status("claude-opus-4-20250514", json!({"temperature": 0.5})).await,
        200
    );
}

#[tokio::test]
async fn gemini_takes_its_own_subset_of_schemas_or_json_schema_by_name() {
    let vendor = simulator().await;
    let status = async |field: &str, schema: Value| {
        let tools = json!([{"functionDeclarations": [{"name": "f", field: schema}]}]);
        post(
            vendor.addr(),
            GENERATE,
            &[],
            &with(contents(), json!({"tools": tools})),
        )
        .await
        .status
    };
    let deep = json!({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string", "const": "x"}}}});
    assert_eq!(status("parameters", deep.clone()).await, 400);
    assert_eq!(
        status(
            "parameters",
            json!({"type": "object", "additionalProperties": false})
        )
        .await,
        400
    );
    assert_eq!(
        status("parameters", json!({"type": ["string", "null"]})).await,
        400
    );
    assert_eq!(
        status(
            "parameters",
            json!({"type": "OBJECT", "properties": {"const": {"type": "STRING"}}})
        )
        .await,
        200
    );
    assert_eq!(status("parametersJsonSchema", deep).await, 200);
}

#[tokio::test]
async fn each_vendor_lists_models_in_its_own_words() {
    let config = SimulatorConfig {
        only_models: vec!["m-1".to_owned()],
        ..SimulatorConfig::default()
    };
    let vendor = Simulator::start(config).await.unwrap();
    let anthropic = get(
        vendor.addr(),
        "/v1/models",
        &[("anthropic-version", "2023-06-01")],
    )
    .await
    .json();
    assert_eq!(
        (&anthropic["data"][0]["id"], &anthropic["has_more"]),
        (&json!("m-1"), &json!(false))
    );
    let gemini = get(vendor.addr(), "/v1beta/models", &[]).await.json();
    assert_eq!(gemini["models"][0]["name"], "models/m-1");
    let unknown = post(vendor.addr(), MESSAGES, &[], &message()).await;
    assert_eq!(
        (unknown.status, &unknown.json()["error"]["type"]),
        (404, &json!("not_found_error"))
    );
}

#[tokio::test]
async fn gemini_embeds_a_batch_with_one_vector_each() {
    let vendor = Simulator::start(SimulatorConfig::default()).await.unwrap();
    let path = "/v1beta/models/e-1:batchEmbedContents";
    let one = |model: &str, text: &str| json!({"model": model, "content": {"parts": [{"text": text}]}, "outputDimensionality": 8});
    let batch = json!({"requests": [one("models/e-1", "a"), one("models/e-1", "b")]});
    let answer = post(vendor.addr(), path, &[], &batch).await.json();
    let values = |index: usize| answer["embeddings"][index]["values"].as_array().unwrap().clone();
    assert_eq!((values(0).len(), values(1).len()), (8, 8));
    assert_ne!(values(0), values(1));
    for wrong in [
        json!({"requests": []}),
        json!({"requests": [one("models/e-2", "a")]}),
    ] {
        assert_eq!(post(vendor.addr(), path, &[], &wrong).await.status, 400);
    }
}
