//! A client's request as the request a vendor gets. Where the client called the vendor's own API, its bytes
//! are kept, and only what must change is spliced in; otherwise the request is translated.

mod history;
mod pass;
mod path;

use crate::door::{Dialect, Door};
use crate::multipart::{self, Form};
use crate::passing::Passing;
use crate::reader::Reader;
use crate::refusal::BadRequest;
use crate::scan::Scan;
use crate::translate;

/// Where a request goes, as the environment's configuration says.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    pub dialect: Dialect,
    /// The vendor's name of the model.
    pub model: &'a str,
    /// Fields forced into every request: name and JSON value.
    pub set: &'a [(String, String)],
    /// Fields for requests that lack them: name and JSON value.
    pub default: &'a [(String, String)],
    /// Usage is needed: a stream that would not tell it is asked to.
    pub meter: bool,
    /// The model name the client asked for; translated answers carry it.
    pub public_model: &'a str,
    /// Whose server speaks the dialect; small rules differ.
    pub server: Server,
    /// The request's own id, for answers whose vendor gives none.
    pub request_id: &'a str,
    /// The time that answers are dated with, in seconds since 1970.
    pub now_unix_seconds: u64,
}

/// Whose server it is that speaks a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The vendor the dialect is named for.
    Official,
    DeepSeek,
    /// Any other server with the same API.
    Compatible,
}

impl Server {
    /// Told from the host of a provider's base URL.
    pub fn of_base_url(dialect: Dialect, url: &str) -> Server {
        let host = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = host
            .split(['/', ':', '?'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let official = match dialect {
            Dialect::OpenAi => "openai.com",
            Dialect::Anthropic => "anthropic.com",
            Dialect::Gemini => "googleapis.com",
        };
        let belongs = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
        match (belongs(official), belongs("deepseek.com")) {
            (true, _) => Server::Official,
            (false, true) => Server::DeepSeek,
            (false, false) => Server::Compatible,
        }
    }

    pub(crate) fn is_deepseek(self) -> bool {
        self == Server::DeepSeek
    }
}

/// The request for the vendor, and the reader of its answer.
pub struct Call {
    /// Path and query, relative to the provider's base URL.
    pub path: String,
    pub body: Vec<u8>,
    /// Headers this request needs besides the credential and the content type.
    pub headers: Vec<(&'static str, String)>,
    /// Fields that were adapted or left out by a documented rule, for `x-adapted`.
    pub adapted: Vec<&'static str>,
    pub reader: Reader,
}

/// Makes the vendor's request. `original_path` is the client's, with its query; `scan` is of the same `body`.
pub fn call(
    door: Door,
    original_path: &str,
    body: &[u8],
    scan: &Scan,
    target: &Target<'_>,
) -> Result<Call, BadRequest> {
    path::check_model(target)?;
    let wants_array = path::wants_array(door, original_path);
    if !passes(door, target) {
        return translated(door, body, scan, target, wants_array);
    }
    let asks_for_usage = target.meter && pass::can_ask_for_usage(door) && scan.stream && !scan.asks_usage;
    let path = path::native(door, original_path, target);
    let mut adapted = Vec::new();
    let body = pass::body(door, body, scan, target, asks_for_usage, &mut adapted);
    let passing = Passing::new(door, scan.stream, asks_for_usage, wants_array);
    let reader = Reader::passing(door, passing);
    Ok(Call {
        path,
        body,
        headers: Vec::new(),
        adapted,
        reader,
    })
}

/// Bytes pass between equal dialects; but DeepSeek speaks OpenAI's chat without its Responses.
fn passes(door: Door, target: &Target<'_>) -> bool {
    door.dialect() == target.dialect && !(door == Door::Responses && target.server.is_deepseek())
}

fn translated(
    door: Door,
    body: &[u8],
    scan: &Scan,
    target: &Target<'_>,
    wants_array: bool,
) -> Result<Call, BadRequest> {
    let lacks = match (door, target.dialect) {
        (Door::Completions | Door::Other, _) => true,
        (Door::Embeddings, dialect) => dialect != Dialect::Gemini,
        (Door::CountTokens | Door::GeminiCountTokens, dialect) => dialect == Dialect::OpenAi,
        (Door::Chat | Door::Responses | Door::Messages | Door::Generate | Door::StreamGenerate, _) => false,
    };
    if lacks {
        return Err(no_such_api(door, target.dialect));
    }
    let path = path::foreign(door, scan.stream, target);
    let headers = match target.dialect {
        Dialect::Anthropic => vec![("anthropic-version", translate::ANTHROPIC_VERSION.to_owned())],
        Dialect::OpenAi | Dialect::Gemini => Vec::new(),
    };
    let (body, adapted, reader) = match door {
        Door::Embeddings => translate::embeddings(body, target)?,
        door => translate::translate(door, body, scan, target, wants_array)?,
    };
    Ok(Call {
        path,
        body,
        headers,
        adapted,
        reader,
    })
}

/// Makes the vendor's request of a form upload: the same form with the vendor's model in it. Only OpenAI's API
/// takes forms.
pub fn call_form(
    original_path: &str,
    body: &[u8],
    form: &Form,
    target: &Target<'_>,
) -> Result<Call, BadRequest> {
    if target.dialect != Dialect::OpenAi {
        return Err(no_such_api(Door::Other, target.dialect));
    }
    let body = match &form.model {
        Some(model) => multipart::with_model(body, model, target.model),
        None => body.to_vec(),
    };
    Ok(Call {
        path: path::native(Door::Other, original_path, target),
        body,
        headers: Vec::new(),
        adapted: Vec::new(),
        reader: Reader::passing(Door::Other, Passing::new(Door::Other, form.stream, false, false)),
    })
}

fn no_such_api(door: Door, dialect: Dialect) -> BadRequest {
    let message = format!(
        "The provider behind this model speaks {}, which has no {}",
        dialect.name(),
        door.path()
    );
    BadRequest::unsupported("model", message)
}

#[cfg(test)]
#[path = "call/tests.rs"]
mod tests;
