//! The configuration as the gateway sees it: defaults filled in, references resolved, secrets hidden.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Api;
use super::error::ApiError;

#[derive(Serialize, ToSchema)]
#[schema(as = Configuration)]
pub(super) struct View {
    /// As the file has it, every key included; a secret is `***`.
    #[schema(value_type = Object)]
    config: Value,
    /// Settings that are read, but that this version does not act on.
    without_effect: Vec<WithoutEffect>,
}

#[derive(Serialize, ToSchema)]
struct WithoutEffect {
    setting: String,
    why: &'static str,
}

/// The configuration in force. What was made through this API is not in it.
#[utoipa::path(get, path = "/config", tag = "config", responses((status = 200, body = View)))]
pub(super) async fn get(State(api): State<Api>) -> Result<Json<View>, ApiError> {
    let config = api.desk.config().await;
    let without_effect = config
        .without_effect()
        .into_iter()
        .map(|(setting, why)| WithoutEffect { setting, why })
        .collect();
    let config = serde_json::to_value(&config)
        .map_err(|error| ApiError::new(500, "internal_error", error.to_string()))?;
    Ok(Json(View {
        config,
        without_effect,
    }))
}
