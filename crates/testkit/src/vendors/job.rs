//! What one request at one model leads to: a generated answer, or a small one that is ready at once; and how a
//! fault bends it.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::answer::compose;
use super::anthropic::messages;
use super::ask::{Ask, Complaint, text_of};
use super::behaviour::{Fault, ModelBehaviour};
use super::body::{Ending, GARBAGE, PacedStream, Source};
use super::dialects::GeneratingApi;
use super::errors::{Vendor, error_event};
use super::gemini::{self, generate};
use super::openai::{embeddings, other_endpoints};
use super::pieces::{Piece, pieces_of};
use super::routes::Route;
use super::socket::ResetSwitch;

pub(super) enum Job {
    Generate {
        api: GeneratingApi,
        ask: Box<Ask>,
    },
    Ready {
        vendor: Vendor,
        model: String,
        content_type: &'static str,
        body: Bytes,
        tokens: u64,
    },
}

/// An answer on its way.
pub(super) struct Outgoing {
    pub(super) content_type: &'static str,
    /// Time that the answer takes beyond the first byte before its head can go.
    pub(super) head_after: Duration,
    pub(super) source: Source,
    pub(super) ending: Ending,
}

const JSON: &str = "application/json";

impl Job {
    pub(super) fn read(route: &Route, body: &Value, seed: u64) -> Result<Job, Complaint> {
        let named = || text_of(body, "model").unwrap_or("").to_owned();
        let ready = |vendor, model: String, (value, tokens): (Value, u64)| Job::Ready {
            vendor,
            model,
            content_type: JSON,
            body: value.to_string().into(),
            tokens,
        };
        match route {
            Route::Generate(api) => {
                let ask = Box::new(api.read(body)?);
                Ok(Job::Generate {
                    api: api.clone(),
                    ask,
                })
            }
            Route::AnthropicCountTokens => {
                let tokens = messages::read_countable(body)?.prompt_tokens();
                let counted = serde_json::json!({"input_tokens": tokens});
                Ok(ready(Vendor::Anthropic, named(), (counted, 0)))
            }
            Route::GeminiCountTokens { model } => Ok(ready(
                Vendor::Gemini,
                model.clone(),
                generate::count(model, body)?,
            )),
            Route::GeminiEmbeddings { model } => {
                let answered = gemini::embeddings::answer(model, body, seed)?;
                Ok(ready(Vendor::Gemini, model.clone(), answered))
            }
            Route::Embeddings => Ok(ready(Vendor::OpenAi, named(), embeddings::answer(body, seed)?)),
            Route::Moderations => {
                let model = other_endpoints::moderation_model(body);
                Ok(ready(Vendor::OpenAi, model, other_endpoints::moderation(body)?))
            }
            Route::Images => Ok(ready(Vendor::OpenAi, named(), other_endpoints::images(body)?)),
            Route::Speech => {
                let (sound, tokens) = other_endpoints::speech(body)?;
                let body = Bytes::from_static(sound);
                Ok(Job::Ready {
                    vendor: Vendor::OpenAi,
                    model: named(),
                    content_type: "audio/mpeg",
                    body,
                    tokens,
                })
            }
            Route::ModelList(_) | Route::Model(..) | Route::Settings(_) | Route::Health => Err(Complaint {
                message: "no model answers here".to_owned(),
                param: None,
                code: None,
            }),
        }
    }

    pub(super) fn model(&self) -> &str {
        match self {
            Job::Generate { ask, .. } => &ask.model,
            Job::Ready { model, .. } => model,
        }
    }

    pub(super) fn vendor(&self) -> Vendor {
        match self {
            Job::Generate { api, .. } => api.vendor(),
            Job::Ready { vendor, .. } => *vendor,
        }
    }

    pub(super) fn begin(
        self,
        behaviour: &ModelBehaviour,
        fault: Option<Fault>,
        reset: &ResetSwitch,
        seed: u64,
    ) -> Outgoing {
        match self {
            Job::Generate { api, ask } if ask.stream && fault != Some(Fault::WholeAnswerForStream) => {
                begin_stream(&api, &ask, behaviour, fault, reset, seed)
            }
            Job::Generate { api, ask } => {
                let answer = compose(&ask, behaviour.answer_tokens, seed);
                let tokens = u32::try_from(answer.output_tokens).unwrap_or(u32::MAX);
                let head_after = behaviour.time_per_token().saturating_mul(tokens);
                let body = Bytes::from(api.whole(&answer).to_string());
                begin_whole(
                    api.vendor(),
                    JSON,
                    head_after,
                    body,
                    answer.output_tokens,
                    fault,
                    reset,
                )
            }
            Job::Ready {
                vendor,
                content_type,
                body,
                tokens,
                ..
            } => begin_whole(vendor, content_type, Duration::ZERO, body, tokens, fault, reset),
        }
    }
}

