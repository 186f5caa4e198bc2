//! `POST /v1/chat/completions`: the request, and the answer in one piece. Events are in `chat_events`.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::strictness::check_chat_request;
use super::{
    add_content, check_named_tool, fingerprint, finish_reason, model_of, text_form_of, tool_use_of, turns_of,
};
use crate::vendors::answer::{Answer, Choice};
use crate::vendors::ask::{Ask, Complaint, Prompt, Tool, choices_of, list_of, text_of, texts_of};

pub(in crate::vendors) fn read(body: &Value) -> Result<Ask, Complaint> {
    let model = model_of(body)?;
    check_chat_request(&model, body)?;
    let mut ask = Ask::new(model, read_messages(turns_of(body, "messages")?)?);
    ask.stream = body.get("stream").and_then(Value::as_bool).unwrap_or(false);
    if body
        .get("stream_options")
        .is_some_and(|options| !options.is_null())
        && !ask.stream
    {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Complaint::about("stream_options", message));
    }
    ask.include_usage = body
        .pointer("/stream_options/include_usage")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    ask.max_tokens = body
        .get("max_completion_tokens")
        .or(body.get("max_tokens"))
        .and_then(Value::as_u64);
    ask.stop = texts_of(body, "stop");
    ask.tools = list_of(body, "tools")
        .iter()
        .map(read_tool)
        .collect::<Result<_, _>>()?;
    ask.tool_use = tool_use_of(body, |choice| {
        choice.pointer("/function/name").and_then(Value::as_str)
    })?;
    ask.parallel_tools = body
        .get("parallel_tool_calls")
        .and_then(Value::as_bool)
        .unwrap_or(true);
    let format = body.get("response_format");
    ask.text_form = text_form_of(
        format,
        format.and_then(|format| format.pointer("/json_schema/schema")),
    );
    let range = || Complaint::about("n", "Invalid 'n': expected an integer from 1 to 128.");
    ask.choices = choices_of(body, "n").ok_or_else(range)?;
    check_named_tool(&ask)?;
    Ok(ask)
}

pub(in crate::vendors) fn whole(answer: &Answer) -> Value {
    let choices = answer.choices.iter().enumerate();
    let choices: Vec<Value> = choices
        .map(|(index, choice)| whole_choice(answer, index, choice))
        .collect();
    json!({
        "id": answer.id("chatcmpl-", 29),
        "object": "chat.completion",
        "created": answer.created,
        "model": answer.model,
        "choices": choices,
        "usage": usage(answer),
        "service_tier": "default",
        "system_fingerprint": fingerprint(answer),
    })
}

pub(super) fn usage(answer: &Answer) -> Value {
    json!({
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.prompt_tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    })
}

fn whole_choice(answer: &Answer, index: usize, choice: &Choice) -> Value {
    let calls = choice.tool_calls.iter().enumerate().map(|(number, call)| {
        json!({"id": answer.tool_call_id("call_", index, number), "type": "function",
            "function": {"name": call.name, "arguments": call.arguments_text}})
    });
    let mut message =
        json!({"role": "assistant", "content": choice.text, "refusal": null, "annotations": []});
    if let (Value::Object(message), false) = (&mut message, choice.tool_calls.is_empty()) {
        message.insert("content".to_owned(), Value::Null);
        message.insert("tool_calls".to_owned(), calls.collect());
    }
    json!({"index": index, "message": message, "logprobs": null, "finish_reason": finish_reason(&choice.finish)})
}

fn read_messages(messages: &[Value]) -> Result<Prompt, Complaint> {
    let mut prompt = Prompt::default();
    let mut open_calls = HashSet::new();
    for (number, message) in messages.iter().enumerate() {
        prompt.begin_turn();
        add_content(&mut prompt, message.get("content"));
        match text_of(message, "role").unwrap_or("") {
            "system" | "developer" | "user" => {}
            "assistant" => {
                for call in list_of(message, "tool_calls") {
                    open_calls.extend(text_of(call, "id"));
                    prompt.add_text(
                        call.pointer("/function/name")
                            .and_then(Value::as_str)
                            .unwrap_or(""),
                    );
                    prompt.add_text(
                        call.pointer("/function/arguments")
                            .and_then(Value::as_str)
                            .unwrap_or(""),
                    );
                }
            }
            "tool" => {
                if !text_of(message, "tool_call_id").is_some_and(|id| open_calls.contains(id)) {
                    let message = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'.";
                    return Err(Complaint::about(&format!("messages.[{number}].role"), message));
                }
                prompt.mark_tool_result();
            }
            "function" => prompt.mark_tool_result(),
            other => {
                let message = format!(
                    "Invalid value: '{other}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'."
                );
                return Err(Complaint::about(&format!("messages[{number}].role"), message));
            }
        }
    }
    Ok(prompt)
}

fn read_tool(tool: &Value) -> Result<Tool, Complaint> {
    // Custom tools have another member and take free text; their schema is empty here.
    let function = tool.get("function").or(tool.get("custom")).unwrap_or(tool);
    match text_of(function, "name") {
        Some(name) => Ok(Tool {
            name: name.to_owned(),
            parameters: function.get("parameters").cloned().unwrap_or_default(),
        }),
        None => Err(Complaint::about(
            "tools[0].function.name",
            "Missing required parameter: 'tools[0].function.name'.",
        )),
    }
}
