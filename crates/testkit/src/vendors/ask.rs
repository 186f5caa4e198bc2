//! What a request asks for, whichever vendor's API it came by.
//!
//! Each dialect reads its own JSON into an [`Ask`], and one room composes the answer: the same prompt to the
//! same model gets the same words through every door, which makes differences between doors show.

use serde_json::Value;

use super::tokens::count_tokens;

pub(super) struct Ask {
    pub(super) model: String,
    pub(super) stream: bool,
    /// Numbers at the end of a stream, for the API where they come only when asked for.
    pub(super) include_usage: bool,
    pub(super) prompt: Prompt,
    pub(super) max_tokens: Option<u64>,
    pub(super) stop: Vec<String>,
    pub(super) tools: Vec<Tool>,
    pub(super) tool_use: ToolUse,
    pub(super) parallel_tools: bool,
    pub(super) text_form: TextForm,
    /// Answers wanted side by side.
    pub(super) choices: u16,
}

pub(super) struct Tool {
    pub(super) name: String,
    /// JSON Schema of the arguments; null if the request gave none.
    pub(super) parameters: Value,
}

pub(super) enum ToolUse {
    /// A tool is called if the last user turn names one or says "tool".
    Auto,
    Never,
    Required,
    Named(String),
}

pub(super) enum TextForm {
    Plain,
    AnyJson,
    Json(Value),
}

/// What is wrong with a request, in words a vendor would use.
pub(super) struct Complaint {
    pub(super) message: String,
    pub(super) param: Option<String>,
    pub(super) code: Option<&'static str>,
}

/// The words of a request, gathered turn by turn.
#[derive(Default)]
pub(super) struct Prompt {
    text: String,
    attachments: u64,
    turns: u64,
    last_turn_starts_at: usize,
    last_turn_is_tool_result: bool,
}

/// Most answers side by side, as at OpenAI.
pub(super) const MOST_CHOICES: u64 = 128;
/// What the frame of one turn costs beyond its words.
const TOKENS_PER_TURN: u64 = 3;
/// An image, a file or a sound, whatever its size.
const TOKENS_PER_ATTACHMENT: u64 = 85;

impl Ask {
    /// A request for one plain answer, to be filled in by the dialect.
    pub(super) fn new(model: String, prompt: Prompt) -> Ask {
        Ask {
            model,
            stream: false,
            include_usage: false,
            prompt,
            max_tokens: None,
            stop: Vec::new(),
            tools: Vec::new(),
            tool_use: ToolUse::Auto,
            parallel_tools: true,
            text_form: TextForm::Plain,
            choices: 1,
        }
    }

    /// Words of the turns, three tokens a turn, and the definitions of the tools.
    pub(super) fn prompt_tokens(&self) -> u64 {
        let tools = self
            .tools
            .iter()
            .map(|tool| count_tokens(&tool.name) + count_tokens(&tool.parameters.to_string()));
        self.prompt.tokens() + tools.sum::<u64>()
    }

    /// The tools that the answer calls.
    pub(super) fn called_tools(&self) -> Vec<&Tool> {
        let named = |name: &str| self.tools.iter().filter(|tool| tool.name == name).collect();
        let first = || self.tools.iter().take(1).collect::<Vec<_>>();
        match &self.tool_use {
            ToolUse::Never => Vec::new(),
            ToolUse::Named(name) => named(name),
            ToolUse::Auto | ToolUse::Required => {
                let asked = self.tools_asked_for_by_name();
                let required = matches!(self.tool_use, ToolUse::Required);
                if !asked.is_empty() {
                    asked
                } else if required || self.prompt.asks_for_a_tool() {
                    first()
                } else {
                    asked
                }
            }
        }
    }

    fn tools_asked_for_by_name(&self) -> Vec<&Tool> {
        if self.prompt.last_turn_is_tool_result {
            return Vec::new();
        }
        let words = self.prompt.last_turn();
        let at_most = if self.parallel_tools { usize::MAX } else { 1 };
        self.tools
            .iter()
            .filter(|tool| words.contains(&tool.name))
            .take(at_most)
            .collect()
    }
}

impl Prompt {
    pub(super) fn begin_turn(&mut self) {
        self.turns += 1;
        self.last_turn_starts_at = self.text.len();
        self.last_turn_is_tool_result = false;
    }

    pub(super) fn add_text(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    pub(super) fn add_attachment(&mut self) {
        self.attachments += 1;
    }

    pub(super) fn mark_tool_result(&mut self) {
        self.last_turn_is_tool_result = true;
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn tokens(&self) -> u64 {
        let words = count_tokens(self.text.trim_end());
        words + self.turns * TOKENS_PER_TURN + self.attachments * TOKENS_PER_ATTACHMENT
    }

    fn last_turn(&self) -> &str {
        self.text.get(self.last_turn_starts_at..).unwrap_or("")
    }

    fn asks_for_a_tool(&self) -> bool {
        !self.last_turn_is_tool_result && self.last_turn().to_ascii_lowercase().contains("tool")
    }
}

impl Complaint {
    pub(super) fn about(param: &str, message: impl Into<String>) -> Complaint {
        Complaint {
            message: message.into(),
            param: Some(param.to_owned()),
            code: None,
        }
    }
}

/// A string member of a JSON object, or nothing.
pub(super) fn text_of<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

/// A member that is one string or a list of them, as `stop` is.
pub(super) fn texts_of(object: &Value, name: &str) -> Vec<String> {
    match object.get(name) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

/// The members of a list, or none.
pub(super) fn list_of<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    object
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// How many answers side by side are asked for; `None` if the number is out of bounds.
pub(super) fn choices_of(object: &Value, name: &str) -> Option<u16> {
    match object.get(name) {
        None | Some(Value::Null) => Some(1),
        Some(number) => {
            let number = number
                .as_u64()
                .filter(|number| (1..=MOST_CHOICES).contains(number))?;
            u16::try_from(number).ok()
        }
    }
}
