//! OpenAI's smaller endpoints: moderations, images, speech, and the list of models.

use serde_json::{Value, json};

use super::model_of;
use crate::vendors::answer::{identifier, tokens_of_texts};
use crate::vendors::ask::{Complaint, choices_of, text_of, texts_of};

const MODERATION_MODEL: &str = "omni-moderation-latest";
const CATEGORIES: [&str; 13] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];
/// A PNG of one grey pixel.
const PIXEL_IN_BASE64: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";
/// The first bytes of an MP3 file with an empty tag, and one silent frame's header.
const SILENCE: &[u8] = b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\x64\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
const EPOCH_OF_MODELS: u64 = 1_760_000_000;

/// The model that a moderation is counted at: this endpoint has a default.
pub(in crate::vendors) fn moderation_model(body: &Value) -> String {
    text_of(body, "model").unwrap_or(MODERATION_MODEL).to_owned()
}

/// A text is flagged if it says "flag me".
pub(in crate::vendors) fn moderation(body: &Value) -> Result<(Value, u64), Complaint> {
    let inputs = texts_of(body, "input");
    if inputs.is_empty() {
        return Err(Complaint::about(
            "input",
            "Missing or empty required parameter: 'input'.",
        ));
    }
    let results = inputs.iter().map(|text| {
        let flagged = text.contains("flag me");
        let is_flagged = |category: &str| flagged && category == "harassment";
        let score = |category: &str| if is_flagged(category) { 0.98 } else { 0.0001 };
        let flags = CATEGORIES
            .iter()
            .map(|category| ((*category).to_owned(), json!(is_flagged(category))));
        let scores = CATEGORIES
            .iter()
            .map(|category| ((*category).to_owned(), json!(score(category))));
        json!({"flagged": flagged, "categories": Value::Object(flags.collect()),
            "category_scores": Value::Object(scores.collect())})
    });
    let results: Vec<Value> = results.collect();
    let tokens = tokens_of_texts(inputs.iter().map(String::as_str));
    let id = identifier("modr-", 29, tokens);
    Ok((
        json!({"id": id, "model": moderation_model(body), "results": results}),
        tokens,
    ))
}

/// Images of one pixel.
pub(in crate::vendors) fn images(body: &Value) -> Result<(Value, u64), Complaint> {
    model_of(body)?;
    let Some(prompt) = text_of(body, "prompt") else {
        return Err(Complaint::about(
            "prompt",
            "Missing required parameter: 'prompt'.",
        ));
    };
    let Some(count) = choices_of(body, "n") else {
        return Err(Complaint::about(
            "n",
            "Invalid 'n': expected an integer from 1 to 128.",
        ));
    };
    let data: Vec<Value> = (0..count).map(|_| json!({"b64_json": PIXEL_IN_BASE64})).collect();
    let tokens = tokens_of_texts(std::iter::once(prompt));
    let usage = json!({
        "input_tokens": tokens, "output_tokens": u64::from(count), "total_tokens": tokens + u64::from(count),
        "input_tokens_details": {"text_tokens": tokens, "image_tokens": 0},
    });
    Ok((
        json!({"created": EPOCH_OF_MODELS, "data": data, "usage": usage}),
        tokens,
    ))
}

/// A sound without a sound.
pub(in crate::vendors) fn speech(body: &Value) -> Result<(&'static [u8], u64), Complaint> {
    model_of(body)?;
    let Some(input) = text_of(body, "input") else {
        return Err(Complaint::about("input", "Missing required parameter: 'input'."));
    };
    Ok((SILENCE, tokens_of_texts(std::iter::once(input))))
}

pub(in crate::vendors) fn model_list<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    json!({"object": "list", "data": names.map(model).collect::<Vec<_>>()})
}

pub(in crate::vendors) fn model(name: &str) -> Value {
    json!({"id": name, "object": "model", "created": EPOCH_OF_MODELS, "owned_by": "simulated"})
}
