//! What the messages of a chat hold: text, images, files, sound, and what the model said before.

use std::borrow::Cow;

use crate::door::Door;
use crate::json::Json;
use crate::refusal::BadRequest;
use crate::translate::proof;
use crate::translate::request::{Call, Part, Proof, ProofKind, Source, Thought, What, Words, place};
use crate::translate::shape::{data_url, known, list, object, required, text};

/// The content of a user, system or tool message: a string or an array of parts. Empty text is left out: no
/// other vendor takes it, and it says nothing.
pub(super) fn user_parts<'j>(
    content: Option<&'j Json<'_>>,
    door: Door,
    turn: usize,
) -> Result<Vec<Part<'j>>, BadRequest> {
    let Some(content) = content else {
        return Ok(Vec::new());
    };
    if let Some(words) = content.text() {
        return Ok(text_part(words, (turn, 0)).into_iter().collect());
    }
    let mut parts = Vec::new();
    for (position, part) in list(content, &format!("messages[{turn}].content"))?
        .iter()
        .enumerate()
    {
        let at = (turn, position);
        parts.extend(content_part(part, &place(door, at), at)?);
    }
    Ok(parts)
}

fn text_part(words: &str, at: (usize, usize)) -> Option<Part<'_>> {
    (!words.is_empty()).then_some(Part {
        at,
        what: What::Text(Cow::Borrowed(words)),
    })
}

fn content_part<'j>(
    part: &'j Json<'_>,
    path: &str,
    at: (usize, usize),
) -> Result<Option<Part<'j>>, BadRequest> {
    let what = match required(part, path, "type")? {
        "text" | "input_text" | "output_text" => {
            known(part, path, &["type", "text", "annotations", "logprobs"])?;
            return Ok(text_part(required(part, path, "text")?, at));
        }
        "refusal" => return Ok(text_part(required(part, path, "refusal")?, at)),
        "image_url" => {
            known(part, path, &["type", "image_url"])?;
            let Some(image) = part.get("image_url") else {
                return Err(BadRequest::invalid(path, "'image_url' is required"));
            };
            let url = image.text().map_or_else(|| required(image, path, "url"), Ok)?;
            image_part(url, image.text_at("detail"), path)?
        }
        "input_image" => {
            known(part, path, &["type", "image_url", "detail"])?;
            image_part(required(part, path, "image_url")?, part.text_at("detail"), path)?
        }
        "file" => file_part(object(part.get("file").unwrap_or(part), path)?, path)?,
        "input_file" => file_part(part, path)?,
        "input_audio" => audio_part(part.get("input_audio").unwrap_or(part), path)?,
        kind => return Err(unknown_part(path, kind)),
    };
    Ok(Some(Part { at, what }))
}

pub(super) fn unknown_part(path: &str, kind: &str) -> BadRequest {
    BadRequest::unsupported(
        path,
        format!("The provider behind this model takes no content of type '{kind}'"),
    )
}

/// `detail` is a wish for fewer pixels; other vendors always look at all of them.
fn image_part<'j>(url: &'j str, detail: Option<&str>, path: &str) -> Result<What<'j>, BadRequest> {
    if detail == Some("low") {
        let message = "The provider behind this model looks at images in full detail only";
        return Err(BadRequest::unsupported(
            format!("{path}.image_url.detail"),
            message,
        ));
    }
    Ok(What::Image(source(url, "image/png", path)?))
}

fn source<'j>(url: &'j str, otherwise: &'static str, path: &str) -> Result<Source<'j>, BadRequest> {
    if let Some((media_type, data)) = data_url(url, otherwise) {
        return Ok(Source::Base64 {
            media_type,
            data: Cow::Borrowed(data),
        });
    }
    let scheme = url
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https") => Ok(Source::Url {
            url: Cow::Borrowed(url),
            media_type: None,
        }),
        _ => Err(BadRequest::invalid(
            path,
            "The URL must be a data: URL in base64, or begin with http:// or https://",
        )),
    }
}

fn file_part<'j>(file: &'j Json<'_>, path: &str) -> Result<What<'j>, BadRequest> {
    known(file, path, &["type", "file_data", "filename", "file_url"])?;
    let name = file.text_at("filename").map(Cow::Borrowed);
    let source = match (file.text_at("file_data"), file.text_at("file_url")) {
        (Some(data), _)
            if data
                .get(..5)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) =>
        {
            source(data, "application/pdf", path)?
        }
        (Some(data), _) => Source::Base64 {
            media_type: Cow::Borrowed("application/pdf"),
            data: Cow::Borrowed(data),
        },
        (None, Some(url)) => source(url, "application/pdf", path)?,
        (None, None) => {
            return Err(BadRequest::unsupported(
                path,
                "Files must come as 'file_data' for this model",
            ));
        }
    };
    Ok(What::File { source, name })
}

