//! What a request's headers say: credential, choice of side, session, names for logs.

use decide::route::{BLUE_WEIGHT_HEADER, CANARY_HEADER, ENVIRONMENT_HEADER};
use decide::{Share, Side};
use dialect::Dialect;

use crate::answer::hex_digits;
use crate::keys::{self, Digest};
use crate::refused::Refused;
use crate::request::Head;
use crate::wire::{Marks, Name};

/// A client's own request id is kept if it is no longer than this.
const REQUEST_ID_LIMIT: usize = 128;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) environment: Option<Side>,
    pub(crate) canary: bool,
    pub(crate) blue_weight: Option<Share>,
    pub(crate) session: Option<String>,
    pub(crate) monitoring: bool,
    environment_given: bool,
    canary_given: bool,
}

/// Reads the headers; the first that makes no sense is refused by name.
pub(crate) fn read(head: &Head<'_>) -> Result<Said, Refused> {
    let mut said = Said::default();
    for (name, value) in head.headers.marked(Marks::SAYS) {
        match name.len() {
            8 if name.is("x-canary") => said.canary(value)?,
            12 if name.is("x-session-id") => said.session("x-session-id", value)?,
            12 if name.is("x-monitoring") => said.monitoring(value)?,
            13 if name.is("x-blue-weight") => said.blue_weight(value)?,
            16 if name.is("x-deployment-env") => said.environment(value)?,
            16 if name.is("content-encoding") => refuse_encoding(value)?,
            20 if name.is("x-litellm-session-id") => said.session("x-litellm-session-id", value)?,
            24 if name.is("x-deployment-environment") => said.environment(value)?,
            _ => {}
        }
    }
    Ok(said)
}

impl Said {
    fn environment(&mut self, value: &[u8]) -> Result<(), Refused> {
        const EXPECTED: &str = "auto, blue or green, given once";
        if std::mem::replace(&mut self.environment_given, true) {
            return Err(Refused::bad_header(ENVIRONMENT_HEADER, EXPECTED));
        }
        self.environment = match value {
            _ if value.eq_ignore_ascii_case(b"auto") => None,
            _ if value.eq_ignore_ascii_case(b"blue") => Some(Side::Blue),
            _ if value.eq_ignore_ascii_case(b"green") => Some(Side::Green),
            _ => return Err(Refused::bad_header(ENVIRONMENT_HEADER, EXPECTED)),
        };
        Ok(())
    }

    fn canary(&mut self, value: &[u8]) -> Result<(), Refused> {
        let repeated = std::mem::replace(&mut self.canary_given, true);
        if repeated || !value.eq_ignore_ascii_case(b"enabled") {
            return Err(Refused::bad_header(CANARY_HEADER, "'enabled', given once"));
        }
        self.canary = true;
        Ok(())
    }

    fn blue_weight(&mut self, value: &[u8]) -> Result<(), Refused> {
        let share = std::str::from_utf8(value).ok().and_then(Share::parse);
        match (share, self.blue_weight) {
            (Some(share), None) => self.blue_weight = Some(share),
            _ => {
                return Err(Refused::bad_header(
                    BLUE_WEIGHT_HEADER,
                    "a percentage from 0 to 100, given once",
                ));
            }
        }
        Ok(())
    }

    fn session(&mut self, name: &'static str, value: &[u8]) -> Result<(), Refused> {
        let session = std::str::from_utf8(value)
            .ok()
            .filter(|session| !session.is_empty());
        match (session, &self.session) {
            (Some(session), None) => self.session = Some(session.to_owned()),
            (Some(session), Some(known)) if session == known => {}
            _ => return Err(Refused::bad_header(name, "one session's name in UTF-8")),
        }
        Ok(())
    }

    fn monitoring(&mut self, value: &[u8]) -> Result<(), Refused> {
        self.monitoring = match value {
            _ if value.eq_ignore_ascii_case(b"true") => true,
            _ if value.eq_ignore_ascii_case(b"false") => false,
            _ => return Err(Refused::bad_header("X-Monitoring", "true or false")),
        };
        Ok(())
    }
}

fn refuse_encoding(value: &[u8]) -> Result<(), Refused> {
    if value.eq_ignore_ascii_case(b"identity") {
        return Ok(());
    }
    let message = "Compressed request bodies are not supported; send the body as it is";
    Err(Refused::new(415, "unsupported_encoding", message).param("Content-Encoding"))
}

/// The hash of the credential, wherever the client put it: `None` if there is none.
pub(crate) fn credential(head: &Head<'_>, further: &[String]) -> Option<Digest> {
    let mut found = None;
    for (name, value) in head.headers.marked(Marks::KEY) {
        if name.is("authorization") {
            if let Some(token) = bearer(value) {
                return Some(keys::digest(token));
            }
        } else {
            found = found.or(Some(value));
        }
    }
    if !further.is_empty() {
        let mut fields = head.headers.iter();
        found = fields.find_map(|(name, value)| names_a_key(name, further).then_some(value));
    }
    match found {
        Some(value) => Some(keys::digest(bearer(value).unwrap_or(value))),
        None => query_key(head.query()).map(|key| keys::digest(&key)),
    }
}

/// Whose API a client speaks, where the path is the same with several vendors.
pub(crate) fn client_dialect(head: &Head<'_>) -> Dialect {
    let says = |name: &str| head.headers.get(name).is_some();
    if says("anthropic-version") {
        Dialect::Anthropic
    } else if says("x-goog-api-client") || says("x-goog-api-key") {
        Dialect::Gemini
    } else {
        Dialect::OpenAi
    }
}

