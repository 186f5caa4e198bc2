//! A request in the words of OpenAI's chat completions.

use super::turns;
use crate::door::{Dialect, Door};
use crate::json::Writer;
use crate::refusal::BadRequest;
use crate::translate::request::{Effort, Format, Request, ToolChoice, Wish};

/// OpenAI takes at most four stop sequences.
const MOST_STOPS: usize = 4;

pub(crate) fn write(
    request: &Request<'_>,
    model: &str,
    deepseek: bool,
    adapted: &mut Vec<&'static str>,
) -> Result<Vec<u8>, BadRequest> {
    if request.top_k.is_some() {
        let [.., field] = request.sampling_fields();
        return Err(BadRequest::unsupported(
            field,
            "The provider behind this model (openai) has no equal of 'top_k'",
        ));
    }
    if request.stop.len() > MOST_STOPS {
        let field = if request.door == Door::Messages {
            "stop_sequences"
        } else {
            "generationConfig.stopSequences"
        };
        return Err(BadRequest::unsupported(
            field,
            "This model takes at most 4 stop sequences",
        ));
    }
    if turns::marks_errors_by_words(request) {
        adapted.push(request.turns_field());
    }
    let mut result = Ok(());
    let mut out = Vec::new();
    Writer::new(&mut out).object(|body| {
        body.field("model", model);
        result = turns::write(request, deepseek, body);
        settings(request, model, deepseek, body);
        sampling(request, model, body, adapted);
        effort(request, model, deepseek, body, adapted);
        format(&request.format, body);
        tools(request, body);
        if request.stream {
            body.key("stream")
                .bool(true)
                .key("stream_options")
                .raw("{\"include_usage\":true}");
        }
    });
    result.map(|()| out)
}

fn settings(request: &Request<'_>, model: &str, deepseek: bool, body: &mut Writer<'_>) {
    if let Some(limit) = request.max_tokens {
        body.key(if thinks(model) && !deepseek {
            "max_completion_tokens"
        } else {
            "max_tokens"
        })
        .integer(limit);
    }
    if let Some(choices) = request.choices.filter(|&choices| choices != 1) {
        body.key("n").integer(choices);
    }
    let numbers = [
        ("seed", request.seed),
        ("presence_penalty", request.presence_penalty),
        ("frequency_penalty", request.frequency_penalty),
    ];
    for (name, value) in numbers
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    {
        body.key(name).raw(value);
    }
    if !request.stop.is_empty() {
        body.key("stop").list(|list| {
            request.stop.iter().for_each(|stop| {
                list.text(stop);
            });
        });
    }
    if let Some(user) = &request.user {
        body.field(if deepseek { "user_id" } else { "user" }, user);
    }
}

/// Temperature and top-p; left out where the model samples as it pleases and refuses any wish but its default, 1.
fn sampling(request: &Request<'_>, model: &str, body: &mut Writer<'_>, adapted: &mut Vec<&'static str>) {
    let [temperature, top_p, _] = request.sampling_fields();
    for (name, value, field) in [
        ("temperature", request.temperature, temperature),
        ("top_p", request.top_p, top_p),
    ] {
        let Some(value) = value else { continue };
        if takes_sampling(model) || value.parse() == Ok(1.0) {
            body.key(name).raw(value);
        } else {
            adapted.push(field);
        }
    }
}

/// The o series and the first GPT-5 do not; what came after GPT-5 does, and its chat variant did.
fn takes_sampling(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let first_gpt_5 = name
        .strip_prefix("gpt-5")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-') && !rest.starts_with("-chat"));
    !(is_of_o_series(name) || first_gpt_5)
}

