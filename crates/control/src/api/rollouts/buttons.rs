//! Buttons. Pushing one that already holds changes nothing; one that does not fit the state is a 409 that names it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use decide::rollout::Verb;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::body::Why;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::rollouts::shape::RolloutView;
use crate::api::{Api, body};
use crate::gate::Caller;

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RolloutButton)]
pub(in crate::api) enum Button {
    /// Stops the ramp where it is. A regression still acts.
    Pause,
    /// Goes on after a pause, or although something held the rollout up.
    Resume,
    /// On to the next phase, whatever this one lacks.
    Skip,
    /// Agrees to leave the phase that asks for it.
    Approve,
    /// Refuses to leave the phase that asks for it: green is rolled back.
    Reject,
    /// Stops judging, and leaves the split where it is.
    Cancel,
}

impl Button {
    const ALL: [Button; 6] = [
        Button::Pause,
        Button::Resume,
        Button::Skip,
        Button::Approve,
        Button::Reject,
        Button::Cancel,
    ];

    fn verb(self) -> Verb {
        match self {
            Button::Pause => Verb::Pause,
            Button::Resume => Verb::Resume,
            Button::Skip => Verb::Skip,
            Button::Approve => Verb::Approve,
            Button::Reject => Verb::Reject,
            Button::Cancel => Verb::Cancel,
        }
    }

    fn named(name: &str) -> Result<Button, ApiError> {
        let names = Button::ALL.map(|button| button.verb().name());
        let found = names.iter().position(|known| *known == name);
        found.and_then(|at| Button::ALL.get(at).copied()).ok_or_else(|| {
            let message = format!("a rollout has no '{name}'; it has {}", names.join(", "));
            ApiError::new(404, "not_found", message).param("button")
        })
    }
}

/// Pushes a button of the rollout that is under way. `pause` stops the ramp where it is, and a regression still acts;
/// `resume` goes on; `skip` leaves the phase, whatever it lacks; `approve` and `reject` answer the phase that asks;
/// `cancel` stops judging and leaves the split where it is. In force when this is answered.
#[utoipa::path(
    post,
    path = "/deployments/{name}/rollout/{button}",
    tag = "rollouts",
    security(("admin_token" = ["operator"])),
    params(("name" = String, Path), ("button" = inline(Button), Path)),
    request_body = Option<Why>,
    responses(
        (status = 200, description = "The rollout as it stands", body = RolloutView),
        (status = 404, body = ErrorBody),
        (status = 409, description = "Does not fit the state", body = ErrorBody)
    )
)]
pub(in crate::api) async fn press(
    State(api): State<Api>,
    caller: Caller,
    Path((name, button)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let button = Button::named(&button)?;
    let why: Why = body::optional(&bytes)?;
    let actor = caller.actor(why.reason);
    Ok(Json(api.driver.press(&name, button.verb(), actor).await?))
}