fn audio_part<'j>(audio: &'j Json<'_>, path: &str) -> Result<What<'j>, BadRequest> {
    let format = required(audio, path, "format")?;
    let data = Cow::Borrowed(required(audio, path, "data")?);
    Ok(What::Media(Source::Base64 {
        media_type: Cow::Owned(format!("audio/{format}")),
        data,
    }))
}

/// What an assistant message holds: its reasoning if it is proven, its words, its calls.
pub(super) fn assistant_parts<'j>(
    message: &'j Json<'_>,
    path: &str,
    turn: usize,
) -> Result<Vec<Part<'j>>, BadRequest> {
    // The last three are other servers' ways to show reasoning; without proof it goes to nobody.
    let names = [
        "role",
        "content",
        "refusal",
        "tool_calls",
        "function_call",
        "reasoning_content",
        "reasoning_signature",
        "extra_content",
        "annotations",
        "reasoning",
        "reasoning_details",
        "provider_specific_fields",
    ];
    known(message, path, &names)?;
    let at = (turn, 0);
    let mut parts: Vec<Part<'j>> = thoughts(message)
        .into_iter()
        .map(|thought| Part {
            at,
            what: What::Thought(thought),
        })
        .collect();
    parts.extend(user_parts(message.get("content"), Door::Chat, turn)?);
    if let Some(refusal) = message.text_at("refusal") {
        parts.extend(text_part(refusal, at));
    }
    for call in calls(message, path)? {
        let what = What::Call(call);
        parts.push(Part { at, what });
    }
    Ok(parts)
}

/// The calls of an assistant message, and the single one of the API's older form.
fn calls<'j>(message: &'j Json<'_>, path: &str) -> Result<Vec<Call<'j>>, BadRequest> {
    let mut calls = Vec::new();
    for (position, call) in message
        .get("tool_calls")
        .map(Json::items)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        let path = format!("{path}.tool_calls[{position}]");
        let function = object(call.get("function").unwrap_or(call), &path)?;
        calls.push(Call {
            id: Cow::Borrowed(required(call, &path, "id")?),
            name: Cow::Borrowed(required(function, &path, "name")?),
            arguments: arguments(function, &path)?,
            proof: google_signature(call),
        });
    }
    if let Some(function) = message.get("function_call") {
        let name = required(function, path, "name")?;
        let arguments = arguments(function, path)?;
        let (id, name) = (Cow::Borrowed(name), Cow::Borrowed(name));
        calls.push(Call {
            id,
            name,
            arguments,
            proof: None,
        });
    }
    Ok(calls)
}

/// Arguments must be a JSON object in a string; an empty string is what some clients send for none.
pub(super) fn arguments<'j>(function: &'j Json<'_>, path: &str) -> Result<Words<'j>, BadRequest> {
    let path = format!("{path}.arguments");
    let Some(value) = function.get("arguments") else {
        return Ok(Cow::Borrowed("{}"));
    };
    let words = text(value, &path)?;
    if words.trim().is_empty() {
        return Ok(Cow::Borrowed("{}"));
    }
    match Json::parse(words.as_bytes(), crate::json::Rules::Vendor) {
        Ok(json) if json.is_object() => Ok(Cow::Borrowed(words)),
        _ => Err(BadRequest::invalid(
            path.clone(),
            format!("'{path}' must be a JSON object"),
        )),
    }
}

/// Where Google's own compatible API keeps the signature of a call, or of a message.
fn google_signature(holder: &Json<'_>) -> Option<Proof> {
    let google = holder.get("extra_content")?.get("google")?;
    let words = google.text_at("thought_signature")?.to_owned();
    Some(Proof {
        vendor: crate::door::Dialect::Gemini,
        kind: ProofKind::Signature,
        words,
    })
}

/// The thoughts our own answers carried in `reasoning_signature`, or the bare text of other servers.
fn thoughts<'j>(message: &'j Json<'_>) -> Vec<Thought<'j>> {
    let carried = message.text_at("reasoning_signature").and_then(carried_thoughts);
    if let Some(thoughts) = carried {
        return thoughts;
    }
    if let Some(proof) = google_signature(message) {
        return vec![Thought {
            text: Cow::Borrowed(""),
            proof: Some(proof),
        }];
    }
    let text = message.text_at("reasoning_content").map(Cow::Borrowed);
    text.map(|text| Thought { text, proof: None })
        .into_iter()
        .collect()
}

fn carried_thoughts<'j>(words: &str) -> Option<Vec<Thought<'j>>> {
    let list = Json::parse(words.as_bytes(), crate::json::Rules::Vendor).ok()?;
    let thought = |item: &Json<'_>| {
        let text = Cow::Owned(item.text_at("text").unwrap_or_default().to_owned());
        Some(Thought {
            text,
            proof: Some(item.text_at("proof").and_then(proof::read)?),
        })
    };
    list.items().iter().map(thought).collect()
}
