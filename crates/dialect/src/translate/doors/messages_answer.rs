//! Anthropic messages as clients read them: whole, or as the typed events their SDKs build messages from.

use crate::door::Dialect;
use crate::json::Writer;
use crate::translate::answer::{Block, Choice, Collected, Finish, Piece};
use crate::translate::ids;
use crate::translate::proof;
use crate::translate::request::{Proof, ProofKind};
use crate::translate::writer::Answering;
use crate::usage::Usage;

fn stop_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::StopSequence => "stop_sequence",
        Finish::ToolCalls => "tool_use",
        Finish::Length => "max_tokens",
        Finish::Filtered => "refusal",
        Finish::Paused => "pause_turn",
    }
}

pub(crate) fn whole(answering: &Answering, answer: &Collected, out: &mut Vec<u8>) {
    let nothing = Choice::default();
    let choice = answer.choices.first().unwrap_or(&nothing);
    Writer::new(out).object(|message| {
        head(message, answering, answer.id.as_deref());
        message.key("content").list(|list| {
            choice
                .blocks
                .iter()
                .for_each(|block| whole_block(answering, block, list))
        });
        message
            .key("stop_reason")
            .text_or_null(choice.finish.map(stop_reason));
        message
            .key("stop_sequence")
            .text_or_null(choice.stop_sequence.as_deref());
        message
            .key("usage")
            .object(|usage| write_usage(&answer.usage.unwrap_or_default(), usage));
    });
}

fn head(message: &mut Writer<'_>, answering: &Answering, id: Option<&str>) {
    message
        .field("id", &answering.id("msg_", id))
        .field("type", "message")
        .field("role", "assistant");
    message.field("model", &answering.public_model);
}

fn write_usage(usage: &Usage, written: &mut Writer<'_>) {
    let cached = usage.cached_input_tokens.saturating_add(usage.cache_write_tokens);
    written
        .key("input_tokens")
        .integer(usage.input_tokens.saturating_sub(cached));
    written
        .key("cache_creation_input_tokens")
        .integer(usage.cache_write_tokens);
    written
        .key("cache_read_input_tokens")
        .integer(usage.cached_input_tokens);
    written.key("output_tokens").integer(usage.output_tokens);
}

fn whole_block(answering: &Answering, block: &Block, list: &mut Writer<'_>) {
    // The API has no place for a call's signature; a thought before the call carries it.
    if let Block::Call {
        proof: Some(proof), ..
    } = block
    {
        list.object(|written| write_thought("", proof, written));
    }
    list.object(|written| match block {
        Block::Text(text) | Block::Refusal(text) => {
            written.field("type", "text").field("text", text);
        }
        Block::Thought { text, proof } => {
            write_thought(text, proof.as_ref().unwrap_or(&answering.unproven()), written)
        }
        Block::Call {
            id, name, arguments, ..
        } => {
            written
                .field("type", "tool_use")
                .field("id", &ids::for_anthropic(id))
                .field("name", name);
            written
                .key("input")
                .raw(if arguments.is_empty() { "{}" } else { arguments });
        }
    });
}

fn write_thought(text: &str, proof: &Proof, written: &mut Writer<'_>) {
    if proof.vendor == Dialect::Anthropic && proof.kind == ProofKind::Redacted {
        written
            .field("type", "redacted_thinking")
            .field("data", &proof.words);
    } else {
        written
            .field("type", "thinking")
            .field("thinking", text)
            .field("signature", &signature(proof));
    }
}

