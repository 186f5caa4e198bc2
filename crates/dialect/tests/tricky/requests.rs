//! Requests: messages, limits, formats, schemas, media, and what must not reach a vendor.

use dialect::Door;
use serde_json::{Value, json};

use crate::harness::{ask, ask_target, refused, sent, target};

fn chat(messages: Value, more: Value) -> Value {
    let mut body = json!({"model": "pub", "messages": messages});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn user() -> Value {
    json!([{"role": "user", "content": "hi"}])
}

fn said(role: &str, text: &str) -> Value {
    json!({"role": role, "content": [{"type": "text", "text": text}]})
}

#[test]
fn case_21_instructions_alone_become_the_first_message() {
    let body = chat(json!([{"role": "developer", "content": "be brief"}]), json!({}));
    let claude = sent(Door::Chat, "anthropic", &body);
    assert_eq!(
        (claude["messages"].clone(), claude["system"].is_null()),
        (json!([said("user", "be brief")]), true)
    );
    let gemini = sent(Door::Chat, "gemini", &body);
    assert_eq!(
        gemini["contents"],
        json!([{"role": "user", "parts": [{"text": "be brief"}]}])
    );
    assert_eq!(ask(Door::Chat, "gemini", &body).unwrap().adapted, ["messages"]);
}

#[test]
fn case_21_instructions_in_the_middle_keep_their_place() {
    let turns = json!([{"role": "system", "content": "a"}, {"role": "user", "content": "b"}, {"role": "assistant", "content": "c"},
        {"role": "system", "content": "d"}, {"role": "user", "content": "e"}]);
    let body = chat(turns, json!({}));
    let claude = sent(Door::Chat, "anthropic", &body);
    assert_eq!(claude["system"], json!([{"type": "text", "text": "a"}]));
    let together =
        json!({"role": "user", "content": [{"type": "text", "text": "d"}, {"type": "text", "text": "e"}]});
    assert_eq!(
        claude["messages"],
        json!([said("user", "b"), said("assistant", "c"), together])
    );
    assert_eq!(ask(Door::Chat, "anthropic", &body).unwrap().adapted, ["messages"]);
    let mut newest = target("anthropic");
    newest.model = "claude-opus-4-8";
    let call = ask_target(Door::Chat, &newest, &body).unwrap();
    let newest: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(
        (newest["messages"][2].clone(), call.adapted),
        (said("system", "d"), vec![])
    );
}

#[test]
fn case_21_empty_contents_are_left_out_and_a_last_assistant_turn_stays() {
    let turns = json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}, {"role": "user", "content": [{"type": "text", "text": ""}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": ""}}]}]);
    let claude = sent(Door::Chat, "anthropic", &chat(turns, json!({})));
    let call =
        json!({"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}]});
    let asked =
        json!({"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]});
    assert_eq!(claude["messages"], json!([asked, call]));
}

#[test]
fn case_22_token_limits_have_one_name_each_and_claude_always_gets_one() {
    for (field, more) in [
        ("max_tokens", json!({"max_tokens": 7})),
        ("max_completion_tokens", json!({"max_completion_tokens": 7})),
    ] {
        assert_eq!(
            sent(Door::Chat, "anthropic", &chat(user(), more.clone()))["max_tokens"],
            7,
            "{field}"
        );
        assert_eq!(
            sent(Door::Chat, "gemini", &chat(user(), more))["generationConfig"]["maxOutputTokens"],
            7
        );
    }
    assert_eq!(
        sent(Door::Chat, "anthropic", &chat(user(), json!({})))["max_tokens"],
        32_000
    );
    let default = [("max_tokens".to_owned(), "2000".to_owned())];
    let configured = dialect::Target {
        default: &default,
        ..target("anthropic")
    };
    let call = ask_target(Door::Chat, &configured, &chat(user(), json!({}))).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&call.body).unwrap()["max_tokens"],
        2000
    );
    let mut o4 = target("openai");
    o4.model = "o4-mini";
    let call = ask_target(Door::Chat, &o4, &chat(user(), json!({"max_tokens": 7}))).unwrap();
    assert!(
        String::from_utf8(call.body)
            .unwrap()
            .contains("\"max_completion_tokens\":7")
    );
    assert_eq!(call.adapted, ["max_tokens"]);
}

#[test]
fn case_22_sampling_is_refused_out_of_range_and_left_out_for_models_without_it() {
    assert_eq!(
        refused(
            Door::Chat,
            "anthropic",
            &chat(user(), json!({"temperature": 1.5}))
        ),
        "temperature"
    );
    let body = chat(user(), json!({"temperature": 0.70, "top_p": 0.9}));
    assert_eq!(sent(Door::Chat, "anthropic", &body)["temperature"], 0.7);
    let mut newest = target("anthropic");
    newest.model = "claude-opus-4-7";
    let call = ask_target(Door::Chat, &newest, &body).unwrap();
    let newest: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(
        (newest.get("temperature"), newest.get("top_p"), call.adapted),
        (None, None, vec!["temperature", "top_p"])
    );
}

#[test]
fn case_23_a_json_schema_goes_where_each_vendor_has_it() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false});
    let format = json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": true}}});
    let claude = sent(Door::Chat, "anthropic", &chat(user(), format.clone()));
    assert_eq!(
        claude["output_config"],
        json!({"format": {"type": "json_schema", "schema": schema}})
    );
    let gemini = sent(Door::Chat, "gemini", &chat(user(), format));
    assert_eq!(
        gemini["generationConfig"],
        json!({"responseMimeType": "application/json", "responseJsonSchema": schema})
    );
    let json_object = chat(user(), json!({"response_format": {"type": "json_object"}}));
    assert_eq!(refused(Door::Chat, "anthropic", &json_object), "response_format");
    assert_eq!(
        sent(Door::Chat, "gemini", &json_object)["generationConfig"],
        json!({"responseMimeType": "application/json"})
    );
}

#[test]
fn case_24_tool_schemas_reach_gemini_whole() {
    let schema = json!({"$defs": {"n": {"type": ["string", "null"]}}, "type": "object", "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"const": 1}}, "additionalProperties": false});
    let tools = json!({"tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": schema}}, {"type": "function", "function": {"name": "g"}}]});
    let declared =
        &sent(Door::Chat, "gemini", &chat(user(), tools.clone()))["tools"][0]["functionDeclarations"];
    assert_eq!(
        *declared,
        json!([{"name": "f", "description": "d", "parametersJsonSchema": schema}, {"name": "g"}])
    );
    let claude = &sent(Door::Chat, "anthropic", &chat(user(), tools))["tools"];
    assert_eq!(
        (
            claude[0]["input_schema"].clone(),
            claude[1]["input_schema"].clone()
        ),
        (schema, json!({"type": "object"}))
    );
}

