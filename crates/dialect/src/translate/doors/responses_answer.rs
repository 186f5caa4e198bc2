//! Responses as clients read them: whole, or as the long series of events their SDKs follow. The stream keeps
//! what it has said, since each item is told again whole when it is done, and all of them at the end.

use crate::json::Writer;
use crate::translate::answer::{Block, Collected, Finish, Piece};
use crate::translate::ids;
use crate::translate::proof;
use crate::translate::writer::Answering;
use crate::usage::Usage;

pub(crate) fn whole(answering: &Answering, answer: &Collected, out: &mut Vec<u8>) {
    Writer::new(out).object(|response| write_response(answering, answer, Status::of(answer), response));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    InProgress,
    Completed,
    Incomplete(&'static str),
}

impl Status {
    fn of(answer: &Collected) -> Status {
        match answer.choices.first().and_then(|choice| choice.finish) {
            Some(Finish::Length) => Status::Incomplete("max_output_tokens"),
            Some(Finish::Filtered) => Status::Incomplete("content_filter"),
            Some(Finish::Stop | Finish::StopSequence | Finish::ToolCalls | Finish::Paused) | None => {
                Status::Completed
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Status::InProgress => "in_progress",
            Status::Completed => "completed",
            Status::Incomplete(_) => "incomplete",
        }
    }
}

fn blocks(answer: &Collected) -> &[Block] {
    answer
        .choices
        .first()
        .map(|choice| choice.blocks.as_slice())
        .unwrap_or_default()
}

fn write_response(answering: &Answering, answer: &Collected, status: Status, response: &mut Writer<'_>) {
    let id = answering.id("resp_", answer.id.as_deref());
    response.field("id", &id).field("object", "response");
    response
        .key("created_at")
        .integer(answering.now_unix_seconds)
        .field("status", status.name());
    response.key("error").null();
    match status {
        Status::Incomplete(reason) => response.key("incomplete_details").object(|details| {
            details.field("reason", reason);
        }),
        Status::InProgress | Status::Completed => response.key("incomplete_details").null(),
    };
    response.key("instructions").null().key("metadata").object(|_| {});
    response
        .field("model", &answering.public_model)
        .key("output")
        .list(|list| {
            if status != Status::InProgress {
                for (index, block) in blocks(answer).iter().enumerate() {
                    list.object(|item| write_item(answering, &id, index, block, true, item));
                }
            }
        });
    response
        .key("parallel_tool_calls")
        .bool(true)
        .key("previous_response_id")
        .null();
    response
        .key("store")
        .bool(false)
        .key("temperature")
        .null()
        .key("top_p")
        .null();
    response.key("text").raw("{\"format\":{\"type\":\"text\"}}");
    response
        .field("tool_choice", "auto")
        .key("tools")
        .list(|_| {})
        .field("truncation", "disabled");
    match answer.usage.filter(|_| status != Status::InProgress) {
        Some(usage) => response
            .key("usage")
            .object(|written| write_usage(&usage, written)),
        None => response.key("usage").null(),
    };
}

fn write_usage(usage: &Usage, written: &mut Writer<'_>) {
    written
        .key("input_tokens")
        .integer(usage.input_tokens)
        .key("input_tokens_details")
        .object(|details| {
            details.key("cached_tokens").integer(usage.cached_input_tokens);
        });
    written
        .key("output_tokens")
        .integer(usage.output_tokens)
        .key("output_tokens_details")
        .object(|details| {
            details.key("reasoning_tokens").integer(usage.reasoning_tokens);
        });
    written.key("total_tokens").integer(usage.total_tokens());
}

fn item_id(response: &str, index: usize, block: &Block) -> String {
    let prefix = match block {
        Block::Text(_) | Block::Refusal(_) => "msg",
        Block::Thought { .. } => "rs",
        Block::Call { .. } => "fc",
    };
    format!("{prefix}_{}_{index}", response.trim_start_matches("resp_"))
}

/// An output item: as it is added (empty), or done.
fn write_item(
    answering: &Answering,
    response: &str,
    index: usize,
    block: &Block,
    done: bool,
    item: &mut Writer<'_>,
) {
    let status = if done { "completed" } else { "in_progress" };
    item.field("id", &item_id(response, index, block));
    match block {
        Block::Text(_) | Block::Refusal(_) => {
            item.field("type", "message")
                .field("status", status)
                .field("role", "assistant");
            item.key("content").list(|list| {
                if done {
                    list.object(|part| write_part(block, true, part));
                }
            });
        }
        Block::Thought { text, proof } => {
            item.field("type", "reasoning").key("summary").list(|list| {
                if done && !text.is_empty() {
                    list.object(|part| write_part(block, true, part));
                }
            });
            if done {
                let unproven = answering.unproven();
                item.field(
                    "encrypted_content",
                    &proof::write(proof.as_ref().unwrap_or(&unproven)),
                );
            }
        }
        Block::Call {
            id, name, arguments, ..
        } => {
            let arguments = match (done, arguments.as_str()) {
                (false, _) => "",
                (true, "") => "{}",
                (true, arguments) => arguments,
            };
            item.field("type", "function_call")
                .field("status", status)
                .field("call_id", &ids::for_openai(id));
            item.field("name", name).field("arguments", arguments);
        }
    }
}

fn write_part(block: &Block, done: bool, part: &mut Writer<'_>) {
    let shown = |text: &'_ str| if done { text.to_owned() } else { String::new() };
    match block {
        Block::Text(text) => {
            part.field("type", "output_text").field("text", &shown(text));
            part.key("annotations").list(|_| {}).key("logprobs").list(|_| {});
        }
        Block::Refusal(text) => {
            part.field("type", "refusal").field("refusal", &shown(text));
        }
        Block::Thought { text, .. } => {
            part.field("type", "summary_text").field("text", &shown(text));
        }
        Block::Call { .. } => {}
    }
}

/// Names of the events of one kind of block.
struct Names {
    part_added: &'static str,
    delta: &'static str,
    done: &'static str,
    part_done: &'static str,
    /// The field of `done` that holds everything.
    field: &'static str,
}

fn names(block: &Block) -> Names {
    let (part_added, part_done) = ("response.content_part.added", "response.content_part.done");
    match block {
        Block::Text(_) => {
            let (delta, done) = ("response.output_text.delta", "response.output_text.done");
            Names {
                part_added,
                delta,
                done,
                part_done,
                field: "text",
            }
        }
        Block::Refusal(_) => {
            let (delta, done) = ("response.refusal.delta", "response.refusal.done");
            Names {
                part_added,
                delta,
                done,
                part_done,
                field: "refusal",
            }
        }
        Block::Thought { .. } => Names {
            part_added: "response.reasoning_summary_part.added",
            delta: "response.reasoning_summary_text.delta",
            done: "response.reasoning_summary_text.done",
            part_done: "response.reasoning_summary_part.done",
            field: "text",
        },
        Block::Call { .. } => {
            let (delta, done) = (
                "response.function_call_arguments.delta",
                "response.function_call_arguments.done",
            );
            Names {
                part_added: "",
                delta,
                done,
                part_done: "",
                field: "arguments",
            }
        }
    }
}

#[derive(Default)]
pub(crate) struct Events {
    answer: Collected,
    sequence: u64,
    started: bool,
    /// Blocks that are not done, by their place in the output.
    open: Vec<usize>,
}

impl Events {
    pub(crate) fn take(&mut self, answering: &Answering, choice: usize, piece: Piece<'_>, out: &mut Vec<u8>) {
        // The API knows one answer only.
        if choice > 0 {
            return;
        }
        let delta = match &piece {
            Piece::Start { .. } | Piece::Usage(_) | Piece::Finish { .. } => {
                return self.answer.take(0, piece);
            }
            Piece::Text(text) | Piece::Refusal(text) | Piece::Thought(text) => Some((*text).to_owned()),
            Piece::CallArguments { text, .. } => Some((*text).to_owned()),
            Piece::Proof(_) | Piece::CallStart { .. } | Piece::CallEnd { .. } => None,
        };
        let call = match &piece {
            Piece::CallArguments { call, .. } | Piece::CallEnd { call } => Some(*call),
            _ => None,
        };
        let ends_thought = matches!(piece, Piece::Proof(_));
        let ends_call = matches!(piece, Piece::CallEnd { .. });
        self.start(answering, out);
        let before = blocks(&self.answer).len();
        self.answer.take(0, piece);
        if blocks(&self.answer).len() > before {
            self.close_open(answering, out, |block| !matches!(block, Block::Call { .. }));
            self.add(answering, before, out);
        }
        let index = match call {
            Some(call) => self.call_index(call),
            None => blocks(&self.answer).len().checked_sub(1),
        };
        if let (Some(index), Some(delta)) = (index, delta) {
            self.block_event(
                answering,
                index,
                out,
                |names| names.delta,
                |event, _| {
                    event.field("delta", &delta);
                },
            );
        }
        if ends_thought {
            self.close_open(answering, out, |block| matches!(block, Block::Thought { .. }));
        }
        if let Some(index) = index.filter(|_| ends_call) {
            self.finish_item(answering, index, out);
        }
    }

    pub(crate) fn close(&mut self, answering: &Answering, out: &mut Vec<u8>) {
        self.start(answering, out);
        self.close_open(answering, out, |_| true);
        let status = Status::of(&self.answer);
        let kind = if status == Status::Completed {
            "response.completed"
        } else {
            "response.incomplete"
        };
        self.response_event(answering, kind, status, out);
    }

    fn start(&mut self, answering: &Answering, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.started, true) {
            self.response_event(answering, "response.created", Status::InProgress, out);
            self.response_event(answering, "response.in_progress", Status::InProgress, out);
        }
    }

    fn call_index(&self, call: usize) -> Option<usize> {
        let calls = blocks(&self.answer)
            .iter()
            .enumerate()
            .filter(|(_, block)| matches!(block, Block::Call { .. }));
        calls.map(|(index, _)| index).nth(call)
    }

    fn add(&mut self, answering: &Answering, index: usize, out: &mut Vec<u8>) {
        self.open.push(index);
        self.item_event(answering, "response.output_item.added", index, false, out);
        self.block_event(
            answering,
            index,
            out,
            |names| names.part_added,
            |event, block| {
                event.key("part").object(|part| write_part(block, false, part));
            },
        );
    }

    fn close_open(&mut self, answering: &Answering, out: &mut Vec<u8>, ends: impl Fn(&Block) -> bool) {
        let ending = |index: &usize| blocks(&self.answer).get(*index).is_some_and(&ends);
        let ending: Vec<usize> = self.open.iter().copied().filter(ending).collect();
        ending
            .into_iter()
            .for_each(|index| self.finish_item(answering, index, out));
    }

    fn finish_item(&mut self, answering: &Answering, index: usize, out: &mut Vec<u8>) {
        if !self.open.contains(&index) {
            return;
        }
        self.open.retain(|open| *open != index);
        self.block_event(
            answering,
            index,
            out,
            |names| names.done,
            |event, block| {
                let whole = match block {
                    Block::Text(text) | Block::Refusal(text) | Block::Thought { text, .. } => text,
                    Block::Call { arguments, .. } => arguments,
                };
                event.key(names(block).field).text(whole);
            },
        );
        self.block_event(
            answering,
            index,
            out,
            |names| names.part_done,
            |event, block| {
                event.key("part").object(|part| write_part(block, true, part));
            },
        );
        self.item_event(answering, "response.output_item.done", index, true, out);
    }

    fn response_event(&mut self, answering: &Answering, kind: &str, status: Status, out: &mut Vec<u8>) {
        let sequence = self.next_sequence();
        event(kind, sequence, out, |event| {
            event
                .key("response")
                .object(|response| write_response(answering, &self.answer, status, response));
        });
    }

    fn item_event(&mut self, answering: &Answering, kind: &str, index: usize, done: bool, out: &mut Vec<u8>) {
        let sequence = self.next_sequence();
        let id = answering.id("resp_", self.answer.id.as_deref());
        let Some(block) = blocks(&self.answer).get(index) else {
            return;
        };
        event(kind, sequence, out, |event| {
            event.key("output_index").integer(index as u64);
            event
                .key("item")
                .object(|item| write_item(answering, &id, index, block, done, item));
        });
    }

    /// An event about a block; nothing for blocks that have no such event.
    fn block_event(
        &mut self,
        answering: &Answering,
        index: usize,
        out: &mut Vec<u8>,
        kind: impl Fn(&Names) -> &'static str,
        fill: impl FnOnce(&mut Writer<'_>, &Block),
    ) {
        let Some(block) = blocks(&self.answer).get(index) else {
            return;
        };
        let kind = kind(&names(block));
        // A thought that only its vendor can read has no text and so no parts.
        let silent = matches!(block, Block::Thought { text, .. } if text.is_empty());
        if kind.is_empty() || silent {
            return;
        }
        let sequence = self.next_sequence();
        let Some(block) = blocks(&self.answer).get(index) else {
            return;
        };
        let id = answering.id("resp_", self.answer.id.as_deref());
        event(kind, sequence, out, |event| {
            event
                .field("item_id", &item_id(&id, index, block))
                .key("output_index")
                .integer(index as u64);
            match block {
                Block::Text(_) | Block::Refusal(_) => {
                    event.key("content_index").integer(0);
                }
                Block::Thought { .. } => {
                    event.key("summary_index").integer(0);
                }
                Block::Call { .. } => {}
            }
            fill(event, block);
        });
    }

    fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence - 1
    }
}

fn event(kind: &str, sequence: u64, out: &mut Vec<u8>, fill: impl FnOnce(&mut Writer<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    Writer::new(out).object(|event| {
        event.field("type", kind).key("sequence_number").integer(sequence);
        fill(event);
    });
    out.extend_from_slice(b"\n\n");
}
