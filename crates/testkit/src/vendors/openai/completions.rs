//! `POST /v1/completions`, the older API without turns: one choice for each prompt and each `n`.

use bytes::{BufMut, BytesMut};
use serde_json::{Value, json};

use super::{fingerprint, finish_reason, model_of, words_of_numbers};
use crate::vendors::answer::Answer;
use crate::vendors::ask::{Ask, Complaint, MOST_CHOICES, Prompt, choices_of, texts_of};
use crate::vendors::pieces::Piece;
use crate::vendors::sse::write_data;

/// As at OpenAI, where this API gives a short answer unless more is asked for.
const DEFAULT_MAX_TOKENS: u64 = 16;

pub(in crate::vendors) fn read(body: &Value) -> Result<Ask, Complaint> {
    let model = model_of(body)?;
    let (prompt, prompts) = read_prompts(body.get("prompt"))?;
    let mut ask = Ask::new(model, prompt);
    ask.stream = body.get("stream").and_then(Value::as_bool).unwrap_or(false);
    ask.include_usage = body
        .pointer("/stream_options/include_usage")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    ask.max_tokens = Some(
        body.get("max_tokens")
            .and_then(Value::as_u64)
            .unwrap_or(DEFAULT_MAX_TOKENS),
    );
    ask.stop = texts_of(body, "stop");
    let choices = choices_of(body, "n")
        .map(|n| u64::from(n) * prompts)
        .filter(|&all| all <= MOST_CHOICES);
    let choices = choices.and_then(|all| u16::try_from(all).ok());
    ask.choices = choices.ok_or_else(|| Complaint::about("n", "Invalid 'n': too many choices."))?;
    Ok(ask)
}

pub(in crate::vendors) fn whole(answer: &Answer) -> Value {
    let choices = answer.choices.iter().enumerate().map(|(index, choice)| {
        json!({"text": choice.text, "index": index, "logprobs": null, "finish_reason": finish_reason(&choice.finish)})
    });
    json!({
        "id": answer.id("cmpl-", 29), "object": "text_completion", "created": answer.created,
        "model": answer.model, "choices": choices.collect::<Vec<_>>(), "usage": usage(answer),
        "system_fingerprint": fingerprint(answer),
    })
}

/// The chunks of a streamed completion: the finish reason comes in a chunk with an empty text.
pub(in crate::vendors) struct CompletionEvents {
    id: String,
    include_usage: bool,
}

impl CompletionEvents {
    pub(in crate::vendors) fn new(answer: &Answer, include_usage: bool) -> CompletionEvents {
        CompletionEvents {
            id: answer.id("cmpl-", 29),
            include_usage,
        }
    }

    pub(in crate::vendors) fn write(&mut self, piece: Piece, answer: &Answer, out: &mut BytesMut) {
        match piece {
            Piece::Text(choice, token) => {
                let text = answer
                    .choices
                    .get(usize::from(choice))
                    .map_or("", |choice| choice.text_token(token as usize));
                let choices =
                    json!([{"text": text, "index": choice, "logprobs": null, "finish_reason": null}]);
                self.chunk(answer, choices, None, out);
            }
            Piece::ChoiceEnd(choice) => {
                let finish = answer
                    .choices
                    .get(usize::from(choice))
                    .map(|choice| finish_reason(&choice.finish));
                let choices =
                    json!([{"text": "", "index": choice, "logprobs": null, "finish_reason": finish}]);
                self.chunk(answer, choices, None, out);
            }
            Piece::End => {
                if self.include_usage {
                    self.chunk(answer, json!([]), Some(usage(answer)), out);
                }
                out.put_slice(b"data: [DONE]\n\n");
            }
            Piece::Begin
            | Piece::ChoiceBegin(_)
            | Piece::TextBegin(_)
            | Piece::TextEnd(_)
            | Piece::ToolBegin(..)
            | Piece::ToolArguments(..)
            | Piece::ToolEnd(..)
            | Piece::Garbage
            | Piece::Error => {}
        }
    }

    fn chunk(&self, answer: &Answer, choices: Value, usage: Option<Value>, out: &mut BytesMut) {
        let mut chunk = json!({
            "id": self.id, "object": "text_completion", "created": answer.created, "choices": choices,
            "model": answer.model, "system_fingerprint": fingerprint(answer),
        });
        if let (Value::Object(chunk), true) = (&mut chunk, self.include_usage) {
            chunk.insert("usage".to_owned(), usage.unwrap_or_default());
        }
        write_data(out, &chunk);
    }
}

fn usage(answer: &Answer) -> Value {
    json!({
        "prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.output_tokens,
        "total_tokens": answer.prompt_tokens + answer.output_tokens,
    })
}

/// The prompts' words, and how many prompts there are. Prompts may also be lists of token numbers.
fn read_prompts(prompts: Option<&Value>) -> Result<(Prompt, u64), Complaint> {
    let mut prompt = Prompt::default();
    match prompts {
        Some(Value::String(text)) => {
            prompt.add_text(text);
            Ok((prompt, 1))
        }
        Some(Value::Array(list)) if list.iter().all(Value::is_number) && !list.is_empty() => {
            prompt.add_text(&words_of_numbers(list));
            Ok((prompt, 1))
        }
        Some(Value::Array(list)) if !list.is_empty() => {
            for one in list {
                match one {
                    Value::String(text) => prompt.add_text(text),
                    Value::Array(numbers) => prompt.add_text(&words_of_numbers(numbers)),
                    _ => return Err(Complaint::about("prompt", "Invalid type for 'prompt'.")),
                }
            }
            Ok((prompt, list.len() as u64))
        }
        _ => Err(Complaint::about(
            "prompt",
            "Missing or empty required parameter: 'prompt'.",
        )),
    }
}