/// Anthropic's own signature as it is, another vendor's carried.
fn signature(proof: &Proof) -> String {
    if proof.vendor == Dialect::Anthropic {
        proof.words.clone()
    } else {
        proof::write(proof)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Thought,
    Call(usize),
}

/// Events of a stream. Text and thoughts are one block at a time; calls stay open beside each other, since
/// some vendors write several at once.
#[derive(Default)]
pub(crate) struct Events {
    started: bool,
    id: Option<String>,
    next: u64,
    open: Vec<(u64, Kind)>,
    /// The open thought has had its signature.
    proven: bool,
    usage: Usage,
    finish: Option<(Finish, Option<String>)>,
}

impl Events {
    pub(crate) fn take(&mut self, answering: &Answering, choice: usize, piece: Piece<'_>, out: &mut Vec<u8>) {
        // The API knows one answer only.
        if choice > 0 {
            return;
        }
        match piece {
            Piece::Start { id } => self.id = id.map(str::to_owned),
            Piece::Usage(usage) => self.usage = usage,
            Piece::Finish { why, stop_sequence } => {
                self.finish = Some((why, stop_sequence.map(str::to_owned)))
            }
            Piece::Text(text) | Piece::Refusal(text) => {
                let index = self.block(answering, Kind::Text, out, |block| {
                    block.field("type", "text").field("text", "");
                });
                delta(index, "text_delta", "text", text, out);
            }
            Piece::Thought(text) => {
                let index = self.thought(answering, out);
                delta(index, "thinking_delta", "thinking", text, out);
            }
            Piece::Proof(proof) => self.proof(answering, &proof, out),
            Piece::CallStart {
                call,
                id,
                name,
                proof,
            } => {
                // The API has no place for a call's signature; a thought before the call carries it.
                if let Some(proof) = proof {
                    self.proof(answering, proof, out);
                }
                self.block(answering, Kind::Call(call), out, |block| {
                    block
                        .field("type", "tool_use")
                        .field("id", &ids::for_anthropic(id))
                        .field("name", name);
                    block.key("input").object(|_| {});
                });
            }
            Piece::CallArguments { call, text } => {
                let open = self.open.iter().find(|(_, kind)| *kind == Kind::Call(call));
                if let Some((index, _)) = open {
                    delta(*index, "input_json_delta", "partial_json", text, out);
                }
            }
            Piece::CallEnd { call } => self.close_blocks(answering, out, |kind| kind == Kind::Call(call)),
        }
    }

    pub(crate) fn close(&mut self, answering: &Answering, out: &mut Vec<u8>) {
        self.start(answering, out);
        self.close_blocks(answering, out, |_| true);
        let (why, stop_sequence) = self.finish.take().unwrap_or((Finish::Stop, None));
        event("message_delta", out, |data| {
            data.key("delta").object(|delta| {
                delta.field("stop_reason", stop_reason(why));
                delta.key("stop_sequence").text_or_null(stop_sequence.as_deref());
            });
            data.key("usage")
                .object(|written| write_usage(&self.usage, written));
        });
        event("message_stop", out, |_| {});
    }

    fn start(&mut self, answering: &Answering, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        event("message_start", out, |data| {
            data.key("message").object(|message| {
                head(message, answering, self.id.as_deref());
                message
                    .key("content")
                    .list(|_| {})
                    .key("stop_reason")
                    .null()
                    .key("stop_sequence")
                    .null();
                message
                    .key("usage")
                    .object(|written| write_usage(&self.usage, written));
            });
        });
    }

    /// The open block of this kind, or a new one. What is open and is no call ends first.
    fn block(
        &mut self,
        answering: &Answering,
        kind: Kind,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut Writer<'_>),
    ) -> u64 {
        self.start(answering, out);
        if let Some((index, _)) = self.open.iter().find(|(_, open)| *open == kind) {
            return *index;
        }
        self.close_blocks(answering, out, |open| {
            !matches!((open, kind), (Kind::Call(_), Kind::Call(_)))
        });
        let index = self.next;
        self.next += 1;
        self.open.push((index, kind));
        event("content_block_start", out, |data| {
            data.key("index").integer(index).key("content_block").object(fill);
        });
        index
    }

    fn thought(&mut self, answering: &Answering, out: &mut Vec<u8>) -> u64 {
        if !self.open.iter().any(|(_, kind)| *kind == Kind::Thought) {
            self.proven = false;
        }
        self.block(answering, Kind::Thought, out, |block| {
            block
                .field("type", "thinking")
                .field("thinking", "")
                .field("signature", "");
        })
    }

    fn proof(&mut self, answering: &Answering, proof: &Proof, out: &mut Vec<u8>) {
        let index = self.thought(answering, out);
        delta(index, "signature_delta", "signature", &signature(proof), out);
        self.proven = true;
        self.close_blocks(answering, out, |kind| kind == Kind::Thought);
    }

    fn close_blocks(&mut self, answering: &Answering, out: &mut Vec<u8>, ends: impl Fn(Kind) -> bool) {
        let proven = self.proven;
        self.open.retain(|(index, kind)| {
            if !ends(*kind) {
                return true;
            }
            if *kind == Kind::Thought && !proven {
                delta(
                    *index,
                    "signature_delta",
                    "signature",
                    &signature(&answering.unproven()),
                    out,
                );
            }
            event("content_block_stop", out, |data| {
                data.key("index").integer(*index);
            });
            false
        });
    }
}

fn delta(index: u64, kind: &str, field: &str, words: &str, out: &mut Vec<u8>) {
    event("content_block_delta", out, |data| {
        data.key("index").integer(index).key("delta").object(|delta| {
            delta.field("type", kind).field(field, words);
        });
    });
}

/// Official SDKs go by the `event:` line, which must say the same as `type`.
fn event(kind: &str, out: &mut Vec<u8>, fill: impl FnOnce(&mut Writer<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    Writer::new(out).object(|data| {
        data.field("type", kind);
        fill(data);
    });
    out.extend_from_slice(b"\n\n");
}
