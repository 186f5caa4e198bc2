//! Google's answers as clients read them: whole, or in events that are each an answer with the next part.

use crate::door::Dialect;
use crate::json::Writer;
use crate::translate::answer::{Block, Choice, Collected, Finish, Piece};
use crate::translate::proof;
use crate::translate::request::Proof;
use crate::translate::writer::Answering;
use crate::usage::Usage;

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence | Finish::ToolCalls | Finish::Paused => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Filtered => "SAFETY",
    }
}

pub(crate) fn whole(answering: &Answering, answer: &Collected, out: &mut Vec<u8>) {
    Writer::new(out).object(|body| {
        body.key("candidates").list(|list| {
            for (index, choice) in answer.choices.iter().enumerate() {
                list.object(|candidate| whole_candidate(index, choice, candidate));
            }
        });
        tail(answering, answer.usage.as_ref(), answer.id.as_deref(), body);
    });
}

fn whole_candidate(index: usize, choice: &Choice, candidate: &mut Writer<'_>) {
    candidate.key("content").object(|content| {
        content.field("role", "model").key("parts").list(|parts| {
            for block in &choice.blocks {
                parts.object(|part| whole_part(block, part));
            }
        });
    });
    if let Some(why) = choice.finish {
        candidate.field("finishReason", finish_reason(why));
    }
    candidate.key("index").integer(index as u64);
}

fn whole_part(block: &Block, part: &mut Writer<'_>) {
    match block {
        Block::Text(text) | Block::Refusal(text) => {
            part.field("text", text);
        }
        Block::Thought { text, proof } => {
            part.field("text", text).key("thought").bool(true);
            write_signature(proof.as_ref(), part);
        }
        Block::Call {
            id,
            name,
            arguments,
            proof,
        } => {
            write_call(id, name, arguments, part);
            write_signature(proof.as_ref(), part);
        }
    }
}

fn write_call(id: &str, name: &str, arguments: &str, part: &mut Writer<'_>) {
    part.key("functionCall").object(|call| {
        call.field("id", id).field("name", name);
        call.key("args")
            .raw(if arguments.is_empty() { "{}" } else { arguments });
    });
}

/// Google's own signature as it is; another vendor's carried, in base64 as Google's clients expect.
fn write_signature(proof: Option<&Proof>, part: &mut Writer<'_>) {
    match proof {
        Some(Proof {
            vendor: Dialect::Gemini,
            words,
            ..
        }) => {
            part.field("thoughtSignature", words);
        }
        Some(proof) => {
            part.field("thoughtSignature", &proof::write_base64(proof));
        }
        None => {}
    }
}

fn tail(answering: &Answering, usage: Option<&Usage>, id: Option<&str>, body: &mut Writer<'_>) {
    if let Some(usage) = usage {
        body.key("usageMetadata").object(|written| {
            written.key("promptTokenCount").integer(usage.input_tokens);
            written
                .key("candidatesTokenCount")
                .integer(usage.output_tokens.saturating_sub(usage.reasoning_tokens));
            written.key("totalTokenCount").integer(usage.total_tokens());
            if usage.cached_input_tokens > 0 {
                written
                    .key("cachedContentTokenCount")
                    .integer(usage.cached_input_tokens);
            }
            if usage.reasoning_tokens > 0 {
                written.key("thoughtsTokenCount").integer(usage.reasoning_tokens);
            }
        });
    }
    body.field("modelVersion", &answering.public_model);
    body.field("responseId", &answering.id("", id));
}

/// A call whose arguments are still coming: they are shown whole.
struct Open {
    choice: usize,
    call: usize,
    id: String,
    name: String,
    arguments: String,
    proof: Option<Proof>,
}

#[derive(Default)]
pub(crate) struct Events {
    id: Option<String>,
    open: Vec<Open>,
    usage: Option<Usage>,
    finishes: Vec<(usize, Finish)>,
    written: bool,
}

impl Events {
    pub(crate) fn take(&mut self, answering: &Answering, choice: usize, piece: Piece<'_>, out: &mut Vec<u8>) {
        match piece {
            Piece::Start { id } => self.id = id.map(str::to_owned),
            Piece::Usage(usage) => self.usage = Some(usage),
            Piece::Finish { why, .. } => self.finishes.push((choice, why)),
            Piece::Text(text) | Piece::Refusal(text) => self.part(answering, choice, out, |part| {
                part.field("text", text);
            }),
            Piece::Thought(text) => self.part(answering, choice, out, |part| {
                part.field("text", text).key("thought").bool(true);
            }),
            Piece::Proof(proof) => self.part(answering, choice, out, |part| {
                part.field("text", "").key("thought").bool(true);
                write_signature(Some(&proof), part);
            }),
            Piece::CallStart {
                call,
                id,
                name,
                proof,
            } => self.open.push(Open {
                choice,
                call,
                id: id.to_owned(),
                name: name.to_owned(),
                arguments: String::new(),
                proof: proof.cloned(),
            }),
            Piece::CallArguments { call, text } => {
                let mut held = self
                    .open
                    .iter_mut()
                    .filter(|open| (open.choice, open.call) == (choice, call));
                if let Some(open) = held.next() {
                    open.arguments.push_str(text);
                }
            }
            Piece::CallEnd { call } => {
                let held = self
                    .open
                    .iter()
                    .position(|open| (open.choice, open.call) == (choice, call));
                if let Some(open) = held.map(|position| self.open.remove(position)) {
                    self.part(answering, choice, out, |part| {
                        write_call(&open.id, &open.name, &open.arguments, part);
                        write_signature(open.proof.as_ref(), part);
                    });
                }
            }
        }
    }

    pub(crate) fn close(&mut self, answering: &Answering, out: &mut Vec<u8>) {
        let finishes = std::mem::take(&mut self.finishes);
        self.event(answering, out, true, |list| {
            for (choice, why) in &finishes {
                list.object(|candidate| {
                    candidate.key("content").object(|content| {
                        content.field("role", "model").key("parts").list(|parts| {
                            parts.object(|part| {
                                part.field("text", "");
                            });
                        });
                    });
                    candidate
                        .field("finishReason", finish_reason(*why))
                        .key("index")
                        .integer(*choice as u64);
                });
            }
        });
        if answering.array {
            out.extend_from_slice(b"\n]");
        }
    }

    fn part(
        &mut self,
        answering: &Answering,
        choice: usize,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut Writer<'_>),
    ) {
        self.event(answering, out, false, |list| {
            list.object(|candidate| {
                candidate.key("content").object(|content| {
                    content.field("role", "model").key("parts").list(|parts| {
                        parts.object(fill);
                    });
                });
                candidate.key("index").integer(choice as u64);
            });
        });
    }

    fn event(
        &mut self,
        answering: &Answering,
        out: &mut Vec<u8>,
        last: bool,
        candidates: impl FnOnce(&mut Writer<'_>),
    ) {
        let before: &[u8] = match (answering.array, self.written) {
            (false, _) => b"data: ",
            (true, false) => b"[",
            (true, true) => b"\n,\n",
        };
        self.written = true;
        out.extend_from_slice(before);
        Writer::new(out).object(|body| {
            body.key("candidates").list(candidates);
            tail(
                answering,
                self.usage.as_ref().filter(|_| last),
                self.id.as_deref(),
                body,
            );
        });
        if !answering.array {
            out.extend_from_slice(b"\r\n\r\n");
        }
    }
}
