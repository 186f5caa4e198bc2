//! The generating APIs the simulator speaks: which of them reads a request, and which writes the answer.

use bytes::BytesMut;
use serde_json::Value;

use super::answer::Answer;
use super::anthropic::events::MessageEvents;
use super::anthropic::messages;
use super::ask::{Ask, Complaint};
use super::errors::Vendor;
use super::gemini::events::GeminiEvents;
use super::gemini::generate;
use super::openai::chat_events::ChatEvents;
use super::openai::completions::CompletionEvents;
use super::openai::responses_events::ResponsesEvents;
use super::openai::{chat, completions, responses};
use super::pieces::Piece;

/// An API that answers with generated words.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum GeneratingApi {
    Chat,
    Completions,
    Responses,
    Messages,
    /// Model and method come in the path.
    Gemini {
        model: String,
        method: GeminiMethod,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum GeminiMethod {
    Generate,
    StreamAsEvents,
    StreamAsArray,
}

/// Writes the pieces of one answer as events of one API.
pub(super) enum EventWriter {
    Chat(ChatEvents),
    Completions(CompletionEvents),
    Responses(Box<ResponsesEvents>),
    Messages(MessageEvents),
    Gemini(GeminiEvents),
}

impl GeneratingApi {
    pub(super) fn vendor(&self) -> Vendor {
        match self {
            GeneratingApi::Chat | GeneratingApi::Completions | GeneratingApi::Responses => Vendor::OpenAi,
            GeneratingApi::Messages => Vendor::Anthropic,
            GeneratingApi::Gemini { .. } => Vendor::Gemini,
        }
    }

    pub(super) fn read(&self, body: &Value) -> Result<Ask, Complaint> {
        match self {
            GeneratingApi::Chat => chat::read(body),
            GeneratingApi::Completions => completions::read(body),
            GeneratingApi::Responses => responses::read(body),
            GeneratingApi::Messages => messages::read(body),
            GeneratingApi::Gemini { model, method } => {
                let mut ask = generate::read(model, body)?;
                ask.stream = *method != GeminiMethod::Generate;
                Ok(ask)
            }
        }
    }

    /// The answer in one piece.
    pub(super) fn whole(&self, answer: &Answer) -> Value {
        match self {
            GeneratingApi::Chat => chat::whole(answer),
            GeneratingApi::Completions => completions::whole(answer),
            GeneratingApi::Responses => responses::whole(answer),
            GeneratingApi::Messages => messages::whole(answer),
            GeneratingApi::Gemini { .. } => generate::whole(answer),
        }
    }

    pub(super) fn events(&self, ask: &Ask, answer: &Answer) -> EventWriter {
        match self {
            GeneratingApi::Chat => EventWriter::Chat(ChatEvents::new(answer, ask.include_usage)),
            GeneratingApi::Completions => {
                EventWriter::Completions(CompletionEvents::new(answer, ask.include_usage))
            }
            GeneratingApi::Responses => EventWriter::Responses(Box::new(ResponsesEvents::new(answer))),
            GeneratingApi::Messages => EventWriter::Messages(MessageEvents::default()),
            GeneratingApi::Gemini { method, .. } => {
                EventWriter::Gemini(GeminiEvents::new(*method == GeminiMethod::StreamAsArray))
            }
        }
    }

    pub(super) fn stream_content_type(&self) -> &'static str {
        match self {
            GeneratingApi::Gemini {
                method: GeminiMethod::StreamAsArray,
                ..
            } => "application/json; charset=UTF-8",
            GeneratingApi::Gemini { .. } => "text/event-stream",
            _ => "text/event-stream; charset=utf-8",
        }
    }
}

impl EventWriter {
    pub(super) fn write(&mut self, piece: Piece, answer: &Answer, out: &mut BytesMut) {
        match self {
            EventWriter::Chat(events) => events.write(piece, answer, out),
            EventWriter::Completions(events) => events.write(piece, answer, out),
            EventWriter::Responses(events) => events.write(piece, answer, out),
            EventWriter::Messages(events) => events.write(piece, answer, out),
            EventWriter::Gemini(events) => events.write(piece, answer, out),
        }
    }

    pub(super) fn vendor(&self) -> Vendor {
        match self {
            EventWriter::Chat(_) | EventWriter::Completions(_) | EventWriter::Responses(_) => Vendor::OpenAi,
            EventWriter::Messages(_) => Vendor::Anthropic,
            EventWriter::Gemini(_) => Vendor::Gemini,
        }
    }

    /// The one API of its vendor with an error event of its own.
    pub(super) fn is_responses(&self) -> bool {
        matches!(self, EventWriter::Responses(_))
    }
}
