//! Anthropic's dialect: `POST /v1/messages`, its events, `count_tokens` and the list of models.

pub(super) mod events;
pub(super) mod messages;
pub(super) mod strictness;

use serde_json::{Value, json};

use super::answer::{Answer, Choice, Finish};

/// What this vendor calls the reason for stopping, and the stop sequence that was met.
fn stop_reason(choice: &Choice) -> (&'static str, Option<&str>) {
    match &choice.finish {
        Finish::Stop => ("end_turn", None),
        Finish::StopSequence(sequence) => ("stop_sequence", Some(sequence)),
        Finish::Length => ("max_tokens", None),
        Finish::ToolCalls => ("tool_use", None),
    }
}

fn message_id(answer: &Answer) -> String {
    answer.id("msg_01", 22)
}

/// The list of models as this vendor writes it.
pub(super) fn model_list<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    let data: Vec<Value> = names.map(model).collect();
    let name_of = |model: Option<&Value>| {
        model
            .and_then(|model| model.get("id"))
            .cloned()
            .unwrap_or_default()
    };
    json!({"first_id": name_of(data.first()), "last_id": name_of(data.last()), "data": data, "has_more": false})
}

pub(super) fn model(name: &str) -> Value {
    json!({"type": "model", "id": name, "display_name": name, "created_at": "2025-10-09T00:00:00Z"})
}
