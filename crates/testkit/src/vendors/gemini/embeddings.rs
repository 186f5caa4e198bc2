//! `:batchEmbedContents`: one unit vector a request of the batch, as the other vendor with embeddings makes them.

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::vendors::answer::tokens_of_texts;
use crate::vendors::ask::{Complaint, list_of, text_of};
use crate::vendors::openai::embeddings::vector_of;

/// Of `gemini-embedding-001`, which also is the most.
const MOST_DIMENSIONS: u64 = 3072;
const MOST_REQUESTS: usize = 100;

/// The body of the answer, and the tokens it is charged for, which this vendor does not tell.
pub(in crate::vendors) fn answer(model: &str, body: &Value, seed: u64) -> Result<(Value, u64), Complaint> {
    let requests = list_of(body, "requests");
    if requests.is_empty() || requests.len() > MOST_REQUESTS {
        let message =
            format!("* BatchEmbedContentsRequest.requests: 1 to {MOST_REQUESTS} requests are allowed");
        return Err(Complaint::about("requests", message));
    }
    let mut texts = Vec::new();
    let mut embeddings = Vec::new();
    for request in requests {
        let named = text_of(request, "model").unwrap_or("");
        if named.strip_prefix("models/") != Some(model) {
            let message = "* BatchEmbedContentsRequest.requests: the model must match the one in the path";
            return Err(Complaint::about("requests", message));
        }
        let parts = request
            .get("content")
            .map_or(&[][..], |content| list_of(content, "parts"));
        let text: String = parts.iter().filter_map(|part| text_of(part, "text")).collect();
        let dimensions = request.get("outputDimensionality").and_then(Value::as_u64);
        let dimensions = dimensions.unwrap_or(MOST_DIMENSIONS);
        if text.is_empty() || !(1..=MOST_DIMENSIONS).contains(&dimensions) {
            let message =
                "* EmbedContentRequest: content must not be empty, and outputDimensionality 1 to 3072";
            return Err(Complaint::about("requests", message));
        }
        let vector = vector_of(&text, dimensions, xxh3_64_with_seed(model.as_bytes(), seed));
        embeddings.push(json!({"values": vector}));
        texts.push(text);
    }
    let tokens = tokens_of_texts(texts.iter().map(String::as_str));
    Ok((json!({"embeddings": embeddings}), tokens))
}
