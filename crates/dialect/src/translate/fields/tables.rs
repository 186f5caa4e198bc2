//! The field tables, one a door, in the order of the API's own reference. Columns: openai, anthropic, gemini.

use super::Fate::{self, Adapted, Carried, LeftOut, RefusedBut};
use super::Row;

const REFUSED: Fate = RefusedBut(&[]);

const fn row(field: &'static str, openai: Fate, anthropic: Fate, gemini: Fate) -> Row {
    Row {
        field,
        fates: [openai, anthropic, gemini],
    }
}

const fn all(field: &'static str, fate: Fate) -> Row {
    row(field, fate, fate, fate)
}

const CLAUDE_SAMPLING: Fate =
    Adapted("carried if 0 to 1, else refused; left out for models that take no sampling parameters");
const CLAUDE_EFFORT: Fate = Adapted(
    "as effort, or as a thinking budget for models before 4.6; left out for models that cannot think",
);
const GEMINI_EFFORT: Fate =
    Adapted("as a thinking level, or as a thinking budget for models before Gemini 3");
const OPENAI_SAMPLING: Fate =
    Adapted("carried; left out, but for `1`, for models that take no sampling parameters (o series, GPT-5)");
const GEMINI_ONE_CALL: Fate = Adapted(
    "`true` carried; `false` where one tool is offered or forced (of several calls the first is given), else refused",
);
const OPENAI_EFFORT: Fate = Adapted("as the nearest `reasoning_effort`");

pub(super) const CHAT: &[Row] = &[
    all("model", Carried),
    row(
        "messages",
        Carried,
        Adapted("carried; a later system message becomes a user message"),
        Adapted("carried; a later system message becomes a user message"),
    ),
    all("stream", Carried),
    all("stream_options", LeftOut),
    all("max_completion_tokens", Carried),
    all("max_tokens", Carried),
    row("temperature", Carried, CLAUDE_SAMPLING, Carried),
    row("top_p", Carried, CLAUDE_SAMPLING, Carried),
    all("stop", Carried),
    row("n", Carried, RefusedBut(&["1"]), Carried),
    row("seed", Carried, REFUSED, Carried),
    row("presence_penalty", Carried, RefusedBut(&["0"]), Carried),
    row("frequency_penalty", Carried, RefusedBut(&["0"]), Carried),
    row("logit_bias", Carried, RefusedBut(&["{}"]), RefusedBut(&["{}"])),
    row(
        "logprobs",
        Carried,
        RefusedBut(&["false"]),
        RefusedBut(&["false"]),
    ),
    row("top_logprobs", Carried, RefusedBut(&["0"]), RefusedBut(&["0"])),
    row("reasoning_effort", Carried, CLAUDE_EFFORT, GEMINI_EFFORT),
    row(
        "response_format",
        Carried,
        Adapted("`text` and `json_schema` carried, `json_object` refused"),
        Carried,
    ),
    row("tools", Carried, Carried, Adapted("carried; `strict` left out")),
    all("tool_choice", Carried),
    row("parallel_tool_calls", Carried, Carried, GEMINI_ONE_CALL),
    all("functions", Carried),
    all("function_call", Carried),
    row("user", Carried, Carried, LeftOut),
    row("safety_identifier", Carried, Carried, LeftOut),
    all("metadata", LeftOut),
    all("store", LeftOut),
    all("service_tier", LeftOut),
    all("prompt_cache_key", LeftOut),
    all("prompt_cache_retention", LeftOut),
    all("verbosity", RefusedBut(&["\"medium\""])),
    all("modalities", RefusedBut(&["[\"text\"]"])),
    all("audio", REFUSED),
    all("prediction", REFUSED),
    all("web_search_options", REFUSED),
    all("moderation", REFUSED),
    all("prompt_cache_options", REFUSED),
];

pub(super) const RESPONSES: &[Row] = &[
    all("model", Carried),
    all("input", Carried),
    all("instructions", Carried),
    all("stream", Carried),
    all("stream_options", LeftOut),
    all("max_output_tokens", Carried),
    row("temperature", OPENAI_SAMPLING, CLAUDE_SAMPLING, Carried),
    row("top_p", OPENAI_SAMPLING, CLAUDE_SAMPLING, Carried),
    all("top_logprobs", RefusedBut(&["0"])),
    row("reasoning", Carried, CLAUDE_EFFORT, GEMINI_EFFORT),
    row(
        "text",
        Carried,
        Adapted("formats `text` and `json_schema` carried, `json_object` refused"),
        Carried,
    ),
    row(
        "tools",
        Adapted("functions carried, OpenAI's own tools refused"),
        Adapted("functions carried, OpenAI's own tools refused"),
        Adapted("functions carried without `strict`, OpenAI's own tools refused"),
    ),
    all("tool_choice", Carried),
    row("parallel_tool_calls", Carried, Carried, GEMINI_ONE_CALL),
    all(
        "include",
        RefusedBut(&["[]", "[\"reasoning.encrypted_content\"]"]),
    ),
    row("user", Carried, Carried, LeftOut),
    row("safety_identifier", Carried, Carried, LeftOut),
    all("metadata", LeftOut),
    all("store", LeftOut),
    all("service_tier", LeftOut),
    all("prompt_cache_key", LeftOut),
    all("prompt_cache_retention", LeftOut),
    all("truncation", RefusedBut(&["\"disabled\""])),
    all("background", RefusedBut(&["false"])),
    all("previous_response_id", REFUSED),
    all("conversation", REFUSED),
    all("max_tool_calls", REFUSED),
    all("prompt", REFUSED),
];

