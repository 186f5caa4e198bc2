//! Which endpoint a path means.

use dialect::{Dialect, Door};
use http::Method;

use crate::refused::Refused;

/// What was called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Called {
    Health,
    Ready,
    /// The models of a key, as this vendor's API lists its own.
    Models(Dialect),
    Model(Dialect, String),
    /// A vendor API's call.
    Api {
        door: Door,
        /// The model, where the path names it.
        model: Option<String>,
    },
}

impl Called {
    /// The door whose shape an error should have.
    pub(crate) fn door(&self) -> Door {
        match self {
            Called::Health | Called::Ready => Door::Other,
            Called::Models(dialect) | Called::Model(dialect, _) => match dialect {
                Dialect::OpenAi => Door::Other,
                Dialect::Anthropic => Door::Messages,
                Dialect::Gemini => Door::Generate,
            },
            Called::Api { door, .. } => *door,
        }
    }
}

/// The endpoint of a path; an error with the door whose shape it should have. `client` is asked where vendors share
/// the path.
pub(crate) fn of(
    method: &Method,
    path: &str,
    client: impl FnOnce() -> Dialect,
) -> Result<Called, (Door, Refused)> {
    // What most requests call, before a path is taken apart.
    if *method == Method::POST
        && let Some(door) = path.strip_prefix("/v1/").and_then(door_at)
    {
        return Ok(Called::Api { door, model: None });
    }
    match path {
        "/health" => return only_get(method, Called::Health),
        "/ready" => return only_get(method, Called::Ready),
        "/v1/models" => return only_get(method, Called::Models(client())),
        "/v1beta/models" => return only_get(method, Called::Models(Dialect::Gemini)),
        _ => {}
    }
    if let Some(call) = gemini(path) {
        return only_post(method, call);
    }
    if let Some(id) = path
        .strip_prefix("/v1beta/models/")
        .filter(|_| matches!(*method, Method::GET | Method::HEAD))
    {
        return Ok(Called::Model(Dialect::Gemini, name_in_path(id)));
    }
    let Some(below) = path.strip_prefix("/v1/").filter(|below| is_plain(below)) else {
        return Err(not_found(door_of(path), path));
    };
    if let Some(id) = below
        .strip_prefix("models/")
        .filter(|_| *method != Method::DELETE)
    {
        return only_get(method, Called::Model(client(), name_in_path(id)));
    }
    if matches!(*method, Method::GET | Method::DELETE) {
        // Of what a vendor has stored; only a provider that takes requests without a model answers it.
        return Ok(Called::Api {
            door: Door::Other,
            model: None,
        });
    }
    let door = door_at(below).unwrap_or(Door::Other);
    only_post(method, Called::Api { door, model: None })
}

/// The calls below `/v1/` whose bodies are looked into.
fn door_at(below: &str) -> Option<Door> {
    match below {
        "chat/completions" => Some(Door::Chat),
        "completions" => Some(Door::Completions),
        "embeddings" => Some(Door::Embeddings),
        "responses" => Some(Door::Responses),
        "messages" => Some(Door::Messages),
        "messages/count_tokens" => Some(Door::CountTokens),
        _ => None,
    }
}

/// `/v1beta/models/{model}:generateContent` and its kin; newer clients say `/v1`.
fn gemini(path: &str) -> Option<Called> {
    let below = path
        .strip_prefix("/v1beta/models/")
        .or(path.strip_prefix("/v1/models/"))?;
    let (model, method) = below.rsplit_once(':')?;
    let door = match method {
        "generateContent" => Door::Generate,
        "streamGenerateContent" => Door::StreamGenerate,
        "countTokens" => Door::GeminiCountTokens,
        _ => return None,
    };
    let model = String::from_utf8(crate::said::percent_decoded(model)).ok()?;
    Some(Called::Api {
        door,
        model: Some(model),
    })
}

fn name_in_path(name: &str) -> String {
    String::from_utf8_lossy(&crate::said::percent_decoded(name)).into_owned()
}

/// Whose error shape a path that leads nowhere gets.
fn door_of(path: &str) -> Door {
    if path.starts_with("/v1beta") {
        Door::Generate
    } else {
        Door::Other
    }
}

/// Nothing in it that a vendor could resolve to another place than we looked at.
fn is_plain(below: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:%@".contains(&byte);
    if below.is_empty() || !below.bytes().all(plain) {
        return false;
    }
    let stays = |path: &[u8]| {
        path.split(|byte| *byte == b'/')
            .all(|part| part != b".." && part != b".")
    };
    if !below.contains('%') {
        return stays(below.as_bytes());
    }
    // Servers differ in whether they decode a path before or after they resolve it, and some decode twice.
    let read = crate::said::percent_decoded(below);
    let odd = |byte: &u8| byte.is_ascii_control() || b"%?#\\".contains(byte);
    stays(&read) && !read.iter().any(odd)
}

