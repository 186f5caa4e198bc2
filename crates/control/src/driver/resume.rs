//! Going on after a restart, and following what else happens to a deployment.

use std::time::Duration;

use decide::rollout::{Plan, Stage, State};
use serde_json::Value;
use store::rollouts::{Rollout as Row, Saved};
use tokio::time::MissedTickBehavior;

use super::board::Shown;
use super::courier::Courier;
use super::keeping::GivenUp;
use super::plan::plan;
use super::running::{Message, Rollout};
use super::{Driver, DriverError};
use crate::config;
use crate::desk::DeploymentState;

/// A shared store is looked at this often for rollouts whose gateway is gone.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// And as often for buttons that were pushed elsewhere: they are to be in force within a second.
const BUTTONS_EVERY: Duration = Duration::from_millis(200);
/// A gateway that has not written its rollout down for so long is gone: it writes each second.
const GONE_AFTER: Duration = Duration::from_secs(6);

impl Driver {
    /// Follows the desk, and on a shared store the other gateways, for ever.
    pub async fn watch(&self) {
        let mut changes = self.0.desk.changes();
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let mut buttons = tokio::time::interval(BUTTONS_EVERY);
        for interval in [&mut looks, &mut buttons] {
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut given_up = GivenUp::default();
        let is_shared = self.0.desk.store().url().is_shared();
        loop {
            tokio::select! {
                // Whether one is known or some were missed, all are looked at.
                change = changes.recv() => match change {
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                    _ => {
                        while changes.try_recv().is_ok() {}
                        self.follow().await;
                        if is_shared {
                            self.look_at_others().await;
                        }
                    }
                },
                _ = looks.tick() => {
                    if is_shared {
                        self.look_at_others().await;
                    }
                    self.finalize_what_is_due(&mut given_up).await;
                }
                _ = buttons.tick(), if is_shared => {
                    if let Err(error) = self.take_buttons().await {
                        tracing::debug!(%error, "buttons of other gateways cannot be looked at");
                    }
                }
            }
        }
    }

    /// Reads back what was going on and goes on with it; to be called before anybody can push a button.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn resume(&self) -> Result<(), DriverError> {
        for deployment in self.0.desk.deployments().await {
            let newest = store::rollouts::list(self.0.desk.store(), &deployment.name, None, 1).await?;
            newest.rows.first().into_iter().for_each(|row| self.show(row));
        }
        self.take_over().await
    }

    async fn look_at_others(&self) {
        if let Err(error) = self.take_over().await {
            tracing::debug!(%error, "rollouts of other gateways cannot be looked at");
        }
    }

    /// Takes over what nobody drives.
    async fn take_over(&self) -> Result<(), DriverError> {
        let context = &self.0;
        let store = context.desk.store();
        let under_way = store::rollouts::under_way(store).await?;
        for (name, shown) in context.board.all() {
            let goes_on = under_way.iter().any(|row| row.deployment == name);
            if shown.stage.is_finished() || goes_on || context.inboxes.of(&name).is_some() {
                continue;
            }
            // It has ended elsewhere.
            let newest = store::rollouts::list(store, &name, None, 1).await?;
            newest.rows.first().into_iter().for_each(|row| self.show(row));
        }
        for row in under_way {
            if context.inboxes.of(&row.deployment).is_some() {
                continue;
            }
            let now = store::clock::common(store, crate::desk::now()).await?;
            let gone = i64::try_from(GONE_AFTER.as_millis()).unwrap_or(i64::MAX);
            // A store of one gateway alone is known to be ours.
            let unsaved_since = if store.url().is_shared() {
                now - gone
            } else {
                i64::MAX
            };
            if store::rollouts::take_over(store, &row.id, &context.owner, unsaved_since).await? {
                self.take_up(row, now, None).await?;
            } else {
                self.show(&row);
            }
        }
        Ok(())
    }

