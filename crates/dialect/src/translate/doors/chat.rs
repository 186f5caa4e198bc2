//! OpenAI's chat completions as clients write them.

use std::borrow::Cow;

use crate::door::Door;
use crate::json::{Json, Value};
use crate::refusal::BadRequest;
use crate::translate::doors::chat_parts::{assistant_parts, user_parts};
use crate::translate::request::{
    Effort, Format, Part, Reasoning, Request, Speaker, Tool, ToolChoice, ToolResult, Turn, What, Wish,
};
use crate::translate::shape::{self, known, list, object, required, text};

/// Reads a chat request.
pub(crate) fn read<'j>(body: &'j Json<'_>, stream: bool) -> Result<Request<'j>, BadRequest> {
    let mut request = Request::new(Door::Chat, stream);
    for (position, message) in body
        .get("messages")
        .map(Json::items)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        request.turns.push(turn(message, position)?);
    }
    request.tools = tools(body)?;
    request.tool_choice = tool_choice(body)?;
    request.parallel_tools = shape::flag(body, "parallel_tool_calls")?;
    request.max_tokens =
        shape::integer(body, "max_completion_tokens")?.or(shape::integer(body, "max_tokens")?);
    request.temperature = shape::number(body, "temperature")?;
    request.top_p = shape::number(body, "top_p")?;
    request.seed = shape::number(body, "seed")?;
    request.presence_penalty = shape::number(body, "presence_penalty")?;
    request.frequency_penalty = shape::number(body, "frequency_penalty")?;
    request.choices = shape::integer(body, "n")?;
    request.stop = shape::texts(body, "stop")?;
    request.format = format(body.get("response_format"), "response_format")?;
    request.reasoning = reasoning(body)?;
    request.user = body
        .text_at("user")
        .or(body.text_at("safety_identifier"))
        .map(Cow::Borrowed);
    Ok(request)
}

fn turn<'j>(message: &'j Json<'_>, position: usize) -> Result<Turn<'j>, BadRequest> {
    let path = format!("messages[{position}]");
    let content = message.get("content");
    match required(message, &path, "role")? {
        "system" | "developer" => {
            known(message, &path, &["role", "content"])?;
            Ok(Turn {
                speaker: Speaker::System,
                parts: user_parts(content, Door::Chat, position)?,
            })
        }
        "user" => {
            known(message, &path, &["role", "content"])?;
            Ok(Turn {
                speaker: Speaker::User,
                parts: user_parts(content, Door::Chat, position)?,
            })
        }
        "assistant" => Ok(Turn {
            speaker: Speaker::Assistant,
            parts: assistant_parts(message, &path, position)?,
        }),
        role @ ("tool" | "function") => {
            known(message, &path, &["role", "content", "tool_call_id", "name"])?;
            let id = if role == "tool" {
                required(message, &path, "tool_call_id")?
            } else {
                required(message, &path, "name")?
            };
            let result = ToolResult {
                id: Cow::Borrowed(id),
                name: message.text_at("name").map(Cow::Borrowed),
                content: user_parts(content, Door::Chat, position)?,
                object: None,
                is_error: false,
            };
            Ok(Turn {
                speaker: Speaker::User,
                parts: vec![Part {
                    at: (position, 0),
                    what: What::Result(result),
                }],
            })
        }
        role => Err(BadRequest::invalid(
            format!("{path}.role"),
            format!("'{role}' is no role of a message"),
        )),
    }
}

fn tools<'j>(body: &'j Json<'_>) -> Result<Vec<Tool<'j>>, BadRequest> {
    let mut tools = Vec::new();
    for (field, inner) in [("tools", true), ("functions", false)] {
        let Some(declared) = body.get(field) else { continue };
        for (position, tool) in list(declared, field)?.iter().enumerate() {
            let path = format!("{field}[{position}]");
            let function = if inner { function_of(tool, &path)? } else { tool };
            tools.push(declaration(function, &path)?);
        }
    }
    Ok(tools)
}

fn function_of<'j, 'a>(tool: &'j Json<'a>, path: &str) -> Result<&'j Json<'a>, BadRequest> {
    let kind = required(tool, path, "type")?;
    if kind != "function" {
        let message = format!("The provider behind this model has no tools of type '{kind}'");
        return Err(BadRequest::unsupported(format!("{path}.type"), message));
    }
    known(tool, path, &["type", "function"])?;
    let function = tool.get("function");
    object(function.unwrap_or(tool), &format!("{path}.function"))
}

