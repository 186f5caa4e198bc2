#![allow(clippy::unwrap_used)]

use super::*;

const JSON: &str = "application/json";

fn answer(dialect: Dialect, door: Door, status: u16, body: &str) -> VendorAnswer {
    let asked = Asked {
        door,
        names_model: true,
        request_id: "req_1",
    };
    vendor_error(dialect, &asked, status, JSON, body.as_bytes())
}

#[test]
fn what_is_not_there_is_the_callers_own_where_no_model_was_named() {
    let asked = Asked {
        door: Door::Other,
        names_model: false,
        request_id: "req_1",
    };
    let gone = r#"{"error":{"message":"The model 'ft-1' does not exist","code":"model_not_found"}}"#;
    let read = vendor_error(Dialect::OpenAi, &asked, 404, JSON, gone.as_bytes());
    assert_eq!((read.status, read.caller_fault), (404, true));
    assert_eq!(read.body, gone.as_bytes(), "in the vendor's own words");
    let page = vendor_error(Dialect::OpenAi, &asked, 404, "text/html", b"<html>");
    assert_eq!(
        page.status, 502,
        "no API answers so: the provider's address is wrong"
    );
}

#[test]
fn who_is_at_fault_and_what_the_client_sees() {
    // vendor's status and body, then: status for the client, retryable, caller's fault, a piece of the body.
    let table = [
        (
            400,
            r#"{"error":{"message":"bad","type":"invalid_request_error","param":"n","code":"x"}}"#,
            400,
            false,
            true,
            "bad",
        ),
        (
            401,
            r#"{"error":{"message":"key sk-123 wrong"}}"#,
            502,
            false,
            false,
            "upstream_unavailable",
        ),
        (
            402,
            r#"{"error":{"message":"pay"}}"#,
            502,
            false,
            false,
            "not available",
        ),
        (
            403,
            r#"{"error":{"message":"region"}}"#,
            502,
            false,
            false,
            "not available",
        ),
        (
            404,
            r#"{"error":{"message":"The model `x` does not exist","code":"model_not_found"}}"#,
            502,
            false,
            false,
            "not available",
        ),
        (
            404,
            r#"{"error":{"message":"No such File object: file-1"}}"#,
            404,
            false,
            true,
            "file-1",
        ),
        (404, "", 502, false, false, "not available"),
        (
            408,
            r#"{"error":{"message":"slow"}}"#,
            504,
            true,
            false,
            "upstream_timeout",
        ),
        (409, r#"{"error":{"message":"again"}}"#, 409, true, false, "again"),
        (413, "<html>too large</html>", 413, false, true, "status 413"),
        (
            422,
            r#"{"detail":[{"msg":"field required"}]}"#,
            422,
            false,
            true,
            "field required",
        ),
        (
            422,
            r#"{"detail":"wrong top_k"}"#,
            422,
            false,
            true,
            "wrong top_k",
        ),
        (
            429,
            r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#,
            429,
            true,
            false,
            "slow down",
        ),
        (
            429,
            r#"{"error":{"message":"spent","type":"insufficient_quota","code":"insufficient_quota"}}"#,
            429,
            false,
            false,
            "spent",
        ),
        (
            429,
            r#"{"error":{"message":"spent","code":"project_spend_limit_exceeded"}}"#,
            429,
            false,
            false,
            "spent",
        ),
        (
            500,
            r#"{"error":{"message":"boom","type":"server_error"}}"#,
            500,
            true,
            false,
            "boom",
        ),
        (502, "<html>nginx</html>", 502, true, false, "not available"),
        (503, r#"{"error":"busy"}"#, 503, true, false, "busy"),
        (529, r#"{"error":{"message":"full"}}"#, 503, true, false, "full"),
        (302, "", 502, false, false, "not available"),
    ];
    for (status, body, shown, retryable, caller_fault, piece) in table {
        let answer = answer(Dialect::OpenAi, Door::Chat, status, body);
        assert_eq!(
            (answer.status, answer.retryable, answer.caller_fault),
            (shown, retryable, caller_fault),
            "{status} {body}"
        );
        let text = String::from_utf8(answer.body).unwrap();
        assert!(text.contains(piece), "{status}: {text}");
        assert!(!text.contains("sk-123") && !text.contains("<html>"), "{text}");
    }
}

#[test]
fn between_the_same_dialects_an_error_passes_untouched() {
    let body = r#" {"error": {"message":"bad","new_field":1}} "#;
    assert_eq!(
        answer(Dialect::OpenAi, Door::Chat, 400, body).body,
        body.as_bytes()
    );
    assert_eq!(
        answer(Dialect::OpenAi, Door::Chat, 429, body).body,
        body.as_bytes()
    );
    assert_eq!(
        answer(Dialect::OpenAi, Door::Chat, 503, body).body,
        body.as_bytes()
    );
    assert_ne!(
        answer(Dialect::OpenAi, Door::Chat, 401, body).body,
        body.as_bytes()
    );
    assert_ne!(
        answer(Dialect::OpenAi, Door::Messages, 400, body).body,
        body.as_bytes()
    );
}

#[test]
fn each_vendors_shape_reads_through_each_door() {
    let anthropic = r#"{"type":"error","error":{"type":"rate_limit_error","message":"wait","details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_1"}"#;
    let read = answer(Dialect::Anthropic, Door::Chat, 429, anthropic);
    assert!(!read.retryable);
    insta::assert_snapshot!(String::from_utf8(read.body).unwrap(), @r#"{"error":{"message":"wait","type":"rate_limit_error","param":null,"code":"enforced_spend_limit_reached"}}"#);
    let gemini = r#"[{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}]}}]"#;
    let read = answer(Dialect::Gemini, Door::Messages, 429, gemini);
    assert_eq!((read.retry_after_seconds, read.retryable), (Some(35), true));
    insta::assert_snapshot!(String::from_utf8(read.body).unwrap(), @r#"{"type":"error","error":{"type":"rate_limit_error","message":"quota","code":"rate_limit_exceeded"},"request_id":"req_1"}"#);
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let read = answer(Dialect::Anthropic, Door::Messages, 529, overloaded);
    assert_eq!(read.status, 503);
}
