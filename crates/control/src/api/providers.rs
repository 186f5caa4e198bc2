//! Vendor accounts, and how the environments that use them are.

use axum::Json;
use axum::extract::State;
use decide::Side;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Api;
use crate::desk::{DeploymentState, EnvironmentState};

#[derive(Serialize, ToSchema)]
#[schema(as = ProviderList)]
pub(super) struct Listed {
    providers: Vec<ProviderView>,
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Provider)]
struct ProviderView {
    name: String,
    /// `openai`, `anthropic` or `gemini`
    dialect: Value,
    base_url: String,
    /// Whether there is a credential for the vendor.
    has_api_key: bool,
    /// Published under their plain names.
    models: Vec<String>,
    http2: bool,
    /// `unhealthy` if one of its environments is, else `healthy` if one is, else `unknown`: nobody probes it.
    health: &'static str,
    used_by: Vec<UsedBy>,
}

/// An environment that the account serves.
#[derive(Serialize, ToSchema)]
struct UsedBy {
    deployment: String,
    /// `blue` or `green`
    environment: &'static str,
    model: String,
    /// `healthy`, `unhealthy` or `unknown`
    health: &'static str,
    /// Since when, RFC 3339.
    since: Option<String>,
    /// Why the last probe that failed did.
    last_error: Option<&'static str>,
    /// Requests under way.
    in_flight: u32,
}

/// All vendor accounts, by name.
#[utoipa::path(get, path = "/providers", tag = "providers", responses((status = 200, body = Listed)))]
pub(super) async fn list(State(api): State<Api>) -> Json<Listed> {
    let config = api.desk.config().await;
    let deployments = api.desk.deployments().await;
    let providers = config.providers.iter().map(|(name, provider)| {
        let used_by = used_by(&api, name, &deployments);
        ProviderView {
            name: name.clone(),
            dialect: json!(provider.dialect),
            base_url: provider.effective_base_url().to_owned(),
            has_api_key: provider.api_key.is_some(),
            models: provider.models.clone(),
            http2: provider.http2,
            health: overall(&used_by),
            used_by,
        }
    });
    Json(Listed {
        providers: providers.collect(),
        next: None,
    })
}

fn used_by(api: &Api, provider: &str, deployments: &[DeploymentState]) -> Vec<UsedBy> {
    let mut found = Vec::new();
    for state in deployments {
        let sides = [
            (Side::Blue, Some(&state.blue)),
            (Side::Green, state.green.as_ref()),
        ];
        let served = sides
            .into_iter()
            .filter_map(|(side, environment)| Some((side, environment?)));
        for (side, environment) in served.filter(|(_, on)| on.environment.provider == provider) {
            found.push(environment_of(api, &state.name, side, environment));
        }
    }
    found
}

fn environment_of(api: &Api, deployment: &str, side: Side, environment: &EnvironmentState) -> UsedBy {
    let health = api.health.of(deployment, side);
    UsedBy {
        deployment: deployment.to_owned(),
        environment: side.name(),
        model: environment.environment.model.clone(),
        health: health.status.name(),
        since: health.since,
        last_error: health.last_error,
        in_flight: environment.in_flight,
    }
}

fn overall(used_by: &[UsedBy]) -> &'static str {
    ["unhealthy", "healthy"]
        .into_iter()
        .find(|status| used_by.iter().any(|one| one.health == *status))
        .unwrap_or("unknown")
}
