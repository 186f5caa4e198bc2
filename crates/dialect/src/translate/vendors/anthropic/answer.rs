//! Anthropic's answers, whole and streamed, as pieces. Blocks of the vendor's own tools are passed over: they
//! are no calls of the client's, and neither their arguments nor their numbers may show.

use crate::broken::Broken;
use crate::door::Dialect;
use crate::json::{Json, Value};
use crate::translate::answer::{Finish, Piece, Sink};
use crate::translate::request::{Proof, ProofKind};
use crate::usage::AnthropicUsage;

/// What an open block of a stream is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thought,
    Call {
        call: usize,
        has_arguments: bool,
    },
    /// A block that means nothing to other APIs.
    Other,
}

#[derive(Default)]
pub(crate) struct Decoder {
    usage: AnthropicUsage,
    open: Vec<(u64, Open)>,
    calls: usize,
    signature: String,
    started: bool,
    /// Something of the answer was passed on.
    spoke: bool,
    finished: bool,
    ended: bool,
}

impl Decoder {
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn whole(&mut self, answer: &Json<'_>, sink: &mut Sink<'_>) -> Result<(), Broken> {
        let Some(content) = answer.get("content").filter(|content| content.is_list()) else {
            return Err(Broken::Garbage("the answer has no content"));
        };
        sink(
            0,
            Piece::Start {
                id: answer.text_at("id"),
            },
        );
        for block in content.items() {
            self.whole_block(block, sink);
        }
        finish(answer, sink);
        self.count(answer, sink);
        self.ended = true;
        Ok(())
    }

    /// Takes one event. False if it says nothing about the answer.
    pub(crate) fn event(&mut self, event: &Json<'_>, sink: &mut Sink<'_>) -> Result<bool, Broken> {
        let index = event.integer_at("index").unwrap_or_default();
        match event.text_at("type") {
            Some("message_start") => self.start(event, sink)?,
            Some("content_block_start") => {
                if let Some(block) = event.get("content_block") {
                    self.open_block(index, block, sink);
                }
            }
            Some("content_block_delta") => {
                if let Some(delta) = event.get("delta") {
                    self.delta(index, delta, sink);
                }
            }
            Some("content_block_stop") => self.close_block(index, sink),
            Some("message_delta") => {
                self.count(event, sink);
                if let Some(delta) = event.get("delta") {
                    self.finished |= delta.get("stop_reason").is_some();
                    finish(delta, sink);
                }
            }
            Some("message_stop") if !self.started => {
                return Err(Broken::Garbage("the stream ends before it began"));
            }
            Some("message_stop") => {
                if !self.finished {
                    sink(
                        0,
                        Piece::Finish {
                            why: Finish::Stop,
                            stop_sequence: None,
                        },
                    );
                }
                self.ended = true;
            }
            Some("error") => return Err(Broken::vendor(event.get("error").unwrap_or(event))),
            Some("ping") => return Ok(false),
            Some(_) => {}
            None => {
                return Err(match event.get("error") {
                    Some(error) => Broken::vendor(error),
                    None => Broken::Garbage("an event without a type"),
                });
            }
        }
        Ok(true)
    }

    /// An edge server may try again inside one stream. Before anything was said the second start counts;
    /// later, half of one answer and half of another would make a third that nobody gave.
    fn start(&mut self, event: &Json<'_>, sink: &mut Sink<'_>) -> Result<(), Broken> {
        if self.started && self.spoke {
            return Err(Broken::Garbage("the answer begins a second time"));
        }
        self.started = true;
        let message = event.get("message").unwrap_or(event);
        sink(
            0,
            Piece::Start {
                id: message.text_at("id"),
            },
        );
        self.usage = AnthropicUsage::default();
        self.count(message, sink);
        Ok(())
    }

    fn count(&mut self, holder: &Json<'_>, sink: &mut Sink<'_>) {
        if let Some(usage) = holder.get("usage") {
            self.usage.take(usage);
        }
        if let Some(total) = self.usage.total() {
            sink(0, Piece::Usage(total));
        }
    }

    fn whole_block(&mut self, block: &Json<'_>, sink: &mut Sink<'_>) {
        let text = |name: &str| block.text_at(name).unwrap_or_default();
        match block.text_at("type") {
            Some("text") => sink(0, Piece::Text(text("text"))),
            Some("thinking") => {
                sink(0, Piece::Thought(text("thinking")));
                sink(0, Piece::Proof(signature(text("signature"))));
            }
            Some("redacted_thinking") => sink(0, Piece::Proof(redacted(text("data")))),
            Some("tool_use") => {
                let call = self.calls;
                self.calls += 1;
                sink(
                    0,
                    Piece::CallStart {
                        call,
                        id: text("id"),
                        name: text("name"),
                        proof: None,
                    },
                );
                let input = block
                    .get("input")
                    .filter(|input| input.is_object())
                    .map_or("{}", |input| input.raw);
                sink(0, Piece::CallArguments { call, text: input });
                sink(0, Piece::CallEnd { call });
            }
            Some(_) | None => {}
        }
    }