pub(super) const MESSAGES: &[Row] = &[
    all("model", Carried),
    row(
        "messages",
        Adapted("carried; the words of a failed tool's result begin with `Error: `"),
        Carried,
        Carried,
    ),
    all("system", Carried),
    all("stream", Carried),
    all("max_tokens", Carried),
    row("temperature", OPENAI_SAMPLING, Carried, Carried),
    row("top_p", OPENAI_SAMPLING, Carried, Carried),
    row("top_k", REFUSED, Carried, Carried),
    row(
        "stop_sequences",
        Adapted("carried up to 4, else refused"),
        Carried,
        Carried,
    ),
    row(
        "tools",
        Adapted("client tools carried, Anthropic's own tools refused"),
        Carried,
        Adapted("client tools carried without `strict`, Anthropic's own tools refused"),
    ),
    row(
        "tool_choice",
        Carried,
        Carried,
        Adapted(
            "carried; `disable_parallel_tool_use` where one tool is offered or forced (of several calls the first is \
             given), else refused",
        ),
    ),
    row("thinking", OPENAI_EFFORT, Carried, GEMINI_EFFORT),
    row("output_config", OPENAI_EFFORT, Carried, GEMINI_EFFORT),
    row("metadata", Carried, Carried, LeftOut),
    all("cache_control", LeftOut),
    all("service_tier", LeftOut),
    all("container", REFUSED),
    all("context_management", REFUSED),
    all("mcp_servers", REFUSED),
];

pub(super) const GENERATE: &[Row] = &[
    all("model", Carried),
    all("contents", Carried),
    all("systemInstruction", Carried),
    all(
        "tools",
        Adapted("function declarations carried, Google's own tools refused"),
    ),
    all("toolConfig", Carried),
    all("generationConfig", Carried),
    row(
        "generationConfig.temperature",
        OPENAI_SAMPLING,
        CLAUDE_SAMPLING,
        Carried,
    ),
    row("generationConfig.topP", OPENAI_SAMPLING, CLAUDE_SAMPLING, Carried),
    row("generationConfig.topK", REFUSED, Carried, Carried),
    all("generationConfig.maxOutputTokens", Carried),
    row(
        "generationConfig.stopSequences",
        Adapted("carried up to 4, else refused"),
        Carried,
        Carried,
    ),
    row(
        "generationConfig.candidateCount",
        Carried,
        RefusedBut(&["1"]),
        Carried,
    ),
    row("generationConfig.seed", Carried, REFUSED, Carried),
    row(
        "generationConfig.presencePenalty",
        Carried,
        RefusedBut(&["0"]),
        Carried,
    ),
    row(
        "generationConfig.frequencyPenalty",
        Carried,
        RefusedBut(&["0"]),
        Carried,
    ),
    row(
        "generationConfig.responseMimeType",
        Carried,
        Adapted("`text/plain` carried, `application/json` with a schema only"),
        Carried,
    ),
    all("generationConfig.responseSchema", Carried),
    all("generationConfig.responseJsonSchema", Carried),
    row(
        "generationConfig.thinkingConfig",
        OPENAI_EFFORT,
        CLAUDE_EFFORT,
        Carried,
    ),
    all("generationConfig.responseLogprobs", RefusedBut(&["false"])),
    all("generationConfig.responseModalities", RefusedBut(&["[\"TEXT\"]"])),
    all("generationConfig.logprobs", REFUSED),
    all("generationConfig.mediaResolution", REFUSED),
    all("generationConfig.speechConfig", REFUSED),
    all("safetySettings", RefusedBut(&["[]"])),
    all("labels", LeftOut),
    all("cachedContent", REFUSED),
];

pub(super) const EMBEDDINGS: &[Row] = &[
    all("model", Carried),
    row(
        "input",
        Carried,
        REFUSED,
        Adapted("texts carried, token numbers refused"),
    ),
    row("dimensions", Carried, REFUSED, Carried),
    row("encoding_format", Carried, REFUSED, Carried),
    all("user", LeftOut),
];
