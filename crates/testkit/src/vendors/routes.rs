//! Which endpoint of which vendor a request is for. All vendors share one port and are told apart by path; the
//! lists of models, whose paths coincide, by the headers each vendor's clients send.

use http::{HeaderMap, Method};

use super::dialects::{GeminiMethod, GeneratingApi};
use super::errors::Vendor;

#[derive(Debug, PartialEq)]
pub(super) enum Route {
    Generate(GeneratingApi),
    AnthropicCountTokens,
    GeminiCountTokens { model: String },
    GeminiEmbeddings { model: String },
    Embeddings,
    Moderations,
    Images,
    Speech,
    ModelList(Vendor),
    Model(Vendor, String),
    Settings(SettingsRoute),
    Health,
}

/// The simulator's own pages.
#[derive(Debug, PartialEq)]
pub(super) enum SettingsRoute {
    ShowAll,
    Show(String),
    Change(String),
    Forget(String),
}

/// No such endpoint; the vendor is the one whose way of saying so fits the path best.
#[derive(Debug, PartialEq)]
pub(super) struct NoSuchRoute(pub(super) Vendor);

impl Route {
    pub(super) fn vendor(&self) -> Vendor {
        match self {
            Route::Generate(api) => api.vendor(),
            Route::AnthropicCountTokens => Vendor::Anthropic,
            Route::GeminiCountTokens { .. } | Route::GeminiEmbeddings { .. } => Vendor::Gemini,
            Route::ModelList(vendor) | Route::Model(vendor, _) => *vendor,
            Route::Embeddings | Route::Moderations | Route::Images | Route::Speech => Vendor::OpenAi,
            Route::Settings(_) | Route::Health => Vendor::OpenAi,
        }
    }
}

pub(super) fn route(
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
) -> Result<Route, NoSuchRoute> {
    if let Some(rest) = path.strip_prefix("/sim/models") {
        return settings_route(method, rest)
            .map(Route::Settings)
            .ok_or(NoSuchRoute(Vendor::OpenAi));
    }
    if let Some(gemini) = gemini_route(method, path, query) {
        return gemini;
    }
    // Some vendors of this dialect have no version in their paths.
    let unversioned = path.strip_prefix("/v1").unwrap_or(path);
    let found = match (method, unversioned) {
        (&Method::POST, "/chat/completions") => Some(Route::Generate(GeneratingApi::Chat)),
        (&Method::POST, "/completions") => Some(Route::Generate(GeneratingApi::Completions)),
        (&Method::POST, "/responses") => Some(Route::Generate(GeneratingApi::Responses)),
        (&Method::POST, "/messages") => Some(Route::Generate(GeneratingApi::Messages)),
        (&Method::POST, "/messages/count_tokens") => Some(Route::AnthropicCountTokens),
        (&Method::POST, "/embeddings") => Some(Route::Embeddings),
        (&Method::POST, "/moderations") => Some(Route::Moderations),
        (&Method::POST, "/images/generations") => Some(Route::Images),
        (&Method::POST, "/audio/speech") => Some(Route::Speech),
        (&Method::GET, "/models") => Some(Route::ModelList(vendor_of_lists(path, headers))),
        (&Method::GET, "/health") => Some(Route::Health),
        (&Method::GET, other) => other
            .strip_prefix("/models/")
            .map(|name| Route::Model(vendor_of_lists(path, headers), percent_decoded(name))),
        _ => None,
    };
    found.ok_or(NoSuchRoute(if unversioned.starts_with("/messages") {
        Vendor::Anthropic
    } else {
        Vendor::OpenAi
    }))
}

