//! An error as the client's own API would say it: OpenAI's shape, Anthropic's or Google's, as a body or as one
//! event of a stream.

use crate::door::{Dialect, Door};
use crate::json::Writer;

/// An error for a client. `message` is shown, so it holds nothing internal.
#[derive(Clone, Copy, Debug)]
pub struct Fault<'a> {
    pub status: u16,
    pub code: &'a str,
    pub message: &'a str,
    pub param: Option<&'a str>,
    /// Anthropic's API repeats the request's id in the body, where its clients look for it; empty: unknown.
    pub request_id: &'a str,
}

/// The body of an error answer.
pub fn error_body(door: Door, fault: &Fault<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match door.dialect() {
        Dialect::OpenAi => openai_body(&mut out, fault),
        Dialect::Anthropic => anthropic_body(&mut out, fault),
        Dialect::Gemini => gemini_body(&mut out, fault),
    }
    out
}

/// The same as the last event of a stream that had begun. No `[DONE]` and no normal stop may follow.
pub fn error_event(door: Door, fault: &Fault<'_>, out: &mut Vec<u8>) {
    match door {
        Door::Responses => {
            out.extend_from_slice(b"event: error\ndata: ");
            responses_event(out, fault);
            out.extend_from_slice(b"\n\n");
        }
        Door::Messages | Door::CountTokens => {
            out.extend_from_slice(b"event: error\ndata: ");
            anthropic_body(out, fault);
            out.extend_from_slice(b"\n\n");
        }
        Door::Generate | Door::StreamGenerate | Door::GeminiCountTokens => {
            out.extend_from_slice(b"data: ");
            gemini_body(out, fault);
            out.extend_from_slice(b"\r\n\r\n");
        }
        Door::Chat | Door::Completions | Door::Embeddings | Door::Other => {
            out.extend_from_slice(b"data: ");
            openai_body(out, fault);
            out.extend_from_slice(b"\n\n");
        }
    }
}

fn openai_body(out: &mut Vec<u8>, fault: &Fault<'_>) {
    Writer::new(out).object(|body| {
        body.key("error").object(|error| openai_fields(error, fault));
    });
}

fn openai_fields(error: &mut Writer<'_>, fault: &Fault<'_>) {
    error.field("message", fault.message);
    error.field("type", openai_type(fault.status, fault.code));
    error.key("param").text_or_null(fault.param);
    error
        .key("code")
        .text_or_null(Some(fault.code).filter(|code| !code.is_empty()));
}

/// OpenAI writes the error's fields both at the top and in `error`, depending on who reads.
fn responses_event(out: &mut Vec<u8>, fault: &Fault<'_>) {
    Writer::new(out).object(|event| {
        event.field("type", "error").key("sequence_number").integer(0);
        event.field("code", fault.code).field("message", fault.message);
        event.key("param").text_or_null(fault.param);
        event.key("error").object(|error| openai_fields(error, fault));
    });
}

fn anthropic_body(out: &mut Vec<u8>, fault: &Fault<'_>) {
    Writer::new(out).object(|body| {
        body.field("type", "error").key("error").object(|error| {
            error
                .field("type", anthropic_type(fault.status))
                .field("message", fault.message);
            if !fault.code.is_empty() {
                error.field("code", fault.code);
            }
            if let Some(param) = fault.param {
                error.field("param", param);
            }
        });
        if !fault.request_id.is_empty() {
            body.field("request_id", fault.request_id);
        }
    });
}

fn gemini_body(out: &mut Vec<u8>, fault: &Fault<'_>) {
    Writer::new(out).object(|body| {
        body.key("error").object(|error| {
            error
                .key("code")
                .integer(fault.status.into())
                .field("message", fault.message);
            error.field("status", gemini_status(fault.status));
            if fault.code.is_empty() {
                return;
            }
            error.key("details").list(|details| {
                details.object(|detail| {
                    detail.field("@type", "type.googleapis.com/google.rpc.ErrorInfo");
                    detail.field("reason", fault.code).field("domain", "crossfade");
                    if let Some(param) = fault.param {
                        detail.key("metadata").object(|metadata| {
                            metadata.field("param", param);
                        });
                    }
                });
            });
        });
    });
}

fn openai_type(status: u16, code: &str) -> &'static str {
    match status {
        402 => "insufficient_quota",
        403 => "permission_error",
        429 if code == "insufficient_quota" => "insufficient_quota",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

fn anthropic_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        408 | 504 => "timeout_error",
        503 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

fn gemini_status(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        402 | 403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        408 | 504 => "DEADLINE_EXCEEDED",
        502 | 503 => "UNAVAILABLE",
        400..=499 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FAULT: Fault<'static> = Fault {
        status: 404,
        code: "model_not_found",
        message: "Model \"x\" not found",
        param: Some("model"),
        request_id: "req_1",
    };

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_error_has_the_shape_of_the_api_that_was_called() {
        insta::assert_snapshot!(text(error_body(Door::Chat, &FAULT)), @r#"{"error":{"message":"Model \"x\" not found","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#);
        insta::assert_snapshot!(text(error_body(Door::Messages, &FAULT)), @r#"{"type":"error","error":{"type":"not_found_error","message":"Model \"x\" not found","code":"model_not_found","param":"model"},"request_id":"req_1"}"#);
        insta::assert_snapshot!(text(error_body(Door::Generate, &FAULT)), @r#"{"error":{"code":404,"message":"Model \"x\" not found","status":"NOT_FOUND","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"model_not_found","domain":"crossfade","metadata":{"param":"model"}}]}}"#);
    }

    #[test]
    fn in_a_stream_it_is_one_event() {
        let mut events = Vec::new();
        for door in [Door::Chat, Door::Responses, Door::Messages, Door::StreamGenerate] {
            let mut out = Vec::new();
            error_event(
                door,
                &Fault {
                    status: 502,
                    code: "upstream_disconnected",
                    message: "m",
                    param: None,
                    request_id: "req_1",
                },
                &mut out,
            );
            events.push(text(out));
        }
        insta::assert_debug_snapshot!(events, @r#"
[
    "data: {\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_disconnected\"}}\n\n",
    "event: error\ndata: {\"type\":\"error\",\"sequence_number\":0,\"code\":\"upstream_disconnected\",\"message\":\"m\",\"param\":null,\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_disconnected\"}}\n\n",
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"m\",\"code\":\"upstream_disconnected\"},\"request_id\":\"req_1\"}\n\n",
    "data: {\"error\":{\"code\":502,\"message\":\"m\",\"status\":\"UNAVAILABLE\",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"upstream_disconnected\",\"domain\":\"crossfade\"}]}}\r\n\r\n",
]
"#);
    }
}
