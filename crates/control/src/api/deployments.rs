//! Deployments: how they stand, and the verbs on them.

pub(super) mod delete;
pub(super) mod finalize;
pub(super) mod get;
pub(super) mod history;
pub(super) mod list;
pub(super) mod promote;
pub(super) mod put;
pub(super) mod report;
pub(super) mod rollback;
pub(super) mod split;
mod view;

pub(super) use view::{DeploymentView, view};

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use decide::release::{Conflict, Verb};
use decide::rollout;
use utoipa::IntoResponses;

use super::change::to_its_end;
use super::error::{ApiError, ErrorBody};
use super::{Api, body};
use crate::desk::{Actor, DeskError};
use crate::driver::DriverError;
use crate::gate::Caller;

/// What every verb that takes nothing but a reason answers.
#[derive(IntoResponses)]
#[allow(
    dead_code,
    clippy::large_enum_variant,
    reason = "no value is ever made: the shape is for the OpenAPI document"
)]
enum VerbAnswers {
    #[response(status = 200, description = "The deployment as it is now")]
    Done(DeploymentView),
    #[response(status = 404, description = "There is no such deployment")]
    Unknown(ErrorBody),
    #[response(status = 409, description = "Does not fit the state")]
    Conflict(ErrorBody),
}

/// A verb that takes nothing but a reason.
async fn plain_verb(
    api: &Api,
    name: &str,
    verb: Verb,
    caller: &Caller,
    bytes: &Bytes,
) -> Result<Json<DeploymentView>, ApiError> {
    let why: body::Why = body::optional(bytes)?;
    apply(api, name, verb, caller.actor(why.reason)).await
}

/// While a rollout is under way the verb is one of its buttons: nothing else changes the split then.
async fn apply(api: &Api, name: &str, verb: Verb, actor: Actor) -> Result<Json<DeploymentView>, ApiError> {
    let under_way = || api.driver.board().under_way(name);
    if let Some(stage) = under_way() {
        let button = match verb {
            Verb::Split(green) => Some(rollout::Verb::Split(green)),
            Verb::Promote => Some(rollout::Verb::Promote),
            Verb::Rollback => Some(rollout::Verb::Rollback),
            Verb::Finalize | Verb::NewCandidate { .. } | Verb::CandidateRemoved | Verb::Redefined => None,
        };
        let Some(button) = button else {
            return Err(DeskError::from(in_its_way(verb.name(), stage)).into());
        };
        match api.driver.press(name, button, actor.clone()).await {
            Ok(_) => return Ok(Json(view(api, api.desk.deployment(name).await?))),
            // It ended a moment ago: the verb is the deployment's again.
            Err(DriverError::Conflict(_)) if under_way().is_none() => {}
            Err(error) => return Err(error.into()),
        }
    }
    let (desk, asked) = (Arc::clone(&api.desk), name.to_owned());
    let changed = to_its_end(async move { desk.apply(&asked, verb, &actor).await }).await?;
    Ok(Json(view(api, changed.state)))
}

/// A definition does not change under a rollout: it judges one candidate against one blue.
fn refuse_during_rollout(api: &Api, name: &str, verb: &'static str) -> Result<(), ApiError> {
    match api.driver.board().under_way(name) {
        Some(stage) => Err(DeskError::from(in_its_way(verb, stage)).into()),
        None => Ok(()),
    }
}

fn in_its_way(verb: &'static str, stage: rollout::Stage) -> Conflict {
    Conflict {
        verb,
        state: stage.name(),
        why: "a rollout is under way; cancel it or roll it back first".to_owned(),
    }
}
