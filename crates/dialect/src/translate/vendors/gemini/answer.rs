//! Google's answers as pieces. Every event of a stream is a whole answer object with the next part of it, so
//! whole answers and streams are read alike. Calls come without a finish reason of their own, mostly without
//! ids, and sometimes argument by argument.

use super::partial::PartialArguments;
use crate::broken::Broken;
use crate::door::Dialect;
use crate::json::Json;
use crate::translate::answer::{Finish, Piece, Sink};
use crate::translate::ids;
use crate::translate::request::{Proof, ProofKind};
use crate::usage;

/// What is known of one candidate.
#[derive(Default)]
struct Candidate {
    calls: usize,
    one_call: bool,
    /// The call whose arguments still come in pieces.
    open: Option<(usize, PartialArguments)>,
    finish: Option<Finish>,
}

pub(crate) struct Decoder {
    /// Made-up ids derive from the answer's id, or from the request's where it has none.
    answer_id: String,
    candidates: Vec<Candidate>,
    /// The client wants one call at most, which Google's API cannot be told: of several the first is given.
    one_call: bool,
    started: bool,
    blocked: bool,
}

impl Decoder {
    pub(crate) fn new(request_id: &str, one_call: bool) -> Decoder {
        Decoder {
            answer_id: request_id.to_owned(),
            candidates: Vec::new(),
            one_call,
            started: false,
            blocked: false,
        }
    }

    pub(crate) fn whole(&mut self, answer: &Json<'_>, sink: &mut Sink<'_>) -> Result<(), Broken> {
        self.event(answer, sink)?;
        if self.candidates.is_empty() && !self.blocked {
            return Err(Broken::Garbage("the answer has no candidates"));
        }
        for candidate in &mut self.candidates {
            // A whole answer may leave the reason out.
            candidate.finish.get_or_insert(Finish::Stop);
        }
        self.end(sink);
        Ok(())
    }

    pub(crate) fn event(&mut self, event: &Json<'_>, sink: &mut Sink<'_>) -> Result<bool, Broken> {
        let known = [
            "candidates",
            "promptFeedback",
            "usageMetadata",
            "responseId",
            "modelVersion",
        ];
        if !known.iter().any(|name| event.get(name).is_some()) {
            return Err(Broken::Garbage("an event is no piece of an answer"));
        }
        if !self.started {
            self.started = true;
            if let Some(id) = event.text_at("responseId") {
                self.answer_id = id.to_owned();
            }
            sink(
                0,
                Piece::Start {
                    id: event.text_at("responseId"),
                },
            );
        }
        for (position, candidate) in event
            .get("candidates")
            .map(Json::items)
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            self.candidate(position, candidate, sink)?;
        }
        let blocked = event
            .get("promptFeedback")
            .and_then(|feedback| feedback.text_at("blockReason"));
        self.blocked |= blocked.is_some();
        if let Some(counts) = event.get("usageMetadata").and_then(usage::gemini) {
            sink(0, Piece::Usage(counts));
        }
        Ok(true)
    }

    pub(crate) fn may_end(&self) -> bool {
        self.blocked
            || (!self.candidates.is_empty() && self.candidates.iter().all(|one| one.finish.is_some()))
    }

    /// The reason to stop is only known when all is said: a call makes `tool_calls` of a `STOP`.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) {
        if self.candidates.is_empty() {
            sink(
                0,
                Piece::Finish {
                    why: Finish::Filtered,
                    stop_sequence: None,
                },
            );
        }
        for (choice, candidate) in self.candidates.iter_mut().enumerate() {
            candidate.close_call(choice, sink);
            let why = match candidate.finish {
                Some(Finish::Stop) if candidate.calls > 0 => Finish::ToolCalls,
                Some(why) => why,
                None => Finish::Filtered,
            };
            sink(
                choice,
                Piece::Finish {
                    why,
                    stop_sequence: None,
                },
            );
        }
    }

    fn candidate(&mut self, position: usize, told: &Json<'_>, sink: &mut Sink<'_>) -> Result<(), Broken> {
        let choice = told
            .integer_at("index")
            .map_or(position, |index| usize::try_from(index).unwrap_or(position));
        // Google gives at most 8 candidates.
        let choice = choice.min(127);
        while self.candidates.len() <= choice {
            self.candidates.push(Candidate {
                one_call: self.one_call,
                ..Candidate::default()
            });
        }
        let answer_id = &self.answer_id;
        let Some(candidate) = self.candidates.get_mut(choice) else {
            return Ok(());
        };
        let parts = told
            .get("content")
            .and_then(|content| content.get("parts"))
            .map(Json::items)
            .unwrap_or_default();
        for part in parts {
            candidate.part(choice, part, answer_id, sink);
        }
        if let Some(reason) = told.text_at("finishReason") {
            candidate.finish = Some(finish(reason, told)?);
        }
        Ok(())
    }
}

