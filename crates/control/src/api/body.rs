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

/// Reads a body that may be left out.
pub(super) fn optional<T: DeserializeOwned + Default>(bytes: &Bytes) -> Result<T, ApiError> {
    if bytes.trim_ascii().is_empty() {
        Ok(T::default())
    } else {
        read(bytes)
    }
}

pub(super) fn read<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
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
