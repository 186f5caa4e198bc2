//! OpenAI's Responses API as clients write it, for vendors that do not have it. Such vendors remember nothing,
//! so a request must bring its whole conversation.

use std::borrow::Cow;

use crate::door::Door;
use crate::json::Json;
use crate::refusal::BadRequest;
use crate::translate::doors::chat::{allowed_tools, declaration, effort_named, format};
use crate::translate::doors::responses_items::push_item;
use crate::translate::request::{
    Format, Part, Reasoning, Request, Speaker, Tool, ToolChoice, Turn, What, Wish,
};
use crate::translate::shape::{self, known, list, required, text};

/// Reads a request for a response.
pub(crate) fn read<'j>(body: &'j Json<'_>, stream: bool) -> Result<Request<'j>, BadRequest> {
    let mut request = Request::new(Door::Responses, stream);
    if let Some(instructions) = body.get("instructions") {
        let words = text(instructions, "instructions")?;
        let part = Part {
            at: (0, 0),
            what: What::Text(Cow::Borrowed(words)),
        };
        request.turns.push(Turn {
            speaker: Speaker::System,
            parts: vec![part],
        });
    }
    match body.get("input") {
        None => return Err(BadRequest::invalid("input", "'input' is required")),
        Some(input) => match input.text() {
            Some(words) => {
                let part = Part {
                    at: (0, 0),
                    what: What::Text(Cow::Borrowed(words)),
                };
                request.turns.push(Turn {
                    speaker: Speaker::User,
                    parts: vec![part],
                });
            }
            None => {
                for (position, item) in list(input, "input")?.iter().enumerate() {
                    push_item(item, position, &mut request.turns)?;
                }
            }
        },
    }
    request.tools = tools(body)?;
    request.tool_choice = tool_choice(body)?;
    request.parallel_tools = shape::flag(body, "parallel_tool_calls")?;
    request.max_tokens = shape::integer(body, "max_output_tokens")?;
    request.temperature = shape::number(body, "temperature")?;
    request.top_p = shape::number(body, "top_p")?;
    request.format = text_format(body)?;
    request.reasoning = reasoning(body)?;
    request.user = body
        .text_at("user")
        .or(body.text_at("safety_identifier"))
        .map(Cow::Borrowed);
    Ok(request)
}

fn text_format<'j>(body: &'j Json<'_>) -> Result<Format<'j>, BadRequest> {
    let Some(text) = body.get("text") else {
        return Ok(Format::Free);
    };
    known(text, "text", &["format", "verbosity"])?;
    if text
        .text_at("verbosity")
        .is_some_and(|verbosity| verbosity != "medium")
    {
        let message = "The provider behind this model has no equal of 'text.verbosity'";
        return Err(BadRequest::unsupported("text.verbosity", message));
    }
    format(text.get("format"), "text.format")
}

fn tools<'j>(body: &'j Json<'_>) -> Result<Vec<Tool<'j>>, BadRequest> {
    let mut tools = Vec::new();
    let Some(declared) = body.get("tools") else {
        return Ok(tools);
    };
    for (position, tool) in list(declared, "tools")?.iter().enumerate() {
        let path = format!("tools[{position}]");
        let kind = required(tool, &path, "type")?;
        if kind != "function" {
            let message = format!("The provider behind this model has no tools of type '{kind}'");
            return Err(BadRequest::unsupported(format!("{path}.type"), message));
        }
        tools.push(declaration(tool, &path)?);
    }
    Ok(tools)
}

fn tool_choice<'j>(body: &'j Json<'_>) -> Result<ToolChoice<'j>, BadRequest> {
    let Some(choice) = body.get("tool_choice") else {
        return Ok(ToolChoice::Unsaid);
    };
    match (choice.text(), choice.text_at("type")) {
        (Some("auto"), _) => Ok(ToolChoice::Auto),
        (Some("none"), _) => Ok(ToolChoice::None),
        (Some("required"), _) => Ok(ToolChoice::Required),
        (None, Some("function")) => Ok(ToolChoice::Named(Cow::Borrowed(required(
            choice,
            "tool_choice",
            "name",
        )?))),
        (None, Some("allowed_tools")) => allowed_tools(choice),
        _ => Err(BadRequest::unsupported(
            "tool_choice",
            "The provider behind this model has no such 'tool_choice'",
        )),
    }
}

fn reasoning(body: &Json<'_>) -> Result<Reasoning, BadRequest> {
    let Some(reasoning) = body.get("reasoning") else {
        return Ok(Reasoning::default());
    };
    known(reasoning, "reasoning", &["effort", "summary", "generate_summary"])?;
    let shown = reasoning
        .get("summary")
        .or(reasoning.get("generate_summary"))
        .is_some();
    let wish = match reasoning.get("effort") {
        None => Wish::Unsaid,
        Some(effort) => effort_named(text(effort, "reasoning.effort")?, "reasoning.effort")?,
    };
    Ok(Reasoning { wish, shown })
}
