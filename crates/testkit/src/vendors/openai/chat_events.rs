//! The chunks of a streamed chat completion.
//!
//! Order as recorded: role, words or tool calls, an empty delta with the finish reason, the numbers if they
//! were asked for (every other chunk then says `"usage":null`), `[DONE]`. A tool call's id, type and name come
//! in its first chunk only.

use bytes::{BufMut, BytesMut};
use serde_json::json;

use super::{fingerprint, finish_reason};
use crate::vendors::answer::Answer;
use crate::vendors::pieces::Piece;
use crate::vendors::sse::write_json;

pub(in crate::vendors) struct ChatEvents {
    /// Everything of a chunk up to the choices: the same in all chunks of a stream, and made once.
    opening: Vec<u8>,
    include_usage: bool,
}

impl ChatEvents {
    pub(in crate::vendors) fn new(answer: &Answer, include_usage: bool) -> ChatEvents {
        let head = json!({
            "id": answer.id("chatcmpl-", 29), "object": "chat.completion.chunk", "created": answer.created,
            "model": answer.model, "service_tier": "default", "system_fingerprint": fingerprint(answer),
        });
        let mut opening = format!("data: {head}").into_bytes();
        opening.pop();
        opening.extend_from_slice(b",\"choices\":[");
        ChatEvents {
            opening,
            include_usage,
        }
    }

    pub(in crate::vendors) fn write(&mut self, piece: Piece, answer: &Answer, out: &mut BytesMut) {
        match piece {
            Piece::ChoiceBegin(choice) => {
                let delta =
                    json!({"role": "assistant", "content": first_content(answer, choice), "refusal": null});
                self.chunk(out, choice, None, |out| write_json(out, &delta));
            }
            Piece::Text(choice, token) => {
                let text = answer
                    .choices
                    .get(usize::from(choice))
                    .map_or("", |choice| choice.text_token(token as usize));
                self.chunk(out, choice, None, |out| {
                    out.put_slice(b"{\"content\":");
                    write_json(out, &text);
                    out.put_slice(b"}");
                });
            }
            Piece::ToolBegin(choice, number) => {
                let id = answer.tool_call_id("call_", usize::from(choice), usize::from(number));
                let name = call_of(answer, choice, number).map_or("", |call| &call.name);
                let delta = json!({"tool_calls": [{"index": number, "id": id, "type": "function",
                    "function": {"name": name, "arguments": ""}}]});
                self.chunk(out, choice, None, |out| write_json(out, &delta));
            }
            Piece::ToolArguments(choice, number, token) => {
                let part =
                    call_of(answer, choice, number).map_or("", |call| call.arguments_token(token as usize));
                let delta = json!({"tool_calls": [{"index": number, "function": {"arguments": part}}]});
                self.chunk(out, choice, None, |out| write_json(out, &delta));
            }
            Piece::ChoiceEnd(choice) => {
                let finish = answer
                    .choices
                    .get(usize::from(choice))
                    .map(|choice| finish_reason(&choice.finish));
                self.chunk(out, choice, finish, |out| out.put_slice(b"{}"));
            }
            Piece::End => self.end(answer, out),
            Piece::Begin
            | Piece::TextBegin(_)
            | Piece::TextEnd(_)
            | Piece::ToolEnd(..)
            | Piece::Garbage
            | Piece::Error => {}
        }
    }

    fn chunk(
        &self,
        out: &mut BytesMut,
        choice: u16,
        finish: Option<&str>,
        delta: impl FnOnce(&mut BytesMut),
    ) {
        out.put_slice(&self.opening);
        out.put_slice(b"{\"index\":");
        write_json(out, &choice);
        out.put_slice(b",\"delta\":");
        delta(out);
        out.put_slice(b",\"logprobs\":null,\"finish_reason\":");
        write_json(out, &finish);
        out.put_slice(b"}]");
        if self.include_usage {
            out.put_slice(b",\"usage\":null");
        }
        out.put_slice(b"}\n\n");
    }

    fn end(&self, answer: &Answer, out: &mut BytesMut) {
        if self.include_usage {
            out.put_slice(&self.opening);
            out.put_slice(b"],\"usage\":");
            write_json(out, &super::chat::usage(answer));
            out.put_slice(b"}\n\n");
        }
        out.put_slice(b"data: [DONE]\n\n");
    }
}

/// Null before tool calls, empty before words.
fn first_content(answer: &Answer, choice: u16) -> Option<&'static str> {
    let calls = answer
        .choices
        .get(usize::from(choice))
        .is_some_and(|choice| !choice.tool_calls.is_empty());
    if calls { None } else { Some("") }
}

fn call_of(answer: &Answer, choice: u16, number: u16) -> Option<&crate::vendors::answer::ToolCall> {
    answer
        .choices
        .get(usize::from(choice))?
        .tool_calls
        .get(usize::from(number))
}
