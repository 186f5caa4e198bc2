//! Why a request is refused before any vendor sees it. Always a 400: the caller can mend it.

use crate::json::{Flaw, FlawKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadRequestCode {
    InvalidJson,
    DuplicateField,
    InvalidRequest,
    UnsupportedParameter,
}

impl BadRequestCode {
    /// The `code` of the error body.
    pub fn text(self) -> &'static str {
        match self {
            BadRequestCode::InvalidJson => "invalid_json",
            BadRequestCode::DuplicateField => "duplicate_field",
            BadRequestCode::InvalidRequest => "invalid_request",
            BadRequestCode::UnsupportedParameter => "unsupported_parameter",
        }
    }
}

/// A refusal that names the field (`param`) where there is one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadRequest {
    pub code: BadRequestCode,
    pub param: Option<String>,
    pub message: String,
}

impl BadRequest {
    pub(crate) fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        let (param, message) = (Some(param.into()), message.into());
        BadRequest {
            code: BadRequestCode::InvalidRequest,
            param,
            message,
        }
    }

    pub(crate) fn unsupported(param: impl Into<String>, message: impl Into<String>) -> Self {
        let (param, message) = (Some(param.into()), message.into());
        BadRequest {
            code: BadRequestCode::UnsupportedParameter,
            param,
            message,
        }
    }

    /// A field holds a value of another type than the API gives it.
    pub(crate) fn wrong_type(param: &str, expected: &str) -> Self {
        BadRequest::invalid(param, format!("'{param}' must be {expected}"))
    }
}

impl From<Flaw> for BadRequest {
    fn from(flaw: Flaw) -> Self {
        let code = match flaw.kind() {
            FlawKind::Duplicate => BadRequestCode::DuplicateField,
            FlawKind::NotUtf8 | FlawKind::Syntax | FlawKind::TooDeep => BadRequestCode::InvalidJson,
        };
        let message = match (flaw.kind(), flaw.key()) {
            (FlawKind::Duplicate, Some(key)) => format!("The field '{key}' is given twice in one object"),
            _ => format!("The request body is not valid JSON: {flaw}"),
        };
        BadRequest {
            code,
            param: flaw.key().map(str::to_owned),
            message,
        }
    }
}
