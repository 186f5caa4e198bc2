//! Chunks of OpenAI's chat and text completions. Each is walked once, without building anything.

use super::template::Changing;
use super::{Facts, Verdict};
use crate::broken::Broken;
use crate::json::{Cursor, Edits, Flaw, Json, Kind, Raw, Rules, Span};
use crate::usage;

/// What one chunk holds.
#[derive(Default)]
struct Chunk {
    error: Option<Span>,
    /// The `usage` field from its key to its value's end, and the value.
    usage: Option<(Span, Raw)>,
    groq: Option<Span>,
    /// How many choices, if there is an array of them.
    choices: Option<u32>,
    finishes: bool,
    written: u64,
    changing: Changing,
}

pub(super) fn event(
    data: &[u8],
    name: &[u8],
    hides_usage: bool,
    facts: &mut Facts,
) -> Result<Verdict, Broken> {
    if let Some(fit) = facts.template.fits(data).filter(|_| name.is_empty()) {
        facts.output_events += u64::from(fit.written > 0);
        facts.output_bytes += fit.written;
        return Ok(fit.hidden.map_or(Verdict::Pass, |field| without(data, field)));
    }
    if data.trim_ascii() == b"[DONE]" {
        if !facts.begun {
            return Err(Broken::Garbage("the stream ends before it began"));
        }
        facts.ended = true;
        return Ok(Verdict::Pass);
    }
    let chunk = read(data, facts).map_err(|_| Broken::Garbage("an event is not JSON"))?;
    if let Some(error) = chunk.error {
        return Err(Broken::vendor_bytes(error.of(data)));
    }
    if name == b"error" {
        return Err(Broken::vendor_bytes(data));
    }
    let counted = chunk.usage.filter(|(_, value)| value.kind == Kind::Object);
    if let Some((_, value)) = counted {
        note_usage(value.span.of(data), facts);
    } else if let Some(groq) = chunk.groq {
        note_groq_usage(groq.of(data), facts);
    }
    if chunk.choices.is_none() && counted.is_none() && !facts.begun {
        return Err(Broken::Garbage("the first event is no chunk of an answer"));
    }
    if chunk.written > 0 {
        facts.output_events += 1;
        facts.output_bytes += chunk.written;
    }
    let hidden = chunk
        .usage
        .filter(|(_, value)| hides_usage && value.kind == Kind::Null)
        .map(|(field, _)| field);
    if chunk.usage.is_none_or(|(_, value)| value.kind == Kind::Null)
        && !chunk.finishes
        && chunk.choices == Some(1)
    {
        facts.template.learn(data, chunk.changing, hidden);
    }
    match (counted, hidden) {
        (Some(_), _) if hides_usage && chunk.choices.unwrap_or_default() == 0 => Ok(Verdict::Drop),
        (_, Some(field)) => Ok(without(data, field)),
        (_, None) => Ok(Verdict::Pass),
    }
}

fn without(data: &[u8], field: Span) -> Verdict {
    Verdict::Cut(Edits::place_of_field(data, field))
}

fn note_usage(value: &[u8], facts: &mut Facts) {
    facts.usage = Some(usage::openai_text(value));
}

/// Groq tells usage inside `x_groq`.
fn note_groq_usage(value: &[u8], facts: &mut Facts) {
    let json = Json::parse(value, Rules::Vendor).ok();
    if let Some(counts) = json.as_ref().and_then(|json| json.get("usage")) {
        facts.usage = Some(usage::openai(counts));
    }
}

fn read(data: &[u8], facts: &mut Facts) -> Result<Chunk, Flaw> {
    let mut cursor = Cursor::new(data, Rules::Vendor);
    let mut chunk = Chunk::default();
    cursor.object(|cursor, key| {
        if key.is("choices") && cursor.at_list() {
            chunk.choices = Some(0);
            cursor.list(|cursor| choice(cursor, &mut chunk, facts))?;
        } else if key.is("usage") {
            let value = cursor.value()?;
            let (start, end) = (key.place.start, value.span.end);
            chunk.usage = Some((Span { start, end }, value));
        } else if key.is("error") {
            let value = cursor.value()?;
            if value.kind != Kind::Null {
                chunk.error = Some(value.span);
            }
        } else if key.is("obfuscation") {
            let value = cursor.value()?;
            if value.kind == Kind::Text {
                chunk.changing.padding = Some(value.span);
            }
        } else if key.is("x_groq") {
            let value = cursor.value()?;
            if value.kind == Kind::Object {
                chunk.groq = Some(value.span);
            }
        }
        Ok::<(), Flaw>(())
    })?;
    cursor.finish()?;
    Ok(chunk)
}

fn choice(cursor: &mut Cursor<'_>, chunk: &mut Chunk, facts: &mut Facts) -> Result<(), Flaw> {
    if !cursor.at_object() {
        return cursor.value().map(drop);
    }
    chunk.choices = chunk.choices.map(|count| count + 1);
    let mut index = 0_u32;
    let mut finish = None;
    cursor.object(|cursor, key| {
        if key.is("delta") && cursor.at_object() {
            delta(cursor, chunk)?;
        } else if key.is("index") {
            let value = cursor.value()?;
            index = index_of(cursor, value);
        } else if key.is("finish_reason") {
            let value = cursor.value()?;
            if value.kind == Kind::Text {
                finish = Some(value);
            }
        } else if key.is("text") {
            chunk.written += written(cursor.value()?);
        }
        Ok::<(), Flaw>(())
    })?;
    let bit = 1_u128 << index.min(127);
    facts.choices_seen |= bit;
    if let Some(reason) = finish {
        chunk.finishes = true;
        facts.choices_finished |= bit;
        facts.finish = Some(cursor.words(reason).into_owned());
    }
    Ok(())
}

fn delta(cursor: &mut Cursor<'_>, chunk: &mut Chunk) -> Result<(), Flaw> {
    cursor.object(|cursor, key| {
        if key.is("role") {
            return Ok(());
        }
        let value = cursor.value()?;
        if key.is("content") && value.kind == Kind::Text {
            chunk.changing.words = Some(value.span);
        }
        chunk.written += written(value);
        Ok::<(), Flaw>(())
    })?;
    Ok(())
}

/// A choice's index; 0 for what is none.
fn index_of(cursor: &Cursor<'_>, value: Raw) -> u32 {
    let index = cursor.number(value).and_then(|index| u32::try_from(index).ok());
    index.unwrap_or_default()
}

/// About how many bytes of the model's own are in this value: a string without its quotes, tool calls whole.
fn written(value: Raw) -> u64 {
    let length = (value.span.end - value.span.start) as u64;
    match value.kind {
        Kind::Text => length - 2,
        Kind::List | Kind::Object => length,
        Kind::Null | Kind::True | Kind::False | Kind::Number => 0,
    }
}
