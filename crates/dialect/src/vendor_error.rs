//! What a vendor's refusal means for the client and for the next attempt. The caller's own mistakes keep
//! their status and words; trouble between us and the vendor (our credential, our model name, its bill) must
//! not look like the caller's and becomes a 502.

use crate::door::{Dialect, Door};
use crate::fault::{Fault, error_body};
use crate::json::{Json, Rules};

/// A vendor's error answer, ready for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorAnswer {
    pub status: u16,
    /// In the shape of the API the client called.
    pub body: Vec<u8>,
    /// `body` is the vendor's own, byte for byte.
    pub untouched: bool,
    /// The same vendor may well answer a second try.
    pub retryable: bool,
    /// The request itself is at fault: no other vendor would do better, and the vendor is not to blame.
    pub caller_fault: bool,
    /// What the vendor said, for the log; `body` may say less.
    pub message: String,
    /// The error's code for the client; empty where the vendor's API has none.
    pub code: String,
    /// How long the vendor asks to wait, if its body says so (Google).
    pub retry_after_seconds: Option<u64>,
}

/// The request that was refused, as far as the refusal's meaning depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub door: Door,
    /// The request named a model, which our configuration has turned into the vendor's. Of what a vendor has stored
    /// under a name of the caller's, only the caller can know whether it is there.
    pub names_model: bool,
    pub request_id: &'a str,
}

/// Reads a non-2xx answer. `body` may be anything, also HTML or empty.
pub fn vendor_error(
    dialect: Dialect,
    asked: &Asked<'_>,
    status: u16,
    content_type: &str,
    body: &[u8],
) -> VendorAnswer {
    let json = is_json(content_type, body)
        .then(|| Json::parse(body, Rules::Vendor).ok())
        .flatten();
    let error = json.as_ref().and_then(error_object);
    let said = said(status, error);
    let meaning = meaning(status, &said, asked.names_model);
    let own_shape = json
        .as_ref()
        .and_then(|body| body.get("error"))
        .is_some_and(Json::is_object);
    let untouched = dialect == asked.door.dialect() && own_shape && meaning.status == status;
    let shown = meaning.shown.unwrap_or(&said.message);
    let fault = Fault {
        status: meaning.status,
        code: meaning.code,
        message: shown,
        param: said.param.as_deref(),
        request_id: asked.request_id,
    };
    VendorAnswer {
        status: meaning.status,
        body: if untouched {
            body.to_vec()
        } else {
            error_body(asked.door, &fault)
        },
        untouched,
        retryable: meaning.retryable,
        caller_fault: meaning.caller_fault,
        code: meaning.code.to_owned(),
        retry_after_seconds: error.and_then(retry_delay_seconds),
        message: said.message,
    }
}

/// What the vendor said, out of any of its shapes.
struct Said {
    message: String,
    code: String,
    kind: String,
    param: Option<String>,
    readable: bool,
}

struct Meaning<'a> {
    status: u16,
    code: &'a str,
    /// What the client is told, where it is not what the vendor said.
    shown: Option<&'static str>,
    retryable: bool,
    caller_fault: bool,
}

const UNAVAILABLE: &str = "The upstream provider is not available";

fn meaning(status: u16, said: &Said, names_model: bool) -> Meaning<'_> {
    let ours = Meaning {
        status: 502,
        code: "upstream_unavailable",
        shown: Some(UNAVAILABLE),
        retryable: false,
        caller_fault: false,
    };
    let callers = Meaning {
        status,
        code: &said.code,
        shown: None,
        retryable: false,
        caller_fault: true,
    };
    match status {
        404 if !said.readable || names_model && is_about_a_model(said) => ours,
        401..=403 | 405 => ours,
        429 => Meaning {
            retryable: !is_about_spending(said),
            caller_fault: false,
            code: rate_code(said),
            ..callers
        },
        408 => Meaning {
            status: 504,
            code: "upstream_timeout",
            retryable: true,
            ..ours
        },
        409 | 425 => Meaning {
            retryable: true,
            caller_fault: false,
            ..callers
        },
        499 => Meaning {
            retryable: true,
            ..ours
        },
        400..=498 => callers,
        500..=599 => server_meaning(status, said),
        _ => ours,
    }
}

