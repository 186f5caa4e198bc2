//! `POST /v1/embeddings`: unit vectors that follow from the text alone, as floats or as base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{model_of, words_of_numbers};
use crate::vendors::answer::tokens_of_texts;
use crate::vendors::ask::{Complaint, text_of};

/// Of OpenAI's small model.
const DEFAULT_DIMENSIONS: u64 = 1536;
const MOST_DIMENSIONS: u64 = 3072;
const MOST_INPUTS: usize = 2048;

/// The body of the answer, and the tokens it is charged for.
pub(in crate::vendors) fn answer(body: &Value, seed: u64) -> Result<(Value, u64), Complaint> {
    let model = model_of(body)?;
    let inputs = inputs_of(body.get("input"))?;
    let dimensions = body
        .get("dimensions")
        .and_then(Value::as_u64)
        .unwrap_or(DEFAULT_DIMENSIONS);
    if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
        return Err(Complaint::about(
            "dimensions",
            "Invalid 'dimensions': expected an integer from 1 to 3072.",
        ));
    }
    let as_base64 = match text_of(body, "encoding_format") {
        None | Some("float") => false,
        Some("base64") => true,
        Some(other) => {
            let message = format!("Invalid value: '{other}'. Supported values are: 'float' and 'base64'.");
            return Err(Complaint::about("encoding_format", message));
        }
    };
    let data = inputs.iter().enumerate().map(|(index, text)| {
        let vector = vector_of(text, dimensions, xxh3_64_with_seed(model.as_bytes(), seed));
        let embedding = if as_base64 {
            json!(base64_of(&vector))
        } else {
            json!(vector)
        };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    });
    let data: Vec<Value> = data.collect();
    let tokens = tokens_of_texts(inputs.iter().map(String::as_str));
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    Ok((
        json!({"object": "list", "data": data, "model": model, "usage": usage}),
        tokens,
    ))
}

/// One text, several texts, one list of token numbers, several lists.
fn inputs_of(input: Option<&Value>) -> Result<Vec<String>, Complaint> {
    let invalid = || Complaint::about("input", "'$.input' is invalid. Please check the API reference.");
    match input {
        Some(Value::String(text)) if !text.is_empty() => Ok(vec![text.clone()]),
        Some(Value::Array(list)) if list.is_empty() || list.len() > MOST_INPUTS => Err(invalid()),
        Some(Value::Array(list)) if list.iter().all(Value::is_number) => Ok(vec![words_of_numbers(list)]),
        Some(Value::Array(list)) => list
            .iter()
            .map(|one| match one {
                Value::String(text) if !text.is_empty() => Ok(text.clone()),
                Value::Array(numbers) if !numbers.is_empty() => Ok(words_of_numbers(numbers)),
                _ => Err(invalid()),
            })
            .collect(),
        _ => Err(invalid()),
    }
}

/// The unit vector of a text.
pub(in crate::vendors) fn vector_of(text: &str, dimensions: u64, seed: u64) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(xxh3_64_with_seed(text.as_bytes(), seed));
    let mut vector: Vec<f32> = (0..dimensions).map(|_| rng.f32() - 0.5).collect();
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|number| *number /= length);
    }
    vector
}

fn base64_of(vector: &[f32]) -> String {
    STANDARD.encode(
        vector
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect::<Vec<u8>>(),
    )
}
