//! Chat completions as pieces. Compatible servers differ in small things: calls numbered from 1 or not at all,
//! ids repeated in every delta, usage beside the last words, an empty finish reason, reasoning under two names.

use crate::broken::Broken;
use crate::door::Dialect;
use crate::json::Json;
use crate::translate::answer::{Finish, Piece, Sink};
use crate::translate::ids;
use crate::translate::request::{Proof, ProofKind};
use crate::usage;

/// A call that is being written: the vendor's number for it, ours, and whether it has arguments yet.
struct Open {
    index: u64,
    id: String,
    call: usize,
    has_arguments: bool,
}

#[derive(Default)]
struct Choice {
    open: Vec<Open>,
    calls: usize,
    thinking: bool,
    finish: Option<Finish>,
    told: bool,
}

pub(crate) struct Decoder {
    request_id: String,
    choices: Vec<Choice>,
    started: bool,
    done: bool,
}

impl Decoder {
    pub(crate) fn new(request_id: &str) -> Decoder {
        Decoder {
            request_id: request_id.to_owned(),
            choices: Vec::new(),
            started: false,
            done: false,
        }
    }

    /// `[DONE]`. An end without a beginning is no answer.
    pub(crate) fn done(&mut self) -> Result<(), Broken> {
        self.done = true;
        if self.choices.is_empty() {
            Err(Broken::Garbage("the stream ends before it began"))
        } else {
            Ok(())
        }
    }

    pub(crate) fn ended(&self) -> bool {
        self.done
    }

    pub(crate) fn may_end(&self) -> bool {
        self.done || (!self.choices.is_empty() && self.choices.iter().all(|choice| choice.finish.is_some()))
    }

    pub(crate) fn whole(&mut self, answer: &Json<'_>, sink: &mut Sink<'_>) -> Result<(), Broken> {
        if answer
            .get("choices")
            .map(Json::items)
            .unwrap_or_default()
            .is_empty()
        {
            return Err(Broken::Garbage("the answer has no choices"));
        }
        self.event(answer, sink)?;
        self.end(sink);
        Ok(())
    }

    pub(crate) fn event(&mut self, event: &Json<'_>, sink: &mut Sink<'_>) -> Result<bool, Broken> {
        let choices = event.get("choices").map(Json::items);
        let counts = event.get("usage").filter(|usage| usage.is_object());
        let counts = counts.or(event.get("x_groq").and_then(|groq| groq.get("usage")));
        if choices.is_none() && counts.is_none() && !self.started {
            return Err(Broken::Garbage("the first event is no chunk of an answer"));
        }
        if !self.started {
            self.started = true;
            sink(
                0,
                Piece::Start {
                    id: event.text_at("id"),
                },
            );
        }
        for (position, choice) in choices.unwrap_or_default().iter().enumerate() {
            let index = choice
                .integer_at("index")
                .map_or(position, |index| usize::try_from(index).unwrap_or(position));
            // OpenAI's limit for `n`.
            let index = index.min(127);
            while self.choices.len() <= index {
                self.choices.push(Choice::default());
            }
            let id = event.text_at("id").unwrap_or(&self.request_id);
            if let Some(held) = self.choices.get_mut(index) {
                held.take(index, choice, id, sink);
            }
        }
        if let Some(counts) = counts {
            sink(0, Piece::Usage(usage::openai(counts)));
        }
        Ok(true)
    }

    /// Closes what is open. A choice that never gave a reason is said to have stopped: the vendor ended in order.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) {
        for (index, choice) in self.choices.iter_mut().enumerate() {
            choice.close(index, sink);
            let why = match choice.finish.unwrap_or(Finish::Stop) {
                Finish::Stop if choice.calls > 0 => Finish::ToolCalls,
                why => why,
            };
            if !std::mem::replace(&mut choice.told, true) {
                sink(
                    index,
                    Piece::Finish {
                        why,
                        stop_sequence: None,
                    },
                );
            }
        }
    }
}

