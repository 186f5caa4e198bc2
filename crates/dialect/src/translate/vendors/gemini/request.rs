//! A request in Google's words.

use super::turns;
use crate::door::Door;
use crate::json::Writer;
use crate::refusal::BadRequest;
use crate::translate::request::{Effort, Format, Request, ToolChoice, Wish};

pub(crate) fn write(
    request: &Request<'_>,
    model: &str,
    counts_only: bool,
    adapted: &mut Vec<&'static str>,
) -> Result<Vec<u8>, BadRequest> {
    one_call_at_most(request, adapted)?;
    if request.tools.iter().any(|tool| tool.strict == Some(true)) {
        adapted.push("tools");
    }
    let thinking = thinking(request, model, adapted);
    let mut result = Ok(());
    let mut out = Vec::new();
    Writer::new(&mut out).object(|body| {
        if counts_only {
            // Counting takes a whole request inside `generateContentRequest`, which names its model again.
            body.key("generateContentRequest").object(|inner| {
                inner.field(
                    "model",
                    &if model.contains('/') {
                        model.to_owned()
                    } else {
                        format!("models/{model}")
                    },
                );
                result = turns::write(request, inner, adapted);
                tools(request, inner);
            });
        } else {
            result = turns::write(request, body, adapted);
            tools(request, body);
            generation_config(request, thinking, body);
        }
    });
    result.map(|()| out)
}

/// Google's API has no switch against several calls in one answer. Where only one function can be called, the
/// decoder keeps the promise by giving the first call and leaving out others; between several functions it would
/// choose for the model which of them is called, so that is refused.
fn one_call_at_most(request: &Request<'_>, adapted: &mut Vec<&'static str>) -> Result<(), BadRequest> {
    if request.parallel_tools != Some(false) {
        return Ok(());
    }
    let (field, within) = match request.door {
        Door::Messages | Door::CountTokens => ("tool_choice", ".disable_parallel_tool_use"),
        _ => ("parallel_tool_calls", ""),
    };
    let callable = match &request.tool_choice {
        ToolChoice::None => 0,
        ToolChoice::Named(_) => 1,
        ToolChoice::Allowed { names, .. } => names.len(),
        ToolChoice::Unsaid | ToolChoice::Auto | ToolChoice::Required => request.tools.len(),
    };
    match callable {
        0 => Ok(()),
        1 => {
            adapted.push(field);
            Ok(())
        }
        _ => Err(BadRequest::unsupported(
            format!("{field}{within}"),
            "Gemini models cannot be kept from calling several tools at once; offer or force a single one",
        )),
    }
}

fn generation_config(request: &Request<'_>, thinking: Option<Thinking>, body: &mut Writer<'_>) {
    let mut json = Vec::new();
    Writer::new(&mut json).object(|config| {
        let numbers = [
            ("temperature", request.temperature),
            ("topP", request.top_p),
            ("topK", request.top_k),
            ("seed", request.seed),
            ("presencePenalty", request.presence_penalty),
            ("frequencyPenalty", request.frequency_penalty),
        ];
        for (name, value) in numbers
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
        {
            config.key(name).raw(value);
        }
        for (name, value) in [
            ("maxOutputTokens", request.max_tokens),
            ("candidateCount", request.choices.filter(|&n| n != 1)),
        ] {
            if let Some(value) = value {
                config.key(name).integer(value);
            }
        }
        if !request.stop.is_empty() {
            config.key("stopSequences").list(|list| {
                request.stop.iter().for_each(|stop| {
                    list.text(stop);
                });
            });
        }
        match &request.format {
            Format::Free => {}
            Format::Json => {
                config.field("responseMimeType", "application/json");
            }
            Format::Schema { schema, .. } => {
                config
                    .field("responseMimeType", "application/json")
                    .key("responseJsonSchema")
                    .raw(schema);
            }
        }
        if let Some(thinking) = thinking {
            config
                .key("thinkingConfig")
                .object(|written| write_thinking(request, thinking, written));
        }
    });
    if json != b"{}" {
        body.key("generationConfig")
            .raw(&String::from_utf8(json).unwrap_or_default());
    }
}

