//! Gemini's dialect: the model and the method stand in the path, streams are their own method.

pub(super) mod embeddings;
pub(super) mod events;
pub(super) mod generate;
mod strictness;

use serde_json::{Value, json};

use super::answer::{Answer, Choice, Finish};

fn finish_reason(choice: &Choice) -> &'static str {
    match choice.finish {
        // Function calls have no reason of their own at this vendor.
        Finish::Stop | Finish::StopSequence(_) | Finish::ToolCalls => "STOP",
        Finish::Length => "MAX_TOKENS",
    }
}

fn response_id(answer: &Answer) -> String {
    answer.id("", 22)
}

fn usage(answer: &Answer, output_tokens: u64) -> Value {
    json!({
        "promptTokenCount": answer.prompt_tokens, "candidatesTokenCount": output_tokens,
        "totalTokenCount": answer.prompt_tokens + output_tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": answer.prompt_tokens}],
    })
}

fn function_call_part(answer: &Answer, choice: usize, number: usize) -> Value {
    let call = answer
        .choices
        .get(choice)
        .and_then(|choice| choice.tool_calls.get(number));
    let Some(call) = call else { return Value::Null };
    json!({"functionCall": {"name": call.name, "args": call.arguments}})
}

/// The list of models as this vendor writes it.
pub(super) fn model_list<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    json!({"models": names.map(model).collect::<Vec<_>>()})
}

pub(super) fn model(name: &str) -> Value {
    json!({
        "name": format!("models/{name}"), "version": "001", "displayName": name,
        "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    })
}
