//! The one form between all APIs: what a conversation, its tools and its settings mean, whoever wrote them.
//! It borrows from the client's body and copies as little as it can; schemas, tool arguments and numbers stay
//! as they were written.

use std::borrow::Cow;

use crate::door::{Dialect, Door};
use crate::refusal::BadRequest;

pub(crate) type Words<'a> = Cow<'a, str>;

pub(crate) struct Request<'a> {
    pub(crate) door: Door,
    pub(crate) turns: Vec<Turn<'a>>,
    pub(crate) tools: Vec<Tool<'a>>,
    pub(crate) tool_choice: ToolChoice<'a>,
    pub(crate) parallel_tools: Option<bool>,
    pub(crate) max_tokens: Option<u64>,
    /// Numbers as the client wrote them.
    pub(crate) temperature: Option<&'a str>,
    pub(crate) top_p: Option<&'a str>,
    pub(crate) top_k: Option<&'a str>,
    pub(crate) seed: Option<&'a str>,
    pub(crate) presence_penalty: Option<&'a str>,
    pub(crate) frequency_penalty: Option<&'a str>,
    pub(crate) choices: Option<u64>,
    pub(crate) stop: Vec<Words<'a>>,
    pub(crate) format: Format<'a>,
    pub(crate) reasoning: Reasoning,
    pub(crate) user: Option<Words<'a>>,
    pub(crate) stream: bool,
}

impl<'a> Request<'a> {
    pub(crate) fn new(door: Door, stream: bool) -> Request<'a> {
        Request {
            door,
            turns: Vec::new(),
            tools: Vec::new(),
            tool_choice: ToolChoice::Unsaid,
            parallel_tools: None,
            max_tokens: None,
            temperature: None,
            top_p: None,
            top_k: None,
            seed: None,
            presence_penalty: None,
            frequency_penalty: None,
            choices: None,
            stop: Vec::new(),
            format: Format::Free,
            reasoning: Reasoning::default(),
            user: None,
            stream,
        }
    }

    /// The name of a tool call's function, found by the call's id among the turns before its result.
    pub(crate) fn function_of(&self, call_id: &str) -> Option<&str> {
        let parts = self.turns.iter().flat_map(|turn| &turn.parts).rev();
        parts.into_iter().find_map(|part| match &part.what {
            What::Call(call) if call.id == call_id => Some(call.name.as_ref()),
            _ => None,
        })
    }

    /// The field that holds the turns in the client's API.
    pub(crate) fn turns_field(&self) -> &'static str {
        match self.door {
            Door::Generate | Door::StreamGenerate | Door::GeminiCountTokens => "contents",
            Door::Responses => "input",
            _ => "messages",
        }
    }

    /// Temperature, top-p and top-k as the client's API names them.
    pub(crate) fn sampling_fields(&self) -> [&'static str; 3] {
        match self.door.dialect() {
            Dialect::Gemini => [
                "generationConfig.temperature",
                "generationConfig.topP",
                "generationConfig.topK",
            ],
            Dialect::OpenAi | Dialect::Anthropic => ["temperature", "top_p", "top_k"],
        }
    }

    /// A part as the client's API names its place.
    pub(crate) fn path(&self, part: &Part<'_>) -> String {
        place(self.door, part.at)
    }

    /// The refusal of a part the vendor cannot take.
    pub(crate) fn cannot_take(&self, part: &Part<'_>, what: &str, vendor: Dialect) -> BadRequest {
        let message = format!(
            "The provider behind this model ({}) does not take {what}",
            vendor.name()
        );
        BadRequest::unsupported(self.path(part), message)
    }
}

/// The place of the `part`th part of the `turn`th turn, as a door writes it.
pub(crate) fn place(door: Door, (turn, part): (usize, usize)) -> String {
    match door {
        Door::Generate | Door::StreamGenerate | Door::GeminiCountTokens => {
            format!("contents[{turn}].parts[{part}]")
        }
        Door::Responses => format!("input[{turn}].content[{part}]"),
        _ => format!("messages[{turn}].content[{part}]"),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    System,
    User,
    Assistant,
}

pub(crate) struct Turn<'a> {
    pub(crate) speaker: Speaker,
    pub(crate) parts: Vec<Part<'a>>,
}

