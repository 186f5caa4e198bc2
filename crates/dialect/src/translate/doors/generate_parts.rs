//! The parts of a content in Google's API. Calls and results mostly come without ids, so they are given some:
//! a result belongs to the first call of its function that has none yet.

use std::borrow::Cow;

use super::generate::field;
use crate::door::{Dialect, Door};
use crate::json::Json;
use crate::refusal::BadRequest;
use crate::translate::proof;
use crate::translate::request::{
    Call, Part, Proof, ProofKind, Source, Thought, ToolResult, What, Words, place,
};
use crate::translate::shape::{list, media_type_named, object, required};

/// Calls that wait for their result: name and id.
#[derive(Default)]
pub(super) struct Calls {
    waiting: Vec<(String, String)>,
    made: usize,
}

impl Calls {
    fn made<'j>(&mut self, name: &str, id: Option<&'j str>) -> Words<'j> {
        let id = match id {
            Some(id) => Cow::Borrowed(id),
            None => {
                self.made += 1;
                Cow::Owned(format!("call_{}", self.made))
            }
        };
        self.waiting.push((name.to_owned(), id.clone().into_owned()));
        id
    }

    fn answered<'j>(&mut self, name: &str, id: Option<&'j str>) -> Words<'j> {
        let waits = |(held, held_id): &(String, String)| match id {
            Some(id) => held_id == id,
            None => held == name,
        };
        let found = self
            .waiting
            .iter()
            .position(waits)
            .map(|position| self.waiting.remove(position).1);
        match id {
            Some(id) => Cow::Borrowed(id),
            None => Cow::Owned(found.unwrap_or_else(|| name.to_owned())),
        }
    }
}

pub(super) fn parts<'j>(
    held: Option<&'j Json<'_>>,
    turn: usize,
    calls: &mut Calls,
) -> Result<Vec<Part<'j>>, BadRequest> {
    let Some(held) = held else { return Ok(Vec::new()) };
    let mut parts = Vec::new();
    for (position, part) in list(held, &format!("contents[{turn}].parts"))?.iter().enumerate() {
        let at = (turn, position);
        let path = place(Door::Generate, at);
        let proof = signature(part);
        let what = what(object(part, &path)?, &path, proof.as_ref(), calls)?;
        // A signature on anything but a call or a thought stands by itself, after its part.
        let alone = proof.filter(|_| !matches!(what, What::Call(_) | What::Thought(_)));
        push(&mut parts, Part { at, what });
        parts.extend(alone.map(|proof| {
            let thought = Thought {
                text: Cow::Borrowed(""),
                proof: Some(proof),
            };
            Part {
                at,
                what: What::Thought(thought),
            }
        }));
    }
    Ok(parts)
}

/// Adds a part. A stream gives a thought in pieces and its signature at the end; clients send the pieces back
/// as they came, and only together they are the thought that was signed.
fn push<'j>(parts: &mut Vec<Part<'j>>, mut part: Part<'j>) {
    if let What::Thought(Thought {
        text,
        proof: Some(Proof {
            kind: ProofKind::Signature,
            ..
        }),
    }) = &mut part.what
    {
        let mut pieces = Vec::new();
        while let Some(What::Thought(Thought { proof: None, .. })) = parts.last().map(|part| &part.what) {
            if let Some(Part {
                what: What::Thought(piece),
                ..
            }) = parts.pop()
            {
                pieces.push(piece.text);
            }
        }
        if !pieces.is_empty() {
            pieces.reverse();
            *text = Cow::Owned(pieces.concat() + text);
        }
    }
    parts.push(part);
}

/// A part's signature: Google's own, or another vendor's that was carried in it.
fn signature(part: &Json<'_>) -> Option<Proof> {
    let words = field(part, "thoughtSignature").and_then(Json::text)?;
    let own = || Proof {
        vendor: Dialect::Gemini,
        kind: ProofKind::Signature,
        words: words.to_owned(),
    };
    Some(proof::read_base64(words).unwrap_or_else(own))
}

fn what<'j>(
    part: &'j Json<'_>,
    path: &str,
    proof: Option<&Proof>,
    calls: &mut Calls,
) -> Result<What<'j>, BadRequest> {
    only_known(part, path)?;
    if let Some(call) = field(part, "functionCall") {
        let name = required(call, path, "name")?;
        let id = calls.made(name, call.text_at("id"));
        let arguments = Cow::Borrowed(
            call.get("args")
                .filter(|args| args.is_object())
                .map_or("{}", |args| args.raw),
        );
        return Ok(What::Call(Call {
            id,
            name: Cow::Borrowed(name),
            arguments,
            proof: proof.cloned(),
        }));
    }
    if let Some(response) = field(part, "functionResponse") {
        let name = required(response, path, "name")?;
        return Ok(What::Result(ToolResult {
            id: calls.answered(name, response.text_at("id")),
            name: Some(Cow::Borrowed(name)),
            content: Vec::new(),
            object: Some(response.get("response").map_or("{}", |object| object.raw)),
            is_error: false,
        }));
    }
    if let Some(inline) = field(part, "inlineData") {
        let media_type = media_type_named(field(inline, "mimeType").and_then(Json::text).unwrap_or_default());
        let data = Cow::Borrowed(required(inline, path, "data")?);
        return Ok(media(
            Source::Base64 {
                media_type: media_type.clone(),
                data,
            },
            &media_type,
        ));
    }
    if let Some(file) = field(part, "fileData") {
        return file_data(file, path);
    }
    let text = Cow::Borrowed(part.text_at("text").unwrap_or_default());
    if part.get("thought").and_then(Json::bool) == Some(true) {
        return Ok(What::Thought(Thought {
            text,
            proof: proof.cloned(),
        }));
    }
    Ok(What::Text(text))
}

fn only_known(part: &Json<'_>, path: &str) -> Result<(), BadRequest> {
    let known = [
        "text",
        "thought",
        "thoughtSignature",
        "inlineData",
        "fileData",
        "functionCall",
        "functionResponse",
    ];
    for (name, value) in part.fields() {
        if !known.contains(&super::super::fields::spelled(Door::Generate, name).as_str())
            && value.value != crate::json::Value::Null
        {
            return Err(super::chat_parts::unknown_part(path, name));
        }
    }
    Ok(())
}

/// Files kept at Google can be read by Google only.
fn file_data<'j>(file: &'j Json<'_>, path: &str) -> Result<What<'j>, BadRequest> {
    let uri = field(file, "fileUri").and_then(Json::text).unwrap_or_default();
    let media_type = media_type_named(field(file, "mimeType").and_then(Json::text).unwrap_or_default());
    let public = uri.starts_with("http://") || uri.starts_with("https://");
    if !public || uri.contains("generativelanguage.googleapis.com") {
        let message = "The provider behind this model cannot read files that are kept at Google";
        return Err(BadRequest::unsupported(format!("{path}.fileData"), message));
    }
    let source = Source::Url {
        url: Cow::Borrowed(uri),
        media_type: Some(media_type.clone()),
    };
    Ok(media(source, &media_type))
}

fn media<'j>(source: Source<'j>, media_type: &str) -> What<'j> {
    match media_type.split('/').next() {
        Some("image") => What::Image(source),
        Some("audio" | "video") => What::Media(source),
        _ => What::File { source, name: None },
    }
}
