//! Events of OpenAI's Responses API. They say themselves what they are; the last one holds the usage.

use super::{Facts, Verdict};
use crate::broken::Broken;
use crate::json::{Cursor, Flaw, Json, Kind, Rules, Span};
use crate::usage;

#[derive(Default)]
struct Told<'a> {
    kind: std::borrow::Cow<'a, str>,
    response: Option<Span>,
    error: Option<Span>,
    written: u64,
}

pub(super) fn event(data: &[u8], name: &[u8], facts: &mut Facts) -> Result<Verdict, Broken> {
    if data.trim_ascii() == b"[DONE]" {
        return Ok(Verdict::Idle);
    }
    let told = read(data).map_err(|_| Broken::Garbage("an event is not JSON"))?;
    if told.kind == "error" || name == b"error" {
        return Err(Broken::vendor_bytes(
            told.error.map_or(data, |error| error.of(data)),
        ));
    }
    if told.kind.is_empty() {
        return match told.error {
            Some(error) => Err(Broken::vendor_bytes(error.of(data))),
            None => Err(Broken::Garbage("an event without a type")),
        };
    }
    if told.written > 0 {
        facts.output_events += 1;
        facts.output_bytes += told.written;
    }
    match told.kind.as_ref() {
        "response.completed" | "response.incomplete" => {
            finished(told.response.map_or(&[][..], |response| response.of(data)), facts);
            facts.finish = Some(told.kind.trim_start_matches("response.").to_owned());
        }
        "response.failed" => {
            let response = Json::parse(
                told.response.map_or(b"{}", |response| response.of(data)),
                Rules::Vendor,
            );
            return Err(
                match response.as_ref().ok().and_then(|response| response.get("error")) {
                    Some(error) => Broken::vendor(error),
                    None => Broken::Garbage("a failed response without an error"),
                },
            );
        }
        _ => {}
    }
    Ok(Verdict::Pass)
}

fn finished(response: &[u8], facts: &mut Facts) {
    facts.ended = true;
    if let Ok(response) = Json::parse(response, Rules::Vendor) {
        facts.usage = response.get("usage").map(usage::openai).or(facts.usage);
    }
}

fn read(data: &[u8]) -> Result<Told<'_>, Flaw> {
    let mut cursor = Cursor::new(data, Rules::Vendor);
    let mut told = Told::default();
    cursor.object(|cursor, key| {
        let value = cursor.value()?;
        match (key.name.as_ref(), value.kind) {
            (b"type", Kind::Text) => told.kind = cursor.words(value),
            (b"response", Kind::Object) => told.response = Some(value.span),
            (b"error", Kind::Object | Kind::Text) => told.error = Some(value.span),
            (b"delta", Kind::Text) => told.written = (value.span.end - value.span.start) as u64 - 2,
            _ => {}
        }
        Ok::<(), Flaw>(())
    })?;
    cursor.finish()?;
    Ok(told)
}
