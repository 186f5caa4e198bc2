//! Endpoints that the gateway answers itself: alive, ready, and the models a key may call.

use serde_json::json;

use crate::answer::Answer;
use crate::keys::Key;
use crate::refused::Refused;
use crate::snapshot::Snapshot;

pub(crate) fn health() -> Answer {
    Answer::json(200, br#"{"status":"ok"}"#.to_vec())
}

pub(crate) fn ready(draining: bool) -> Answer {
    if draining {
        return Answer::json(503, br#"{"status":"draining"}"#.to_vec());
    }
    Answer::json(200, br#"{"status":"ready"}"#.to_vec())
}

/// `GET /v1/models`, in OpenAI's shape.
pub(crate) fn models(snapshot: &Snapshot, key: &Key) -> Answer {
    let mut names: Vec<&str> = snapshot
        .table
        .names
        .public()
        .filter(|name| key.allowed.permits(name))
        .collect();
    names.sort_unstable();
    let data: Vec<_> = names.into_iter().map(model_object).collect();
    Answer::json(
        200,
        json!({"object": "list", "data": data}).to_string().into_bytes(),
    )
}

/// `GET /v1/models/{id}`.
pub(crate) fn model(snapshot: &Snapshot, key: &Key, id: &str) -> Result<Answer, Refused> {
    let names = &snapshot.table.names;
    if names.public().any(|name| name == id) && key.allowed.permits(id) {
        return Ok(Answer::json(200, model_object(id).to_string().into_bytes()));
    }
    let nearest = names.nearest(id, |name| key.allowed.permits(name));
    Err(Refused::from_route(
        decide::route::Refusal::ModelNotFound,
        id,
        &nearest,
    ))
}

fn model_object(id: &str) -> serde_json::Value {
    // Clients expect a time; a public name has none that would mean something.
    json!({"id": id, "object": "model", "created": 0, "owned_by": "crossfade"})
}
