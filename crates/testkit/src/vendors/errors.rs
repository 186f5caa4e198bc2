//! Errors as each vendor words them: the body, the status, and the event inside a stream.

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::ask::Complaint;
use super::sse::{write_data, write_data_crlf, write_event};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vendor {
    OpenAi,
    Anthropic,
    Gemini,
}

/// The body of an error answer.
///
/// `retry_after_seconds` is for the vendor that says it in the body; the others have a header for it.
pub(super) fn error_body(
    vendor: Vendor,
    status: StatusCode,
    complaint: &Complaint,
    request_id: &str,
    retry_after_seconds: Option<u32>,
) -> Value {
    let message = complaint.message.as_str();
    match vendor {
        Vendor::OpenAi => json!({"error": {
            "message": message, "type": openai_type(status), "param": complaint.param,
            "code": complaint.code.or(openai_code(status, complaint)),
        }}),
        Vendor::Anthropic => json!({
            "type": "error", "error": {"type": anthropic_type(status), "message": message},
            "request_id": request_id,
        }),
        Vendor::Gemini => match retry_after_seconds {
            None => json!({"error": gemini_error(status, message)}),
            Some(seconds) => {
                let mut error = gemini_error(status, message);
                let retry = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s")}]);
                error.extend([("details".to_owned(), retry)]);
                json!({"error": error})
            }
        },
    }
}

/// What the vendor says of a path at which it has nothing.
pub(super) fn no_such_path(vendor: Vendor, method: &Method, path: &str) -> Complaint {
    let message = match vendor {
        Vendor::OpenAi => format!("Invalid URL ({method} {path})"),
        Vendor::Anthropic => "Not Found".to_owned(),
        Vendor::Gemini => "Requested entity was not found.".to_owned(),
    };
    Complaint {
        message,
        param: None,
        code: None,
    }
}

/// What the vendor says of a status that the settings made up.
pub(super) fn usual_complaint(vendor: Vendor, status: StatusCode, model: &str) -> Complaint {
    let message = match (status.as_u16(), vendor) {
        (401, Vendor::OpenAi) => "Incorrect API key provided.".to_owned(),
        (401, Vendor::Anthropic) => "invalid x-api-key".to_owned(),
        (401, Vendor::Gemini) => "Request had invalid authentication credentials.".to_owned(),
        (404, Vendor::OpenAi) => {
            format!("The model `{model}` does not exist or you do not have access to it.")
        }
        (404, Vendor::Anthropic) => format!("model: {model}"),
        (404, Vendor::Gemini) => format!("models/{model} is not found for API version v1beta."),
        (429, Vendor::OpenAi) => format!("Rate limit reached for {model} on requests per min (RPM)."),
        (429, Vendor::Anthropic) => "This request would exceed your rate limit.".to_owned(),
        (429, Vendor::Gemini) => "You exceeded your current quota.".to_owned(),
        (529, _) => "Overloaded".to_owned(),
        (503, Vendor::Gemini) => "The model is overloaded. Please try again later.".to_owned(),
        (500.., Vendor::OpenAi) => "The server had an error while processing your request.".to_owned(),
        (500.., Vendor::Anthropic) => "Internal server error".to_owned(),
        (500.., Vendor::Gemini) => "An internal error has occurred.".to_owned(),
        _ => format!(
            "The simulated vendor refuses this with status {}.",
            status.as_u16()
        ),
    };
    let param = (status == StatusCode::NOT_FOUND).then(|| "model".to_owned());
    Complaint {
        message,
        param,
        code: None,
    }
}

/// The event by which the vendor breaks off a stream.
pub(super) fn error_event(vendor: Vendor, responses_api: bool) -> Bytes {
    let mut out = BytesMut::new();
    let overloaded = StatusCode::SERVICE_UNAVAILABLE;
    match (vendor, responses_api) {
        (Vendor::OpenAi, true) => {
            let data = json!({"type": "error", "code": "server_error", "message": SERVER_ERROR, "param": null, "sequence_number": 0});
            write_event(&mut out, "error", &data);
        }
        (Vendor::OpenAi, false) => {
            let data = json!({"error": {"message": SERVER_ERROR, "type": "server_error", "param": null, "code": null}});
            write_data(&mut out, &data);
        }
        (Vendor::Anthropic, _) => {
            let data =
                json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
            write_event(&mut out, "error", &data);
        }
        (Vendor::Gemini, _) => {
            let message = "The model is overloaded. Please try again later.";
            write_data_crlf(&mut out, &json!({"error": gemini_error(overloaded, message)}));
        }
    }
    out.freeze()
}

const SERVER_ERROR: &str = "The server had an error while processing your request.";

fn openai_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        429 => "requests",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

fn openai_code(status: StatusCode, complaint: &Complaint) -> Option<&'static str> {
    match status.as_u16() {
        401 => Some("invalid_api_key"),
        404 if complaint.param.as_deref() == Some("model") => Some("model_not_found"),
        429 => Some("rate_limit_exceeded"),
        _ => None,
    }
}

fn anthropic_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

fn gemini_error(status: StatusCode, message: &str) -> Map<String, Value> {
    let mut error = Map::new();
    error.insert("code".to_owned(), json!(status.as_u16()));
    error.insert("message".to_owned(), json!(message));
    error.insert("status".to_owned(), json!(gemini_status(status)));
    error
}

fn gemini_status(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        503 | 529 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        500.. => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}
