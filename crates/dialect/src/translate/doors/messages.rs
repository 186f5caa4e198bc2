//! Anthropic's Messages API as clients write it.

use std::borrow::Cow;

use crate::door::Door;
use crate::json::Json;
use crate::refusal::BadRequest;
use crate::translate::doors::messages_parts::blocks;
use crate::translate::request::{
    Format, Part, Reasoning, Request, Speaker, Tool, ToolChoice, Turn, What, Wish,
};
use crate::translate::shape::{self, known, list, object, required, text};

/// Reads a request for a message, or for its count of tokens.
pub(crate) fn read<'j>(
    body: &'j Json<'_>,
    stream: bool,
    adapted: &mut Vec<&'static str>,
) -> Result<Request<'j>, BadRequest> {
    let mut request = Request::new(Door::Messages, stream);
    if body.raw.contains("\"cache_control\"") {
        adapted.push("cache_control");
    }
    request.turns.extend(system(body)?);
    for (position, message) in body
        .get("messages")
        .map(Json::items)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        let path = format!("messages[{position}]");
        known(message, &path, &["role", "content"])?;
        let speaker = match required(message, &path, "role")? {
            "user" => Speaker::User,
            "assistant" => Speaker::Assistant,
            "system" => Speaker::System,
            role => {
                return Err(BadRequest::invalid(
                    format!("{path}.role"),
                    format!("'{role}' is no role of a message"),
                ));
            }
        };
        let parts = blocks(message.get("content"), position)?;
        request.turns.push(Turn { speaker, parts });
    }
    request.tools = tools(body)?;
    (request.tool_choice, request.parallel_tools) = tool_choice(body)?;
    request.max_tokens = shape::integer(body, "max_tokens")?;
    request.temperature = shape::number(body, "temperature")?;
    request.top_p = shape::number(body, "top_p")?;
    request.top_k = shape::number(body, "top_k")?;
    request.stop = shape::texts(body, "stop_sequences")?;
    if let Some(config) = body.get("output_config") {
        known(config, "output_config", &["effort", "format"])?;
        request.format = format(config)?;
    }
    request.reasoning = reasoning(body)?;
    if let Some(metadata) = body.get("metadata") {
        known(metadata, "metadata", &["user_id"])?;
        request.user = metadata.text_at("user_id").map(Cow::Borrowed);
    }
    Ok(request)
}

fn system<'j>(body: &'j Json<'_>) -> Result<Option<Turn<'j>>, BadRequest> {
    let Some(system) = body.get("system") else {
        return Ok(None);
    };
    let at = (0, 0);
    let text_part = |words: &'j str| Part {
        at,
        what: What::Text(Cow::Borrowed(words)),
    };
    let parts = match system.text() {
        Some(words) => vec![text_part(words)],
        None => {
            let blocks = list(system, "system")?.iter();
            blocks
                .map(|block| required(block, "system", "text").map(text_part))
                .collect::<Result<_, _>>()?
        }
    };
    Ok(Some(Turn {
        speaker: Speaker::System,
        parts,
    }))
}

fn tools<'j>(body: &'j Json<'_>) -> Result<Vec<Tool<'j>>, BadRequest> {
    let mut tools = Vec::new();
    let Some(declared) = body.get("tools") else {
        return Ok(tools);
    };
    for (position, tool) in list(declared, "tools")?.iter().enumerate() {
        let path = format!("tools[{position}]");
        if let Some(kind) = tool.text_at("type").filter(|kind| *kind != "custom") {
            let message = format!("The provider behind this model has no tools of type '{kind}'");
            return Err(BadRequest::unsupported(format!("{path}.type"), message));
        }
        let names = [
            "type",
            "name",
            "description",
            "input_schema",
            "strict",
            "cache_control",
            "eager_input_streaming",
        ];
        known(tool, &path, &names)?;
        tools.push(Tool {
            name: Cow::Borrowed(required(tool, &path, "name")?),
            description: shape::optional(tool, &path, "description")?,
            schema: tool
                .get("input_schema")
                .map(|schema| object(schema, &path).map(|schema| Cow::Borrowed(schema.raw)))
                .transpose()?,
            strict: shape::flag(tool, "strict")?,
        });
    }
    Ok(tools)
}

fn tool_choice<'j>(body: &'j Json<'_>) -> Result<(ToolChoice<'j>, Option<bool>), BadRequest> {
    let Some(choice) = body.get("tool_choice") else {
        return Ok((ToolChoice::Unsaid, None));
    };
    known(
        choice,
        "tool_choice",
        &["type", "name", "disable_parallel_tool_use"],
    )?;
    let kind = match required(choice, "tool_choice", "type")? {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Named(Cow::Borrowed(required(choice, "tool_choice", "name")?)),
        other => {
            return Err(BadRequest::invalid(
                "tool_choice.type",
                format!("'{other}' is no tool choice"),
            ));
        }
    };
    Ok((
        kind,
        shape::flag(choice, "disable_parallel_tool_use")?.map(|disabled| !disabled),
    ))
}

fn format<'j>(config: &'j Json<'_>) -> Result<Format<'j>, BadRequest> {
    let Some(format) = config.get("format") else {
        return Ok(Format::Free);
    };
    match (
        required(format, "output_config.format", "type")?,
        format.get("schema"),
    ) {
        ("json_schema", Some(schema)) if schema.is_object() => Ok(Format::Schema {
            name: None,
            schema: Cow::Borrowed(schema.raw),
            strict: Some(true),
            description: None,
        }),
        _ => Err(BadRequest::invalid(
            "output_config.format",
            "'output_config.format' must be a JSON schema",
        )),
    }
}

fn reasoning(body: &Json<'_>) -> Result<Reasoning, BadRequest> {
    let effort = body.get("output_config").and_then(|config| config.get("effort"));
    let effort = effort
        .map(|effort| text(effort, "output_config.effort"))
        .transpose()?;
    let effort = effort
        .map(|effort| super::chat::effort_named(effort, "output_config.effort"))
        .transpose()?;
    let Some(thinking) = body.get("thinking") else {
        return Ok(Reasoning {
            wish: effort.unwrap_or_default(),
            shown: false,
        });
    };
    let shown = thinking.text_at("display") != Some("omitted");
    let wish = match required(thinking, "thinking", "type")? {
        "disabled" => {
            return Ok(Reasoning {
                wish: Wish::Off,
                shown: false,
            });
        }
        "adaptive" => effort.unwrap_or(Wish::Adaptive),
        "enabled" => match thinking.integer_at("budget_tokens") {
            Some(tokens) => effort.unwrap_or(Wish::Budget(tokens)),
            None => return Err(BadRequest::wrong_type("thinking.budget_tokens", "a whole number")),
        },
        other => {
            return Err(BadRequest::invalid(
                "thinking.type",
                format!("'{other}' is no kind of thinking"),
            ));
        }
    };
    Ok(Reasoning { wish, shown })
}
