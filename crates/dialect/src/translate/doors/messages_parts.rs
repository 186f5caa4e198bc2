//! The blocks of a message in Anthropic's API.

use std::borrow::Cow;

use crate::door::{Dialect, Door};
use crate::json::Json;
use crate::refusal::BadRequest;
use crate::translate::doors::chat::holds_something;
use crate::translate::proof;
use crate::translate::request::{Call, Part, Proof, ProofKind, Source, Thought, ToolResult, What, place};
use crate::translate::shape::{self, known, list, media_type_named, object, required};

/// A message's content: a string, or blocks.
pub(super) fn blocks<'j>(content: Option<&'j Json<'_>>, turn: usize) -> Result<Vec<Part<'j>>, BadRequest> {
    let Some(content) = content else {
        return Ok(Vec::new());
    };
    if let Some(words) = content.text() {
        return Ok(vec![Part {
            at: (turn, 0),
            what: What::Text(Cow::Borrowed(words)),
        }]);
    }
    let mut parts = Vec::new();
    for (position, block) in list(content, &format!("messages[{turn}].content"))?
        .iter()
        .enumerate()
    {
        let at = (turn, position);
        parts.push(Part {
            at,
            what: what(block, &place(Door::Messages, at), at)?,
        });
    }
    Ok(parts)
}

fn what<'j>(block: &'j Json<'_>, path: &str, at: (usize, usize)) -> Result<What<'j>, BadRequest> {
    let text = |name: &str| required(block, path, name).map(Cow::Borrowed);
    Ok(match required(block, path, "type")? {
        "text" => {
            known(block, path, &["type", "text", "cache_control", "citations"])?;
            What::Text(text("text")?)
        }
        "image" => {
            known(block, path, &["type", "source", "cache_control"])?;
            What::Image(source(block, path)?)
        }
        "document" => document(block, path)?,
        "thinking" => {
            let words = block.text_at("signature").unwrap_or_default();
            What::Thought(Thought {
                text: text("thinking")?,
                proof: Some(signature(words)),
            })
        }
        "redacted_thinking" => {
            let words = text("data")?.into_owned();
            let proof = Proof {
                vendor: Dialect::Anthropic,
                kind: ProofKind::Redacted,
                words,
            };
            What::Thought(Thought {
                text: Cow::Borrowed(""),
                proof: Some(proof),
            })
        }
        "tool_use" => tool_use(block, path)?,
        "tool_result" => {
            known(
                block,
                path,
                &["type", "tool_use_id", "content", "is_error", "cache_control"],
            )?;
            What::Result(ToolResult {
                id: text("tool_use_id")?,
                name: None,
                content: result_content(block, path, at)?,
                object: None,
                is_error: shape::flag(block, "is_error")?.unwrap_or_default(),
            })
        }
        kind => return Err(super::chat_parts::unknown_part(path, kind)),
    })
}

fn tool_use<'j>(block: &'j Json<'_>, path: &str) -> Result<What<'j>, BadRequest> {
    let names = ["type", "id", "name", "input", "cache_control", "caller"];
    known(block, path, &names)?;
    let input = block
        .get("input")
        .map(|input| object(input, &format!("{path}.input")))
        .transpose()?;
    Ok(What::Call(Call {
        id: Cow::Borrowed(required(block, path, "id")?),
        name: Cow::Borrowed(required(block, path, "name")?),
        arguments: Cow::Borrowed(input.map_or("{}", |input| input.raw)),
        proof: None,
    }))
}

/// A signature that another vendor's proof was carried in, or Anthropic's own.
fn signature(words: &str) -> Proof {
    let own = || Proof {
        vendor: Dialect::Anthropic,
        kind: ProofKind::Signature,
        words: words.to_owned(),
    };
    proof::read(words).unwrap_or_else(own)
}

fn result_content<'j>(
    block: &'j Json<'_>,
    path: &str,
    at: (usize, usize),
) -> Result<Vec<Part<'j>>, BadRequest> {
    let Some(content) = block.get("content") else {
        return Ok(Vec::new());
    };
    if let Some(words) = content.text() {
        return Ok(vec![Part {
            at,
            what: What::Text(Cow::Borrowed(words)),
        }]);
    }
    let path = format!("{path}.content");
    let mut parts = Vec::new();
    for (position, inner) in list(content, &path)?.iter().enumerate() {
        let what = what(inner, &format!("{path}[{position}]"), at)?;
        if matches!(what, What::Result(_) | What::Call(_) | What::Thought(_)) {
            return Err(BadRequest::invalid(
                path,
                "A tool's result holds text, images and documents only",
            ));
        }
        parts.push(Part { at, what });
    }
    Ok(parts)
}

fn source<'j>(block: &'j Json<'_>, path: &str) -> Result<Source<'j>, BadRequest> {
    let path = format!("{path}.source");
    let Some(source) = block.get("source") else {
        return Err(BadRequest::invalid(path.clone(), format!("'{path}' is required")));
    };
    match required(source, &path, "type")? {
        "base64" => Ok(Source::Base64 {
            media_type: media_type_named(required(source, &path, "media_type")?),
            data: Cow::Borrowed(required(source, &path, "data")?),
        }),
        "url" => Ok(Source::Url {
            url: Cow::Borrowed(required(source, &path, "url")?),
            media_type: None,
        }),
        "text" => Ok(Source::PlainText(Cow::Borrowed(required(source, &path, "data")?))),
        kind => {
            let message = format!("The provider behind this model takes no source of type '{kind}'");
            Err(BadRequest::unsupported(path, message))
        }
    }
}

/// Citations make the model answer in another form, which no other vendor has.
fn document<'j>(block: &'j Json<'_>, path: &str) -> Result<What<'j>, BadRequest> {
    known(
        block,
        path,
        &["type", "source", "title", "cache_control", "citations"],
    )?;
    let cites = block
        .get("citations")
        .and_then(|citations| citations.get("enabled"));
    if cites.and_then(Json::bool) == Some(true) && holds_something(block.get("citations")) {
        let message = "The provider behind this model does not cite documents";
        return Err(BadRequest::unsupported(format!("{path}.citations"), message));
    }
    Ok(What::File {
        source: source(block, path)?,
        name: block.text_at("title").map(Cow::Borrowed),
    })
}
