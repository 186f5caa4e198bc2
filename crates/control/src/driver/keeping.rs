//! How long a promoted deployment can still be rolled back: blue stays ready for `keep_previous`, then green is finalized
//! without anybody asking for it.
//!
//! A rollout's plan says how long, else the configuration's own `keep_previous`. The time runs from the promotion, which
//! the store remembers, so it runs on through restarts.

use std::collections::HashMap;
use std::time::Duration;

use decide::release::{Phase, Verb};
use jiff::Timestamp;
use serde_json::Value;

use super::Driver;
use crate::desk::{Actor, DeploymentState, DeskError};

/// Deployments that cannot be finalized, by the revision at which that was said.
#[derive(Debug, Default)]
pub(super) struct GivenUp(HashMap<String, u64>);

impl Driver {
    /// Until when blue stays ready for a rollback, in Unix milliseconds; `None` if green is not promoted.
    pub fn kept_until(&self, deployment: &DeploymentState) -> Option<i64> {
        if deployment.phase != Phase::Promoted {
            return None;
        }
        let promoted_at = deployment.promoted_at?;
        let rollout = self.0.board.view(&deployment.name);
        let keep = of_its_rollout(&rollout, promoted_at).unwrap_or(deployment.keep_previous);
        Some(promoted_at.saturating_add(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Finalizes what has been kept for long enough.
    pub(super) async fn finalize_what_is_due(&self, given_up: &mut GivenUp) {
        let context = &self.0;
        for deployment in context.desk.promoted().await {
            let (name, revision) = (&deployment.name, deployment.revision);
            let is_due = self
                .kept_until(&deployment)
                .is_some_and(|until| until <= context.unix_millis());
            if !is_due || context.board.under_way(name).is_some() || given_up.0.get(name) == Some(&revision) {
                continue;
            }
            let actor = Actor {
                name: "keep_previous".to_owned(),
                role: "system",
                reason: Some("blue was kept for a rollback for as long as it was to be".to_owned()),
            };
            match context.desk.apply(name, Verb::Finalize, &actor).await {
                Ok(_) => {}
                // Tried again with the next look.
                Err(DeskError::Store(error)) => {
                    tracing::debug!(deployment = name, %error, "not finalized yet")
                }
                Err(error) => {
                    tracing::warn!(deployment = name, %error, "green has all of the traffic, but cannot be finalized");
                    given_up.0.insert(name.clone(), revision);
                }
            }
        }
    }
}

/// What the plan says, if it was this rollout that promoted.
fn of_its_rollout(rollout: &Value, promoted_at: i64) -> Option<Duration> {
    let at = |field: &str| -> Option<i64> {
        let moment: Timestamp = rollout.get(field)?.as_str()?.parse().ok()?;
        Some(moment.as_millisecond())
    };
    let is_its = (at("started_at")?..=at("finished_at")?).contains(&promoted_at);
    let seconds = rollout.get("keep_previous_seconds")?.as_f64()?;
    let keep = Duration::try_from_secs_f64(seconds).ok()?;
    (is_its && rollout.get("state")?.as_str()? == "succeeded").then_some(keep)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_plans_time_holds_for_the_promotion_of_its_rollout_alone() {
        let rollout = serde_json::json!({
            "state": "succeeded", "keep_previous_seconds": 60.0,
            "started_at": "2026-01-01T00:00:00.000Z", "finished_at": "2026-01-01T01:00:00.000Z",
        });
        let start = 1_767_225_600_000;
        assert_eq!(of_its_rollout(&rollout, start + 1), Some(Duration::from_secs(60)));
        assert_eq!(of_its_rollout(&rollout, start + 3_600_001), None);
        assert_eq!(of_its_rollout(&Value::Null, start), None);
    }
}