#[test]
fn case_25_images_are_understood_in_every_spelling_of_their_url() {
    let table = [
        (
            "data:image/jpg;base64,AAAA",
            json!({"type": "base64", "media_type": "image/jpeg", "data": "AAAA"}),
        ),
        (
            "DATA:image/PNG;base64,AAAA",
            json!({"type": "base64", "media_type": "image/png", "data": "AAAA"}),
        ),
        (
            "data:;base64,AAAA",
            json!({"type": "base64", "media_type": "image/png", "data": "AAAA"}),
        ),
        (
            "data:image/webp;charset=x;base64,AAAA",
            json!({"type": "base64", "media_type": "image/webp", "data": "AAAA"}),
        ),
        (
            "http://a.example/b.png",
            json!({"type": "url", "url": "http://a.example/b.png"}),
        ),
    ];
    for (url, source) in table {
        let turns = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url, "detail": "auto"}}]}]);
        let claude = sent(Door::Chat, "anthropic", &chat(turns, json!({})));
        assert_eq!(
            claude["messages"][0]["content"][0],
            json!({"type": "image", "source": source}),
            "{url}"
        );
    }
    let odd = json!([{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "data:image/bmp;base64,AA"}}]}]);
    assert_eq!(
        refused(Door::Chat, "anthropic", &chat(odd, json!({}))),
        "messages[0].content[1]"
    );
}

#[test]
fn case_26_what_a_vendor_does_not_know_never_reaches_it() {
    let refusals = [
        ("moderation", json!({"x": 1})),
        ("prompt_cache_options", json!({"x": 1})),
        ("brand_new", json!(1)),
        ("logit_bias", json!({"5": 1})),
        ("n", json!(2)),
        ("prediction", json!({"type": "content"})),
        ("modalities", json!(["audio"])),
        ("seed", json!(1)),
        ("logprobs", json!(true)),
    ];
    for (field, value) in refusals {
        assert_eq!(
            refused(Door::Chat, "anthropic", &chat(user(), json!({field: value}))),
            field
        );
    }
    let quiet = json!({"user": "u", "metadata": {"a": "b"}, "store": true, "service_tier": "auto", "prompt_cache_key": "k",
        "n": 1, "logit_bias": {}, "modalities": ["text"], "presence_penalty": 0, "frequency_penalty": 0.0, "logprobs": false, "seed": null});
    let call = ask(Door::Chat, "anthropic", &chat(user(), quiet)).unwrap();
    assert_eq!(
        call.adapted,
        ["metadata", "prompt_cache_key", "service_tier", "store"]
    );
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    let mut names: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["max_tokens", "messages", "metadata", "model"]);
    assert_eq!(body["metadata"], json!({"user_id": "u"}));
}

