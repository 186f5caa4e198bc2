//! How a vendor's answer can fail after its status line said that all is well.

use crate::json::{Json, Rules, Value};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The bytes are not an answer in the vendor's dialect.
    #[error("the upstream answer is not valid: {0}")]
    Garbage(&'static str),
    /// The answer ended before it was whole.
    #[error("the upstream closed before the answer was complete")]
    Disconnected,
    /// The vendor reports an error inside an answer that began as a success.
    #[error("{message}")]
    VendorError {
        /// The status the error stands for, where it says so.
        status: Option<u16>,
        message: String,
        /// The vendor's own name for it; may be empty.
        kind: String,
    },
    /// One event or answer is larger than is taken.
    #[error("the upstream sent an event that is too large")]
    TooLarge,
}

impl Broken {
    /// From the value of an `error` field.
    pub(crate) fn vendor(error: &Json<'_>) -> Broken {
        let message = error
            .text_at("message")
            .or(error.text())
            .unwrap_or("The upstream reported an error");
        // The event that carries an error may be called `error` itself, which says nothing.
        let names = ["type", "status", "code"]
            .into_iter()
            .filter_map(|name| error.text_at(name));
        let kinds: Vec<&str> = names.filter(|name| *name != "error").collect();
        let kind = kinds.first().copied().unwrap_or_default();
        let number = error.get("code").and_then(|code| match &code.value {
            Value::Number(digits) => digits.parse().ok(),
            Value::Text(words) => words.parse().ok(),
            _ => None,
        });
        let status = number
            .filter(|status| (400..600).contains(status))
            .or(kinds.iter().find_map(|kind| status_of(kind)));
        Broken::VendorError {
            status,
            message: message.to_owned(),
            kind: kind.to_owned(),
        }
    }

    pub(crate) fn vendor_bytes(error: &[u8]) -> Broken {
        match Json::parse(error, Rules::Vendor) {
            Ok(error) => Broken::vendor(&error),
            Err(_) => Broken::Garbage("an error that is not JSON"),
        }
    }
}

/// The status that a vendor's error name stands for.
fn status_of(kind: &str) -> Option<u16> {
    Some(match kind {
        "invalid_request_error" | "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "invalid_prompt" => 400,
        "authentication_error" | "UNAUTHENTICATED" => 401,
        "billing_error" => 402,
        "permission_error" | "PERMISSION_DENIED" => 403,
        "not_found_error" | "NOT_FOUND" => 404,
        "request_too_large" => 413,
        "rate_limit_error" | "rate_limit_exceeded" | "RESOURCE_EXHAUSTED" | "insufficient_quota" => 429,
        "api_error" | "server_error" | "INTERNAL" => 500,
        "overloaded_error" | "server_is_overloaded" | "UNAVAILABLE" => 503,
        "timeout_error" | "DEADLINE_EXCEEDED" => 504,
        _ => return None,
    })
}
