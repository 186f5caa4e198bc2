//! Rollout plans by name, for whoever is about to start one.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Api;
use crate::config::Plan;

#[derive(Serialize, ToSchema)]
#[schema(as = PlanList)]
pub(super) struct Listed {
    plans: Vec<PlanView>,
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Plan)]
struct PlanView {
    name: String,
    /// `built_in` or `file`
    managed_by: &'static str,
    strategy: Value,
    on_regression: Value,
    /// With the gates that hold in each phase, the plan's own defaults filled in.
    phases: Vec<PhaseView>,
    /// The whole plan as the file has it, without who is told.
    #[schema(value_type = Object)]
    plan: Value,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PlanPhase)]
struct PhaseView {
    name: Option<String>,
    /// Green's percentage.
    weight: Value,
    /// Requests that the gateway makes itself before any user does.
    probes: Option<u32>,
    min_duration: String,
    min_requests: u64,
    max_duration: String,
    /// Whether somebody must agree before the next phase.
    approval: bool,
}

/// All plans: the file's, then the built-in ones that it does not replace.
#[utoipa::path(get, path = "/plans", tag = "rollouts", responses((status = 200, body = Listed)))]
pub(super) async fn list(State(api): State<Api>) -> Json<Listed> {
    let config = api.desk.config().await;
    let of_file = config.plans.iter().map(|(name, plan)| view(name, plan, "file"));
    let built_in = Plan::BUILT_IN
        .into_iter()
        .filter(|name| !config.plans.contains_key(*name))
        .filter_map(|name| Some(view(name, &Plan::built_in(name)?, "built_in")));
    Json(Listed {
        plans: of_file.chain(built_in).collect(),
        next: None,
    })
}

fn view(name: &str, plan: &Plan, managed_by: &'static str) -> PlanView {
    let phases = plan.phases.iter().map(|phase| {
        let gates = plan.gates(phase);
        PhaseView {
            name: phase.name.clone(),
            weight: json!(phase.weight),
            probes: phase.probes.as_ref().map(|probes| probes.count),
            min_duration: gates.min_duration.to_string(),
            min_requests: gates.min_requests,
            max_duration: gates.max_duration.to_string(),
            approval: gates.approval != crate::config::Approval::None,
        }
    });
    PlanView {
        name: name.to_owned(),
        managed_by,
        strategy: json!(plan.strategy),
        on_regression: json!(plan.on_regression),
        phases: phases.collect(),
        plan: json!(plan),
    }
}
