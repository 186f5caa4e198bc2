//! What is valid and yet perhaps not meant. Each of these has a good use somewhere, so none is refused.

use control::config::{Config, Deployment, Provider};
use serde_json::{Value, json};

/// A place in the file and what may be wrong with it.
#[derive(Clone)]
pub(super) struct Warning {
    pub(super) path: String,
    pub(super) message: String,
}

impl Warning {
    pub(super) fn new(path: impl Into<String>, message: impl Into<String>) -> Warning {
        Warning {
            path: path.into(),
            message: message.into(),
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({"path": self.path, "message": self.message})
    }
}

pub(super) fn of(config: &Config) -> Vec<Warning> {
    let mut warnings = Vec::new();
    warnings.extend(public_admin(config));
    for (name, provider) in &config.providers {
        warnings.extend(missing_api_key(name, provider));
    }
    for (name, deployment) in &config.deployments {
        warnings.extend(equal_sides(name, deployment));
    }
    warnings.extend(keys(config));
    warnings.extend(
        config
            .without_effect()
            .into_iter()
            .map(|(path, what)| Warning::new(path, what)),
    );
    warnings
}

fn public_admin(config: &Config) -> Option<Warning> {
    let ip = config.admin.socket().ip();
    let message =
        format!("the admin API listens on {ip}, not on this machine alone: keep it off the public network");
    (!ip.is_loopback()).then(|| Warning::new("admin", message))
}

/// The vendors' own servers want a key; others may not.
fn missing_api_key(name: &str, provider: &Provider) -> Option<Warning> {
    let url = provider.effective_base_url();
    let is_vendor = url == provider.dialect.vendor_url();
    let message = format!("there is no `api_key`, and {url} wants one");
    let brings_header = !provider.headers.is_empty();
    (is_vendor && provider.api_key.is_none() && !brings_header)
        .then(|| Warning::new(format!("providers.{name}"), message))
}

fn equal_sides(name: &str, deployment: &Deployment) -> Option<Warning> {
    let equal = deployment.green.as_ref() == Some(&deployment.blue);
    equal.then(|| {
        Warning::new(
            format!("deployments.{name}.green"),
            "green is the same as blue, so there is nothing to compare",
        )
    })
}

fn keys(config: &Config) -> Vec<Warning> {
    if config.keys.is_empty() {
        let message = "none in the file: unless the store has some, every request is refused; make one by `crossfade keys create NAME`";
        return vec![Warning::new("keys", message)];
    }
    let now = jiff::Timestamp::now().as_second();
    let expired = config
        .keys
        .iter()
        .enumerate()
        .filter(|(_, key)| key.expires_at.is_some_and(|expiry| expiry.unix_seconds() <= now));
    expired
        .map(|(index, key)| {
            Warning::new(
                format!("keys[{index}]"),
                format!("the key {} has expired", key.name),
            )
        })
        .collect()
}