/// A server's trouble keeps its status; 529, which is Anthropic's own, becomes 503.
fn server_meaning(status: u16, said: &Said) -> Meaning<'_> {
    let said_code = Some(said.code.as_str()).filter(|code| !code.is_empty());
    Meaning {
        status: if status == 529 { 503 } else { status },
        code: said_code.unwrap_or(server_code(status)),
        shown: (!said.readable).then_some(UNAVAILABLE),
        retryable: status != 501,
        caller_fault: false,
    }
}

fn server_code(status: u16) -> &'static str {
    match status {
        503 | 529 => "overloaded",
        504 => "upstream_timeout",
        _ => "upstream_unavailable",
    }
}

fn rate_code(said: &Said) -> &str {
    match said.code.as_str() {
        "" => "rate_limit_exceeded",
        code => code,
    }
}

/// A model is named by our configuration, so its absence is ours; a missing file is the caller's.
fn is_about_a_model(said: &Said) -> bool {
    let message = said.message.to_ascii_lowercase();
    said.code == "model_not_found" || said.param.as_deref() == Some("model") || message.contains("model")
}

/// A quota that waiting does not refill.
fn is_about_spending(said: &Said) -> bool {
    const SPENT: [&str; 6] = [
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "enforced_spend_limit_reached",
    ];
    SPENT.contains(&said.code.as_str()) || SPENT.contains(&said.kind.as_str())
}

fn said(status: u16, error: Option<&Json<'_>>) -> Said {
    let Some(error) = error else {
        return Said {
            message: format!("The upstream provider answered with status {status} and no readable error"),
            code: String::new(),
            kind: String::new(),
            param: None,
            readable: false,
        };
    };
    let text = |name: &str| error.text_at(name).unwrap_or_default().to_owned();
    let details = error
        .get("details")
        .and_then(|details| details.text_at("error_code"));
    let kind = error
        .text_at("type")
        .or(error.text_at("status"))
        .unwrap_or_default()
        .to_owned();
    let first = error.items().first().unwrap_or(error);
    let message = ["message", "msg"]
        .into_iter()
        .find_map(|name| first.text_at(name))
        .or(error.text())
        .unwrap_or_default();
    Said {
        message: if message.is_empty() {
            format!("The upstream provider answered with status {status}")
        } else {
            message.to_owned()
        },
        code: details.map_or_else(|| text("code"), str::to_owned),
        kind,
        param: error.text_at("param").map(str::to_owned),
        readable: true,
    }
}

/// The object (or text) that says what went wrong: `{"error": ...}`, Google's array of one such object, or
/// the `detail` and `message` of compatible servers.
fn error_object<'j, 'a>(body: &'j Json<'a>) -> Option<&'j Json<'a>> {
    let body = body.items().first().unwrap_or(body);
    let error = body.get("error").or(body.get("detail"));
    error.or_else(|| body.text_at("message").map(|_| body))
}

fn is_json(content_type: &str, body: &[u8]) -> bool {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'['))
        && !content_type
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("text/html")
}

/// Google's `RetryInfo`: `"34.4s"`, rounded up to whole seconds.
fn retry_delay_seconds(error: &Json<'_>) -> Option<u64> {
    let delay = error
        .get("details")?
        .items()
        .iter()
        .find_map(|detail| detail.text_at("retryDelay"))?;
    let (whole, fraction) = delay
        .strip_suffix('s')?
        .split_once('.')
        .unwrap_or((delay.strip_suffix('s')?, ""));
    let more = fraction.bytes().any(|digit| digit != b'0');
    whole.parse::<u64>().ok().map(|seconds| seconds + u64::from(more))
}

#[cfg(test)]
#[path = "vendor_error_tests.rs"]
mod tests;