/// By itself, or because the operator says so; `authorization` names a scheme besides.
fn names_a_key(name: Name<'_>, further: &[String]) -> bool {
    !name.is("authorization") && (name.has(Marks::KEY) || is_among(name, further))
}

pub(crate) fn is_among(name: Name<'_>, further: &[String]) -> bool {
    further.iter().any(|known| name.is(known))
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| token.trim_ascii())
}

/// Google's clients may send `?key=`.
fn query_key(query: &str) -> Option<Vec<u8>> {
    let pairs = query.strip_prefix('?')?.split('&');
    let value = pairs.filter_map(|pair| pair.strip_prefix("key=")).next()?;
    Some(percent_decoded(value))
}

pub(crate) fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match (first, pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// The client's own request id if it can be kept, else a new one.
pub(crate) fn request_id(head: &Head<'_>) -> String {
    let kept = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    match head.headers.text("x-request-id") {
        Some(id) if (1..=REQUEST_ID_LIMIT).contains(&id.len()) && id.as_bytes().iter().all(kept) => {
            id.to_owned()
        }
        _ => new_request_id(),
    }
}

pub(crate) fn new_request_id() -> String {
    let mut id = String::with_capacity(36);
    id.push_str("req_");
    for _ in 0..2 {
        push_nonce(&mut id);
    }
    id
}

/// Appends 16 random digits.
pub(crate) fn push_nonce(text: &mut String) {
    let digits = hex_digits::<16>(fastrand::u64(..));
    text.push_str(std::str::from_utf8(&digits).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::head::read_request;

    fn with<T>(lines: &str, act: impl FnOnce(&Head<'_>) -> T) -> T {
        let text = format!("GET /v1/x?a=b&key=q%20k HTTP/1.1\r\nhost: a\r\n{lines}\r\n");
        let read = read_request(text.as_bytes(), &Default::default()).unwrap();
        let headers = crate::wire::Headers {
            bytes: text.as_bytes(),
            spans: &read.spans,
        };
        act(&Head {
            method: &read.method,
            target: "/v1/x?a=b&key=q%20k",
            headers,
        })
    }

    fn refused(lines: &str) -> Option<String> {
        with(lines, read).err().and_then(|refused| refused.param)
    }

    #[test]
    fn routing_headers_are_read_in_any_case() {
        let lines = "X-DEPLOYMENT-ENV: Green\r\nx-canary: ENABLED\r\nX-Blue-Weight: 87.5\r\nx-session-id: s 1\r\n\
                     x-monitoring: true\r\n";
        let said = with(lines, read).unwrap();
        assert_eq!(said.environment, Some(Side::Green));
        assert!(said.canary && said.monitoring);
        assert_eq!(said.blue_weight, Share::parse("87.5"));
        assert_eq!(said.session.as_deref(), Some("s 1"));
    }

    #[test]
    fn a_header_that_makes_no_sense_is_named() {
        let rows = [
            ("x-deployment-environment: purple\r\n", "X-Deployment-Environment"),
            (
                "x-deployment-environment: blue\r\nx-deployment-env: blue\r\n",
                "X-Deployment-Environment",
            ),
            (
                "x-deployment-environment: blue, green\r\n",
                "X-Deployment-Environment",
            ),
            ("x-canary: yes\r\n", "X-Canary"),
            ("x-canary: enabled\r\nx-canary: enabled\r\n", "X-Canary"),
            ("x-blue-weight: 101\r\n", "X-Blue-Weight"),
            ("x-blue-weight: -1\r\n", "X-Blue-Weight"),
            ("x-blue-weight: 5\r\nx-blue-weight: 5\r\n", "X-Blue-Weight"),
            ("x-session-id: \r\n", "x-session-id"),
            (
                "x-session-id: a\r\nx-litellm-session-id: b\r\n",
                "x-litellm-session-id",
            ),
            ("x-monitoring: maybe\r\n", "X-Monitoring"),
            ("content-encoding: gzip\r\n", "Content-Encoding"),
        ];
        for (lines, param) in rows {
            assert_eq!(refused(lines).as_deref(), Some(param), "{lines:?}");
        }
        assert_eq!(
            refused("x-deployment-environment: auto\r\nx-other: \u{fe}\r\n"),
            None
        );
    }

    #[test]
    fn a_key_is_found_wherever_clients_put_it() {
        let further = ["x-holysheep-key".to_owned()];
        let found = |lines: &str| with(lines, |head| credential(head, &further));
        let rows: [(&str, &[u8]); 7] = [
            ("authorization: Bearer My API Key\r\n", b"My API Key"),
            ("AUTHORIZATION: bearer  k\r\nx-api-key: other\r\n", b"k"),
            ("x-api-key: k\r\n", b"k"),
            ("x-goog-api-key: k\r\n", b"k"),
            ("X-HolySheep-Key: k\r\n", b"k"),
            ("authorization: Basic abc\r\nx-api-key: k\r\n", b"k"),
            ("", b"q k"),
        ];
        for (lines, secret) in rows {
            assert_eq!(found(lines), Some(keys::digest(secret)), "{lines:?}");
        }
    }

    #[test]
    fn request_ids_are_kept_or_made() {
        assert_eq!(with("x-request-id: my-id_1.2\r\n", request_id), "my-id_1.2");
        let made = with("x-request-id: no spaces\r\n", request_id);
        assert!(made.starts_with("req_") && made.len() == 36, "{made}");
        assert_ne!(made, with("", request_id));
    }
}
