//! Answers of the admin API, as far as people are shown them. Fields that are missing are not known, and fields that
//! are not named here pass by: a newer gateway may say more, an older one less.

use control::config::Share;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(crate) struct Deployment {
    pub(crate) name: String,
    pub(crate) kind: Option<String>,
    pub(crate) revision: u64,
    pub(crate) split: Split,
    pub(crate) sticky: Option<String>,
    /// `file` or `store`.
    pub(crate) managed_by: Option<String>,
    /// Until when blue stays ready for a rollback, once green is promoted.
    pub(crate) kept_until: Option<String>,
    pub(crate) blue: Environment,
    pub(crate) green: Option<Environment>,
    pub(crate) rollout: Option<Rollout>,
}

#[derive(Deserialize)]
pub(crate) struct Split {
    pub(crate) blue: Share,
    pub(crate) green: Share,
}

#[derive(Deserialize)]
pub(crate) struct Environment {
    /// A model of a provider, or an application's URL.
    pub(crate) provider: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) health: Option<String>,
    pub(crate) in_flight: Option<u64>,
    pub(crate) window: Option<Window>,
}

impl Environment {
    /// `provider/model`, or the URL.
    pub(crate) fn target(&self) -> String {
        match (&self.provider, &self.model, &self.url) {
            (Some(provider), Some(model), _) => format!("{provider}/{model}"),
            (_, _, Some(url)) => url.clone(),
            (provider, model, None) => provider.clone().or(model.clone()).unwrap_or_default(),
        }
    }
}

/// Statistics of the last while.
#[derive(Deserialize)]
pub(crate) struct Window {
    pub(crate) seconds: Option<u64>,
    pub(crate) requests: Option<u64>,
    pub(crate) errors: Option<u64>,
    pub(crate) error_rate: Option<f64>,
    pub(crate) latency_ms: Option<Spread>,
    pub(crate) ttft_ms: Option<Spread>,
    pub(crate) output_tokens_per_second: Option<f64>,
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) cost_usd: Option<String>,
}

/// A distribution of times in milliseconds.
#[derive(Clone, Copy, Default, Deserialize)]
pub(crate) struct Spread {
    pub(crate) avg: Option<f64>,
    pub(crate) p50: Option<f64>,
    pub(crate) p95: Option<f64>,
    pub(crate) p99: Option<f64>,
}

#[derive(Deserialize)]
pub(crate) struct Rollout {
    pub(crate) state: String,
    /// Its number or name.
    pub(crate) phase: Option<Value>,
}

/// A client's key, without its secret.
#[derive(Deserialize)]
pub(crate) struct ClientKey {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) models: Vec<String>,
    pub(crate) overrides: Option<String>,
    /// `file` or `store`.
    pub(crate) managed_by: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) limits: Option<Limits>,
    pub(crate) budget: Option<Budget>,
    pub(crate) expires_at: Option<Value>,
    pub(crate) revoked_at: Option<Value>,
}

#[derive(Default, Deserialize)]
pub(crate) struct Limits {
    pub(crate) requests_per_minute: Option<u64>,
    pub(crate) tokens_per_minute: Option<u64>,
    pub(crate) concurrent_requests: Option<u64>,
}

#[derive(Deserialize)]
pub(crate) struct Budget {
    pub(crate) usd: String,
    pub(crate) per: String,
}
