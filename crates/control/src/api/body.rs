//! Reading a request's body: JSON, every unknown or mistyped field refused by name.

use axum::body::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::error::ApiError;

/// What every change may carry.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// In your own words; kept in the audit log.
    pub(super) reason: Option<String>,
}

/// Reads a body that may be left out, or be `null`.
pub(super) fn optional<T: DeserializeOwned + Default>(bytes: &Bytes) -> Result<T, ApiError> {
    if matches!(bytes.trim_ascii(), b"" | b"null") {
        Ok(T::default())
    } else {
        read(bytes)
    }
}

/// Reads an object. (The library would take `["a", null]` for one as well, its fields in their order.)
pub(super) fn read<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, ApiError> {
    let read = serde_json::from_slice(bytes);
    if read.is_ok() && !bytes.trim_ascii().starts_with(b"{") {
        return Err(ApiError::new(
            400,
            "invalid_request",
            "the body must be a JSON object",
        ));
    }
    read.map_err(|error| {
        let code = if error.is_data() {
            "invalid_request"
        } else {
            "invalid_json"
        };
        let message = error.to_string();
        let named = message.split('`').nth(1).map(str::to_owned);
        let refused = ApiError::new(400, code, message);
        match named {
            Some(param) if error.is_data() => refused.param(param),
            _ => refused,
        }
    })
}

/// A body that is read elsewhere.
pub(super) fn text(bytes: &Bytes) -> Result<&str, ApiError> {
    std::str::from_utf8(bytes).map_err(|_| ApiError::new(400, "invalid_json", "the body is no UTF-8"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_body_is_an_object_and_nothing_that_only_has_the_same_parts() {
        let reason = |body: &'static str| read::<Why>(&Bytes::from_static(body.as_bytes()));
        assert_eq!(
            reason(r#" {"reason": "x"}"#).unwrap().reason.as_deref(),
            Some("x")
        );
        for body in [r#"["x"]"#, "[null]", "null", "7", "{", ""] {
            assert!(reason(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_body_that_may_be_left_out_may_be_null() {
        for body in ["", " ", "null"] {
            let why: Why = optional(&Bytes::from_static(body.as_bytes())).unwrap();
            assert_eq!(why.reason, None, "{body}");
        }
    }
}
