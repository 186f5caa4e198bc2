//! What Anthropic refuses and more lenient vendors let pass.
//!
//! A gateway that translates for this vendor is only as good as what the vendor would say to the result, so the
//! simulator says it: unknown fields, missing tool results, empty texts and out-of-range temperatures are 400s.

use serde_json::Value;

use crate::vendors::ask::{Complaint, list_of, text_of};

const KNOWN_FIELDS: [&str; 23] = [
    "betas",
    "cache_control",
    "container",
    "context_management",
    "inference_geo",
    "max_tokens",
    "mcp_servers",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
    "user_profile_id",
];

pub(super) fn check_request(body: &Value) -> Result<(), Complaint> {
    let fields = body.as_object().into_iter().flat_map(|object| object.keys());
    for field in fields {
        if !KNOWN_FIELDS.contains(&field.as_str()) {
            return Err(Complaint::about(
                field,
                format!("{field}: Extra inputs are not permitted"),
            ));
        }
    }
    check_sampling(text_of(body, "model").unwrap_or(""), body)?;
    let temperature = body.get("temperature").and_then(Value::as_f64).unwrap_or(1.0);
    if !(0.0..=1.0).contains(&temperature) {
        return Err(Complaint::about("temperature", "temperature: range: 0..1"));
    }
    if list_of(body, "messages").is_empty() {
        return Err(Complaint::about(
            "messages",
            "messages: at least one message is required",
        ));
    }
    for (number, tool) in list_of(body, "tools").iter().enumerate() {
        let schema = tool.get("input_schema");
        if schema.is_some_and(|schema| text_of(schema, "type") != Some("object")) {
            let message = format!("tools.{number}.custom.input_schema.type: Input should be 'object'");
            return Err(Complaint::about("tools", message));
        }
    }
    check_tool_results(list_of(body, "messages"))
}

/// Newer models choose their own sampling and their own thinking budget.
fn check_sampling(model: &str, body: &Value) -> Result<(), Complaint> {
    let minor = model
        .strip_prefix(FAMILY_WITH_OWN_SAMPLING)
        .map(|rest| rest.split('-').next().unwrap_or(rest));
    let minor: Option<u32> = minor.and_then(|minor| minor.parse().ok());
    // A date in the place of the minor version belongs to the family's first model.
    if !minor.is_some_and(|minor| (FIRST_MINOR_WITH_OWN_SAMPLING..100).contains(&minor)) {
        return Ok(());
    }
    for param in ["temperature", "top_p", "top_k"] {
        if body.get(param).is_some() {
            return Err(Complaint::about(
                param,
                format!("`{param}` is deprecated for this model."),
            ));
        }
    }
    if body.pointer("/thinking/type").and_then(Value::as_str) == Some("enabled") {
        let message = "\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\".";
        return Err(Complaint::about("thinking", message));
    }
    Ok(())
}

const FAMILY_WITH_OWN_SAMPLING: &str = "claude-opus-4-";
const FIRST_MINOR_WITH_OWN_SAMPLING: u32 = 7;

pub(super) fn check_message(number: usize, message: &Value) -> Result<(), Complaint> {
    match text_of(message, "role") {
        Some("user" | "assistant" | "system") => {}
        other => {
            let found = other.unwrap_or("nothing");
            let message =
                format!("messages.{number}.role: Input should be 'user' or 'assistant', not '{found}'");
            return Err(Complaint::about("messages", message));
        }
    }
    let is_empty =
        |block: &Value| text_of(block, "type") == Some("text") && text_of(block, "text") == Some("");
    if list_of(message, "content").iter().any(is_empty) {
        let message = format!("messages.{number}: text content blocks must be non-empty");
        return Err(Complaint::about("messages", message));
    }
    Ok(())
}

/// Every call is answered in the very next message, and nothing else is.
fn check_tool_results(messages: &[Value]) -> Result<(), Complaint> {
    let mut called: Vec<&str> = Vec::new();
    for (number, message) in messages.iter().enumerate() {
        let blocks = list_of(message, "content");
        let ids = |kind: &'static str, id: &'static str| {
            blocks
                .iter()
                .filter(move |block| text_of(block, "type") == Some(kind))
                .filter_map(move |block| text_of(block, id))
        };
        for id in ids("tool_result", "tool_use_id") {
            if !called.contains(&id) {
                let message = format!(
                    "messages.{number}: unexpected `tool_use_id` found in `tool_result` blocks: {id}"
                );
                return Err(Complaint::about("messages", message));
            }
        }
        if let Some(open) = called
            .iter()
            .find(|call| !ids("tool_result", "tool_use_id").any(|id| id == **call))
        {
            let message = format!(
                "messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately after: {open}"
            );
            return Err(Complaint::about("messages", message));
        }
        called = ids("tool_use", "id").collect();
    }
    Ok(())
}