/// A function's declaration, which chat nests and responses do not.
pub(super) fn declaration<'j>(function: &'j Json<'_>, path: &str) -> Result<Tool<'j>, BadRequest> {
    known(
        function,
        path,
        &[
            "type",
            "name",
            "description",
            "parameters",
            "strict",
            "defer_loading",
        ],
    )?;
    Ok(Tool {
        name: Cow::Borrowed(required(function, path, "name")?),
        description: shape::optional(function, path, "description")?,
        schema: function
            .get("parameters")
            .map(|schema| object(schema, path).map(|schema| Cow::Borrowed(schema.raw)))
            .transpose()?,
        strict: shape::flag(function, "strict")?,
    })
}

fn tool_choice<'j>(body: &'j Json<'_>) -> Result<ToolChoice<'j>, BadRequest> {
    let Some(choice) = body.get("tool_choice").or(body.get("function_call")) else {
        return Ok(ToolChoice::Unsaid);
    };
    let named = |holder: &'j Json<'_>| required(holder, "tool_choice.function", "name").map(Cow::Borrowed);
    match (choice.text(), choice.text_at("type")) {
        (Some("auto"), _) => Ok(ToolChoice::Auto),
        (Some("none"), _) => Ok(ToolChoice::None),
        (Some("required"), _) => Ok(ToolChoice::Required),
        (None, Some("function")) => Ok(ToolChoice::Named(named(
            choice.get("function").unwrap_or(choice),
        )?)),
        (None, Some("allowed_tools")) => allowed_tools(choice.get("allowed_tools").unwrap_or(choice)),
        (None, None) if choice.get("name").is_some() => Ok(ToolChoice::Named(named(choice)?)),
        _ => Err(BadRequest::unsupported(
            "tool_choice",
            "The provider behind this model has no such 'tool_choice'",
        )),
    }
}

pub(super) fn allowed_tools<'j>(choice: &'j Json<'_>) -> Result<ToolChoice<'j>, BadRequest> {
    let mut names = Vec::new();
    for tool in choice.get("tools").map(Json::items).unwrap_or_default() {
        let function = tool.get("function").unwrap_or(tool);
        names.push(Cow::Borrowed(required(function, "tool_choice.tools", "name")?));
    }
    Ok(ToolChoice::Allowed {
        required: choice.text_at("mode") == Some("required"),
        names,
    })
}

/// `response_format`, and `text.format` of the Responses API, which lies flat.
pub(super) fn format<'j>(format: Option<&'j Json<'_>>, path: &str) -> Result<Format<'j>, BadRequest> {
    let Some(format) = format else {
        return Ok(Format::Free);
    };
    match required(format, path, "type")? {
        "text" => Ok(Format::Free),
        "json_object" => Ok(Format::Json),
        "json_schema" => {
            let inner = format.get("json_schema").unwrap_or(format);
            known(inner, path, &["type", "name", "schema", "strict", "description"])?;
            let Some(schema) = inner.get("schema").filter(|schema| schema.is_object()) else {
                return Err(BadRequest::wrong_type(
                    &format!("{path}.json_schema.schema"),
                    "an object",
                ));
            };
            Ok(Format::Schema {
                name: shape::optional(inner, path, "name")?,
                schema: Cow::Borrowed(schema.raw),
                strict: shape::flag(inner, "strict")?,
                description: shape::optional(inner, path, "description")?,
            })
        }
        kind => {
            let message = format!("The provider behind this model has no response format '{kind}'");
            Err(BadRequest::unsupported(path, message))
        }
    }
}

fn reasoning(body: &Json<'_>) -> Result<Reasoning, BadRequest> {
    let wish = match body.get("reasoning_effort") {
        None => Wish::Unsaid,
        Some(effort) => effort_named(text(effort, "reasoning_effort")?, "reasoning_effort")?,
    };
    Ok(Reasoning { wish, shown: false })
}

pub(super) fn effort_named(effort: &str, path: &str) -> Result<Wish, BadRequest> {
    match Effort::named(effort) {
        _ if effort == "none" => Ok(Wish::Off),
        Some(effort) => Ok(Wish::Level(effort)),
        None => Err(BadRequest::invalid(
            path,
            format!("'{effort}' is no reasoning effort"),
        )),
    }
}

/// An empty array or null holds nothing.
pub(super) fn holds_something(value: Option<&Json<'_>>) -> bool {
    value.is_some_and(|value| !matches!(&value.value, Value::List(items) if items.is_empty()))
}
