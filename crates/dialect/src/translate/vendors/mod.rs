//! The vendors: each writes a request in its own words and reads its own answers as pieces.

pub(crate) mod anthropic;
pub(crate) mod gemini;
pub(crate) mod openai;

use crate::broken::Broken;
use crate::json::{Json, Rules};
use crate::translate::answer::Sink;

/// Reads the answers of one vendor.
pub(crate) enum Decoder {
    OpenAi(openai::Decoder),
    Anthropic(anthropic::Decoder),
    Gemini(gemini::Decoder),
}

impl Decoder {
    pub(crate) fn whole(&mut self, answer: &Json<'_>, sink: &mut Sink<'_>) -> Result<(), Broken> {
        match self {
            Decoder::OpenAi(decoder) => decoder.whole(answer, sink),
            Decoder::Anthropic(decoder) => decoder.whole(answer, sink),
            Decoder::Gemini(decoder) => decoder.whole(answer, sink),
        }
    }

    /// Takes the data of one event. False if it says nothing about the answer (a ping).
    pub(crate) fn event(
        &mut self,
        data: &[u8],
        named_error: bool,
        sink: &mut Sink<'_>,
    ) -> Result<bool, Broken> {
        if data.trim_ascii() == b"[DONE]" {
            if let Decoder::OpenAi(decoder) = self {
                decoder.done()?;
            }
            return Ok(true);
        }
        let event = Json::parse(data, Rules::Vendor).map_err(|_| Broken::Garbage("an event is not JSON"))?;
        if !event.is_object() {
            return Err(Broken::Garbage("an event is no object"));
        }
        if let Some(error) = event.get("error") {
            return Err(Broken::vendor(error));
        }
        if named_error {
            return Err(Broken::vendor(&event));
        }
        match self {
            Decoder::OpenAi(decoder) => decoder.event(&event, sink),
            Decoder::Anthropic(decoder) => decoder.event(&event, sink),
            Decoder::Gemini(decoder) => decoder.event(&event, sink),
        }
    }

    /// The vendor has said that the answer is over.
    pub(crate) fn ended(&self) -> bool {
        match self {
            Decoder::OpenAi(decoder) => decoder.ended(),
            Decoder::Anthropic(decoder) => decoder.ended(),
            Decoder::Gemini(_) => false,
        }
    }

    /// The vendor's body may end here: the answer is complete, though nothing more says so.
    pub(crate) fn may_end(&self) -> bool {
        match self {
            Decoder::OpenAi(decoder) => decoder.may_end(),
            Decoder::Anthropic(decoder) => decoder.ended(),
            Decoder::Gemini(decoder) => decoder.may_end(),
        }
    }

    /// What is left to say at the end of a complete answer.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) {
        match self {
            Decoder::OpenAi(decoder) => decoder.end(sink),
            Decoder::Anthropic(_) => {}
            Decoder::Gemini(decoder) => decoder.end(sink),
        }
    }
}
