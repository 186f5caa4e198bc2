//! `POST /v1/responses`: the request, and the answer in one piece.

use serde_json::{Value, json};

use super::responses_items::{message_item, tool_call_item};
use super::{add_content, check_named_tool, model_of, text_form_of, tool_use_of};
use crate::vendors::answer::{Answer, Finish};
use crate::vendors::ask::{Ask, Complaint, Prompt, Tool, list_of, text_of};

pub(in crate::vendors) fn read(body: &Value) -> Result<Ask, Complaint> {
    let model = model_of(body)?;
    let mut ask = Ask::new(model, read_input(body)?);
    ask.stream = body.get("stream").and_then(Value::as_bool).unwrap_or(false);
    ask.max_tokens = body.get("max_output_tokens").and_then(Value::as_u64);
    let functions = list_of(body, "tools")
        .iter()
        .filter(|tool| text_of(tool, "type") == Some("function"));
    ask.tools = functions.map(read_tool).collect::<Result<_, _>>()?;
    ask.tool_use = tool_use_of(body, |choice| text_of(choice, "name"))?;
    ask.parallel_tools = body
        .get("parallel_tool_calls")
        .and_then(Value::as_bool)
        .unwrap_or(true);
    let format = body.pointer("/text/format");
    ask.text_form = text_form_of(format, format.and_then(|format| format.get("schema")));
    check_named_tool(&ask)?;
    Ok(ask)
}

pub(in crate::vendors) fn whole(answer: &Answer) -> Value {
    let length = answer
        .choices
        .first()
        .is_some_and(|choice| choice.finish == Finish::Length);
    let status = if length { "incomplete" } else { "completed" };
    response(answer, status, finished_output(answer), usage(answer))
}

/// The response object in one of its states.
pub(super) fn response(answer: &Answer, status: &str, output: Vec<Value>, usage: Value) -> Value {
    let incomplete = (status == "incomplete").then(|| json!({"reason": "max_output_tokens"}));
    json!({
        "id": response_id(answer), "object": "response", "created_at": answer.created, "status": status,
        "background": false, "error": null, "incomplete_details": incomplete, "instructions": null,
        "max_output_tokens": null, "max_tool_calls": null, "model": answer.model, "output": output,
        "parallel_tool_calls": true, "previous_response_id": null, "prompt_cache_key": null,
        "reasoning": {"effort": null, "summary": null}, "safety_identifier": null, "service_tier": "default",
        "store": true, "temperature": 1.0, "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto", "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled",
        "usage": usage, "user": null, "metadata": {},
    })
}

pub(super) fn usage(answer: &Answer) -> Value {
    json!({
        "input_tokens": answer.prompt_tokens, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": answer.output_tokens, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": answer.prompt_tokens + answer.output_tokens,
    })
}

/// All items of the answer as they look at its end.
pub(super) fn finished_output(answer: &Answer) -> Vec<Value> {
    let Some(choice) = answer.choices.first() else {
        return Vec::new();
    };
    if choice.tool_calls.is_empty() {
        let status = if choice.finish == Finish::Length {
            "incomplete"
        } else {
            "completed"
        };
        return vec![message_item(answer, status, Some(&choice.text))];
    }
    let calls = choice.tool_calls.iter().enumerate();
    calls
        .map(|(number, call)| tool_call_item(answer, number, "completed", call, &call.arguments_text))
        .collect()
}

fn response_id(answer: &Answer) -> String {
    answer.id("resp_", 48).to_ascii_lowercase()
}

fn read_input(body: &Value) -> Result<Prompt, Complaint> {
    let mut prompt = Prompt::default();
    if let Some(instructions) = text_of(body, "instructions") {
        prompt.begin_turn();
        prompt.add_text(instructions);
    }
    match body.get("input") {
        Some(Value::String(text)) => {
            prompt.begin_turn();
            prompt.add_text(text);
        }
        Some(Value::Array(items)) if !items.is_empty() => {
            for (number, item) in items.iter().enumerate() {
                read_item(&mut prompt, number, item)?;
            }
        }
        _ => return Err(Complaint::about("input", "Missing required parameter: 'input'.")),
    }
    Ok(prompt)
}

fn read_item(prompt: &mut Prompt, number: usize, item: &Value) -> Result<(), Complaint> {
    prompt.begin_turn();
    match text_of(item, "type").unwrap_or("message") {
        "message" => add_content(prompt, item.get("content")),
        "function_call" => {
            prompt.add_text(text_of(item, "name").unwrap_or(""));
            prompt.add_text(text_of(item, "arguments").unwrap_or(""));
        }
        "function_call_output" => {
            add_content(prompt, item.get("output"));
            prompt.mark_tool_result();
        }
        "reasoning" | "item_reference" => {}
        other => {
            let param = format!("input[{number}].type");
            return Err(Complaint::about(&param, format!("Invalid value: '{other}'.")));
        }
    }
    Ok(())
}

fn read_tool(tool: &Value) -> Result<Tool, Complaint> {
    match text_of(tool, "name") {
        Some(name) => Ok(Tool {
            name: name.to_owned(),
            parameters: tool.get("parameters").cloned().unwrap_or_default(),
        }),
        None => Err(Complaint::about(
            "tools[0].name",
            "Missing required parameter: 'tools[0].name'.",
        )),
    }
}