#[test]
fn case_26_unknown_fields_deep_inside_are_refused_by_their_path() {
    let table = [
        (
            json!([{"role": "user", "content": "x", "name": "bob"}]),
            "messages[0].name",
        ),
        (
            json!([{"role": "user", "content": [{"type": "text", "text": "x", "new": 1}]}]),
            "messages[0].content[0].new",
        ),
        (
            json!([{"role": "user", "content": [{"type": "hologram"}]}]),
            "messages[0].content[0]",
        ),
        (
            json!([{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "A", "format": "wav"}}]}]),
            "messages[0].content[0]",
        ),
    ];
    for (messages, path) in table {
        assert_eq!(refused(Door::Chat, "anthropic", &chat(messages, json!({}))), path);
    }
    let tools = json!({"tools": [{"type": "custom", "custom": {"name": "x"}}]});
    assert_eq!(
        refused(Door::Chat, "anthropic", &chat(user(), tools)),
        "tools[0].type"
    );
}

#[test]
fn case_27_32_33_headers_and_credentials_are_never_a_dialects_to_make() {
    let call = ask(Door::Chat, "anthropic", &chat(user(), json!({}))).unwrap();
    assert_eq!(call.headers, [("anthropic-version", "2023-06-01".to_owned())]);
    let call = ask(Door::Generate, "gemini", &json!({"contents": []})).unwrap();
    assert!(call.headers.is_empty() && !call.path.contains("key="));
}

#[test]
fn an_environments_settings_reach_translated_requests_under_the_vendors_names() {
    let pairs = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect::<Vec<_>>()
    };
    let (set, default) = (
        pairs(&[("temperature", "0.2")]),
        pairs(&[("max_tokens", "2000"), ("top_p", "0.9")]),
    );
    let body = chat(user(), json!({"temperature": 1.0, "top_p": 0.5}));
    let told = |vendor: &str| {
        let target = dialect::Target {
            set: &set,
            default: &default,
            ..target(vendor)
        };
        serde_json::from_slice::<Value>(&ask_target(Door::Chat, &target, &body).unwrap().body).unwrap()
    };
    let claude = told("anthropic");
    assert_eq!(
        (
            claude["temperature"].clone(),
            claude["top_p"].clone(),
            claude["max_tokens"].clone()
        ),
        (json!(0.2), json!(0.5), json!(2000))
    );
    assert_eq!(
        told("gemini")["generationConfig"],
        json!({"temperature": 0.2, "topP": 0.5, "maxOutputTokens": 2000})
    );
    assert_eq!(told("openai")["max_tokens"], 2000);
}

#[test]
fn case_22_openais_reasoning_models_are_spared_what_they_refuse() {
    let message = json!({"model": "pub", "max_tokens": 9, "temperature": 0.2, "top_p": 1.0,
        "messages": [{"role": "user", "content": "u"}]});
    let contents =
        json!({"contents": [{"parts": [{"text": "u"}]}], "generationConfig": {"temperature": 0.2}});
    for (model, takes) in [
        ("gpt-4.1", true),
        ("gpt-5.1", true),
        ("gpt-5-chat-latest", true),
        ("gpt-5", false),
        ("gpt-5-mini", false),
        ("openai/o4-mini", false),
    ] {
        let vendor = dialect::Target {
            model,
            ..target("openai")
        };
        for (door, body, field) in [
            (Door::Messages, &message, "temperature"),
            (Door::Generate, &contents, "generationConfig.temperature"),
        ] {
            let call = ask_target(door, &vendor, body).unwrap();
            let sent: Value = serde_json::from_slice(&call.body).unwrap();
            let (temperature, adapted) = match takes {
                true => (Some(&json!(0.2)), vec![]),
                false => (None, vec![field]),
            };
            assert_eq!(
                (sent.get("temperature"), call.adapted),
                (temperature, adapted),
                "{model} {door:?}"
            );
        }
    }
}
