//! Reading a client's body by its API's shape: each field has one type, and what is not known is refused by
//! its path rather than lost.

use std::borrow::Cow;

use crate::json::{Json, Value};
use crate::refusal::BadRequest;
use crate::translate::request::Words;

/// Refuses fields that are neither known nor empty. Clients send answers back as they got them, with many
/// fields that hold nothing.
pub(crate) fn known(object: &Json<'_>, path: &str, names: &[&str]) -> Result<(), BadRequest> {
    for (name, value) in object.fields() {
        let empty = match &value.value {
            Value::Null => true,
            Value::List(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::Text(_) | Value::Number(_) | Value::Bool(_) => false,
        };
        if !empty && !names.contains(&name.as_ref()) {
            let path = format!("{path}.{name}");
            let message = format!("The provider behind this model has no equal of '{path}'");
            return Err(BadRequest::unsupported(path, message));
        }
    }
    Ok(())
}

pub(crate) fn object<'j, 'a>(value: &'j Json<'a>, path: &str) -> Result<&'j Json<'a>, BadRequest> {
    if value.is_object() {
        Ok(value)
    } else {
        Err(BadRequest::wrong_type(path, "an object"))
    }
}

pub(crate) fn list<'j, 'a>(value: &'j Json<'a>, path: &str) -> Result<&'j [Json<'a>], BadRequest> {
    if value.is_list() {
        Ok(value.items())
    } else {
        Err(BadRequest::wrong_type(path, "an array"))
    }
}

pub(crate) fn text<'j>(value: &'j Json<'_>, path: &str) -> Result<&'j str, BadRequest> {
    value
        .text()
        .ok_or_else(|| BadRequest::wrong_type(path, "a string"))
}

/// A text field that must be there.
pub(crate) fn required<'j>(object: &'j Json<'_>, path: &str, name: &str) -> Result<&'j str, BadRequest> {
    // Paths are only written for refusals.
    match object.get(name) {
        Some(value) => value
            .text()
            .ok_or_else(|| BadRequest::wrong_type(&format!("{path}.{name}"), "a string")),
        None => Err(BadRequest::invalid(
            format!("{path}.{name}"),
            format!("'{path}.{name}' is required"),
        )),
    }
}

pub(crate) fn optional<'j>(
    object: &'j Json<'_>,
    path: &str,
    name: &str,
) -> Result<Option<Words<'j>>, BadRequest> {
    match object.get(name) {
        None => Ok(None),
        Some(_) => required(object, path, name).map(|words| Some(Cow::Borrowed(words))),
    }
}

pub(crate) fn number<'j>(body: &'j Json<'_>, name: &str) -> Result<Option<&'j str>, BadRequest> {
    match body.get(name) {
        None => Ok(None),
        Some(Json {
            value: Value::Number(_),
            raw,
        }) => Ok(Some(raw)),
        Some(_) => Err(BadRequest::wrong_type(name, "a number")),
    }
}

pub(crate) fn flag(body: &Json<'_>, name: &str) -> Result<Option<bool>, BadRequest> {
    match body.get(name) {
        None => Ok(None),
        Some(value) => value
            .bool()
            .map(Some)
            .ok_or_else(|| BadRequest::wrong_type(name, "a boolean")),
    }
}

pub(crate) fn integer(body: &Json<'_>, name: &str) -> Result<Option<u64>, BadRequest> {
    match body.get(name) {
        None => Ok(None),
        Some(value) => value
            .integer()
            .map(Some)
            .ok_or_else(|| BadRequest::wrong_type(name, "a whole number of at least 0")),
    }
}

/// One string or an array of them.
pub(crate) fn texts<'j>(body: &'j Json<'_>, name: &str) -> Result<Vec<Words<'j>>, BadRequest> {
    let Some(value) = body.get(name) else {
        return Ok(Vec::new());
    };
    if let Some(one) = value.text() {
        return Ok(vec![Cow::Borrowed(one)]);
    }
    let wrong = || BadRequest::wrong_type(name, "a string or an array of strings");
    if !value.is_list() {
        return Err(wrong());
    }
    value
        .items()
        .iter()
        .map(|item| item.text().map(Cow::Borrowed).ok_or_else(wrong))
        .collect()
}

/// Splits a `data:` URL in base64 into its media type and data. The scheme's case does not matter; a missing
/// media type and the common `image/jpg` are put right.
pub(crate) fn data_url<'j>(url: &'j str, otherwise: &'static str) -> Option<(Words<'j>, &'j str)> {
    let scheme = url.get(..5)?;
    if !scheme.eq_ignore_ascii_case("data:") {
        return None;
    }
    let (head, data) = url.get(5..)?.split_once(',')?;
    let mut parameters = head.split(';');
    let media_type = parameters.next().unwrap_or_default().trim();
    parameters
        .any(|parameter| parameter.trim().eq_ignore_ascii_case("base64"))
        .then_some(())?;
    let media_type = if media_type.is_empty() {
        Cow::Borrowed(otherwise)
    } else {
        media_type_named(media_type)
    };
    Some((media_type, data))
}

pub(crate) fn media_type_named(name: &str) -> Words<'_> {
    if name.eq_ignore_ascii_case("image/jpg") {
        return Cow::Borrowed("image/jpeg");
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}