    pub(super) async fn take_up(
        &self,
        row: Row,
        now: i64,
        first: Option<Message>,
    ) -> Result<(), DriverError> {
        let deployment = self.0.desk.deployment(&row.deployment).await.ok();
        let (plan, state) = match self.read_back(&row).await {
            Ok(read) => read,
            Err(error) => {
                tracing::error!(rollout = row.id, deployment = row.deployment, %error,
                    "a rollout cannot be read back; it ends here, and the split stays");
                let saved = Saved {
                    state: row.state,
                    report: row.report,
                    at: now,
                    finished_at: Some(now),
                };
                store::rollouts::save(self.0.desk.store(), &row.id, &self.0.owner, &saved).await?;
                return Ok(());
            }
        };
        let stage = state.stage();
        let rollout = rollout(&row, plan, deployment.as_ref());
        let is_same = deployment.is_some_and(|deployment| is_candidate(&deployment, &row.candidate));
        let (name, started) = (row.deployment.clone(), stage != Stage::Pending);
        tracing::info!(
            deployment = name,
            rollout = row.id,
            state = stage.name(),
            "a rollout goes on"
        );
        let config = self.0.desk.config().await;
        let receivers = config.plan(&row.plan_name).map(|plan| plan.notify);
        let courier = Courier::to(&receivers.unwrap_or_default());
        if !is_same || !started {
            // Nothing of it may touch another candidate's split.
            self.drive(rollout, state, None, courier, Some(Message::Redefined));
            return Ok(());
        }
        let down_seconds = (now - row.saved_at).max(0) as f64 / 1_000.0;
        self.drive(rollout, state, Some(down_seconds), courier, first);
        Ok(())
    }

    pub(super) async fn read_back(&self, row: &Row) -> Result<(Plan, State), DriverError> {
        let config = self.0.desk.config().await;
        let given: config::Plan = config.read_plan(&row.plan).map_err(DriverError::Plan)?;
        let plan = plan(&row.plan_name, &given).map_err(DriverError::PlanRefused)?;
        let state = State::from_bytes(&plan, &row.state).map_err(|source| store::StoreError::Corrupt {
            what: format!("the rollout {}", row.id),
            source: Some(Box::new(source)),
        })?;
        Ok((plan, state))
    }

    /// A green that is another one ends the rollout of the one before.
    async fn follow(&self) {
        let deployments = self.0.desk.deployments().await;
        let find = |name: &str| deployments.iter().find(|deployment| deployment.name == name);
        for (name, shown) in self.0.board.all() {
            if shown.stage.is_finished() {
                continue;
            }
            let candidate = self.0.inboxes.candidate(&name);
            let (Some(candidate), Some(inbox)) = (candidate, self.0.inboxes.of(&name)) else {
                continue;
            };
            let is_same = find(&name).is_some_and(|deployment| is_candidate(deployment, &candidate));
            if !is_same {
                // It may be over by now.
                let _ = inbox.send(Message::Redefined).await;
            }
        }
        self.0.board.keep(|name| find(name).is_some());
    }

    /// A rollout that is not driven here.
    fn show(&self, row: &Row) {
        let view: Value = serde_json::from_str(&row.report).unwrap_or_default();
        let Some(stage) = view
            .get("state")
            .and_then(Value::as_str)
            .and_then(Stage::from_name)
        else {
            return;
        };
        let shown = Shown {
            stage,
            evidence: Vec::new(),
            view,
        };
        self.0.board.show(&row.deployment, shown);
    }
}

fn rollout(row: &Row, plan: Plan, deployment: Option<&DeploymentState>) -> Rollout {
    let green = deployment.and_then(|deployment| deployment.green.as_ref());
    Rollout {
        id: row.id.clone(),
        deployment: row.deployment.clone(),
        candidate: row.candidate.clone(),
        plan,
        prompt: green.map_or_else(String::new, |green| green.environment.health.prompt.clone()),
        rescue: deployment.is_some_and(|deployment| deployment.definition.rescue),
        started_at: row.started_at,
    }
}

fn is_candidate(deployment: &DeploymentState, candidate: &str) -> bool {
    let green = deployment.green.as_ref();
    green.is_some_and(|green| green.environment.digest() == candidate)
}
