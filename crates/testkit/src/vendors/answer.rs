//! The answer to an [`Ask`], before any vendor's form: words, tool calls, the reason for stopping, the numbers.
//!
//! Everything follows from the prompt, the model's name and the simulator's seed: the same question gets the
//! same answer, id and creation time included. Whether a tool is called follows from the request alone (see
//! [`Ask::called_tools`]).

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::ask::{Ask, TextForm};
use super::example::example_of;
use super::tokens::{count_tokens, token_ends};
use super::words::plain_text;

pub(super) struct Answer {
    pub(super) model: String,
    pub(super) choices: Vec<Choice>,
    pub(super) prompt_tokens: u64,
    pub(super) output_tokens: u64,
    /// What ids are made from.
    pub(super) identity: u64,
    /// Seconds since 1970; made up like everything else, so that an answer repeats to the byte.
    pub(super) created: u64,
}

pub(super) struct Choice {
    pub(super) text: String,
    /// Where each token of the text ends.
    pub(super) token_ends: Vec<u32>,
    pub(super) tool_calls: Vec<ToolCall>,
    pub(super) finish: Finish,
}

pub(super) struct ToolCall {
    pub(super) name: String,
    pub(super) arguments: serde_json::Value,
    /// The arguments as compact JSON, and where each token of it ends.
    pub(super) arguments_text: String,
    pub(super) token_ends: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Finish {
    Stop,
    StopSequence(String),
    Length,
    ToolCalls,
}

const EARLIEST_CREATED: u64 = 1_760_000_000;

/// `answer_tokens` is the length of a plain answer; the request's own limit may cut it.
pub(super) fn compose(ask: &Ask, answer_tokens: u32, seed: u64) -> Answer {
    let identity = xxh3_64_with_seed(
        ask.prompt.text().as_bytes(),
        xxh3_64_with_seed(ask.model.as_bytes(), seed),
    );
    let choices: Vec<Choice> = (0..u64::from(ask.choices))
        .map(|index| compose_choice(ask, answer_tokens, identity.wrapping_add(index)))
        .collect();
    Answer {
        model: ask.model.clone(),
        prompt_tokens: ask.prompt_tokens(),
        output_tokens: choices.iter().map(Choice::tokens).sum(),
        choices,
        identity,
        created: EARLIEST_CREATED + identity % 10_000_000,
    }
}

impl Answer {
    /// An id of the vendor's look: `prefix` and letters that follow from the request.
    pub(super) fn id(&self, prefix: &str, letters: usize) -> String {
        identifier(prefix, letters, self.identity)
    }

    /// The id of one tool call.
    pub(super) fn tool_call_id(&self, prefix: &str, choice: usize, call: usize) -> String {
        let salt = ((choice as u64) << 32) | (call as u64 + 1);
        identifier(prefix, 24, xxh3_64_with_seed(&salt.to_le_bytes(), self.identity))
    }
}

impl Choice {
    pub(super) fn text_tokens(&self) -> usize {
        self.token_ends.len()
    }

    pub(super) fn text_token(&self, index: usize) -> &str {
        slice_of(&self.text, &self.token_ends, index)
    }

    /// Tokens of text and arguments, and one for the name of each call.
    fn tokens(&self) -> u64 {
        let calls = self
            .tool_calls
            .iter()
            .map(|call| call.token_ends.len() as u64 + 1);
        self.token_ends.len() as u64 + calls.sum::<u64>()
    }
}

impl ToolCall {
    pub(super) fn arguments_token(&self, index: usize) -> &str {
        slice_of(&self.arguments_text, &self.token_ends, index)
    }
}

/// Letters and digits after a prefix, drawn from `identity`.
pub(super) fn identifier(prefix: &str, letters: usize, identity: u64) -> String {
    let mut rng = fastrand::Rng::with_seed(identity);
    let mut id = String::with_capacity(prefix.len() + letters);
    id.push_str(prefix);
    id.extend((0..letters).map(|_| rng.alphanumeric()));
    id
}

fn compose_choice(ask: &Ask, answer_tokens: u32, identity: u64) -> Choice {
    let called = ask.called_tools();
    if called.is_empty() {
        return compose_text(ask, answer_tokens, identity);
    }
    let tool_calls = called
        .iter()
        .map(|tool| compose_call(&tool.name, &tool.parameters))
        .collect();
    Choice {
        text: String::new(),
        token_ends: Vec::new(),
        tool_calls,
        finish: Finish::ToolCalls,
    }
}

fn compose_call(name: &str, parameters: &serde_json::Value) -> ToolCall {
    let arguments = example_of(parameters);
    let arguments_text = arguments.to_string();
    ToolCall {
        name: name.to_owned(),
        token_ends: token_ends(&arguments_text),
        arguments,
        arguments_text,
    }
}

fn compose_text(ask: &Ask, answer_tokens: u32, identity: u64) -> Choice {
    let mut text = match &ask.text_form {
        TextForm::Plain => plain_text(&ask.model, answer_tokens as usize, identity),
        TextForm::AnyJson => serde_json::json!({"answer": plain_text(&ask.model, 8, identity)}).to_string(),
        TextForm::Json(schema) => example_of(schema).to_string(),
    };
    let mut finish = Finish::Stop;
    let first_stop = ask.stop.iter().filter(|stop| !stop.is_empty());
    let first_stop = first_stop
        .filter_map(|stop| text.find(stop.as_str()).map(|at| (at, stop)))
        .min();
    if let Some((at, stop)) = first_stop {
        text.truncate(at);
        finish = Finish::StopSequence(stop.clone());
    }
    let mut ends = token_ends(&text);
    let most = ask
        .max_tokens
        .and_then(|most| usize::try_from(most).ok())
        .unwrap_or(usize::MAX);
    if ends.len() > most {
        ends.truncate(most);
        text.truncate(ends.last().map_or(0, |end| *end as usize));
        finish = Finish::Length;
    }
    Choice {
        text,
        token_ends: ends,
        tool_calls: Vec::new(),
        finish,
    }
}

fn slice_of<'a>(text: &'a str, ends: &[u32], index: usize) -> &'a str {
    let end = |index: usize| ends.get(index).map_or(text.len(), |end| *end as usize);
    let start = if index == 0 { 0 } else { end(index - 1) };
    text.get(start..end(index)).unwrap_or("")
}

/// Tokens of a text that is not part of a chat, as embeddings and moderations are charged.
pub(super) fn tokens_of_texts<'a>(texts: impl Iterator<Item = &'a str>) -> u64 {
    texts.map(count_tokens).sum()
}