fn is_of_o_series(name: &str) -> bool {
    name.strip_prefix('o')
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// OpenAI's models that reason; they refuse `max_tokens`, and the others refuse `reasoning_effort`.
pub(crate) fn thinks(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    is_of_o_series(name)
        || name.starts_with("gpt-5")
        || name.starts_with("gpt-oss")
        || name.starts_with("codex")
}

fn effort(
    request: &Request<'_>,
    model: &str,
    deepseek: bool,
    body: &mut Writer<'_>,
    adapted: &mut Vec<&'static str>,
) {
    let field = match request.door.dialect() {
        Dialect::Anthropic => "thinking",
        Dialect::Gemini => "generationConfig.thinkingConfig",
        Dialect::OpenAi => "reasoning",
    };
    if deepseek {
        match request.reasoning.wish {
            Wish::Unsaid => {}
            Wish::Off => {
                body.key("thinking").raw("{\"type\":\"disabled\"}");
            }
            Wish::Adaptive | Wish::Level(_) | Wish::Budget(_) => {
                body.key("thinking").raw("{\"type\":\"enabled\"}");
            }
        }
    }
    let (effort, exact) = match request.reasoning.wish {
        Wish::Unsaid => return,
        Wish::Off if deepseek => return,
        Wish::Off => (None, true),
        Wish::Adaptive => return,
        Wish::Level(effort) => (Some(effort), true),
        Wish::Budget(tokens) => (Some(Effort::of_budget(tokens)), false),
    };
    let known = thinks(model) || deepseek;
    if !exact || (!known && effort.is_some()) {
        adapted.push(field);
    }
    match effort {
        Some(effort) if known => {
            body.field("reasoning_effort", effort.name());
        }
        // Only reasoning models can be told not to; the others do not anyway.
        None if model.contains("gpt-5") => {
            body.field(
                "reasoning_effort",
                if model.contains("gpt-5.") {
                    "none"
                } else {
                    "minimal"
                },
            );
        }
        Some(_) | None => {}
    }
}

fn format(format: &Format<'_>, body: &mut Writer<'_>) {
    match format {
        Format::Free => {}
        Format::Json => {
            body.key("response_format").raw("{\"type\":\"json_object\"}");
        }
        Format::Schema {
            name,
            schema,
            strict,
            description,
        } => {
            body.key("response_format").object(|written| {
                written
                    .field("type", "json_schema")
                    .key("json_schema")
                    .object(|inner| {
                        inner.field("name", name.as_deref().unwrap_or("answer"));
                        if let Some(description) = description {
                            inner.field("description", description);
                        }
                        inner.key("schema").raw(schema);
                        if let Some(strict) = strict {
                            inner.key("strict").bool(*strict);
                        }
                    });
            });
        }
    }
}

fn tools(request: &Request<'_>, body: &mut Writer<'_>) {
    if request.tools.is_empty() {
        return;
    }
    body.key("tools").list(|list| {
        for declared in &request.tools {
            list.object(|tool| {
                tool.field("type", "function").key("function").object(|function| {
                    function.field("name", &declared.name);
                    if let Some(description) = &declared.description {
                        function.field("description", description);
                    }
                    if let Some(schema) = &declared.schema {
                        function.key("parameters").raw(schema);
                    }
                    if let Some(strict) = declared.strict {
                        function.key("strict").bool(strict);
                    }
                });
            });
        }
    });
    tool_choice(&request.tool_choice, body);
    if let Some(parallel) = request.parallel_tools {
        body.key("parallel_tool_calls").bool(parallel);
    }
}

fn tool_choice(choice: &ToolChoice<'_>, body: &mut Writer<'_>) {
    match choice {
        ToolChoice::Unsaid => {}
        ToolChoice::Auto => {
            body.field("tool_choice", "auto");
        }
        ToolChoice::None => {
            body.field("tool_choice", "none");
        }
        ToolChoice::Required => {
            body.field("tool_choice", "required");
        }
        ToolChoice::Named(name) => {
            body.key("tool_choice").object(|choice| {
                choice.field("type", "function");
                named(choice, name);
            });
        }
        ToolChoice::Allowed { required, names } => {
            body.key("tool_choice").object(|choice| {
                choice
                    .field("type", "allowed_tools")
                    .key("allowed_tools")
                    .object(|allowed| {
                        allowed
                            .field("mode", if *required { "required" } else { "auto" })
                            .key("tools")
                            .list(|list| {
                                for name in names {
                                    list.object(|tool| {
                                        tool.field("type", "function");
                                        named(tool, name);
                                    });
                                }
                            });
                    });
            });
        }
    }
}

fn named(holder: &mut Writer<'_>, name: &str) {
    holder.key("function").object(|function| {
        function.field("name", name);
    });
}