impl Candidate {
    fn part(&mut self, choice: usize, part: &Json<'_>, answer_id: &str, sink: &mut Sink<'_>) {
        let proof = part.text_at("thoughtSignature").map(|words| Proof {
            vendor: Dialect::Gemini,
            kind: ProofKind::Signature,
            words: words.to_owned(),
        });
        if let Some(call) = part.get("functionCall").or(part.get("function_call")) {
            return self.call(choice, call, proof, answer_id, sink);
        }
        let text = part.text_at("text").unwrap_or_default();
        let thought = part.get("thought").and_then(Json::bool) == Some(true);
        match (thought, text.is_empty()) {
            (_, true) => {}
            (true, false) => sink(choice, Piece::Thought(text)),
            (false, false) => sink(choice, Piece::Text(text)),
        }
        if let Some(proof) = proof {
            sink(choice, Piece::Proof(proof));
        }
    }

    fn call(
        &mut self,
        choice: usize,
        told: &Json<'_>,
        proof: Option<Proof>,
        answer_id: &str,
        sink: &mut Sink<'_>,
    ) {
        let name = told.text_at("name").unwrap_or_default();
        let goes_on = told.get("willContinue").and_then(Json::bool) == Some(true);
        let partial = told.get("partialArgs").map(Json::items).unwrap_or_default();
        if name.is_empty() {
            // A further piece of the call that is open; without one it is an empty end that says nothing.
            if let Some((_, arguments)) = &mut self.open {
                partial.iter().for_each(|piece| arguments.take(piece));
                if !goes_on {
                    self.close_call(choice, sink);
                }
            }
            return;
        }
        self.close_call(choice, sink);
        if self.one_call && self.calls > 0 {
            return;
        }
        let call = self.calls;
        self.calls += 1;
        let made_up = ids::made_up(answer_id, choice * 100 + call);
        let id = told.text_at("id").filter(|id| !id.is_empty()).unwrap_or(&made_up);
        sink(
            choice,
            Piece::CallStart {
                call,
                id,
                name,
                proof: proof.as_ref(),
            },
        );
        if goes_on || !partial.is_empty() {
            let mut arguments = PartialArguments::default();
            partial.iter().for_each(|piece| arguments.take(piece));
            self.open = Some((call, arguments));
            if !goes_on {
                self.close_call(choice, sink);
            }
            return;
        }
        let whole = told
            .get("args")
            .filter(|args| args.is_object())
            .map_or("{}", |args| args.raw);
        sink(choice, Piece::CallArguments { call, text: whole });
        sink(choice, Piece::CallEnd { call });
    }

    fn close_call(&mut self, choice: usize, sink: &mut Sink<'_>) {
        if let Some((call, arguments)) = self.open.take() {
            sink(
                choice,
                Piece::CallArguments {
                    call,
                    text: &arguments.json(),
                },
            );
            sink(choice, Piece::CallEnd { call });
        }
    }
}

/// Google's reasons. Those that say that the model failed are errors: to call them a stop would be to call half
/// an answer whole.
fn finish(reason: &str, told: &Json<'_>) -> Result<Finish, Broken> {
    Ok(match reason {
        "MAX_TOKENS" => Finish::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE" => {
            Finish::Filtered
        }
        "IMAGE_SAFETY" | "IMAGE_PROHIBITED_CONTENT" | "IMAGE_RECITATION" | "IMAGE_OTHER" => Finish::Filtered,
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS" | "MALFORMED_RESPONSE" => {
            let message = told
                .text_at("finishMessage")
                .unwrap_or("The model wrote a tool call that cannot be read");
            let (message, kind) = (message.to_owned(), reason.to_owned());
            return Err(Broken::VendorError {
                status: Some(502),
                message,
                kind,
            });
        }
        _ => Finish::Stop,
    })
}
