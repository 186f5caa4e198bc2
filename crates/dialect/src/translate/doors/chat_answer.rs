//! Chat completions as clients read them: whole, or in chunks.

use crate::door::Dialect;
use crate::json::Writer;
use crate::translate::answer::{Block, Choice, Collected, Finish, Piece};
use crate::translate::ids;
use crate::translate::proof;
use crate::translate::request::{Proof, ProofKind};
use crate::translate::writer::Answering;
use crate::usage::Usage;

/// OpenAI's word for why the model stopped.
pub(crate) fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence | Finish::Paused => "stop",
        Finish::ToolCalls => "tool_calls",
        Finish::Length => "length",
        Finish::Filtered => "content_filter",
    }
}

pub(crate) fn whole(answering: &Answering, answer: &Collected, out: &mut Vec<u8>) {
    Writer::new(out).object(|body| {
        head(body, answering, answer.id.as_deref(), "chat.completion");
        body.key("choices").list(|choices| {
            for (index, choice) in answer.choices.iter().enumerate() {
                choices.object(|written| whole_choice(index, choice, written));
            }
        });
        if let Some(usage) = &answer.usage {
            body.key("usage").object(|written| write_usage(usage, written));
        }
    });
}

fn whole_choice(index: usize, choice: &Choice, written: &mut Writer<'_>) {
    written
        .key("index")
        .integer(index as u64)
        .key("message")
        .object(|message| {
            let (text, refusal) = choice.texts();
            message.field("role", "assistant");
            message
                .key("content")
                .text_or_null(Some(text.as_str()).filter(|text| !text.is_empty()));
            message
                .key("refusal")
                .text_or_null(Some(refusal.as_str()).filter(|text| !text.is_empty()));
            whole_thoughts(choice, message);
            let calls = choice
                .blocks
                .iter()
                .filter(|block| matches!(block, Block::Call { .. }));
            if calls.clone().next().is_some() {
                message
                    .key("tool_calls")
                    .list(|list| calls.for_each(|call| whole_call(call, list)));
            }
        });
    written
        .key("logprobs")
        .null()
        .key("finish_reason")
        .text_or_null(choice.finish.map(finish_reason));
}

fn whole_thoughts(choice: &Choice, message: &mut Writer<'_>) {
    let mut text = String::new();
    let mut carried = Carried::default();
    for block in &choice.blocks {
        if let Block::Thought { text: more, proof } = block {
            text.push_str(more);
            carried.thought.push_str(more);
            if let Some(proof) = proof {
                carried.prove(proof);
            }
        }
    }
    if !text.is_empty() {
        message.field("reasoning_content", &text);
    }
    carried.write(message);
}

fn whole_call(block: &Block, list: &mut Writer<'_>) {
    let Block::Call {
        id,
        name,
        arguments,
        proof,
    } = block
    else {
        return;
    };
    list.object(|call| {
        call.field("id", &ids::for_openai(id))
            .field("type", "function")
            .key("function")
            .object(|function| {
                function.field("name", name);
                function.field("arguments", if arguments.is_empty() { "{}" } else { arguments });
            });
        write_call_proof(proof.as_ref(), call);
    });
}

/// Google's own place for the signature of a call.
fn write_call_proof(proof: Option<&Proof>, holder: &mut Writer<'_>) {
    let Some(proof) = proof.filter(|proof| proof.vendor == Dialect::Gemini) else {
        return;
    };
    holder.key("extra_content").object(|extra| {
        extra.key("google").object(|google| {
            google.field("thought_signature", &proof.words);
        });
    });
}

/// The proven thoughts of an answer, on their way into one opaque field that clients send back.
#[derive(Default)]
struct Carried {
    thought: String,
    blocks: Vec<(String, Proof)>,
    google: Option<Proof>,
}

impl Carried {
    fn prove(&mut self, proof: &Proof) {
        if proof.vendor == Dialect::Gemini && self.thought.is_empty() {
            self.google = Some(proof.clone());
            return;
        }
        let text = if proof.kind == ProofKind::Redacted {
            String::new()
        } else {
            std::mem::take(&mut self.thought)
        };
        self.blocks.push((text, proof.clone()));
    }

    fn write(&self, holder: &mut Writer<'_>) {
        if !self.blocks.is_empty() {
            let mut json = Vec::new();
            Writer::new(&mut json).list(|list| {
                for (text, proof) in &self.blocks {
                    list.object(|block| {
                        block.field("text", text).field("proof", &proof::write(proof));
                    });
                }
            });
            holder.field(
                "reasoning_signature",
                &String::from_utf8(json).unwrap_or_default(),
            );
        }
        write_call_proof(self.google.as_ref(), holder);
    }
}

fn head(body: &mut Writer<'_>, answering: &Answering, id: Option<&str>, object: &str) {
    body.field("id", &answering.id("chatcmpl-", id))
        .field("object", object);
    body.key("created")
        .integer(answering.now_unix_seconds)
        .field("model", &answering.public_model);
}

/// Usage in OpenAI's words.
pub(crate) fn write_usage(usage: &Usage, written: &mut Writer<'_>) {
    written.key("prompt_tokens").integer(usage.input_tokens);
    written.key("completion_tokens").integer(usage.output_tokens);
    written.key("total_tokens").integer(usage.total_tokens());
    written.key("prompt_tokens_details").object(|details| {
        details.key("cached_tokens").integer(usage.cached_input_tokens);
        if usage.cache_write_tokens > 0 {
            details
                .key("cache_write_tokens")
                .integer(usage.cache_write_tokens);
        }
    });
    written.key("completion_tokens_details").object(|details| {
        details.key("reasoning_tokens").integer(usage.reasoning_tokens);
    });
}

