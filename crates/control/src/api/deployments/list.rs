use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{DeploymentView, view};
use crate::api::Api;

#[derive(Serialize, ToSchema)]
#[schema(as = DeploymentList)]
pub(in crate::api) struct Listed {
    deployments: Vec<DeploymentView>,
    next: Option<String>,
}

/// All deployments, by name.
#[utoipa::path(get, path = "/deployments", tag = "deployments", responses((status = 200, body = Listed)))]
pub(in crate::api) async fn list(State(api): State<Api>) -> Json<Listed> {
    let deployments = api
        .desk
        .deployments()
        .await
        .into_iter()
        .map(|state| view(&api, state))
        .collect();
    Json(Listed {
        deployments,
        next: None,
    })
}
