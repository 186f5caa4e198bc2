//! The chunks of `:streamGenerateContent`: each is a whole answer object with the numbers so far. As events
//! (`alt=sse`) they have CRLF line ends and no terminator; otherwise they are the members of one JSON array.

use bytes::{BufMut, BytesMut};
use serde_json::{Value, json};

use super::{finish_reason, function_call_part, response_id, usage};
use crate::vendors::answer::Answer;
use crate::vendors::pieces::Piece;
use crate::vendors::sse::{write_data_crlf, write_json};

pub(in crate::vendors) struct GeminiEvents {
    as_array: bool,
    chunks_written: u64,
    tokens_written: u64,
}

impl GeminiEvents {
    pub(in crate::vendors) fn new(as_array: bool) -> GeminiEvents {
        GeminiEvents {
            as_array,
            chunks_written: 0,
            tokens_written: 0,
        }
    }

    pub(in crate::vendors) fn write(&mut self, piece: Piece, answer: &Answer, out: &mut BytesMut) {
        if piece.is_token() {
            self.tokens_written += 1;
        }
        match piece {
            Piece::Begin if self.as_array => out.put_slice(b"["),
            Piece::Text(choice, token) => {
                let text = answer
                    .choices
                    .get(usize::from(choice))
                    .map_or("", |choice| choice.text_token(token as usize));
                self.chunk(answer, choice, json!({"text": text}), None, out);
            }
            // Calls come whole at this vendor, once their last argument is known.
            Piece::ToolEnd(choice, number) => {
                let part = function_call_part(answer, usize::from(choice), usize::from(number));
                self.chunk(answer, choice, part, None, out);
            }
            Piece::ChoiceEnd(choice) => {
                let finish = answer.choices.get(usize::from(choice)).map(finish_reason);
                self.chunk(answer, choice, json!({"text": ""}), finish, out);
            }
            Piece::End if self.as_array => out.put_slice(b"\n]\n"),
            Piece::Begin
            | Piece::ChoiceBegin(_)
            | Piece::TextBegin(_)
            | Piece::TextEnd(_)
            | Piece::ToolBegin(..)
            | Piece::ToolArguments(..)
            | Piece::End
            | Piece::Garbage
            | Piece::Error => {}
        }
    }

    fn chunk(&mut self, answer: &Answer, choice: u16, part: Value, finish: Option<&str>, out: &mut BytesMut) {
        let mut candidate = json!({"content": {"parts": [part], "role": "model"}});
        if let Value::Object(candidate) = &mut candidate {
            candidate.extend(finish.map(|finish| ("finishReason".to_owned(), json!(finish))));
            candidate.insert("index".to_owned(), json!(choice));
        }
        let chunk = json!({
            "candidates": [candidate], "usageMetadata": usage(answer, self.tokens_written),
            "modelVersion": answer.model, "responseId": response_id(answer),
        });
        if !self.as_array {
            write_data_crlf(out, &chunk);
        } else {
            out.put_slice(if self.chunks_written == 0 { b"" } else { b"\n,\r\n" });
            write_json(out, &chunk);
        }
        self.chunks_written += 1;
    }
}