fn begin_stream(
    api: &GeneratingApi,
    ask: &Ask,
    behaviour: &ModelBehaviour,
    fault: Option<Fault>,
    reset: &ResetSwitch,
    seed: u64,
) -> Outgoing {
    let answer = compose(ask, behaviour.answer_tokens, seed);
    let mut pieces = pieces_of(&answer);
    let ending = bend_pieces(&mut pieces, fault, reset);
    let writer = api.events(ask, &answer);
    let stream = PacedStream::new(pieces, writer, answer, behaviour.time_per_token());
    Outgoing {
        content_type: api.stream_content_type(),
        head_after: Duration::ZERO,
        source: Source::Paced(Box::new(stream)),
        ending,
    }
}

/// Cuts and mends the pieces as the fault wants them.
fn bend_pieces(pieces: &mut Vec<Piece>, fault: Option<Fault>, reset: &ResetSwitch) -> Ending {
    let half = pieces.len() / 2;
    match fault {
        Some(Fault::StallBeforeFirstByte) => pieces.clear(),
        Some(Fault::StallMidStream | Fault::ResetMidStream | Fault::TruncateStream) => pieces.truncate(half),
        Some(Fault::GarbageFirst) => *pieces = vec![Piece::Garbage],
        Some(Fault::GarbageMidStream) => pieces.insert(half, Piece::Garbage),
        Some(Fault::RefuseInStream) => *pieces = vec![Piece::Error],
        Some(Fault::ErrorMidStream) => {
            pieces.truncate(half);
            pieces.push(Piece::Error);
        }
        None | Some(Fault::WholeAnswerForStream | Fault::RateLimit) => {}
        Some(Fault::StallBeforeHead | Fault::ResetBeforeHead | Fault::CloseBeforeHead) => {}
    }
    ending_of(fault, reset)
}

fn begin_whole(
    vendor: Vendor,
    content_type: &'static str,
    head_after: Duration,
    body: Bytes,
    tokens: u64,
    fault: Option<Fault>,
    reset: &ResetSwitch,
) -> Outgoing {
    let half = body.len() / 2;
    let bent = match fault {
        Some(Fault::StallBeforeFirstByte) => Bytes::new(),
        Some(Fault::StallMidStream | Fault::ResetMidStream | Fault::TruncateStream) => body.slice(..half),
        Some(Fault::GarbageFirst) => Bytes::from_static(GARBAGE),
        Some(Fault::GarbageMidStream) => [&body.slice(..half), GARBAGE, &body.slice(half..)]
            .concat()
            .into(),
        Some(Fault::RefuseInStream | Fault::ErrorMidStream) => error_in_a_good_answer(vendor),
        None | Some(Fault::WholeAnswerForStream | Fault::RateLimit) => body,
        Some(Fault::StallBeforeHead | Fault::ResetBeforeHead | Fault::CloseBeforeHead) => body,
    };
    let source = Source::Whole(Some(bent).filter(|bytes| !bytes.is_empty()), tokens);
    Outgoing {
        content_type,
        head_after,
        source,
        ending: ending_of(fault, reset),
    }
}

fn ending_of(fault: Option<Fault>, reset: &ResetSwitch) -> Ending {
    match fault {
        Some(Fault::StallBeforeFirstByte | Fault::StallMidStream | Fault::StallBeforeHead) => Ending::Stalled,
        Some(Fault::ResetMidStream) => Ending::Reset(reset.clone()),
        None | Some(Fault::ResetBeforeHead | Fault::CloseBeforeHead) => Ending::Complete,
        Some(
            Fault::TruncateStream
            | Fault::GarbageFirst
            | Fault::GarbageMidStream
            | Fault::RefuseInStream
            | Fault::ErrorMidStream
            | Fault::WholeAnswerForStream
            | Fault::RateLimit,
        ) => Ending::Faulty,
    }
}

/// The data of the vendor's error event, as a body of its own.
fn error_in_a_good_answer(vendor: Vendor) -> Bytes {
    let event = error_event(vendor, false);
    let text = String::from_utf8_lossy(&event);
    let data = text.lines().find_map(|line| line.strip_prefix("data: "));
    Bytes::from(data.unwrap_or("").to_owned())
}
