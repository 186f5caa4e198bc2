//! Embeddings from Google's models, asked for in OpenAI's words. Google does not say what they cost.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{Translation, fields, shape};
use crate::broken::Broken;
use crate::call::Target;
use crate::door::Door;
use crate::json::{Json, Rules, Writer};
use crate::passing::Facts;
use crate::reader::Reader;
use crate::refusal::BadRequest;
use crate::settings;

pub(crate) fn embeddings(body: &[u8], target: &Target<'_>) -> Result<Translation, BadRequest> {
    let json = Json::parse(body, Rules::Client)?;
    let mut adapted = Vec::new();
    fields::check(Door::Embeddings, target.dialect, "", &json, &mut adapted)?;
    let Some(input) = json.get("input") else {
        return Err(BadRequest::invalid("input", "'input' is required"));
    };
    let tokens = input.items().iter().any(|item| item.text().is_none());
    if tokens {
        return Err(BadRequest::unsupported(
            "input",
            "The provider behind this model takes texts, no token numbers",
        ));
    }
    let texts = shape::texts(&json, "input")?;
    let dimensions = shape::integer(&json, "dimensions")?;
    let base64 = match json.text_at("encoding_format") {
        None | Some("float") => false,
        Some("base64") => true,
        Some(other) => {
            return Err(BadRequest::invalid(
                "encoding_format",
                format!("'{other}' is no encoding format"),
            ));
        }
    };
    let model = if target.model.contains('/') {
        target.model.to_owned()
    } else {
        format!("models/{}", target.model)
    };
    let mut out = Vec::new();
    Writer::new(&mut out).object(|body| {
        body.key("requests").list(|requests| {
            for text in &texts {
                requests.object(|request| {
                    request.field("model", &model).key("content").object(|content| {
                        content.key("parts").list(|parts| {
                            parts.object(|part| {
                                part.field("text", text);
                            });
                        });
                    });
                    if let Some(dimensions) = dimensions {
                        request.key("outputDimensionality").integer(dimensions);
                    }
                });
            }
        });
    });
    let out = settings::applied(out, target.dialect, Door::Embeddings, target.set, target.default);
    let embedding = Embedding {
        base64,
        public_model: target.public_model.to_owned(),
        facts: Facts::default(),
    };
    Ok((out, adapted, Reader::embedding(embedding)))
}

pub(crate) struct Embedding {
    base64: bool,
    public_model: String,
    pub(crate) facts: Facts,
}

impl Embedding {
    pub(crate) fn whole(&mut self, body: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
        let answer = Json::parse(body, Rules::Vendor).map_err(|_| Broken::Garbage("the body is not JSON"))?;
        if let Some(error) = answer.get("error") {
            return Err(Broken::vendor(error));
        }
        let Some(embeddings) = answer.get("embeddings").filter(|list| list.is_list()) else {
            return Err(Broken::Garbage("the answer has no embeddings"));
        };
        Writer::new(out).object(|body| {
            body.field("object", "list").key("data").list(|data| {
                for (index, embedding) in embeddings.items().iter().enumerate() {
                    data.object(|written| {
                        written
                            .field("object", "embedding")
                            .key("index")
                            .integer(index as u64)
                            .key("embedding");
                        match embedding.get("values") {
                            Some(values) if self.base64 => written.text(&encoded(values)),
                            Some(values) => written.raw(values.raw),
                            None => written.raw("[]"),
                        };
                    });
                }
            });
            body.field("model", &self.public_model);
            body.key("usage").raw("{\"prompt_tokens\":0,\"total_tokens\":0}");
        });
        self.facts.begun = true;
        self.facts.ended = true;
        Ok(())
    }
}

/// OpenAI's base64 form: little-endian 32-bit floats.
fn encoded(values: &Json<'_>) -> String {
    let floats = values
        .items()
        .iter()
        .map(|value| value.number().unwrap_or_default() as f32);
    BASE64.encode(floats.flat_map(f32::to_le_bytes).collect::<Vec<u8>>())
}
