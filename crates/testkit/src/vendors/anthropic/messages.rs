//! `POST /v1/messages`: the request, and the answer in one piece. Events are in `events`.

use serde_json::{Value, json};

use super::strictness::{check_message, check_request};
use super::{message_id, stop_reason};
use crate::vendors::answer::Answer;
use crate::vendors::ask::{Ask, Complaint, Prompt, TextForm, Tool, ToolUse, list_of, text_of, texts_of};

pub(in crate::vendors) fn read(body: &Value) -> Result<Ask, Complaint> {
    let ask = read_countable(body)?;
    if ask.max_tokens.is_none() {
        return Err(Complaint::about("max_tokens", "max_tokens: Field required"));
    }
    Ok(ask)
}

/// A request as `count_tokens` takes it: without a limit on the answer.
pub(in crate::vendors) fn read_countable(body: &Value) -> Result<Ask, Complaint> {
    check_request(body)?;
    let Some(model) = text_of(body, "model") else {
        return Err(Complaint::about("model", "model: Field required"));
    };
    let mut prompt = Prompt::default();
    if body.get("system").is_some() {
        prompt.begin_turn();
        add_blocks(&mut prompt, body.get("system"));
    }
    for (number, message) in list_of(body, "messages").iter().enumerate() {
        check_message(number, message)?;
        prompt.begin_turn();
        add_blocks(&mut prompt, message.get("content"));
    }
    let mut ask = Ask::new(model.to_owned(), prompt);
    ask.stream = body.get("stream").and_then(Value::as_bool).unwrap_or(false);
    ask.max_tokens = body.get("max_tokens").and_then(Value::as_u64);
    ask.stop = texts_of(body, "stop_sequences");
    ask.tools = list_of(body, "tools").iter().filter_map(read_tool).collect();
    ask.tool_use = read_tool_choice(body.get("tool_choice"))?;
    let only_one = body
        .pointer("/tool_choice/disable_parallel_tool_use")
        .and_then(Value::as_bool);
    ask.parallel_tools = !only_one.unwrap_or(false);
    if let Some(schema) = body.pointer("/output_config/format/schema") {
        ask.text_form = TextForm::Json(schema.clone());
    }
    Ok(ask)
}

pub(in crate::vendors) fn whole(answer: &Answer) -> Value {
    let Some(choice) = answer.choices.first() else {
        return Value::Null;
    };
    let mut content = Vec::new();
    if choice.text_tokens() > 0 {
        content.push(json!({"type": "text", "text": choice.text}));
    }
    content.extend(choice.tool_calls.iter().enumerate().map(|(number, call)| {
        let id = answer.tool_call_id("toolu_", 0, number);
        json!({"type": "tool_use", "id": id, "name": call.name, "input": call.arguments})
    }));
    let (reason, sequence) = stop_reason(choice);
    message(answer, content, Some(reason), sequence, answer.output_tokens)
}

/// The message object: complete, or empty at the start of a stream.
pub(super) fn message(
    answer: &Answer,
    content: Vec<Value>,
    stop_reason: Option<&str>,
    stop_sequence: Option<&str>,
    output_tokens: u64,
) -> Value {
    json!({
        "id": message_id(answer), "type": "message", "role": "assistant", "model": answer.model,
        "content": content, "stop_reason": stop_reason, "stop_sequence": stop_sequence,
        "usage": {
            "input_tokens": answer.prompt_tokens, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": output_tokens, "service_tier": "standard",
        },
    })
}

fn add_blocks(prompt: &mut Prompt, content: Option<&Value>) {
    match content {
        Some(Value::String(text)) => prompt.add_text(text),
        Some(Value::Array(blocks)) => blocks.iter().for_each(|block| add_block(prompt, block)),
        _ => {}
    }
}

fn add_block(prompt: &mut Prompt, block: &Value) {
    match text_of(block, "type") {
        Some("text") => prompt.add_text(text_of(block, "text").unwrap_or("")),
        Some("tool_use") => {
            prompt.add_text(text_of(block, "name").unwrap_or(""));
            prompt.add_text(&block.get("input").cloned().unwrap_or_default().to_string());
        }
        Some("tool_result") => {
            add_blocks(prompt, block.get("content"));
            prompt.mark_tool_result();
        }
        Some("image" | "document") => prompt.add_attachment(),
        _ => {}
    }
}

/// The vendor's own tools have a type and no schema; the simulator does not run them.
fn read_tool(tool: &Value) -> Option<Tool> {
    let parameters = tool.get("input_schema")?.clone();
    Some(Tool {
        name: text_of(tool, "name")?.to_owned(),
        parameters,
    })
}

fn read_tool_choice(choice: Option<&Value>) -> Result<ToolUse, Complaint> {
    match choice.map(|choice| (text_of(choice, "type"), text_of(choice, "name"))) {
        None | Some((Some("auto"), _)) => Ok(ToolUse::Auto),
        Some((Some("none"), _)) => Ok(ToolUse::Never),
        Some((Some("any"), _)) => Ok(ToolUse::Required),
        Some((Some("tool"), Some(name))) => Ok(ToolUse::Named(name.to_owned())),
        Some(_) => Err(Complaint::about(
            "tool_choice",
            "tool_choice: Input does not match any of the expected tags",
        )),
    }
}