#[derive(Clone, Copy)]
enum Thinking {
    Level(&'static str),
    Budget(u64),
    AsItLikes,
}

/// From Gemini 3 on models take a level, those before a budget; 2.5 Pro cannot be kept from thinking, 128
/// tokens are the least it takes.
fn thinking(request: &Request<'_>, model: &str, adapted: &mut Vec<&'static str>) -> Option<Thinking> {
    let levels = takes_levels(model);
    let (thinking, exact) = match request.reasoning.wish {
        Wish::Unsaid if request.reasoning.shown => (Thinking::AsItLikes, true),
        Wish::Unsaid => return None,
        Wish::Adaptive => (Thinking::AsItLikes, true),
        Wish::Off if levels => (Thinking::Level("MINIMAL"), false),
        Wish::Off if model.contains("2.5-pro") => (Thinking::Budget(128), false),
        Wish::Off => (Thinking::Budget(0), true),
        Wish::Level(effort) if levels => match effort {
            Effort::Minimal => (Thinking::Level("MINIMAL"), true),
            Effort::Low => (Thinking::Level("LOW"), true),
            Effort::Medium => (Thinking::Level("MEDIUM"), true),
            Effort::High => (Thinking::Level("HIGH"), true),
            Effort::XHigh | Effort::Max => (Thinking::Level("HIGH"), false),
        },
        Wish::Level(effort) => (Thinking::Budget(effort.budget_tokens()), false),
        Wish::Budget(tokens) if levels => {
            let level = match Effort::of_budget(tokens) {
                Effort::Minimal | Effort::Low => "LOW",
                Effort::Medium => "MEDIUM",
                Effort::High | Effort::XHigh | Effort::Max => "HIGH",
            };
            (Thinking::Level(level), false)
        }
        Wish::Budget(tokens) => (Thinking::Budget(tokens), true),
    };
    if !exact {
        adapted.push(match request.door {
            Door::Messages | Door::CountTokens => "thinking",
            Door::Responses => "reasoning",
            _ => "reasoning_effort",
        });
    }
    Some(thinking)
}

/// Gemini 3 and later: they take thinking levels, and want signatures on the calls of a history.
pub(crate) fn takes_levels(model: &str) -> bool {
    let version = model
        .split_once("gemini-")
        .map(|(_, rest)| rest)
        .and_then(|rest| rest.split(['-', '.']).next());
    version
        .and_then(|major| major.parse::<u32>().ok())
        .is_none_or(|major| major >= 3)
}

fn write_thinking(request: &Request<'_>, thinking: Thinking, written: &mut Writer<'_>) {
    match thinking {
        Thinking::Level(level) => {
            written.field("thinkingLevel", level);
        }
        Thinking::Budget(tokens) => {
            written.key("thinkingBudget").integer(tokens);
        }
        Thinking::AsItLikes => {}
    }
    if request.reasoning.shown {
        written.key("includeThoughts").bool(true);
    }
}

fn tools(request: &Request<'_>, body: &mut Writer<'_>) {
    if request.tools.is_empty() {
        return;
    }
    body.key("tools").list(|list| {
        list.object(|tool| {
            tool.key("functionDeclarations").list(|functions| {
                for declared in &request.tools {
                    functions.object(|function| {
                        function.field("name", &declared.name);
                        if let Some(description) = &declared.description {
                            function.field("description", description);
                        }
                        // The older `parameters` takes a dialect of its own and refuses most of JSON Schema.
                        if let Some(schema) = &declared.schema {
                            function.key("parametersJsonSchema").raw(schema);
                        }
                    });
                }
            });
        });
    });
    let (mode, names): (_, &[_]) = match &request.tool_choice {
        ToolChoice::Unsaid => return,
        ToolChoice::Auto => ("AUTO", &[]),
        ToolChoice::None => ("NONE", &[]),
        ToolChoice::Required => ("ANY", &[]),
        ToolChoice::Named(name) => ("ANY", std::slice::from_ref(name)),
        ToolChoice::Allowed {
            required: true,
            names,
        } => ("ANY", names),
        ToolChoice::Allowed {
            required: false,
            names,
        } => ("VALIDATED", names),
    };
    body.key("toolConfig").object(|config| {
        config.key("functionCallingConfig").object(|calling| {
            calling.field("mode", mode);
            if !names.is_empty() {
                calling.key("allowedFunctionNames").list(|list| {
                    names.iter().for_each(|name| {
                        list.text(name);
                    });
                });
            }
        });
    });
}