    fn open_block(&mut self, index: u64, block: &Json<'_>, sink: &mut Sink<'_>) {
        let text = |name: &str| block.text_at(name).unwrap_or_default();
        self.spoke = true;
        let open = match block.text_at("type") {
            Some("text") => {
                if !text("text").is_empty() {
                    sink(0, Piece::Text(text("text")));
                }
                Open::Text
            }
            Some("thinking") => {
                self.signature = text("signature").to_owned();
                if !text("thinking").is_empty() {
                    sink(0, Piece::Thought(text("thinking")));
                }
                Open::Thought
            }
            Some("redacted_thinking") => {
                sink(0, Piece::Proof(redacted(text("data"))));
                Open::Other
            }
            Some("tool_use") => {
                let call = self.calls;
                self.calls += 1;
                sink(
                    0,
                    Piece::CallStart {
                        call,
                        id: text("id"),
                        name: text("name"),
                        proof: None,
                    },
                );
                let input = block.get("input").filter(|input| !input.fields().is_empty());
                if let Some(input) = input {
                    sink(
                        0,
                        Piece::CallArguments {
                            call,
                            text: input.raw,
                        },
                    );
                }
                Open::Call {
                    call,
                    has_arguments: input.is_some(),
                }
            }
            Some(_) | None => Open::Other,
        };
        self.open.retain(|(held, _)| *held != index);
        self.open.push((index, open));
    }

    fn delta(&mut self, index: u64, delta: &Json<'_>, sink: &mut Sink<'_>) {
        let open = self
            .open
            .iter_mut()
            .find(|(held, _)| *held == index)
            .map(|(_, open)| open);
        match (delta.text_at("type"), open) {
            (Some("text_delta"), Some(Open::Text)) => {
                if let Some(text) = delta.text_at("text").filter(|text| !text.is_empty()) {
                    sink(0, Piece::Text(text));
                }
            }
            (Some("thinking_delta"), Some(Open::Thought)) => {
                if let Some(text) = delta.text_at("thinking").filter(|text| !text.is_empty()) {
                    sink(0, Piece::Thought(text));
                }
            }
            (Some("signature_delta"), Some(Open::Thought)) => {
                self.signature
                    .push_str(delta.text_at("signature").unwrap_or_default());
            }
            (Some("input_json_delta"), Some(Open::Call { call, has_arguments })) => {
                if let Some(text) = delta.text_at("partial_json").filter(|text| !text.is_empty()) {
                    *has_arguments = true;
                    sink(0, Piece::CallArguments { call: *call, text });
                }
            }
            _ => {}
        }
    }

    fn close_block(&mut self, index: u64, sink: &mut Sink<'_>) {
        let Some(position) = self.open.iter().position(|(held, _)| *held == index) else {
            return;
        };
        let (_, open) = self.open.swap_remove(position);
        match open {
            Open::Thought if !self.signature.is_empty() => {
                sink(0, Piece::Proof(signature(&std::mem::take(&mut self.signature))));
            }
            Open::Call { call, has_arguments } => {
                if !has_arguments {
                    sink(0, Piece::CallArguments { call, text: "{}" });
                }
                sink(0, Piece::CallEnd { call });
            }
            Open::Text | Open::Thought | Open::Other => {}
        }
    }
}

fn signature(words: &str) -> Proof {
    Proof {
        vendor: Dialect::Anthropic,
        kind: ProofKind::Signature,
        words: words.to_owned(),
    }
}

fn redacted(words: &str) -> Proof {
    Proof {
        vendor: Dialect::Anthropic,
        kind: ProofKind::Redacted,
        words: words.to_owned(),
    }
}

fn finish(holder: &Json<'_>, sink: &mut Sink<'_>) {
    let stop_sequence = holder.text_at("stop_sequence");
    let why = match holder.get("stop_reason").map(|reason| &reason.value) {
        Some(Value::Text(reason)) => match reason.as_ref() {
            "tool_use" => Finish::ToolCalls,
            "max_tokens" | "model_context_window_exceeded" => Finish::Length,
            "stop_sequence" => Finish::StopSequence,
            "refusal" => {
                let details = holder.get("stop_details");
                if let Some(why) = details.and_then(|details| details.text_at("explanation")) {
                    sink(0, Piece::Refusal(why));
                }
                Finish::Filtered
            }
            "pause_turn" => Finish::Paused,
            _ => Finish::Stop,
        },
        _ => return,
    };
    sink(0, Piece::Finish { why, stop_sequence });
}
