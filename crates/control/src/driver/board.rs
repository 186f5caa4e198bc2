//! The newest rollout of each deployment, as it is shown: by the API, the dashboard and the metrics.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use decide::rollout::Stage;
use serde_json::Value;

/// One rollout as it stands.
#[derive(Clone, Debug)]
pub struct Shown {
    pub stage: Stage,
    /// Evidence by stream.
    pub evidence: Vec<(&'static str, f64)>,
    /// As the API shows it.
    pub view: Value,
}

/// By deployment.
#[derive(Debug, Default)]
pub struct Board(RwLock<BTreeMap<String, Shown>>);

impl Board {
    pub fn of(&self, deployment: &str) -> Option<Shown> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(deployment).cloned()
    }

    /// As the API shows it; `null` if there never was one.
    pub fn view(&self, deployment: &str) -> Value {
        self.of(deployment).map_or(Value::Null, |shown| shown.view)
    }

    /// The state of a rollout that is not over.
    pub fn under_way(&self, deployment: &str) -> Option<Stage> {
        let stage = self.of(deployment)?.stage;
        (!stage.is_finished()).then_some(stage)
    }

    pub fn all(&self) -> BTreeMap<String, Shown> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn show(&self, deployment: &str, shown: Shown) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(deployment.to_owned(), shown);
    }

    pub(super) fn keep(&self, is_known: impl Fn(&str) -> bool) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|name, _| is_known(name));
    }
}
