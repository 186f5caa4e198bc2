//! What all doors need to write an answer, and the choice between them.

use std::borrow::Cow;

use crate::door::{Dialect, Door};
use crate::translate::answer::{Collected, Piece};
use crate::translate::doors::{chat_answer, generate_answer, messages_answer, responses_answer};
use crate::translate::request::{Proof, ProofKind};

/// The facts of the request that its answer repeats.
pub(crate) struct Answering {
    pub(crate) door: Door,
    pub(crate) vendor: Dialect,
    pub(crate) public_model: String,
    pub(crate) now_unix_seconds: u64,
    pub(crate) request_id: String,
    /// The client asked for usage in its stream.
    pub(crate) shows_usage: bool,
    /// The client streams and wants Google's JSON array.
    pub(crate) array: bool,
}

impl Answering {
    /// The mark of a thought that its vendor does not prove. Doors whose clients must send a proof back carry it,
    /// so that the thought is known again and goes to no other vendor.
    pub(crate) fn unproven(&self) -> Proof {
        Proof {
            vendor: self.vendor,
            kind: ProofKind::Signature,
            words: String::new(),
        }
    }

    /// The answer's id in a door's style: the vendor's own, or one of this request.
    pub(crate) fn id<'i>(&self, prefix: &str, vendors: Option<&'i str>) -> Cow<'i, str> {
        match vendors.filter(|id| !id.is_empty()) {
            Some(id) if id.starts_with(prefix) => Cow::Borrowed(id),
            Some(id) => Cow::Owned(format!("{prefix}{id}")),
            None => Cow::Owned(format!("{prefix}{}", self.request_id)),
        }
    }
}

/// Writes a whole answer for a door.
pub(crate) fn whole(answering: &Answering, answer: &Collected, out: &mut Vec<u8>) {
    match answering.door.dialect() {
        Dialect::OpenAi if answering.door == Door::Responses => {
            responses_answer::whole(answering, answer, out)
        }
        Dialect::OpenAi => chat_answer::whole(answering, answer, out),
        Dialect::Anthropic => messages_answer::whole(answering, answer, out),
        Dialect::Gemini => generate_answer::whole(answering, answer, out),
    }
}

/// Writes a stream for a door.
pub(crate) enum StreamWriter {
    Chat(chat_answer::Chunks),
    Responses(responses_answer::Events),
    Messages(messages_answer::Events),
    Generate(generate_answer::Events),
}

impl StreamWriter {
    pub(crate) fn new(door: Door) -> StreamWriter {
        match door.dialect() {
            Dialect::OpenAi if door == Door::Responses => {
                StreamWriter::Responses(responses_answer::Events::default())
            }
            Dialect::OpenAi => StreamWriter::Chat(chat_answer::Chunks::default()),
            Dialect::Anthropic => StreamWriter::Messages(messages_answer::Events::default()),
            Dialect::Gemini => StreamWriter::Generate(generate_answer::Events::default()),
        }
    }

    pub(crate) fn take(&mut self, answering: &Answering, choice: usize, piece: Piece<'_>, out: &mut Vec<u8>) {
        match self {
            StreamWriter::Chat(writer) => writer.take(answering, choice, piece, out),
            StreamWriter::Responses(writer) => writer.take(answering, choice, piece, out),
            StreamWriter::Messages(writer) => writer.take(answering, choice, piece, out),
            StreamWriter::Generate(writer) => writer.take(answering, choice, piece, out),
        }
    }

    /// The end of an answer that ended in order.
    pub(crate) fn close(&mut self, answering: &Answering, out: &mut Vec<u8>) {
        match self {
            StreamWriter::Chat(writer) => writer.close(answering, out),
            StreamWriter::Responses(writer) => writer.close(answering, out),
            StreamWriter::Messages(writer) => writer.close(answering, out),
            StreamWriter::Generate(writer) => writer.close(answering, out),
        }
    }
}
