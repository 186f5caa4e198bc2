//! Our own errors: which status and code, and what the client reads. The one place where what
//! went wrong becomes HTTP.

use decide::route::Refusal;
use dialect::{BadRequest, Door, Fault, VendorAnswer};

use crate::answer::{Answer, push_number};
use crate::outcome::FailureKind;
use crate::upstream::Failure;

/// An error with the words for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) param: Option<String>,
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
}

impl Refused {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Refused {
        Refused {
            status,
            code,
            message: message.into(),
            param: None,
            retry_after: None,
        }
    }

    pub(crate) fn param(self, param: impl Into<String>) -> Refused {
        Refused {
            param: Some(param.into()),
            ..self
        }
    }

    pub(crate) fn retry_after(self, seconds: u64) -> Refused {
        Refused {
            retry_after: Some(seconds),
            ..self
        }
    }

    pub(crate) fn bad_header(name: &str, expected: &str) -> Refused {
        Refused::new(400, "invalid_header_value", format!("{name} must be {expected}")).param(name)
    }

    pub(crate) fn unknown_key() -> Refused {
        Refused::new(401, "invalid_api_key", "Invalid API key provided")
    }

    pub(crate) fn keys_unknown() -> Refused {
        Refused::new(
            503,
            "auth_store_unavailable",
            "Keys cannot be checked right now, please retry",
        )
        .retry_after(1)
    }

    pub(crate) fn overloaded(message: &str) -> Refused {
        Refused::new(503, "overloaded", message).retry_after(1)
    }

    /// A routing refusal; `nearest` are names that the key may call.
    pub(crate) fn from_route(refusal: Refusal, model: &str, nearest: &[String]) -> Refused {
        match refusal {
            Refusal::ModelNotFound => {
                let hint = match nearest {
                    [] => String::new(),
                    names => format!(". Did you mean '{}'?", names.join("', '")),
                };
                Refused::new(404, "model_not_found", format!("Model '{model}' not found{hint}"))
                    .param("model")
            }
            Refusal::ModelNotAllowed => {
                let message = format!("This key may not use model '{model}'");
                Refused::new(403, "model_not_allowed", message).param("model")
            }
            Refusal::OverrideNotAllowed { param } => {
                let message = "This key may not choose or weigh an environment";
                Refused::new(403, "override_not_allowed", message).param(param)
            }
            Refusal::NoGreen { param } => {
                let message = format!("Model '{model}' has no green environment");
                Refused::new(404, "model_not_found", message).param(param)
            }
        }
    }

    pub(crate) fn answer(&self, door: Door, request_id: &str) -> Answer {
        let fault = Fault {
            status: self.status,
            code: self.code,
            message: &self.message,
            param: self.param.as_deref(),
            request_id,
        };
        let mut answer = Answer::json(self.status, dialect::error_body(door, &fault));
        if let Some(seconds) = self.retry_after {
            let mut value = Vec::new();
            push_number(&mut value, seconds);
            answer.push("retry-after", &value);
        }
        answer
    }
}

impl From<BadRequest> for Refused {
    fn from(bad: BadRequest) -> Refused {
        Refused {
            param: bad.param,
            ..Refused::new(400, bad.code.text(), bad.message)
        }
    }
}

/// What a failed upstream is to the client. No internals: no addresses, no library's words.
pub(crate) fn of_failure(kind: FailureKind) -> Refused {
    match kind {
        FailureKind::Dns => Refused::new(
            502,
            "upstream_dns_error",
            "The upstream's name could not be resolved",
        ),
        FailureKind::Tls => Refused::new(
            502,
            "upstream_tls_error",
            "No secure connection to the upstream could be made",
        ),
        FailureKind::Refused => {
            Refused::new(502, "upstream_unavailable", "The upstream could not be reached")
        }
        FailureKind::Status => Refused::new(502, "upstream_unavailable", "The upstream could not answer"),
        FailureKind::Reset | FailureKind::Disconnected => Refused::new(
            502,
            "upstream_disconnected",
            "The upstream closed the connection before its answer was whole",
        ),
        FailureKind::Invalid => Refused::new(
            502,
            "upstream_invalid_response",
            "The upstream's answer could not be understood",
        ),
        FailureKind::ErrorEvent => Refused::new(
            502,
            "upstream_invalid_response",
            "The upstream reported an error in its answer",
        ),
        FailureKind::ConnectTimeout => timed_out("no connection to the upstream (connect timeout)"),
        FailureKind::FirstByteTimeout => timed_out("no answer from the upstream (first byte timeout)"),
        FailureKind::IdleTimeout => timed_out("the upstream's answer stopped coming (idle timeout)"),
        FailureKind::TotalTimeout => timed_out("the upstream's answer took too long (total timeout)"),
        FailureKind::RateLimited => Refused::new(
            429,
            "rate_limit_exceeded",
            "The upstream's rate limit was reached",
        ),
        FailureKind::Capacity => Refused::overloaded("Too many requests are under way, please retry"),
        FailureKind::Caller => Refused::new(400, "invalid_request", "The upstream refused the request"),
    }
}

fn timed_out(what: &str) -> Refused {
    Refused::new(504, "upstream_timeout", format!("Timed out: {what}"))
}

/// The answer for a request whose last attempt failed, and its code.
pub(crate) fn failed(failure: Failure, door: Door, request_id: &str) -> (Answer, &'static str) {
    let own = of_failure(failure.kind);
    let Some(VendorAnswer {
        status,
        body,
        retry_after_seconds,
        ..
    }) = failure.answer
    else {
        return (own.answer(door, request_id), own.code);
    };
    let mut answer = Answer::json(status, body);
    answer.lines.extend_from_slice(&failure.lines);
    if let Some(seconds) = retry_after_seconds {
        let mut value = Vec::new();
        push_number(&mut value, seconds);
        answer.push("retry-after", &value);
    }
    (answer, own.code)
}
