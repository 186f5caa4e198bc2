#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

fn target(dialect: Dialect) -> Target<'static> {
    Target {
        dialect,
        model: "up-1",
        set: &[],
        default: &[],
        meter: false,
        public_model: "pub",
        server: Server::Official,
        request_id: "req-1",
        now_unix_seconds: 1_700_000_000,
    }
}

fn settings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

fn sent(door: Door, path: &str, body: &str, target: &Target<'_>) -> (String, String) {
    let scan = Scan::read(door, body.as_bytes()).unwrap();
    let call = call(door, path, body.as_bytes(), &scan, target).unwrap();
    crate::json::Json::parse(&call.body, crate::json::Rules::Client).unwrap();
    (call.path, String::from_utf8(call.body).unwrap())
}

fn chat(body: &str, target: &Target<'_>) -> String {
    sent(Door::Chat, "/v1/chat/completions", body, target).1
}

#[test]
fn only_the_model_changes_in_a_body_that_passes() {
    let body = " {\"x\" : 1e400,\n \"model\":\"pub\", \"messages\":[ ] ,\"\\u0061\":\"\\/\"}\n";
    assert_eq!(chat(body, &target(Dialect::OpenAi)), body.replace("pub", "up-1"));
    let same = Target {
        model: "pub",
        ..target(Dialect::OpenAi)
    };
    assert_eq!(chat(body, &same), body);
}

#[test]
fn settings_are_forced_or_fill_gaps() {
    let (set, default) = (
        settings(&[("temperature", "0.2"), ("metadata", r#"{"a":"1"}"#)]),
        settings(&[("max_tokens", "5"), ("top_p", "1")]),
    );
    let target = Target {
        set: &set,
        default: &default,
        model: "m",
        ..target(Dialect::OpenAi)
    };
    let table = [
        (
            r#"{"model":"m","messages":[]}"#,
            r#"{"temperature":0.2,"metadata":{"a":"1"},"max_tokens":5,"top_p":1,"model":"m","messages":[]}"#,
        ),
        (
            r#"{"temperature":1,"metadata":{"b":"2"},"model":"m","messages":[],"max_completion_tokens":9,"top_p":null}"#,
            r#"{"temperature":0.2,"metadata":{"b":"2","a":"1"},"model":"m","messages":[],"max_completion_tokens":9,"top_p":1}"#,
        ),
    ];
    for (body, wanted) in table {
        assert_eq!(chat(body, &target), wanted);
    }
    let set = settings(&[("max_tokens", "7")]);
    let target = Target {
        set: &set,
        default: &[],
        ..target
    };
    let body = r#"{"max_tokens":1,"model":"m","max_completion_tokens":9,"messages":[]}"#;
    assert_eq!(
        chat(body, &target),
        r#"{"max_tokens":7,"model":"m","messages":[]}"#
    );
}

#[test]
fn usage_is_asked_for_only_where_it_must_be() {
    let metered = Target {
        meter: true,
        model: "m",
        ..target(Dialect::OpenAi)
    };
    let table = [
        (r#"{"model":"m","messages":[]}"#, r#"{"model":"m","messages":[]}"#),
        (
            r#"{"model":"m","messages":[],"stream":true}"#,
            r#"{"stream_options":{"include_usage":true},"model":"m","messages":[],"stream":true}"#,
        ),
        (
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{ }}"#,
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true }}"#,
        ),
        (
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"x":1,"include_usage":false}}"#,
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"x":1,"include_usage":true}}"#,
        ),
        (
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"x":1}}"#,
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true,"x":1}}"#,
        ),
        (
            r#"{"model":"m","messages":[],"stream":true,"stream_options":null}"#,
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
    ];
    for (body, wanted) in table {
        assert_eq!(chat(body, &metered), wanted);
    }
}

#[test]
fn each_vendor_is_called_at_its_own_path() {
    let gemini = target(Dialect::Gemini);
    let table = [
        (
            Door::Chat,
            Dialect::OpenAi,
            "/v1/chat/completions?a=b",
            "/chat/completions?a=b",
        ),
        (
            Door::Messages,
            Dialect::Anthropic,
            "/v1/messages?beta=true",
            "/v1/messages?beta=true",
        ),
        (
            Door::CountTokens,
            Dialect::Anthropic,
            "/v1/messages/count_tokens",
            "/v1/messages/count_tokens",
        ),
    ];
    for (door, dialect, path, wanted) in table {
        let body = r#"{"model":"m","messages":[]}"#;
        assert_eq!(sent(door, path, body, &target(dialect)).0, wanted);
    }
    let table = [
        (
            Door::Generate,
            "/v1beta/models/pub:generateContent?key=SECRET",
            "/v1beta/models/up-1:generateContent",
        ),
        (
            Door::StreamGenerate,
            "/v1/models/pub:streamGenerateContent?key=SECRET&x=1",
            "/v1/models/up-1:streamGenerateContent?x=1&alt=sse",
        ),
    ];
    for (door, path, wanted) in table {
        assert_eq!(sent(door, path, r#"{"contents":[]}"#, &gemini).0, wanted);
    }
    let tuned = Target {
        model: "tunedModels/a b",
        ..gemini
    };
    let path = "/v1beta/models/pub:countTokens";
    assert_eq!(
        sent(Door::GeminiCountTokens, path, r#"{"contents":[]}"#, &tuned).0,
        "/v1beta/tunedModels/a%20b:countTokens"
    );
}

#[test]
fn a_models_name_leads_nowhere_else_on_googles_server() {
    for model in [
        "../../admin",
        "tunedModels/../x",
        "a/./b",
        "a//b",
        "/a",
        "a/",
        "..",
        "",
    ] {
        let target = Target {
            model,
            ..target(Dialect::Gemini)
        };
        for (door, path) in [
            (Door::Chat, "/v1/chat/completions"),
            (Door::Generate, "/v1beta/models/pub:generateContent"),
        ] {
            let body = br#"{"model":"pub","messages":[],"contents":[]}"#;
            let scan = Scan::read(door, body).unwrap();
            let refused = call(door, path, body, &scan, &target).err().unwrap();
            assert_eq!(refused.param.as_deref(), Some("model"), "{model}");
        }
    }
}
