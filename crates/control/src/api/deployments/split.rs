use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use decide::Share;
use decide::release::Verb;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{DeploymentView, apply};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Api, body};
use crate::gate::Caller;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Split)]
pub(in crate::api) struct Wanted {
    /// Percent of automatic traffic for green, 0 to 100 in steps of 0.01.
    #[schema(minimum = 0, maximum = 100)]
    green: Option<f64>,
    /// Percent for blue; with `green`, the sum is 100.
    #[schema(minimum = 0, maximum = 100)]
    blue: Option<f64>,
    reason: Option<String>,
}

/// Sets how automatic traffic is split. In force for every request that is sent after the answer.
#[utoipa::path(
    put,
    path = "/deployments/{name}/split",
    tag = "deployments",
    security(("admin_token" = ["operator"])),
    request_body = Wanted,
    responses(
        (status = 200, body = DeploymentView),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "There is no green, or a rollout is under way that is not paused", body = ErrorBody)
    )
)]
pub(in crate::api) async fn split(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Json<DeploymentView>, ApiError> {
    let wanted: Wanted = body::read(&bytes)?;
    let green = green_share(&wanted)?;
    apply(&api, &name, Verb::Split(green), caller.actor(wanted.reason)).await
}

fn green_share(wanted: &Wanted) -> Result<Share, ApiError> {
    let invalid = |message: &str| ApiError::new(400, "invalid_split", message);
    let share = |percent: f64, param: &str| {
        let message = format!("'{param}' must be 0 to 100 in steps of 0.01");
        Share::from_percent(percent).ok_or_else(|| invalid(&message).param(param))
    };
    match (wanted.green, wanted.blue) {
        (Some(green), None) => share(green, "green"),
        (None, Some(blue)) => Ok(share(blue, "blue")?.rest()),
        (Some(green), Some(blue)) => {
            let (green, blue) = (share(green, "green")?, share(blue, "blue")?);
            if green.rest() == blue {
                Ok(green)
            } else {
                Err(invalid("blue and green must add up to 100"))
            }
        }
        (None, None) => Err(invalid("say what green gets, as {\"green\": 10}").param("green")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn green(green: Option<f64>, blue: Option<f64>) -> Option<u16> {
        green_share(&Wanted {
            green,
            blue,
            reason: None,
        })
        .ok()
        .map(Share::hundredths)
    }

    #[test]
    fn a_split_adds_up_to_a_hundred() {
        assert_eq!(green(Some(10.0), None), Some(1_000));
        assert_eq!(green(None, Some(87.5)), Some(1_250));
        assert_eq!(green(Some(0.01), Some(99.99)), Some(1));
        for (bad_green, bad_blue) in [
            (Some(10.0), Some(80.0)),
            (Some(101.0), None),
            (Some(-1.0), None),
            (None, None),
        ] {
            assert_eq!(green(bad_green, bad_blue), None);
        }
        assert_eq!(green(Some(0.001), None), None);
    }
}