impl Choice {
    fn take(&mut self, index: usize, choice: &Json<'_>, answer_id: &str, sink: &mut Sink<'_>) {
        if let Some(said) = choice.get("delta").or(choice.get("message")) {
            self.said(index, said, answer_id, sink);
        }
        if let Some(reason) = choice.text_at("finish_reason") {
            self.finish = Some(match reason {
                "length" => Finish::Length,
                "tool_calls" | "function_call" => Finish::ToolCalls,
                "content_filter" => Finish::Filtered,
                _ => Finish::Stop,
            });
        }
    }

    fn said(&mut self, index: usize, said: &Json<'_>, answer_id: &str, sink: &mut Sink<'_>) {
        let thought = said.text_at("reasoning_content").or(said.text_at("reasoning"));
        if let Some(text) = thought.filter(|text| !text.is_empty()) {
            self.thinking = true;
            sink(index, Piece::Thought(text));
        }
        let text = said.text_at("content").filter(|text| !text.is_empty());
        let refusal = said.text_at("refusal").filter(|text| !text.is_empty());
        let calls = said.get("tool_calls").map(Json::items).unwrap_or_default();
        let old = said.get("function_call");
        if text.is_some() || refusal.is_some() || !calls.is_empty() || old.is_some() {
            self.end_thought(index, sink);
        }
        if let Some(text) = text {
            sink(index, Piece::Text(text));
        }
        if let Some(text) = refusal {
            sink(index, Piece::Refusal(text));
        }
        for (position, call) in calls.iter().enumerate() {
            let function = call.get("function").unwrap_or(call);
            let id = call.text_at("id").unwrap_or_default();
            self.call(
                index,
                call.integer_at("index").unwrap_or(self.guess(id, position)),
                id,
                function,
                answer_id,
                sink,
            );
        }
        if let Some(function) = old {
            self.call(index, 0, "", function, answer_id, sink);
        }
    }

    /// Servers that number nothing: a new id is a new call, no id goes on with the last one.
    fn guess(&self, id: &str, position: usize) -> u64 {
        let known = self
            .open
            .iter()
            .find(|open| !id.is_empty() && open.id == id)
            .map(|open| open.index);
        let last = self.open.last().map(|open| open.index);
        match (known, last) {
            (Some(index), _) => index,
            (None, Some(last)) if id.is_empty() => last,
            (None, Some(last)) => last + 1,
            (None, None) => position as u64,
        }
    }

    fn call(
        &mut self,
        index: usize,
        number: u64,
        id: &str,
        function: &Json<'_>,
        answer_id: &str,
        sink: &mut Sink<'_>,
    ) {
        let name = function.text_at("name").unwrap_or_default();
        let position = match self.open.iter().position(|open| open.index == number) {
            Some(position) => position,
            None => {
                let call = self.calls;
                self.calls += 1;
                let made_up = ids::made_up(answer_id, index * 100 + call);
                let shown = if id.is_empty() { &made_up } else { id };
                sink(
                    index,
                    Piece::CallStart {
                        call,
                        id: shown,
                        name,
                        proof: None,
                    },
                );
                self.open.push(Open {
                    index: number,
                    id: id.to_owned(),
                    call,
                    has_arguments: false,
                });
                self.open.len() - 1
            }
        };
        let Some(open) = self.open.get_mut(position) else {
            return;
        };
        let arguments = match function.get("arguments") {
            Some(object) if object.is_object() => object.raw,
            arguments => arguments.and_then(Json::text).unwrap_or_default(),
        };
        if !arguments.is_empty() {
            open.has_arguments = true;
            sink(
                index,
                Piece::CallArguments {
                    call: open.call,
                    text: arguments,
                },
            );
        }
    }

    fn end_thought(&mut self, index: usize, sink: &mut Sink<'_>) {
        if std::mem::take(&mut self.thinking) {
            let proof = Proof {
                vendor: Dialect::OpenAi,
                kind: ProofKind::Signature,
                words: String::new(),
            };
            sink(index, Piece::Proof(proof));
        }
    }

    fn close(&mut self, index: usize, sink: &mut Sink<'_>) {
        self.end_thought(index, sink);
        for open in std::mem::take(&mut self.open) {
            if !open.has_arguments {
                sink(
                    index,
                    Piece::CallArguments {
                        call: open.call,
                        text: "{}",
                    },
                );
            }
            sink(index, Piece::CallEnd { call: open.call });
        }
    }
}
