//! `/sim/models`: settings and counters, shown and changed while the simulator runs.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::registry::{Model, Registry};
use super::routes::SettingsRoute;

pub(super) fn settings_page(registry: &Registry, page: SettingsRoute, body: &Bytes) -> (StatusCode, Value) {
    match page {
        SettingsRoute::ShowAll => {
            let models: Vec<Value> = registry.all().iter().map(|model| describe(model)).collect();
            (
                StatusCode::OK,
                json!({"models": models, "default_behaviour": registry.default_behaviour()}),
            )
        }
        SettingsRoute::Show(name) => match registry.known(&name) {
            Some(model) => (StatusCode::OK, describe(&model)),
            None => (
                StatusCode::NOT_FOUND,
                complaint(&format!("no request and no setting named '{name}' yet")),
            ),
        },
        SettingsRoute::Change(name) => change(registry, &name, body),
        SettingsRoute::Forget(name) => {
            let model = registry.model(&name);
            model.behaviour.store(registry.default_behaviour().clone().into());
            (StatusCode::OK, describe(&model))
        }
    }
}

fn change(registry: &Registry, name: &str, body: &Bytes) -> (StatusCode, Value) {
    let changes = match serde_json::from_slice::<Value>(body) {
        Ok(changes) => changes,
        Err(error) => {
            return (
                StatusCode::BAD_REQUEST,
                complaint(&format!("the settings are not JSON: {error}")),
            );
        }
    };
    let model = registry.model(name);
    match model.behaviour.load().changed_by(changes) {
        Ok(behaviour) => {
            model.behaviour.store(behaviour.into());
            (StatusCode::OK, describe(&model))
        }
        Err(error) => (StatusCode::BAD_REQUEST, complaint(&error.to_string())),
    }
}

fn describe(model: &Model) -> Value {
    json!({"model": model.name, "behaviour": **model.behaviour.load(), "counters": model.counters()})
}

fn complaint(message: &str) -> Value {
    json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": "invalid_settings"}})
}
