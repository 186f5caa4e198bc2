//! The body of a request that passes through: the client's bytes, with the model's name, the environment's
//! settings and the wish for usage spliced in.

use std::borrow::Cow;

use super::{Server, Target, history};
use crate::door::Door;
use crate::json::{Edits, Kind, Span, push_text};
use crate::scan::Scan;
use crate::settings::{self, Winner};
use crate::translate::openai_model_thinks;

/// Fields that the client did not send: name and JSON value.
type Added = Vec<(Cow<'static, str>, Cow<'static, str>)>;

/// Streams of these APIs tell usage only if asked to; all others tell it anyway.
pub(super) fn can_ask_for_usage(door: Door) -> bool {
    matches!(door, Door::Chat | Door::Completions)
}

pub(super) fn body(
    door: Door,
    body: &[u8],
    scan: &Scan,
    target: &Target<'_>,
    asks_for_usage: bool,
    adapted: &mut Vec<&'static str>,
) -> Vec<u8> {
    let mut edits = Edits::default();
    let mut added = Vec::new();
    if let Some(model) = &scan.model
        && model.name != target.model
    {
        let mut name = Vec::with_capacity(target.model.len() + 2);
        push_text(&mut name, target.model);
        edits.replace(model.place, name);
    }
    if !target.set.is_empty() || !target.default.is_empty() {
        let forced = settings::fields(target.dialect, door, target.set);
        let lacking = settings::fields(target.dialect, door, target.default);
        let lacking = lacking
            .iter()
            .filter(|(name, _)| forced.iter().all(|(other, _)| other != name));
        forced
            .iter()
            .for_each(|field| setting(body, scan, field, Winner::Ours, &mut edits, &mut added));
        lacking.for_each(|field| setting(body, scan, field, Winner::Client, &mut edits, &mut added));
    }
    history::clean(door, body, scan, target, &mut edits, adapted);
    if door == Door::Chat {
        rename_token_limit(body, scan, target, &mut edits, adapted);
    }
    if asks_for_usage {
        ask_for_usage(body, scan, &mut edits, &mut added);
    }
    edits.add_fields(scan.object, scan.fields.is_empty(), &added);
    edits.apply(body)
}

fn setting(
    body: &[u8],
    scan: &Scan,
    (name, value): &(String, String),
    winner: Winner,
    edits: &mut Edits,
    added: &mut Added,
) {
    let mut held = scan
        .fields
        .iter()
        .filter(|field| settings::same_meaning(name, &field.name(body)));
    let Some(field) = held.next() else {
        added.push((name.clone().into(), value.clone().into()));
        return;
    };
    let sent = std::str::from_utf8(field.value.span.of(body)).unwrap_or_default();
    let sends_none = field.value.kind == Kind::Null;
    let same_name = field.is(body, name);
    let value = match winner {
        Winner::Client if sends_none => value.clone(),
        Winner::Client if field.value.kind != Kind::Object => return,
        _ if same_name => settings::merged(sent, value, winner),
        _ => value.clone(),
    };
    let mut replacement = Vec::new();
    push_text(&mut replacement, name);
    replacement.push(b':');
    replacement.extend_from_slice(value.as_bytes());
    edits.replace(field.place(), replacement);
    for other in held {
        edits.remove_field(body, other.place());
    }
}

/// OpenAI's reasoning models take the token limit under its new name only, DeepSeek under its old one only.
fn rename_token_limit(
    body: &[u8],
    scan: &Scan,
    target: &Target<'_>,
    edits: &mut Edits,
    adapted: &mut Vec<&'static str>,
) {
    let (old, new) = match target.server {
        Server::Official if openai_model_thinks(target.model) => ("max_tokens", "max_completion_tokens"),
        Server::DeepSeek => ("max_completion_tokens", "max_tokens"),
        Server::Official | Server::Compatible => return,
    };
    let configured = target
        .set
        .iter()
        .chain(target.default)
        .any(|(name, _)| settings::same_meaning("max_tokens", name));
    if configured || scan.field_named(body, new).is_some() {
        return;
    }
    if let Some(field) = scan.field_named(body, old) {
        edits.replace(field.key, format!("\"{new}\""));
        adapted.push(old);
    }
}

fn ask_for_usage(body: &[u8], scan: &Scan, edits: &mut Edits, added: &mut Added) {
    let Some(options) = scan.field_named(body, "stream_options") else {
        return added.push(("stream_options".into(), "{\"include_usage\":true}".into()));
    };
    let place: Span = options.value.span;
    match (options.value.kind, scan.include_usage) {
        (_, Some(value)) => edits.replace(value, "true"),
        (Kind::Object, None) => {
            let inside = place.of(body).get(1..).unwrap_or_default();
            let empty = inside.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'}');
            edits.add_fields(place, empty, &[("include_usage", "true")]);
        }
        (_, None) => edits.replace(place, "{\"include_usage\":true}"),
    }
}
