//! What a valid configuration holds, without any secret.

use control::config::{Config, Deployment, Environment, Store};
use serde_json::{Map, Value, json};

/// Title and text, in the file's order. Sections that are empty are left out, but for those a newcomer looks for.
pub(super) fn lines(config: &Config) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("listen", config.listen.socket().to_string()),
        ("admin", config.admin.socket().to_string()),
        ("store", store(config)),
        ("providers", names(config.providers.keys())),
        ("deployments", names(config.deployments.keys())),
    ];
    lines.extend(
        config
            .deployments
            .iter()
            .map(|(name, deployment)| ("", format!("{name}: {}", said(deployment)))),
    );
    let published: Vec<&String> = config
        .providers
        .values()
        .flat_map(|provider| &provider.models)
        .collect();
    let further = [
        ("models", names(published)),
        (
            "aliases",
            names(
                config
                    .aliases
                    .iter()
                    .map(|(alias, target)| format!("{alias} -> {target}")),
            ),
        ),
        ("services", names(config.services.keys())),
        ("plans", names(config.plans.keys())),
    ];
    lines.extend(further.into_iter().filter(|(_, names)| names != NONE));
    lines.push(("keys", names(config.keys.iter().map(|key| &key.name))));
    lines
}

/// The same for programs.
pub(super) fn json(config: &Config) -> Map<String, Value> {
    let keys: Vec<&str> = config.keys.iter().map(|key| key.name.as_str()).collect();
    let fields = [
        ("listen", json!(config.listen)),
        ("admin", json!(config.admin)),
        ("store", json!(store(config))),
        ("providers", json!(config.providers.keys().collect::<Vec<_>>())),
        (
            "deployments",
            json!(config.deployments.keys().collect::<Vec<_>>()),
        ),
        ("aliases", json!(config.aliases)),
        ("services", json!(config.services.keys().collect::<Vec<_>>())),
        ("plans", json!(config.plans.keys().collect::<Vec<_>>())),
        ("keys", json!(keys)),
    ];
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

const NONE: &str = "none";

/// `2: anthropic, openai`.
fn names<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<T> = names.into_iter().collect();
    if names.is_empty() {
        return NONE.to_owned();
    }
    let listed: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    format!("{}: {}", listed.len(), listed.join(", "))
}

/// A Postgres URL holds a password, so only its kind is shown.
fn store(config: &Config) -> String {
    match config.store.store() {
        Store::Sqlite(path) => format!("sqlite:{}", path.display()),
        Store::Postgres(_) => "postgres".to_owned(),
    }
}

fn said(deployment: &Deployment) -> String {
    let blue = target(&deployment.blue);
    match &deployment.green {
        None => format!("blue {blue}"),
        Some(green) => format!(
            "blue {blue}, green {} (starts at {}%)",
            target(green),
            deployment.split.green
        ),
    }
}

fn target(environment: &Environment) -> String {
    format!("{}/{}", environment.provider, environment.model)
}
