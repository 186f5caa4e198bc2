//! Form uploads (audio transcriptions, image edits) name their model in a part of the form. It is found and
//! replaced in place; files are neither read nor copied apart.

use memchr::memmem;

use crate::json::Span;
use crate::refusal::{BadRequest, BadRequestCode};
use crate::scan::Named;

/// What policy needs of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    pub model: Option<Named>,
    pub stream: bool,
}

/// A boundary is at most 70 characters (RFC 2046, section 5.1.1).
const BOUNDARY_LIMIT: usize = 70;

/// Reads a `multipart/form-data` body, given its Content-Type.
pub fn read(content_type: &str, body: &[u8]) -> Result<Form, BadRequest> {
    let boundary = boundary(content_type).ok_or_else(|| broken("the Content-Type names no boundary"))?;
    let delimiter = format!("--{boundary}");
    let mut form = Form::default();
    let mut streams = 0;
    for part in parts(body, delimiter.as_bytes())? {
        let Some(name) = field_name(part.head.of(body)) else {
            continue;
        };
        let words = || {
            let value = std::str::from_utf8(part.value.of(body));
            value
                .map(str::to_owned)
                .map_err(|_| BadRequest::wrong_type(&name, "UTF-8 text"))
        };
        match name.as_str() {
            "model" if form.model.is_some() => return Err(twice("model")),
            "model" => {
                form.model = Some(Named {
                    name: words()?,
                    place: part.value,
                })
            }
            "stream" => {
                streams += 1;
                form.stream = words()?.trim().eq_ignore_ascii_case("true");
            }
            _ => {}
        }
    }
    if streams > 1 {
        return Err(twice("stream"));
    }
    if form.model.as_ref().is_some_and(|model| model.name.is_empty()) {
        return Err(BadRequest::wrong_type("model", "a non-empty string"));
    }
    Ok(form)
}

/// The body with another model in its `model` part.
pub fn with_model(body: &[u8], model: &Named, name: &str) -> Vec<u8> {
    let mut edits = crate::json::Edits::default();
    edits.replace(model.place, name);
    edits.apply(body)
}

struct Part {
    head: Span,
    value: Span,
}

fn parts(body: &[u8], delimiter: &[u8]) -> Result<Vec<Part>, BadRequest> {
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    for at in memmem::find_iter(body, delimiter) {
        let line_start = at == 0 || body.get(..at).is_some_and(|before| before.ends_with(b"\r\n"));
        let after = body.get(at + delimiter.len()..).unwrap_or_default();
        let last = after.starts_with(b"--");
        let padding = after
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        let line_end = after.get(padding..).is_some_and(|rest| rest.starts_with(b"\r\n"));
        if !line_start || !(last || line_end) {
            continue;
        }
        if let Some(start) = open {
            parts.push(part(body, start, at.saturating_sub(2))?);
        }
        if last {
            return Ok(parts);
        }
        open = Some(at + delimiter.len() + padding + 2);
    }
    Err(broken("the form does not end with its boundary"))
}

fn part(body: &[u8], start: usize, end: usize) -> Result<Part, BadRequest> {
    let whole = body.get(start..end).unwrap_or_default();
    if whole.starts_with(b"\r\n") {
        return Ok(Part {
            head: Span { start, end: start },
            value: Span {
                start: start + 2,
                end,
            },
        });
    }
    let gap =
        memmem::find(whole, b"\r\n\r\n").ok_or_else(|| broken("a part of the form has no end of headers"))?;
    let head = Span {
        start,
        end: start + gap,
    };
    Ok(Part {
        head,
        value: Span {
            start: head.end + 4,
            end,
        },
    })
}

/// The `name` of a plain field; None for files and parts without a name.
fn field_name(head: &[u8]) -> Option<String> {
    let head = std::str::from_utf8(head).ok()?;
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    if parameter(disposition, "filename").is_some() || parameter(disposition, "filename*").is_some() {
        return None;
    }
    parameter(disposition, "name")
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, _) = content_type.split_once(';')?;
    let form = kind.trim().eq_ignore_ascii_case("multipart/form-data");
    let boundary = parameter(content_type, "boundary")?;
    (form && !boundary.is_empty() && boundary.len() <= BOUNDARY_LIMIT).then_some(boundary)
}

/// A parameter of a header value (`form-data; name="model"`), quoted or not.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let (_, mut rest) = header.split_once(';')?;
    loop {
        let (name, from) = rest.split_once('=')?;
        let (value, tail) = parameter_value(from.trim_start());
        if name
            .trim()
            .trim_start_matches(';')
            .trim()
            .eq_ignore_ascii_case(wanted)
        {
            return Some(value);
        }
        rest = tail;
    }
}

fn parameter_value(from: &str) -> (String, &str) {
    let Some(quoted) = from.strip_prefix('"') else {
        let (value, tail) = from.split_once(';').unwrap_or((from, ""));
        return (value.trim().to_owned(), tail);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

fn broken(what: &str) -> BadRequest {
    BadRequest {
        code: BadRequestCode::InvalidRequest,
        param: None,
        message: format!("The form cannot be read: {what}"),
    }
}

fn twice(name: &str) -> BadRequest {
    BadRequest {
        code: BadRequestCode::DuplicateField,
        param: Some(name.to_owned()),
        message: format!("The form holds '{name}' more than once"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; charset=utf-8; boundary=\"b--1\"";

    fn form(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut body = String::new();
        for (disposition, value) in parts {
            body += &format!("--b--1\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n");
        }
        (body + "--b--1--\r\n").into_bytes()
    }

    #[test]
    fn the_model_is_replaced_and_every_other_byte_stays() {
        let file = "RIFF\r\n--b--1x\r\n\0\u{1}name=\"model\"";
        let fields = |model| {
            form(&[
                ("name=\"file\"; filename=\"model\"", file),
                ("name=model", model),
                ("name=\"stream\"", "true"),
            ])
        };
        let body = fields("whisper@green");
        let read = read(TYPE, &body).unwrap();
        let model = read.model.unwrap();
        assert_eq!((model.name.as_str(), read.stream), ("whisper@green", true));
        assert_eq!(with_model(&body, &model, "w"), fields("w"));
    }

    #[test]
    fn a_form_that_two_readers_could_read_differently_is_refused() {
        let twice = form(&[("name=\"model\"", "a"), ("name=\"model\"", "b")]);
        assert_eq!(
            read(TYPE, &twice).unwrap_err().code,
            BadRequestCode::DuplicateField
        );
        let cut = form(&[("name=\"model\"", "a")]);
        assert!(read(TYPE, cut.get(..cut.len() - 5).unwrap()).is_err());
        assert!(read("multipart/form-data", &cut).is_err());
        assert!(read(TYPE, &form(&[("name=\"model\"", "")])).is_err());
        assert_eq!(
            read(TYPE, &form(&[("name=\"prompt\"", "x")])).unwrap().model,
            None
        );
    }
}
