//! The events of a streamed response. Each has a name, its number in the stream, and repeats in full what it
//! finishes.

use bytes::BytesMut;
use serde_json::{Value, json};

use super::responses::{finished_output, response, usage};
use super::responses_items::{message_id, message_item, text_part, tool_call_item, tool_call_item_id};
use crate::vendors::answer::{Answer, Choice, Finish, ToolCall};
use crate::vendors::pieces::Piece;
use crate::vendors::sse::write_event;

pub(in crate::vendors) struct ResponsesEvents {
    next_number: u64,
    message_id: String,
}

impl ResponsesEvents {
    pub(in crate::vendors) fn new(answer: &Answer) -> ResponsesEvents {
        ResponsesEvents {
            next_number: 0,
            message_id: message_id(answer),
        }
    }

    pub(in crate::vendors) fn write(&mut self, piece: Piece, answer: &Answer, out: &mut BytesMut) {
        let Some(choice) = answer.choices.first() else {
            return;
        };
        match piece {
            Piece::Begin => {
                let started = response(answer, "in_progress", Vec::new(), Value::Null);
                self.event(out, "response.created", json!({"response": started}));
                self.event(out, "response.in_progress", json!({"response": started}));
            }
            Piece::TextBegin(_) => self.text_begin(answer, out),
            Piece::Text(_, token) => {
                let delta = choice.text_token(token as usize);
                let data = json!({"item_id": self.message_id, "output_index": 0, "content_index": 0, "delta": delta, "logprobs": []});
                self.event(out, "response.output_text.delta", data);
            }
            Piece::TextEnd(_) => self.text_end(answer, choice, out),
            Piece::ToolBegin(_, number) => {
                if let Some(call) = choice.tool_calls.get(usize::from(number)) {
                    let item = tool_call_item(answer, usize::from(number), "in_progress", call, "");
                    self.event(
                        out,
                        "response.output_item.added",
                        json!({"output_index": number, "item": item}),
                    );
                }
            }
            Piece::ToolArguments(_, number, token) => {
                if let Some(call) = choice.tool_calls.get(usize::from(number)) {
                    let id = tool_call_item_id(answer, usize::from(number));
                    let data = json!({"item_id": id, "output_index": number, "delta": call.arguments_token(token as usize)});
                    self.event(out, "response.function_call_arguments.delta", data);
                }
            }
            Piece::ToolEnd(_, number) => {
                if let Some(call) = choice.tool_calls.get(usize::from(number)) {
                    self.tool_end(answer, number, call, out);
                }
            }
            Piece::End => {
                let status = if choice.finish == Finish::Length {
                    "incomplete"
                } else {
                    "completed"
                };
                let finished = response(answer, status, finished_output(answer), usage(answer));
                self.event(out, &format!("response.{status}"), json!({"response": finished}));
            }
            Piece::ChoiceBegin(_) | Piece::ChoiceEnd(_) | Piece::Garbage | Piece::Error => {}
        }
    }

    fn text_begin(&mut self, answer: &Answer, out: &mut BytesMut) {
        let item = message_item(answer, "in_progress", None);
        self.event(
            out,
            "response.output_item.added",
            json!({"output_index": 0, "item": item}),
        );
        let data =
            json!({"item_id": self.message_id, "output_index": 0, "content_index": 0, "part": text_part("")});
        self.event(out, "response.content_part.added", data);
    }

    fn text_end(&mut self, answer: &Answer, choice: &Choice, out: &mut BytesMut) {
        let id = self.message_id.clone();
        let text_done = json!({"item_id": id, "output_index": 0, "content_index": 0, "text": choice.text, "logprobs": []});
        let part_done =
            json!({"item_id": id, "output_index": 0, "content_index": 0, "part": text_part(&choice.text)});
        self.event(out, "response.output_text.done", text_done);
        self.event(out, "response.content_part.done", part_done);
        let status = if choice.finish == Finish::Length {
            "incomplete"
        } else {
            "completed"
        };
        let item = message_item(answer, status, Some(&choice.text));
        self.event(
            out,
            "response.output_item.done",
            json!({"output_index": 0, "item": item}),
        );
    }

    fn tool_end(&mut self, answer: &Answer, number: u16, call: &ToolCall, out: &mut BytesMut) {
        let id = tool_call_item_id(answer, usize::from(number));
        let data = json!({"item_id": id, "output_index": number, "arguments": call.arguments_text});
        self.event(out, "response.function_call_arguments.done", data);
        let item = tool_call_item(
            answer,
            usize::from(number),
            "completed",
            call,
            &call.arguments_text,
        );
        self.event(
            out,
            "response.output_item.done",
            json!({"output_index": number, "item": item}),
        );
    }

    /// Writes one event: its type and number first, then the data.
    fn event(&mut self, out: &mut BytesMut, name: &str, data: Value) {
        let mut event = json!({"type": name, "sequence_number": self.next_number});
        self.next_number += 1;
        if let (Value::Object(event), Value::Object(data)) = (&mut event, data) {
            event.extend(data);
        }
        write_event(out, name, &event);
    }
}
