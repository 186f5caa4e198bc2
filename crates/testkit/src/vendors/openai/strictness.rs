//! What OpenAI's reasoning models refuse and its other models take.

use serde_json::Value;

use crate::vendors::ask::Complaint;

/// The families that take `max_completion_tokens` only and sample as they please.
const REASONING_FAMILIES: [&str; 4] = ["o1", "o3", "o4", "gpt-5"];

pub(super) fn check_chat_request(model: &str, body: &Value) -> Result<(), Complaint> {
    let is_of = |family: &str| {
        model
            .strip_prefix(family)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    if !REASONING_FAMILIES.iter().any(|family| is_of(family)) {
        return Ok(());
    }
    let complain = |param: &str, code, message: String| {
        Err(Complaint {
            message,
            param: Some(param.to_owned()),
            code: Some(code),
        })
    };
    if body.get("max_tokens").is_some_and(|tokens| !tokens.is_null()) {
        let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        return complain("max_tokens", "unsupported_parameter", message.to_owned());
    }
    for param in ["temperature", "top_p"] {
        if let Some(value) = body
            .get(param)
            .and_then(Value::as_f64)
            .filter(|value| (value - 1.0).abs() > f64::EPSILON)
        {
            let message = format!(
                "Unsupported value: '{param}' does not support {value} with this model. Only the default (1) value is supported."
            );
            return complain(param, "unsupported_value", message);
        }
    }
    Ok(())
}
