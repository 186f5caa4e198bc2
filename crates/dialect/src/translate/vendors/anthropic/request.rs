//! A request in Anthropic's words.

use super::model::{self, Thinking};
use super::turns;
use crate::door::{Dialect, Door};
use crate::json::{Json, Rules, Writer};
use crate::refusal::BadRequest;
use crate::translate::request::{Effort, Format, Reasoning, Request, Tool, ToolChoice, What, Wish};

/// What a request asks for: an answer, or only how many tokens it has.
pub(crate) struct Target<'a> {
    pub(crate) model: &'a str,
    /// The environment's `max_tokens` for clients that name none.
    pub(crate) default_max_tokens: Option<u64>,
    pub(crate) counts_only: bool,
}

pub(crate) fn write(
    request: &Request<'_>,
    target: &Target<'_>,
    adapted: &mut Vec<&'static str>,
) -> Result<Vec<u8>, BadRequest> {
    let max_tokens = request
        .max_tokens
        .or(target.default_max_tokens)
        .unwrap_or(model::max_tokens(target.model));
    let thinking = thinking(request, target.model, max_tokens, adapted);
    let mut sampling = sampling(request, target.model, adapted)?;
    if matches!(thinking, Mode::Budget(_)) && !sampling.is_empty() {
        // A thinking model takes no temperature but 1.
        sampling.iter().for_each(|(_, _, field)| adapted.push(field));
        sampling.clear();
    }
    let mut failed = None;
    let mut out = Vec::new();
    Writer::new(&mut out).object(|body| {
        body.field("model", target.model);
        if !target.counts_only {
            body.key("max_tokens").integer(max_tokens);
            if request.stream {
                body.key("stream").bool(true);
            }
            sampling.iter().for_each(|(name, value, _)| {
                body.key(name).raw(value);
            });
            rest(request, body);
        }
        write_thinking(request, thinking, body);
        failed = turns::write(request, target.model, body, adapted)
            .and_then(|()| tools(request, body))
            .err();
    });
    match failed {
        Some(refusal) => Err(refusal),
        None => Ok(out),
    }
}

fn rest(request: &Request<'_>, body: &mut Writer<'_>) {
    if !request.stop.is_empty() {
        body.key("stop_sequences").list(|list| {
            request.stop.iter().for_each(|stop| {
                list.text(stop);
            });
        });
    }
    if let Some(user) = &request.user {
        body.key("metadata").object(|metadata| {
            metadata.field("user_id", user);
        });
    }
}

type Sampling<'a> = Vec<(&'static str, &'a str, &'static str)>;

/// Sampling parameters as name, value and the client's field; left out for models that refuse them.
fn sampling<'a>(
    request: &Request<'a>,
    model: &str,
    adapted: &mut Vec<&'static str>,
) -> Result<Sampling<'a>, BadRequest> {
    let fields = request.sampling_fields();
    let values = [request.temperature, request.top_p, request.top_k];
    let mut sampling = Vec::new();
    for ((name, value), field) in ["temperature", "top_p", "top_k"]
        .into_iter()
        .zip(values)
        .zip(fields)
    {
        let Some(value) = value else { continue };
        let number = value.parse::<f64>().unwrap_or(f64::NAN);
        if name != "top_k" && !(0.0..=1.0).contains(&number) {
            let message = format!("'{field}' must be between 0 and 1 for this model");
            return Err(BadRequest::unsupported(field, message));
        }
        if model::takes_sampling(model) {
            sampling.push((name, value, field));
        } else {
            adapted.push(field);
        }
    }
    Ok(sampling)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Unsaid,
    Off,
    Adaptive(Option<Effort>),
    Budget(u64),
}

/// The least budget the API takes.
const LEAST_BUDGET: u64 = 1_024;

fn thinking(request: &Request<'_>, model: &str, max_tokens: u64, adapted: &mut Vec<&'static str>) -> Mode {
    let field = match request.door {
        Door::Responses => "reasoning",
        Door::Generate | Door::StreamGenerate | Door::GeminiCountTokens => "generationConfig.thinkingConfig",
        _ => "reasoning_effort",
    };
    let Reasoning { wish, .. } = request.reasoning;
    let asked = !matches!(wish, Wish::Unsaid | Wish::Off);
    let forced = matches!(request.tool_choice, ToolChoice::Required | ToolChoice::Named(_));
    let mode = match (model::thinking(model), wish) {
        (_, Wish::Unsaid) => Mode::Unsaid,
        (Thinking::Effort, Wish::Off) => Mode::Off,
        (_, Wish::Off) | (Thinking::Never, _) => Mode::Unsaid,
        // A model that must call a tool, or goes on after calls without the thoughts before them, cannot think.
        _ if forced || lacks_thoughts(request) => Mode::Unsaid,
        (Thinking::Effort, Wish::Adaptive) => Mode::Adaptive(None),
        (Thinking::Effort, Wish::Level(effort)) => Mode::Adaptive(Some(effort)),
        (Thinking::Effort, Wish::Budget(tokens)) => Mode::Adaptive(Some(Effort::of_budget(tokens))),
        (Thinking::Budget, Wish::Adaptive) => Mode::Budget(Effort::Medium.budget_tokens()),
        (Thinking::Budget, Wish::Level(effort)) => Mode::Budget(effort.budget_tokens()),
        (Thinking::Budget, Wish::Budget(tokens)) => Mode::Budget(tokens.max(LEAST_BUDGET)),
    };
    let mode = match mode {
        Mode::Budget(_) if max_tokens <= LEAST_BUDGET => Mode::Unsaid,
        Mode::Budget(tokens) => Mode::Budget(tokens.min(max_tokens - 1).max(LEAST_BUDGET)),
        mode => mode,
    };
    let same = match (mode, wish) {
        (Mode::Adaptive(Some(effort)), Wish::Level(level)) => {
            effort == level && sent_effort(model, effort) == effort.name()
        }
        (Mode::Budget(tokens), Wish::Budget(wished)) => tokens == wished,
        (Mode::Adaptive(None), Wish::Adaptive) => true,
        (Mode::Unsaid, _) => !asked,
        (Mode::Off, _) => true,
        (Mode::Adaptive(_) | Mode::Budget(_), _) => false,
    };
    if !same {
        adapted.push(field);
    }
    match mode {
        Mode::Adaptive(Some(effort)) => Mode::Adaptive(Effort::named(sent_effort(model, effort))),
        mode => mode,
    }
}

