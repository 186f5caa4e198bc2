//! Between different APIs: a door's request becomes the one form and then the vendor's words, the vendor's
//! answer becomes pieces and then the door's. What a vendor lacks is refused by its field, never lost.

mod answer;
mod count;
mod doors;
mod embeddings;
mod fields;
mod ids;
mod proof;
mod reader;
mod request;
mod shape;
mod vendors;
mod writer;

use crate::call::Target;
use crate::door::{Dialect, Door};
use crate::json::{Json, Rules};
use crate::reader::Reader;
use crate::refusal::BadRequest;
use crate::scan::Scan;
use crate::settings;

pub(crate) use count::Counting;
pub(crate) use embeddings::{Embedding, embeddings};
pub use fields::field_tables_markdown;
pub(crate) use proof::{MARK, MARK_IN_BASE64};
pub(crate) use reader::Translating;
use request::Request;
pub(crate) use vendors::gemini::{FOREIGN_CALL_SIGNATURE, wants_signatures as gemini_wants_signatures};
pub(crate) use vendors::openai::thinks as openai_model_thinks;
use vendors::{Decoder, anthropic, gemini, openai};
use writer::Answering;

/// The vendor's body, the fields that were adapted or left out, and the reader of the answer.
pub(crate) type Translation = (Vec<u8>, Vec<&'static str>, Reader);

/// Translates a request to another vendor's API.
pub(crate) fn translate(
    door: Door,
    body: &[u8],
    scan: &Scan,
    target: &Target<'_>,
    wants_array: bool,
) -> Result<Translation, BadRequest> {
    let whole = Json::parse(body, Rules::Client)?;
    let json = count::request_to_count(door, &whole).unwrap_or(&whole);
    let mut adapted = Vec::new();
    fields::check(door, target.dialect, "", json, &mut adapted)?;
    if let Some(config) =
        doors::generate::field(json, "generationConfig").filter(|_| door.dialect() == Dialect::Gemini)
    {
        fields::check(door, target.dialect, "generationConfig.", config, &mut adapted)?;
    }
    let request = read(door, json, scan.stream, &mut adapted)?;
    let lacking = settings::fields(target.dialect, door, target.default);
    let body = write(&request, door, target, &lacking, &mut adapted)?;
    let body = settings::applied(body, target.dialect, door, target.set, target.default);
    adapted.sort_unstable();
    adapted.dedup();
    if matches!(door, Door::CountTokens | Door::GeminiCountTokens) {
        return Ok((body, adapted, Reader::counting(door, Counting::new(door))));
    }
    let answering = Answering {
        door,
        vendor: target.dialect,
        public_model: target.public_model.to_owned(),
        now_unix_seconds: target.now_unix_seconds,
        request_id: target.request_id.to_owned(),
        shows_usage: scan.asks_usage,
        array: wants_array,
    };
    let translating = Translating::new(answering, scan.stream, decoder(&request, target));
    Ok((body, adapted, Reader::translating(door, translating)))
}

fn read<'j>(
    door: Door,
    json: &'j Json<'_>,
    stream: bool,
    adapted: &mut Vec<&'static str>,
) -> Result<Request<'j>, BadRequest> {
    match door {
        Door::Responses => doors::responses::read(json, stream),
        Door::Messages | Door::CountTokens => doors::messages::read(json, stream, adapted),
        Door::Generate | Door::StreamGenerate | Door::GeminiCountTokens => {
            doors::generate::read(json, stream)
        }
        Door::Chat | Door::Completions | Door::Embeddings | Door::Other => doors::chat::read(json, stream),
    }
}

fn write(
    request: &Request<'_>,
    door: Door,
    target: &Target<'_>,
    lacking: &[(String, String)],
    adapted: &mut Vec<&'static str>,
) -> Result<Vec<u8>, BadRequest> {
    let counts_only = matches!(door, Door::CountTokens | Door::GeminiCountTokens);
    match target.dialect {
        Dialect::OpenAi => openai::write(request, target.model, target.server.is_deepseek(), adapted),
        Dialect::Gemini => gemini::write(request, target.model, counts_only, adapted),
        Dialect::Anthropic => {
            let default = lacking.iter().find(|(name, _)| name == "max_tokens");
            let default_max_tokens = default.and_then(|(_, value)| value.trim().parse().ok());
            let target = anthropic::Target {
                model: target.model,
                default_max_tokens,
                counts_only,
            };
            anthropic::write(request, &target, adapted)
        }
    }
}

fn decoder(request: &Request<'_>, target: &Target<'_>) -> Decoder {
    let one_call = request.parallel_tools == Some(false);
    match target.dialect {
        Dialect::OpenAi => Decoder::OpenAi(openai::Decoder::new(target.request_id)),
        Dialect::Anthropic => Decoder::Anthropic(anthropic::Decoder::default()),
        Dialect::Gemini => Decoder::Gemini(gemini::Decoder::new(target.request_id, one_call)),
    }
}

/// The limit on an answer's tokens that is made up for a vendor which requires one, when neither client nor
/// environment names any; None for vendors that do without.
pub fn made_up_max_tokens(dialect: Dialect, model: &str) -> Option<u64> {
    match dialect {
        Dialect::Anthropic => Some(anthropic::max_tokens(model)),
        Dialect::OpenAi | Dialect::Gemini => None,
    }
}

/// The API version translated requests to Anthropic are written for.
pub(crate) const ANTHROPIC_VERSION: &str = anthropic::VERSION;
