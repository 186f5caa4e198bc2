//! The events of a streamed message, with a ping after the first block begins, as recorded.

use bytes::BytesMut;
use serde_json::{Value, json};

use super::messages::message;
use super::stop_reason;
use crate::vendors::answer::Answer;
use crate::vendors::pieces::Piece;
use crate::vendors::sse::write_event;

#[derive(Default)]
pub(in crate::vendors) struct MessageEvents {
    /// Number of the block that is open or comes next.
    block: u64,
}

impl MessageEvents {
    pub(in crate::vendors) fn write(&mut self, piece: Piece, answer: &Answer, out: &mut BytesMut) {
        let Some(choice) = answer.choices.first() else {
            return;
        };
        let call = |number: u16| choice.tool_calls.get(usize::from(number));
        match piece {
            Piece::Begin => {
                let start = message(answer, Vec::new(), None, None, 1);
                event(out, "message_start", json!({"message": start}));
            }
            Piece::TextBegin(_) => self.block_begin(json!({"type": "text", "text": ""}), out),
            Piece::Text(_, token) => {
                let delta = json!({"type": "text_delta", "text": choice.text_token(token as usize)});
                event(
                    out,
                    "content_block_delta",
                    json!({"index": self.block, "delta": delta}),
                );
            }
            Piece::ToolBegin(_, number) => {
                let id = answer.tool_call_id("toolu_", 0, usize::from(number));
                let name = call(number).map_or("", |call| &call.name);
                self.block_begin(
                    json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
                    out,
                );
                self.tool_delta("", out);
            }
            Piece::ToolArguments(_, number, token) => {
                let part = call(number).map_or("", |call| call.arguments_token(token as usize));
                self.tool_delta(part, out);
            }
            Piece::TextEnd(_) | Piece::ToolEnd(..) => {
                event(out, "content_block_stop", json!({"index": self.block}));
                self.block += 1;
            }
            Piece::ChoiceEnd(_) => {
                let (reason, sequence) = stop_reason(choice);
                let delta = json!({"stop_reason": reason, "stop_sequence": sequence});
                let usage = json!({"input_tokens": answer.prompt_tokens, "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 0, "output_tokens": answer.output_tokens});
                event(out, "message_delta", json!({"delta": delta, "usage": usage}));
            }
            Piece::End => event(out, "message_stop", json!({})),
            Piece::ChoiceBegin(_) | Piece::Garbage | Piece::Error => {}
        }
    }

    fn block_begin(&self, block: Value, out: &mut BytesMut) {
        event(
            out,
            "content_block_start",
            json!({"index": self.block, "content_block": block}),
        );
        if self.block == 0 {
            event(out, "ping", json!({}));
        }
    }

    fn tool_delta(&self, part: &str, out: &mut BytesMut) {
        let delta = json!({"type": "input_json_delta", "partial_json": part});
        event(
            out,
            "content_block_delta",
            json!({"index": self.block, "delta": delta}),
        );
    }
}

/// One event whose data repeats its name as `type`.
fn event(out: &mut BytesMut, name: &str, data: Value) {
    let mut whole = json!({"type": name});
    if let (Value::Object(whole), Value::Object(data)) = (&mut whole, data) {
        whole.extend(data);
    }
    write_event(out, name, &whole);
}
