//! Events of Anthropic's Messages API. Deltas, nearly all of a stream, are only checked; the few events with
//! numbers are read in full.

use super::{Facts, Verdict};
use crate::broken::Broken;
use crate::json::{Cursor, Flaw, Json, Kind, Rules, Span};

#[derive(Default)]
struct Told<'a> {
    kind: std::borrow::Cow<'a, str>,
    error: Option<Span>,
    delta_bytes: u64,
}

pub(super) fn event(data: &[u8], name: &[u8], facts: &mut Facts) -> Result<Verdict, Broken> {
    if data.trim_ascii() == b"[DONE]" {
        return Ok(Verdict::Idle);
    }
    let told = read(data).map_err(|_| Broken::Garbage("an event is not JSON"))?;
    match told.kind.as_ref() {
        "error" => {
            return Err(Broken::vendor_bytes(
                told.error.map_or(data, |error| error.of(data)),
            ));
        }
        "" if name == b"error" || told.error.is_some() => {
            return Err(Broken::vendor_bytes(
                told.error.map_or(data, |error| error.of(data)),
            ));
        }
        "" => return Err(Broken::Garbage("an event without a type")),
        "ping" => return Ok(Verdict::Idle),
        "content_block_delta" => {
            facts.output_events += 1;
            facts.output_bytes += told.delta_bytes;
        }
        "message_start" | "message_delta" => read_numbers(data, facts),
        "message_stop" if !facts.begun => return Err(Broken::Garbage("the stream ends before it began")),
        "message_stop" => facts.ended = true,
        _ => {}
    }
    Ok(Verdict::Pass)
}

fn read_numbers(data: &[u8], facts: &mut Facts) {
    let Ok(event) = Json::parse(data, Rules::Vendor) else {
        return;
    };
    let message = event.get("message").unwrap_or(&event);
    if let Some(usage) = message.get("usage") {
        facts.anthropic.take(usage);
        facts.usage = facts.anthropic.total();
    }
    if let Some(reason) = event.get("delta").and_then(|delta| delta.text_at("stop_reason")) {
        facts.finish = Some(reason.to_owned());
    }
}

fn read(data: &[u8]) -> Result<Told<'_>, Flaw> {
    let mut cursor = Cursor::new(data, Rules::Vendor);
    let mut told = Told::default();
    cursor.object(|cursor, key| {
        if key.name.as_ref() == b"delta" && cursor.at_object() {
            cursor.object(|cursor, key| {
                let value = cursor.value()?;
                if value.kind == Kind::Text && key.name.as_ref() != b"type" {
                    told.delta_bytes += (value.span.end - value.span.start) as u64 - 2;
                }
                Ok::<(), Flaw>(())
            })?;
            return Ok(());
        }
        let value = cursor.value()?;
        match (key.name.as_ref(), value.kind) {
            (b"type", Kind::Text) => told.kind = cursor.words(value),
            (b"error", Kind::Object | Kind::Text) => told.error = Some(value.span),
            _ => {}
        }
        Ok::<(), Flaw>(())
    })?;
    cursor.finish()?;
    Ok(told)
}