/// `None` if the path is not one of Gemini's.
fn gemini_route(method: &Method, path: &str, query: &str) -> Option<Result<Route, NoSuchRoute>> {
    let beta = path.strip_prefix("/v1beta");
    let Some(rest) = beta
        .or(path.strip_prefix("/v1"))
        .and_then(|rest| rest.strip_prefix("/models"))
    else {
        return beta.map(|_| Err(NoSuchRoute(Vendor::Gemini)));
    };
    if rest.is_empty() && beta.is_some() && method == Method::GET {
        return Some(Ok(Route::ModelList(Vendor::Gemini)));
    }
    let name_and_action = rest.strip_prefix('/')?;
    let Some((name, action)) = name_and_action
        .rsplit_once(':')
        .filter(|_| method == Method::POST)
    else {
        let model = || Route::Model(Vendor::Gemini, percent_decoded(name_and_action));
        return beta.map(|_| {
            if method == Method::GET {
                Ok(model())
            } else {
                Err(NoSuchRoute(Vendor::Gemini))
            }
        });
    };
    let model = percent_decoded(name);
    let as_events = query.split('&').any(|pair| pair == "alt=sse");
    let generate = |model, method| Ok(Route::Generate(GeneratingApi::Gemini { model, method }));
    Some(match action {
        "generateContent" => generate(model, GeminiMethod::Generate),
        "streamGenerateContent" if as_events => generate(model, GeminiMethod::StreamAsEvents),
        "streamGenerateContent" => generate(model, GeminiMethod::StreamAsArray),
        "countTokens" => Ok(Route::GeminiCountTokens { model }),
        "batchEmbedContents" => Ok(Route::GeminiEmbeddings { model }),
        _ => Err(NoSuchRoute(Vendor::Gemini)),
    })
}

fn settings_route(method: &Method, rest: &str) -> Option<SettingsRoute> {
    let name = rest
        .strip_prefix('/')
        .map(percent_decoded)
        .filter(|name| !name.is_empty());
    match (method, name) {
        (&Method::GET, None) => Some(SettingsRoute::ShowAll),
        (&Method::GET, Some(name)) => Some(SettingsRoute::Show(name)),
        (&Method::POST, Some(name)) => Some(SettingsRoute::Change(name)),
        (&Method::DELETE, Some(name)) => Some(SettingsRoute::Forget(name)),
        _ => None,
    }
}

fn vendor_of_lists(path: &str, headers: &HeaderMap) -> Vendor {
    if headers.contains_key("anthropic-version") {
        Vendor::Anthropic
    } else if headers.contains_key("x-goog-api-key") && path.starts_with("/v1") {
        Vendor::Gemini
    } else {
        Vendor::OpenAi
    }
}

/// `%2F` and the like as the bytes they stand for; a name may hold slashes.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or(&[]);
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn post(path: &str, query: &str) -> Result<Route, NoSuchRoute> {
        route(&Method::POST, path, query, &HeaderMap::new())
    }

    #[test]
    fn vendors_are_told_apart_by_path() {
        assert_eq!(
            post("/v1/chat/completions", ""),
            Ok(Route::Generate(GeneratingApi::Chat))
        );
        assert_eq!(
            post("/chat/completions", ""),
            Ok(Route::Generate(GeneratingApi::Chat))
        );
        assert_eq!(
            post("/v1/messages/count_tokens", ""),
            Ok(Route::AnthropicCountTokens)
        );
        for version in ["/v1", "/v1beta"] {
            let path = format!("{version}/models/gemini-2.5-pro:streamGenerateContent");
            let method = GeminiMethod::StreamAsEvents;
            let api = GeneratingApi::Gemini {
                model: "gemini-2.5-pro".into(),
                method,
            };
            assert_eq!(post(&path, "key=x&alt=sse"), Ok(Route::Generate(api)));
        }
    }

    #[test]
    fn a_model_name_may_hold_slashes_and_colons() {
        let settings = route(&Method::POST, "/sim/models/a%2Fb/c:d", "", &HeaderMap::new()).unwrap();
        assert_eq!(settings, Route::Settings(SettingsRoute::Change("a/b/c:d".into())));
        let model = route(&Method::GET, "/v1/models/org/model:free", "", &HeaderMap::new()).unwrap();
        assert_eq!(model, Route::Model(Vendor::OpenAi, "org/model:free".into()));
    }

    #[test]
    fn an_unknown_path_is_refused_in_the_words_of_its_vendor() {
        assert_eq!(post("/v1/nothing", ""), Err(NoSuchRoute(Vendor::OpenAi)));
        assert_eq!(
            post("/v1/messages/batches", ""),
            Err(NoSuchRoute(Vendor::Anthropic))
        );
        assert_eq!(
            post("/v1beta/models/m:tuneModel", ""),
            Err(NoSuchRoute(Vendor::Gemini))
        );
    }
}
