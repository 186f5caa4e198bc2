//! Starting a rollout: which plan, of which candidate, and that there is no other one.

use std::time::Duration;

use decide::Share;
use decide::rollout::{Plan, State, Verb};
use serde_json::Value;
use store::StoreError;
use store::rollouts::{NewRollout, Saved};
use tokio::time::Instant;

use super::courier::Courier;
use super::plan;
use super::running::Rollout;
use super::{ANSWER_WITHIN, Driver, DriverError, conflict, to_its_end};
use crate::config;
use crate::desk::{Actor, DeploymentState};

/// How often we look whether a rollout that has ended is written down.
const WRITTEN_SOON: Duration = Duration::from_millis(5);
/// A plan that has no name of its own.
const CUSTOM: &str = "custom";

/// The plan that a rollout is to follow.
#[derive(Clone, Debug)]
pub enum PlanAsked {
    /// The deployment's own.
    Usual,
    Named(String),
    /// Written out, in JSON or YAML.
    Written(String),
}

impl Driver {
    /// Starts a rollout; its first phase is in force when this returns. It starts even if nobody waits for that.
    ///
    /// # Errors
    /// [`DriverError::Conflict`] without a green, or while another rollout is under way.
    pub async fn start(&self, name: &str, asked: PlanAsked, actor: Actor) -> Result<Value, DriverError> {
        let (driver, name) = (self.clone(), name.to_owned());
        to_its_end(async move { driver.begin(&name, asked, actor).await }).await
    }

    async fn begin(&self, name: &str, asked: PlanAsked, actor: Actor) -> Result<Value, DriverError> {
        let context = &self.0;
        let deployment = context.desk.deployment(name).await?;
        if let Some(stage) = context.board.under_way(name) {
            return Err(conflict(
                "start a rollout",
                stage.name(),
                "one is under way; cancel it or roll it back first",
            ));
        }
        // The one before may have ended a moment ago, and not be written down yet.
        let until = Instant::now() + ANSWER_WITHIN;
        while context.inboxes.of(name).is_some() && Instant::now() < until {
            tokio::time::sleep(WRITTEN_SOON).await;
        }
        let (given, plan) = self.plan(&deployment, asked).await?;
        let new = self.new_rollout(&deployment, plan)?;
        let state = State::new(deployment.green_share, context.seconds());
        let row = NewRollout {
            id: new.id.clone(),
            deployment: name.to_owned(),
            candidate: new.candidate.clone(),
            owner: context.owner.clone(),
            plan_name: new.plan.name.clone(),
            plan: serde_json::to_string(&given).unwrap_or_default(),
            started_at: new.started_at,
            saved: Saved {
                state: state.to_bytes(),
                report: "null".to_owned(),
                at: store::clock::common(context.desk.store(), new.started_at).await?,
                finished_at: None,
            },
        };
        match store::rollouts::begin(context.desk.store(), &row).await {
            Err(StoreError::Exists { .. }) => {
                return Err(conflict(
                    "start a rollout",
                    "under way",
                    "another one was started at the same moment",
                ));
            }
            begun => begun?,
        }
        self.drive(new, state, None, Courier::to(&given.notify), None);
        self.press(name, Verb::Start, actor).await
    }

    async fn plan(
        &self,
        deployment: &DeploymentState,
        asked: PlanAsked,
    ) -> Result<(config::Plan, Plan), DriverError> {
        let config = self.0.desk.config().await;
        let (name, given) = match asked {
            PlanAsked::Written(body) => (
                CUSTOM.to_owned(),
                config.read_plan(&body).map_err(DriverError::Plan)?,
            ),
            PlanAsked::Usual | PlanAsked::Named(_) => {
                let name = match asked {
                    PlanAsked::Named(name) => name,
                    _ => deployment.definition.rollout.clone(),
                };
                let Some(found) = config.plan(&name) else {
                    let mut known: Vec<&str> = config::Plan::BUILT_IN.to_vec();
                    known.extend(config.plans.keys().map(String::as_str));
                    let known = known.join(", ");
                    return Err(DriverError::UnknownPlan { name, known });
                };
                (name, found)
            }
        };
        if name == CUSTOM && !given.notify.is_empty() && !config.plans.contains_key(CUSTOM) {
            return Err(DriverError::SecretsInPlan);
        }
        let plan = plan::plan(&name, &given).map_err(DriverError::PlanRefused)?;
        Ok((given, plan))
    }

    fn new_rollout(&self, deployment: &DeploymentState, plan: Plan) -> Result<Rollout, DriverError> {
        let state = deployment.phase.name();
        let Some(green) = &deployment.green else {
            return Err(conflict(
                "start a rollout",
                state,
                "there is no green environment",
            ));
        };
        if deployment.green_share == Share::ALL {
            return Err(conflict(
                "start a rollout",
                state,
                "green has all of the traffic already",
            ));
        }
        Ok(Rollout {
            id: format!("ro_{:012x}{:08x}", self.0.unix_millis(), fastrand::u32(..)),
            deployment: deployment.name.clone(),
            candidate: green.environment.digest(),
            plan,
            prompt: green.environment.health.prompt.clone(),
            rescue: deployment.definition.rescue,
            started_at: self.0.unix_millis(),
        })
    }
}
