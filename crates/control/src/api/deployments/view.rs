//! One deployment in JSON, the answer of every verb on it.

use decide::Side;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::Api;
use super::super::rollouts::shape::RolloutView;
use crate::desk::{DeploymentState, EnvironmentState, Owner};
use crate::observe::Window;
use crate::report::Split;

#[derive(Serialize, ToSchema)]
#[schema(as = Deployment)]
pub(in crate::api) struct DeploymentView {
    name: String,
    /// `model`
    kind: &'static str,
    /// Grows with every change of the route.
    revision: u64,
    /// `single`, `finalized`, `split`, `promoted` or `rolled_back`
    state: &'static str,
    /// Percentages of automatic traffic.
    split: Split,
    #[schema(value_type = String)]
    sticky: Value,
    rescue: bool,
    /// `file` or `store`
    managed_by: &'static str,
    /// Green was finalized, and the configuration file still calls it green.
    file_is_behind: bool,
    /// Once green is promoted: until when blue stays ready for a rollback. Then green is finalized.
    kept_until: Option<String>,
    blue: EnvironmentView,
    green: Option<EnvironmentView>,
    /// The newest rollout, `null` if there never was one.
    #[schema(value_type = Option<RolloutView>)]
    rollout: Value,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Environment)]
struct EnvironmentView {
    provider: String,
    model: String,
    /// `healthy`, `unhealthy` or `unknown`
    health: &'static str,
    /// Requests under way.
    in_flight: u32,
    window: Window,
}

pub(in crate::api) fn view(api: &Api, state: DeploymentState) -> DeploymentView {
    let environment = |side: Side, environment: EnvironmentState| EnvironmentView {
        health: api.health.of(&state.name, side).status.name(),
        window: api.observatory.window(&state.name, side),
        in_flight: environment.in_flight,
        provider: environment.environment.provider,
        model: environment.environment.model,
    };
    DeploymentView {
        kind: "model",
        revision: state.revision,
        state: state.phase.name(),
        split: Split::of(state.green_share),
        sticky: serde_json::to_value(state.definition.sticky).unwrap_or_default(),
        rescue: state.definition.rescue,
        managed_by: match state.owner {
            Owner::File => "file",
            Owner::Store => "store",
        },
        file_is_behind: state.file_is_behind,
        kept_until: api
            .driver
            .kept_until(&state)
            .and_then(|until| Timestamp::from_millisecond(until).ok())
            .map(|until| format!("{until:.3}")),
        blue: environment(Side::Blue, state.blue),
        green: state.green.map(|green| environment(Side::Green, green)),
        rollout: api.driver.board().view(&state.name),
        name: state.name,
    }
}