/// Chunks of a stream, in OpenAI's order: the role, the deltas, the finish reason, the usage, `[DONE]`.
#[derive(Default)]
pub(crate) struct Chunks {
    id: Option<String>,
    begun: Vec<bool>,
    carried: Carried,
    /// Told at the end only, so that a stream that breaks in between has no end.
    finishes: Vec<(usize, Finish)>,
    usage: Option<Usage>,
}

impl Chunks {
    pub(crate) fn take(&mut self, answering: &Answering, choice: usize, piece: Piece<'_>, out: &mut Vec<u8>) {
        match piece {
            Piece::Start { id } => self.id = id.map(str::to_owned),
            Piece::Usage(usage) => self.usage = Some(usage),
            Piece::CallEnd { .. } => {}
            Piece::Proof(proof) => self.carried.prove(&proof),
            Piece::Finish { why, .. } => self.finishes.push((choice, why)),
            piece => {
                self.begin(answering, choice, out);
                self.step(answering, choice, piece, out);
            }
        }
    }

    /// The end of a stream that ended in order.
    pub(crate) fn close(&mut self, answering: &Answering, out: &mut Vec<u8>) {
        let carried = std::mem::take(&mut self.carried);
        for (position, (choice, why)) in std::mem::take(&mut self.finishes).into_iter().enumerate() {
            self.begin(answering, choice, out);
            self.delta(answering, choice, Some(why), out, |delta| {
                if position == 0 {
                    carried.write(delta);
                }
            });
        }
        if let Some(usage) = self.usage.filter(|_| answering.shows_usage) {
            self.chunk(answering, out, |chunk| {
                chunk
                    .key("choices")
                    .list(|_| {})
                    .key("usage")
                    .object(|written| write_usage(&usage, written));
            });
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn begin(&mut self, answering: &Answering, choice: usize, out: &mut Vec<u8>) {
        // A choice's number is the vendor's to give; OpenAI allows 128.
        if self.begun.len() <= choice && choice < 128 {
            self.begun.resize(choice + 1, false);
        }
        if let Some(begun) = self.begun.get_mut(choice).filter(|begun| !**begun) {
            *begun = true;
            self.delta(answering, choice, None, out, |delta| {
                delta
                    .field("role", "assistant")
                    .field("content", "")
                    .key("refusal")
                    .null();
            });
        }
    }

    fn step(&mut self, answering: &Answering, choice: usize, piece: Piece<'_>, out: &mut Vec<u8>) {
        match piece {
            Piece::Text(text) => self.delta(answering, choice, None, out, |delta| {
                delta.field("content", text);
            }),
            Piece::Refusal(text) => self.delta(answering, choice, None, out, |delta| {
                delta.field("refusal", text);
            }),
            Piece::Thought(text) => {
                self.carried.thought.push_str(text);
                self.delta(answering, choice, None, out, |delta| {
                    delta.field("reasoning_content", text);
                });
            }
            Piece::CallStart {
                call,
                id,
                name,
                proof,
            } => self.delta(answering, choice, None, out, |delta| {
                call_delta(delta, call, |written| {
                    written
                        .field("id", &ids::for_openai(id))
                        .field("type", "function")
                        .key("function")
                        .object(|function| {
                            function.field("name", name).field("arguments", "");
                        });
                    write_call_proof(proof, written);
                });
            }),
            Piece::CallArguments { call, text } => self.delta(answering, choice, None, out, |delta| {
                call_delta(delta, call, |written| {
                    written.key("function").object(|function| {
                        function.field("arguments", text);
                    });
                });
            }),
            Piece::Start { .. }
            | Piece::Usage(_)
            | Piece::Finish { .. }
            | Piece::CallEnd { .. }
            | Piece::Proof(_) => {}
        }
    }

    fn delta(
        &self,
        answering: &Answering,
        choice: usize,
        finish: Option<Finish>,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut Writer<'_>),
    ) {
        self.chunk(answering, out, |chunk| {
            chunk.key("choices").list(|choices| {
                choices.object(|written| {
                    written
                        .key("index")
                        .integer(choice as u64)
                        .key("delta")
                        .object(fill);
                    written
                        .key("logprobs")
                        .null()
                        .key("finish_reason")
                        .text_or_null(finish.map(finish_reason));
                });
            });
            if answering.shows_usage {
                chunk.key("usage").null();
            }
        });
    }

    fn chunk(&self, answering: &Answering, out: &mut Vec<u8>, fill: impl FnOnce(&mut Writer<'_>)) {
        out.extend_from_slice(b"data: ");
        Writer::new(out).object(|chunk| {
            head(chunk, answering, self.id.as_deref(), "chat.completion.chunk");
            fill(chunk);
        });
        out.extend_from_slice(b"\n\n");
    }
}

fn call_delta(delta: &mut Writer<'_>, call: usize, fill: impl FnOnce(&mut Writer<'_>)) {
    delta.key("tool_calls").list(|calls| {
        calls.object(|written| {
            written.key("index").integer(call as u64);
            fill(written);
        });
    });
}
