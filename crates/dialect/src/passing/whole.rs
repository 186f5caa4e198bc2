//! Complete JSON answers: is it the answer of this API, and what did it cost?

use super::{Facts, gemini};
use crate::broken::Broken;
use crate::door::Door;
use crate::json::{Cursor, Flaw, Json, Kind, Raw, Rules, Span};
use crate::usage::{self, Usage};

/// Checks an answer and takes its numbers. Anything is an answer on paths that are not known.
pub(super) fn read(door: Door, body: &[u8], facts: &mut Facts) -> Result<(), Broken> {
    if door == Door::Other {
        return Ok(());
    }
    if let Some(list) = list_of_openai(door) {
        return openai(list, body, facts);
    }
    let answer = Json::parse(body, Rules::Vendor).map_err(|_| NOT_JSON)?;
    if let Some(error) = answer.get("error") {
        return Err(Broken::vendor(error));
    }
    match door {
        Door::Messages => message(&answer, facts)?,
        Door::CountTokens => must(
            answer.integer_at("input_tokens").is_some(),
            "the answer has no count",
        )?,
        Door::GeminiCountTokens => must(
            answer.integer_at("totalTokens").is_some(),
            "the answer has no count",
        )?,
        Door::Generate | Door::StreamGenerate => {
            let answers = answer
                .get("candidates")
                .or(answer.get("promptFeedback"))
                .is_some();
            must(answers, "the answer has no candidates")?;
            gemini::note(&answer, facts);
        }
        Door::Chat | Door::Completions | Door::Embeddings | Door::Responses | Door::Other => {}
    }
    Ok(())
}

const NOT_JSON: Broken = Broken::Garbage("the body is not JSON");

/// The array that makes an answer of one of OpenAI's APIs, and what is said where it is missing.
fn list_of_openai(door: Door) -> Option<(&'static str, &'static str)> {
    match door {
        Door::Chat | Door::Completions => Some(("choices", "the answer has no choices")),
        Door::Embeddings => Some(("data", "the answer has no data")),
        Door::Responses => Some(("output", "the answer has no output")),
        Door::Messages
        | Door::CountTokens
        | Door::GeminiCountTokens
        | Door::Generate
        | Door::StreamGenerate
        | Door::Other => None,
    }
}

/// What one of OpenAI's answers says of itself. Of a field given twice, the last counts; a null is no field.
#[derive(Default)]
struct Told {
    error: Option<Span>,
    usage: Option<Usage>,
    /// How many things are in the array that makes the answer, if there is one.
    listed: Option<usize>,
    /// Why the first choice that says so ended.
    finish: Option<String>,
    /// How a response ended.
    status: Option<String>,
}

/// OpenAI's answers are walked, without a tree: they are most of all answers.
fn openai((list, lacking): (&str, &'static str), body: &[u8], facts: &mut Facts) -> Result<(), Broken> {
    let mut told = Told::default();
    told.read(list, body).map_err(|_| NOT_JSON)?;
    // A response may tell of an error in a step of it; only its status says that it failed.
    let goes_on = list == "output" && told.listed.is_some() && told.status.as_deref() != Some("failed");
    if let Some(error) = told.error.filter(|_| !goes_on) {
        return Err(Broken::vendor_bytes(error.of(body)));
    }
    // A completion has a choice; no embeddings and no output are an answer.
    must(
        told.listed.is_some_and(|listed| listed > 0 || list != "choices"),
        lacking,
    )?;
    facts.usage = told.usage;
    match list {
        "choices" => facts.finish = told.finish,
        "output" => facts.finish = told.status,
        _ => {}
    }
    Ok(())
}

impl Told {
    fn read(&mut self, list: &str, body: &[u8]) -> Result<(), Flaw> {
        let mut cursor = Cursor::new(body, Rules::Vendor);
        if !cursor.at_object() {
            cursor.value()?;
            return cursor.finish();
        }
        cursor.object(|cursor, key| {
            if key.is(list) {
                (self.listed, self.finish) = listed(cursor)?;
            } else if key.is("usage") {
                self.usage = usage::openai_next(cursor)?;
            } else if key.is("error") {
                let value = cursor.value()?;
                self.error = (value.kind != Kind::Null).then_some(value.span);
            } else if key.is("status") {
                let value = cursor.value()?;
                self.status = words(cursor, value);
            }
            Ok::<(), Flaw>(())
        })?;
        cursor.finish()
    }
}

/// How many things an array holds, and the first `finish_reason` in it.
fn listed(cursor: &mut Cursor<'_>) -> Result<(Option<usize>, Option<String>), Flaw> {
    if !cursor.at_list() {
        cursor.value()?;
        return Ok((None, None));
    }
    let mut count = 0;
    let mut finish = None;
    cursor.list(|cursor| {
        count += 1;
        if finish.is_some() || !cursor.at_object() {
            return cursor.value().map(drop);
        }
        cursor.object(|cursor, key| {
            if key.is("finish_reason") {
                let value = cursor.value()?;
                finish = words(cursor, value);
            }
            Ok::<(), Flaw>(())
        })?;
        Ok::<(), Flaw>(())
    })?;
    Ok((Some(count), finish))
}

fn words(cursor: &Cursor<'_>, value: Raw) -> Option<String> {
    (value.kind == Kind::Text).then(|| cursor.words(value).into_owned())
}

fn message(answer: &Json<'_>, facts: &mut Facts) -> Result<(), Broken> {
    let content = answer.get("content").is_some_and(Json::is_list);
    must(content, "the answer has no content")?;
    if let Some(counts) = answer.get("usage") {
        facts.anthropic.take(counts);
    }
    facts.usage = facts.anthropic.total();
    facts.finish = answer.text_at("stop_reason").map(str::to_owned);
    Ok(())
}

fn must(shape: bool, otherwise: &'static str) -> Result<(), Broken> {
    if shape {
        Ok(())
    } else {
        Err(Broken::Garbage(otherwise))
    }
}