fn only_get(method: &Method, called: Called) -> Result<Called, (Door, Refused)> {
    allow(matches!(*method, Method::GET | Method::HEAD), "GET", called)
}

fn only_post(method: &Method, called: Called) -> Result<Called, (Door, Refused)> {
    allow(*method == Method::POST, "POST", called)
}

fn allow(allowed: bool, method: &str, called: Called) -> Result<Called, (Door, Refused)> {
    if allowed {
        return Ok(called);
    }
    Err((
        called.door(),
        Refused::new(405, "invalid_request", format!("This path takes {method}")),
    ))
}

fn not_found(door: Door, path: &str) -> (Door, Refused) {
    let shown: String = path.chars().take(100).collect();
    (
        door,
        Refused::new(404, "invalid_request", format!("There is nothing at '{shown}'")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &Method, path: &str) -> Result<Called, (Door, Refused)> {
        super::of(method, path, || Dialect::OpenAi)
    }

    fn api(path: &str) -> Option<(Door, Option<String>)> {
        match of(&Method::POST, path) {
            Ok(Called::Api { door, model }) => Some((door, model)),
            _ => None,
        }
    }

    #[test]
    fn paths_lead_to_their_doors() {
        let rows = [
            ("/v1/chat/completions", Door::Chat, None),
            ("/v1/completions", Door::Completions, None),
            ("/v1/embeddings", Door::Embeddings, None),
            ("/v1/responses", Door::Responses, None),
            ("/v1/messages", Door::Messages, None),
            ("/v1/messages/count_tokens", Door::CountTokens, None),
            ("/v1/images/generations", Door::Other, None),
            ("/v1beta/models/a/b:generateContent", Door::Generate, Some("a/b")),
            (
                "/v1/models/g%40green:streamGenerateContent",
                Door::StreamGenerate,
                Some("g@green"),
            ),
        ];
        for (path, door, model) in rows {
            assert_eq!(api(path), Some((door, model.map(str::to_owned))), "{path}");
        }
    }

    #[test]
    fn models_are_listed_as_the_path_or_else_the_client_says() {
        let get = |path| super::of(&Method::GET, path, || Dialect::Anthropic);
        let named = |dialect| Ok(Called::Model(dialect, "a".to_owned()));
        assert_eq!(get("/v1/models"), Ok(Called::Models(Dialect::Anthropic)));
        assert_eq!(get("/v1/models/a"), named(Dialect::Anthropic));
        assert_eq!(get("/v1beta/models"), Ok(Called::Models(Dialect::Gemini)));
        assert_eq!(get("/v1beta/models/a"), named(Dialect::Gemini));
        assert!(of(&Method::POST, "/v1beta/models/a:tune").is_err_and(|(_, refused)| refused.status == 404));
    }

    #[test]
    fn what_a_vendor_has_stored_is_read_and_ended_without_a_model() {
        for path in ["/v1/responses/r-1", "/v1/chat/completions", "/v1/files"] {
            let stored = Called::Api {
                door: Door::Other,
                model: None,
            };
            assert_eq!(of(&Method::GET, path), Ok(stored), "{path}");
        }
        let ends_a_model = of(&Method::DELETE, "/v1/models/ft-1");
        assert!(matches!(
            ends_a_model,
            Ok(Called::Api {
                door: Door::Other,
                ..
            })
        ));
    }

    #[test]
    fn other_paths_and_methods_are_refused() {
        for path in [
            "/",
            "/v2/x",
            "/v1/",
            "/v1/../admin",
            "/v1/a/./b",
            "/v1/%2e%2e/admin",
            "/v1/.%2E/admin",
            "/v1/files/..%2f..%2fx",
            "/v1/files/..%5c..%5cx",
            "/v1/files/%252e%252e/x",
            "/v1/files/x%3fkey=y",
            "/v1/files/x%0d%0ay: z",
            "/v1/files/x%0d%0ay:z",
            "/v1/files/x%00",
            "/v1/a b",
            "/v1/a\\b",
            "/v1beta/x",
        ] {
            assert!(of(&Method::POST, path).is_err(), "{path}");
        }
        assert!(of(&Method::PUT, "/v1/chat/completions").is_err_and(|(_, refused)| refused.status == 405));
        assert!(of(&Method::POST, "/v1/models").is_err());
        assert_eq!(
            of(&Method::GET, "/v1/models/a%2Fb"),
            Ok(Called::Model(Dialect::OpenAi, "a/b".to_owned()))
        );
        assert_eq!(of(&Method::HEAD, "/health"), Ok(Called::Health));
    }
}
