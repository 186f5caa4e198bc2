//! The items that a response's output consists of, in each state they pass through.

use serde_json::{Value, json};

use crate::vendors::answer::{Answer, ToolCall, identifier};

/// A message; without a text it has no content yet.
pub(super) fn message_item(answer: &Answer, status: &str, text: Option<&str>) -> Value {
    let content: Vec<Value> = text.map(text_part).into_iter().collect();
    json!({"id": message_id(answer), "type": "message", "status": status, "content": content, "role": "assistant"})
}

pub(super) fn text_part(text: &str) -> Value {
    json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text})
}

pub(super) fn tool_call_item(
    answer: &Answer,
    number: usize,
    status: &str,
    call: &ToolCall,
    arguments: &str,
) -> Value {
    json!({
        "id": tool_call_item_id(answer, number), "type": "function_call", "status": status, "arguments": arguments,
        "call_id": answer.tool_call_id("call_", 0, number), "name": call.name,
    })
}

pub(super) fn message_id(answer: &Answer) -> String {
    answer.id("msg_", 48).to_ascii_lowercase()
}

/// The item's own id; the call's id, by which the result refers to it, is another.
pub(super) fn tool_call_item_id(answer: &Answer, number: usize) -> String {
    identifier("fc_", 48, answer.identity.wrapping_add(number as u64)).to_ascii_lowercase()
}
