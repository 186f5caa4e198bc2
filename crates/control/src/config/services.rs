//! Blue-green for any HTTP application: the same split, judged by the same rollouts, without a model in between.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address::HttpUrl;
use super::deployments::{Split, Sticky};
use super::units::Period;

/// One HTTP application, answered by `blue` and perhaps by a candidate `green`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Host names that belong to the application.
    pub hosts: Vec<String>,
    /// Paths that begin with this belong to the application.
    #[serde(default = "root")]
    pub path: String,
    /// The environment in service.
    pub blue: ServiceEnvironment,
    /// The candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub green: Option<ServiceEnvironment>,
    /// Share of a new green at its start.
    #[serde(default)]
    pub split: Split,
    /// What stays on one side.
    #[serde(default = "nothing_sticks")]
    pub sticky: Sticky,
    /// How both sides are probed.
    #[serde(default)]
    pub health: ServiceHealth,
    /// The plan that a rollout follows when none is named.
    #[serde(default = "safe")]
    pub rollout: String,
}

/// One side of an application.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceEnvironment {
    /// Where the application is.
    pub url: HttpUrl,
}

/// How an application is probed: a GET that must answer with 2xx.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceHealth {
    /// The path to ask for.
    pub path: String,
    /// Between two probes.
    pub interval: Period,
    /// How long a probe may take.
    pub timeout: Period,
    /// Probes that must fail in a row until the side counts as unhealthy.
    #[schemars(range(min = 1, max = 100))]
    pub retries: u32,
}

impl Default for ServiceHealth {
    fn default() -> ServiceHealth {
        ServiceHealth {
            path: "/health".to_owned(),
            interval: Period::seconds(10),
            timeout: Period::seconds(5),
            retries: 3,
        }
    }
}

fn root() -> String {
    "/".to_owned()
}

const fn nothing_sticks() -> Sticky {
    Sticky::None
}

fn safe() -> String {
    "safe".to_owned()
}
