//! Events of Google's streamGenerateContent: each is a whole answer object with the next piece in it. There is
//! no end event; an answer is over when its candidates have their finish reason.

use super::{Facts, Verdict};
use crate::broken::Broken;
use crate::json::{Json, Rules};
use crate::usage;

pub(super) fn event(data: &[u8], facts: &mut Facts) -> Result<Verdict, Broken> {
    let event = Json::parse(data, Rules::Vendor).map_err(|_| Broken::Garbage("an event is not JSON"))?;
    if let Some(error) = event.get("error") {
        return Err(Broken::vendor(error));
    }
    let known = [
        "candidates",
        "promptFeedback",
        "usageMetadata",
        "responseId",
        "modelVersion",
    ];
    if !known.iter().any(|name| event.get(name).is_some()) {
        return Err(Broken::Garbage("an event is no piece of an answer"));
    }
    note(&event, facts);
    Ok(Verdict::Pass)
}

/// Takes what one answer object tells.
pub(super) fn note(event: &Json<'_>, facts: &mut Facts) {
    if let Some(counts) = event.get("usageMetadata").and_then(usage::gemini) {
        facts.usage = Some(counts);
    }
    for candidate in event.get("candidates").map(Json::items).unwrap_or_default() {
        let bit = 1_u128 << candidate.integer_at("index").unwrap_or_default().min(127);
        facts.choices_seen |= bit;
        if let Some(reason) = candidate.text_at("finishReason") {
            facts.choices_finished |= bit;
            facts.finish = Some(reason.to_owned());
        }
        let parts = candidate.get("content").and_then(|content| content.get("parts"));
        let written: usize = parts
            .map(Json::items)
            .unwrap_or_default()
            .iter()
            .map(written)
            .sum();
        if written > 0 {
            facts.output_events += 1;
            facts.output_bytes += written as u64;
        }
    }
    let blocked = event
        .get("promptFeedback")
        .and_then(|feedback| feedback.text_at("blockReason"));
    if let Some(reason) = blocked {
        facts.choices_seen |= 1;
        facts.choices_finished |= 1;
        facts.finish = Some(reason.to_owned());
    }
}

fn written(part: &Json<'_>) -> usize {
    part.text_at("text").map_or_else(
        || part.get("functionCall").map_or(0, |call| call.raw.len()),
        str::len,
    )
}