/// Whether the last turn's tool results answer calls whose thoughts are not there, or not Anthropic's.
fn lacks_thoughts(request: &Request<'_>) -> bool {
    let is_result = |what: &What<'_>| matches!(what, What::Result(_));
    let in_loop = request
        .turns
        .last()
        .is_some_and(|turn| turn.parts.iter().any(|part| is_result(&part.what)));
    let calling = request
        .turns
        .iter()
        .rev()
        .find(|turn| turn.parts.iter().any(|part| matches!(part.what, What::Call(_))));
    let proven = |what: &What<'_>| match what {
        What::Thought(thought) => thought
            .proof
            .as_ref()
            .is_some_and(|proof| proof.vendor == Dialect::Anthropic),
        _ => false,
    };
    in_loop && calling.is_some_and(|turn| !turn.parts.iter().any(|part| proven(&part.what)))
}

fn sent_effort(model: &str, effort: Effort) -> &'static str {
    match effort {
        Effort::Minimal => "low",
        Effort::XHigh if model::version(model).is_some_and(|version| version < (4, 7)) => "high",
        effort => effort.name(),
    }
}

fn write_thinking(request: &Request<'_>, mode: Mode, body: &mut Writer<'_>) {
    match mode {
        Mode::Unsaid => {}
        Mode::Off => {
            body.key("thinking").raw("{\"type\":\"disabled\"}");
        }
        Mode::Budget(tokens) => {
            body.key("thinking").object(|thinking| {
                thinking
                    .field("type", "enabled")
                    .key("budget_tokens")
                    .integer(tokens);
            });
        }
        Mode::Adaptive(_) => {
            body.key("thinking").object(|thinking| {
                thinking.field("type", "adaptive");
                if request.reasoning.shown {
                    thinking.field("display", "summarized");
                }
            });
        }
    }
    let effort = if let Mode::Adaptive(effort) = mode {
        effort
    } else {
        None
    };
    let schema = if let Format::Schema { schema, .. } = &request.format {
        Some(schema)
    } else {
        None
    };
    if effort.is_none() && schema.is_none() {
        return;
    }
    body.key("output_config").object(|config| {
        if let Some(effort) = effort {
            config.field("effort", effort.name());
        }
        if let Some(schema) = schema {
            config.key("format").object(|format| {
                format.field("type", "json_schema").key("schema").raw(schema);
            });
        }
    });
}

fn tools(request: &Request<'_>, body: &mut Writer<'_>) -> Result<(), BadRequest> {
    if matches!(request.format, Format::Json) {
        let field = match request.door.dialect() {
            Dialect::Gemini => "generationConfig.responseMimeType",
            Dialect::OpenAi | Dialect::Anthropic if request.door == Door::Responses => "text.format",
            Dialect::OpenAi | Dialect::Anthropic => "response_format",
        };
        return Err(BadRequest::unsupported(
            field,
            "This model gives JSON by a schema only ('json_schema')",
        ));
    }
    if request.tools.is_empty() {
        return Ok(());
    }
    let allowed = |tool: &&Tool<'_>| match &request.tool_choice {
        ToolChoice::Allowed { names, .. } => names.contains(&tool.name),
        _ => true,
    };
    body.key("tools").list(|list| {
        for tool in request.tools.iter().filter(allowed) {
            list.object(|written| {
                written.field("name", &tool.name);
                if let Some(description) = &tool.description {
                    written.field("description", description);
                }
                written
                    .key("input_schema")
                    .raw(&object_schema(tool.schema.as_deref()));
                if let Some(strict) = tool.strict {
                    written.key("strict").bool(strict);
                }
            });
        }
    });
    tool_choice(request, body);
    Ok(())
}

/// A schema must say that it is of an object; clients leave it out, or the schema altogether.
fn object_schema(schema: Option<&str>) -> String {
    let Some(schema) = schema else {
        return "{\"type\":\"object\"}".to_owned();
    };
    let typed =
        Json::parse(schema.as_bytes(), Rules::Vendor).is_ok_and(|schema| schema.get("type").is_some());
    if typed {
        schema.to_owned()
    } else {
        crate::settings::merged("{\"type\":\"object\"}", schema, crate::settings::Winner::Ours)
    }
}

fn tool_choice(request: &Request<'_>, body: &mut Writer<'_>) {
    let one_at_a_time = request.parallel_tools == Some(false);
    let (kind, name) = match &request.tool_choice {
        ToolChoice::Unsaid if !one_at_a_time => return,
        ToolChoice::Unsaid | ToolChoice::Auto | ToolChoice::Allowed { required: false, .. } => ("auto", None),
        ToolChoice::None => ("none", None),
        ToolChoice::Required | ToolChoice::Allowed { required: true, .. } => ("any", None),
        ToolChoice::Named(name) => ("tool", Some(name)),
    };
    body.key("tool_choice").object(|choice| {
        choice.field("type", kind);
        if let Some(name) = name {
            choice.field("name", name);
        }
        if one_at_a_time && kind != "none" {
            choice.key("disable_parallel_tool_use").bool(true);
        }
    });
}
