//! A deployment as it is now, for the API, the dashboard and the metrics.

use std::sync::Arc;
use std::time::Duration;

use decide::release::Phase;
use decide::{Share, Side};
use gateway::Flight;

use super::held::{Held, Owner};
use super::{Desk, DeskError, Live, verbs};
use crate::config::{Deployment, Environment};

#[derive(Clone, Debug)]
pub struct DeploymentState {
    pub name: String,
    pub owner: Owner,
    pub revision: u64,
    pub green_share: Share,
    pub phase: Phase,
    pub blue: EnvironmentState,
    pub green: Option<EnvironmentState>,
    /// As it was written.
    pub definition: Deployment,
    /// The file still calls green what is blue by now.
    pub file_is_behind: bool,
    /// Unix milliseconds.
    pub promoted_at: Option<i64>,
    /// How long blue stays ready for a rollback after a promotion by hand.
    pub keep_previous: Duration,
}

#[derive(Clone, Debug)]
pub struct EnvironmentState {
    pub environment: Environment,
    pub in_flight: u32,
}

impl Desk {
    /// # Errors
    /// [`DeskError::UnknownDeployment`].
    pub async fn deployment(&self, name: &str) -> Result<DeploymentState, DeskError> {
        of(&*self.live().await, name)
    }

    /// Those whose green has all of the traffic and is not final.
    pub(crate) async fn promoted(&self) -> Vec<DeploymentState> {
        let live = self.live().await;
        let promoted = live
            .held
            .iter()
            .filter(|(_, held)| held.release.phase == Phase::Promoted);
        promoted.map(|(name, held)| state(&live, name, held)).collect()
    }

    /// All deployments, by name.
    pub async fn deployments(&self) -> Vec<DeploymentState> {
        let live = self.live().await;
        live.held
            .iter()
            .map(|(name, held)| state(&live, name, held))
            .collect()
    }
}

pub(super) fn of(live: &Live, name: &str) -> Result<DeploymentState, DeskError> {
    Ok(state(live, name, verbs::find(live, name)?))
}

fn state(live: &Live, name: &str, held: &Held) -> DeploymentState {
    let environment = |side, environment: &Environment| EnvironmentState {
        in_flight: live
            .flights
            .get(&(name.to_owned(), side, environment.digest()))
            .map_or(0, |flight: &Arc<Flight>| flight.in_flight()),
        environment: environment.clone(),
    };
    DeploymentState {
        name: name.to_owned(),
        owner: held.owner,
        revision: held.release.revision,
        green_share: held.release.green,
        phase: held.release.phase,
        blue: environment(Side::Blue, &held.blue),
        green: held.green.as_ref().map(|green| environment(Side::Green, green)),
        definition: held.definition.clone(),
        file_is_behind: held.is_ahead_of_file(),
        promoted_at: held.promoted_at,
        keep_previous: live.config.keep_previous.duration(),
    }
}
