//! What becomes of every field of every door before every vendor: one table, which requests are checked
//! against and the documentation is made from. A field that is not in it is refused, so what a newer SDK
//! sends can never be lost in silence.

mod tables;

use std::fmt::Write as _;

use crate::door::{Dialect, Door};
use crate::json::{Json, Value};
use crate::refusal::BadRequest;

/// What becomes of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Carried over with the same meaning.
    Carried,
    /// Carried by a rule that can change its value; named in `x-adapted` when it does.
    Adapted(&'static str),
    /// Left out, since no answer depends on it; named in `x-adapted`.
    LeftOut,
    /// Refused, but for these values, which say what happens anyway.
    RefusedBut(&'static [&'static str]),
}

pub(crate) struct Row {
    pub(crate) field: &'static str,
    /// The fate before each vendor: openai, anthropic, gemini. For the door's own vendor nothing is looked up.
    pub(crate) fates: [Fate; 3],
}

impl Row {
    fn fate(&self, vendor: Dialect) -> Fate {
        let [openai, anthropic, gemini] = self.fates;
        match vendor {
            Dialect::OpenAi => openai,
            Dialect::Anthropic => anthropic,
            Dialect::Gemini => gemini,
        }
    }
}

/// The fields of a door's body, as its API spells them.
pub(crate) fn rows(door: Door) -> &'static [Row] {
    match door {
        Door::Chat => tables::CHAT,
        Door::Responses => tables::RESPONSES,
        Door::Messages | Door::CountTokens => tables::MESSAGES,
        Door::Generate | Door::StreamGenerate | Door::GeminiCountTokens => tables::GENERATE,
        Door::Embeddings => tables::EMBEDDINGS,
        Door::Completions | Door::Other => &[],
    }
}

/// Checks an object's fields against the table; fields that are left out are added to `adapted`. `within` is
/// the path of the object (`generationConfig.`), empty for the body.
pub(crate) fn check(
    door: Door,
    vendor: Dialect,
    within: &str,
    object: &Json<'_>,
    adapted: &mut Vec<&'static str>,
) -> Result<(), BadRequest> {
    for (name, value) in object.fields() {
        if value.value == Value::Null {
            continue;
        }
        let path = format!("{within}{}", spelled(door, name));
        let refused = || {
            let message = format!(
                "The provider behind this model ({}) has no equal of '{path}'",
                vendor.name()
            );
            BadRequest::unsupported(path.clone(), message)
        };
        let row = rows(door)
            .iter()
            .find(|row| row.field == path)
            .ok_or_else(refused)?;
        match row.fate(vendor) {
            Fate::Carried | Fate::Adapted(_) => {}
            Fate::LeftOut => adapted.push(row.field),
            Fate::RefusedBut(harmless) if harmless.iter().any(|same| means_the_same(value, same)) => {}
            Fate::RefusedBut(_) => return Err(refused()),
        }
    }
    Ok(())
}

/// Google's APIs take both `maxOutputTokens` and `max_output_tokens`; the table spells the first.
pub(crate) fn spelled(door: Door, name: &str) -> String {
    if door.dialect() != Dialect::Gemini || !name.contains('_') {
        return name.to_owned();
    }
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.trim_start_matches('_').chars() {
        if character == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            camel.extend(character.to_uppercase());
        } else {
            camel.push(character);
        }
    }
    camel
}

fn means_the_same(value: &Json<'_>, harmless: &str) -> bool {
    match (value.number(), harmless.parse::<f64>()) {
        (Some(sent), Ok(same)) => sent == same,
        _ => value
            .raw
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .eq(harmless.bytes()),
    }
}

/// The tables as documentation.
pub fn field_tables_markdown() -> String {
    let mut text = String::new();
    let doors = [
        Door::Chat,
        Door::Responses,
        Door::Messages,
        Door::Generate,
        Door::Embeddings,
    ];
    for door in doors {
        let _ = write!(
            text,
            "## `{}`\n\n| field | openai | anthropic | gemini |\n| --- | --- | --- | --- |\n",
            door.path()
        );
        for row in rows(door) {
            let cells =
                [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini].map(|vendor| cell(door, vendor, row));
            let _ = writeln!(text, "| `{}` | {} |", row.field, cells.join(" | "));
        }
        text.push('\n');
    }
    text
}

fn cell(door: Door, vendor: Dialect, row: &Row) -> String {
    if door.dialect() == vendor && door != Door::Responses {
        return "passes".to_owned();
    }
    let text = match row.fate(vendor) {
        Fate::Carried => "carried".to_owned(),
        Fate::Adapted(how) => how.to_owned(),
        Fate::LeftOut => "left out".to_owned(),
        Fate::RefusedBut([]) => "refused".to_owned(),
        Fate::RefusedBut(harmless) => format!("refused, but for `{}`", harmless.join("`, `")),
    };
    if door.dialect() == vendor {
        format!("passes; to servers without this API: {text}")
    } else {
        text
    }
}
