//! `:generateContent` and its relatives: the request, and the answer in one piece.
//!
//! This vendor takes its field names in camel case and in snake case, and refuses names it does not know.

use serde_json::{Value, json};

use super::strictness::check_parameters;
use super::{finish_reason, function_call_part, response_id, usage};
use crate::vendors::answer::Answer;
use crate::vendors::ask::{
    Ask, Complaint, Prompt, TextForm, Tool, ToolUse, choices_of, list_of, text_of, texts_of,
};

const KNOWN_FIELDS: [&str; 10] = [
    "cachedContent",
    "contents",
    "generateContentRequest",
    "generationConfig",
    "labels",
    "safetySettings",
    "serviceTier",
    "systemInstruction",
    "toolConfig",
    "tools",
];

pub(in crate::vendors) fn read(model: &str, body: &Value) -> Result<Ask, Complaint> {
    let body = &in_camel_case(body);
    let fields = body.as_object().into_iter().flat_map(|object| object.keys());
    if let Some(unknown) = fields
        .into_iter()
        .find(|field| !KNOWN_FIELDS.contains(&field.as_str()))
    {
        let message =
            format!("Invalid JSON payload received. Unknown name \"{unknown}\": Cannot find field.");
        return Err(Complaint::about(unknown, message));
    }
    let mut ask = Ask::new(model.to_owned(), read_contents(body)?);
    let empty = json!({});
    let config = in_camel_case(body.get("generationConfig").unwrap_or(&empty));
    ask.max_tokens = config.get("maxOutputTokens").and_then(Value::as_u64);
    ask.stop = texts_of(&config, "stopSequences");
    let choices = choices_of(&config, "candidateCount");
    ask.choices = choices.ok_or_else(|| Complaint::about("candidateCount", "Invalid candidateCount."))?;
    ask.text_form = text_form(&config);
    ask.tools = read_tools(body)?;
    let tool_config = in_camel_case(body.get("toolConfig").unwrap_or(&empty));
    ask.tool_use = read_tool_use(&in_camel_case(
        tool_config.get("functionCallingConfig").unwrap_or(&empty),
    ));
    Ok(ask)
}

pub(in crate::vendors) fn whole(answer: &Answer) -> Value {
    let candidates = answer.choices.iter().enumerate().map(|(index, choice)| {
        let mut parts: Vec<Value> = Vec::new();
        if choice.text_tokens() > 0 || choice.tool_calls.is_empty() {
            parts.push(json!({"text": choice.text}));
        }
        parts.extend((0..choice.tool_calls.len()).map(|number| function_call_part(answer, index, number)));
        json!({"content": {"parts": parts, "role": "model"}, "finishReason": finish_reason(choice), "index": index})
    });
    json!({
        "candidates": candidates.collect::<Vec<_>>(), "usageMetadata": usage(answer, answer.output_tokens),
        "modelVersion": answer.model, "responseId": response_id(answer),
    })
}

/// The body of `:countTokens`, which may also hold a whole request.
pub(in crate::vendors) fn count(model: &str, body: &Value) -> Result<(Value, u64), Complaint> {
    let nested = in_camel_case(body).get("generateContentRequest").cloned();
    let mut counted = nested.unwrap_or_else(|| body.clone());
    if let Value::Object(counted) = &mut counted {
        counted.shift_remove("model");
    }
    let tokens = read(model, &counted)?.prompt_tokens();
    let details = json!([{"modality": "TEXT", "tokenCount": tokens}]);
    Ok((json!({"totalTokens": tokens, "promptTokensDetails": details}), 0))
}

fn read_contents(body: &Value) -> Result<Prompt, Complaint> {
    let mut prompt = Prompt::default();
    if let Some(system) = body.get("systemInstruction") {
        prompt.begin_turn();
        list_of(system, "parts")
            .iter()
            .for_each(|part| add_part(&mut prompt, part));
    }
    let contents = list_of(body, "contents");
    if contents.is_empty() {
        return Err(Complaint::about(
            "contents",
            "* GenerateContentRequest.contents: contents is not specified",
        ));
    }
    for content in contents {
        if !matches!(
            text_of(content, "role"),
            None | Some("user" | "model" | "function")
        ) {
            return Err(Complaint::about(
                "contents",
                "Please use a valid role: user, model.",
            ));
        }
        prompt.begin_turn();
        list_of(content, "parts")
            .iter()
            .for_each(|part| add_part(&mut prompt, part));
    }
    Ok(prompt)
}

fn add_part(prompt: &mut Prompt, part: &Value) {
    let part = in_camel_case(part);
    if let Some(text) = text_of(&part, "text") {
        prompt.add_text(text);
    } else if let Some(call) = part.get("functionCall") {
        prompt.add_text(text_of(call, "name").unwrap_or(""));
        prompt.add_text(&call.get("args").cloned().unwrap_or_default().to_string());
    } else if let Some(result) = part.get("functionResponse") {
        prompt.add_text(&result.get("response").cloned().unwrap_or_default().to_string());
        prompt.mark_tool_result();
    } else {
        prompt.add_attachment();
    }
}

fn text_form(config: &Value) -> TextForm {
    let schema = config.get("responseJsonSchema").or(config.get("responseSchema"));
    match (schema, text_of(config, "responseMimeType")) {
        (Some(schema), _) => TextForm::Json(schema.clone()),
        (None, Some("application/json")) => TextForm::AnyJson,
        (None, _) => TextForm::Plain,
    }
}

/// The declared functions; the vendor's own tools are not run here.
fn read_tools(body: &Value) -> Result<Vec<Tool>, Complaint> {
    let mut tools = Vec::new();
    for (number, tool) in list_of(body, "tools").iter().enumerate() {
        for (function_number, function) in list_of(&in_camel_case(tool), "functionDeclarations")
            .iter()
            .enumerate()
        {
            let function = in_camel_case(function);
            let subset = function.get("parameters");
            let path = format!("tools[{number}].function_declarations[{function_number}]");
            check_parameters(subset.unwrap_or(&Value::Null), &format!("{path}.parameters"))?;
            let Some(name) = text_of(&function, "name").filter(|name| !name.is_empty()) else {
                return Err(Complaint::about(
                    "tools",
                    format!("* GenerateContentRequest.{path}.name: cannot be empty"),
                ));
            };
            let parameters = function
                .get("parametersJsonSchema")
                .or(subset)
                .cloned()
                .unwrap_or_default();
            tools.push(Tool {
                name: name.to_owned(),
                parameters,
            });
        }
    }
    Ok(tools)
}

fn read_tool_use(config: &Value) -> ToolUse {
    let allowed = texts_of(config, "allowedFunctionNames");
    match (
        text_of(config, "mode")
            .unwrap_or("AUTO")
            .to_ascii_uppercase()
            .as_str(),
        allowed.as_slice(),
    ) {
        ("NONE", _) => ToolUse::Never,
        ("ANY", [only]) => ToolUse::Named(only.clone()),
        ("ANY", _) => ToolUse::Required,
        _ => ToolUse::Auto,
    }
}

/// The object with the names of its own members in camel case; what lies deeper stays as it is.
fn in_camel_case(object: &Value) -> Value {
    let Value::Object(members) = object else {
        return object.clone();
    };
    let renamed = members
        .iter()
        .map(|(name, value)| (camel_case(name), value.clone()));
    Value::Object(renamed.collect())
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or("").to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}
