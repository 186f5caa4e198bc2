//! OpenAI's dialect: the shapes were compared with recorded answers and the vendor's published specification.

pub(super) mod chat;
pub(super) mod chat_events;
pub(super) mod completions;
pub(super) mod embeddings;
pub(super) mod other_endpoints;
pub(super) mod responses;
pub(super) mod responses_events;
pub(super) mod responses_items;
mod strictness;

use serde_json::Value;

use super::answer::{Answer, Finish, identifier};
use super::ask::{Ask, Complaint, Prompt, TextForm, ToolUse, list_of, text_of};

/// The model's name, or the complaint that OpenAI makes without one.
fn model_of(body: &Value) -> Result<String, Complaint> {
    match text_of(body, "model") {
        Some(model) if !model.is_empty() => Ok(model.to_owned()),
        _ => Err(Complaint::about("model", "you must provide a model parameter")),
    }
}

fn fingerprint(answer: &Answer) -> String {
    identifier("fp_", 10, answer.model.len() as u64).to_ascii_lowercase()
}

fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence(_) => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
    }
}

/// Texts of a content that is a string, a list of parts, or null.
fn add_content(prompt: &mut Prompt, content: Option<&Value>) {
    match content {
        Some(Value::String(text)) => prompt.add_text(text),
        Some(Value::Array(parts)) => {
            for part in parts {
                match text_of(part, "text").or(part.as_str()) {
                    Some(text) => prompt.add_text(text),
                    None => prompt.add_attachment(),
                }
            }
        }
        _ => {}
    }
}

/// `name_of` finds the function's name in the object form of `tool_choice`.
fn tool_use_of(body: &Value, name_of: impl Fn(&Value) -> Option<&str>) -> Result<ToolUse, Complaint> {
    match body.get("tool_choice") {
        None | Some(Value::Null) => Ok(ToolUse::Auto),
        Some(Value::String(choice)) => match choice.as_str() {
            "auto" => Ok(ToolUse::Auto),
            "none" => Ok(ToolUse::Never),
            "required" => Ok(ToolUse::Required),
            other => Err(Complaint::about(
                "tool_choice",
                format!("Invalid value: '{other}'."),
            )),
        },
        Some(choice) => match name_of(choice) {
            Some(name) => Ok(ToolUse::Named(name.to_owned())),
            None => Ok(ToolUse::Required),
        },
    }
}

/// `format` is the object that holds the type, `schema` the schema in it if it has one.
fn text_form_of(format: Option<&Value>, schema: Option<&Value>) -> TextForm {
    match format.and_then(|format| text_of(format, "type")) {
        Some("json_object") => TextForm::AnyJson,
        Some("json_schema") => schema.map_or(TextForm::AnyJson, |schema| TextForm::Json(schema.clone())),
        _ => TextForm::Plain,
    }
}

/// A named tool must be among the tools.
fn check_named_tool(ask: &Ask) -> Result<(), Complaint> {
    match &ask.tool_use {
        ToolUse::Named(name) if !ask.tools.iter().any(|tool| tool.name == *name) => {
            let message = format!("Tool choice '{name}' not found in 'tools' parameter.");
            Err(Complaint::about("tool_choice", message))
        }
        ToolUse::Required if ask.tools.is_empty() => {
            let message = "'tool_choice' is only allowed when 'tools' are specified.";
            Err(Complaint::about("tool_choice", message))
        }
        _ => Ok(()),
    }
}

fn turns_of<'a>(body: &'a Value, name: &str) -> Result<&'a [Value], Complaint> {
    match list_of(body, name) {
        [] => {
            let message = format!("Missing or empty required parameter: '{name}'.");
            Err(Complaint::about(name, message))
        }
        turns => Ok(turns),
    }
}

/// Text given as token numbers: nobody knows its words, so its numbers stand for them.
fn words_of_numbers(numbers: &[Value]) -> String {
    numbers.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")
}