pub(crate) struct Part<'a> {
    /// Turn and part as the client counts them.
    pub(crate) at: (usize, usize),
    pub(crate) what: What<'a>,
}

pub(crate) enum What<'a> {
    Text(Words<'a>),
    Image(Source<'a>),
    /// A document: PDF or plain text.
    File {
        source: Source<'a>,
        name: Option<Words<'a>>,
    },
    /// Sound or film in base64.
    Media(Source<'a>),
    Thought(Thought<'a>),
    Call(Call<'a>),
    Result(ToolResult<'a>),
}

pub(crate) enum Source<'a> {
    Base64 {
        media_type: Words<'a>,
        data: Words<'a>,
    },
    Url {
        url: Words<'a>,
        media_type: Option<Words<'a>>,
    },
    PlainText(Words<'a>),
}

/// Something the model thought, and the vendor's proof that it did.
pub(crate) struct Thought<'a> {
    pub(crate) text: Words<'a>,
    pub(crate) proof: Option<Proof>,
}

pub(crate) struct Call<'a> {
    pub(crate) id: Words<'a>,
    pub(crate) name: Words<'a>,
    /// A JSON object as text; may be empty for no arguments.
    pub(crate) arguments: Words<'a>,
    pub(crate) proof: Option<Proof>,
}

pub(crate) struct ToolResult<'a> {
    pub(crate) id: Words<'a>,
    /// Where the API names it; otherwise it is found by the id.
    pub(crate) name: Option<Words<'a>>,
    pub(crate) content: Vec<Part<'a>>,
    /// The result as a JSON object, where the API has one.
    pub(crate) object: Option<&'a str>,
    pub(crate) is_error: bool,
}

/// What a vendor signs or hides of its reasoning. It means something to that vendor only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) vendor: Dialect,
    pub(crate) kind: ProofKind,
    pub(crate) words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProofKind {
    Signature,
    /// Reasoning that only its vendor can read, in place of the text.
    Redacted,
}

pub(crate) struct Tool<'a> {
    pub(crate) name: Words<'a>,
    pub(crate) description: Option<Words<'a>>,
    /// JSON Schema as written; None: no parameters were declared.
    pub(crate) schema: Option<Words<'a>>,
    pub(crate) strict: Option<bool>,
}

pub(crate) enum ToolChoice<'a> {
    Unsaid,
    Auto,
    None,
    Required,
    Named(Words<'a>),
    Allowed { required: bool, names: Vec<Words<'a>> },
}

pub(crate) enum Format<'a> {
    Free,
    Json,
    Schema {
        name: Option<Words<'a>>,
        schema: Words<'a>,
        strict: Option<bool>,
        description: Option<Words<'a>>,
    },
}

/// How hard the model is asked to think.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reasoning {
    pub(crate) wish: Wish,
    /// The client wants to see the thoughts.
    pub(crate) shown: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Wish {
    #[default]
    Unsaid,
    Off,
    /// As the model sees fit.
    Adaptive,
    Level(Effort),
    /// At most so many tokens.
    Budget(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effort {
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

impl Effort {
    pub(crate) fn named(name: &str) -> Option<Effort> {
        Some(match name.to_ascii_lowercase().as_str() {
            "minimal" => Effort::Minimal,
            "low" => Effort::Low,
            "medium" => Effort::Medium,
            "high" => Effort::High,
            "xhigh" => Effort::XHigh,
            "max" => Effort::Max,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Effort::Minimal => "minimal",
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
            Effort::XHigh => "xhigh",
            Effort::Max => "max",
        }
    }

    /// Tokens of thought for models that take a budget and no level. 1,024 is the least Anthropic takes, 24,576
    /// the most of Gemini 2.5 Flash; the steps between are those of Google's own compatibility layer.
    pub(crate) fn budget_tokens(self) -> u64 {
        match self {
            Effort::Minimal | Effort::Low => 1_024,
            Effort::Medium => 8_192,
            Effort::High | Effort::XHigh | Effort::Max => 24_576,
        }
    }

    /// The level that is nearest to a budget.
    pub(crate) fn of_budget(tokens: u64) -> Effort {
        match tokens {
            0..=1_024 => Effort::Low,
            1_025..=8_192 => Effort::Medium,
            _ => Effort::High,
        }
    }
}
