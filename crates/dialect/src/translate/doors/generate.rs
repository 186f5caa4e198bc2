//! Google's generateContent as clients write it.

use std::borrow::Cow;

use crate::door::Door;
use crate::json::Json;
use crate::refusal::BadRequest;
use crate::translate::doors::generate_parts::{Calls, parts};
use crate::translate::fields;
use crate::translate::request::{
    Effort, Format, Reasoning, Request, Speaker, Tool, ToolChoice, Turn, Wish, Words,
};
use crate::translate::shape::{self, known, list, required, text};

const DOOR: Door = Door::Generate;

/// A field under either of the spellings that Google's APIs take.
pub(crate) fn field<'j, 'a>(object: &'j Json<'a>, name: &str) -> Option<&'j Json<'a>> {
    object.get(name).or_else(|| {
        let fields = object
            .fields()
            .iter()
            .filter(|(_, value)| value.value != crate::json::Value::Null);
        fields
            .into_iter()
            .find(|(held, _)| fields::spelled(DOOR, held) == name)
            .map(|(_, value)| value)
    })
}

/// Reads a request to generate content, or for its count of tokens.
pub(crate) fn read<'j>(body: &'j Json<'_>, stream: bool) -> Result<Request<'j>, BadRequest> {
    let mut request = Request::new(DOOR, stream);
    let mut calls = Calls::default();
    if let Some(system) = field(body, "systemInstruction") {
        let parts = match system.text() {
            Some(_) => return Err(BadRequest::wrong_type("systemInstruction", "an object")),
            None => parts(field(system, "parts"), 0, &mut calls)?,
        };
        request.turns.push(Turn {
            speaker: Speaker::System,
            parts,
        });
    }
    for (position, content) in field(body, "contents")
        .map(Json::items)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        known(content, &format!("contents[{position}]"), &["role", "parts"])?;
        let speaker = match content.text_at("role") {
            None | Some("user" | "function") => Speaker::User,
            Some("model") => Speaker::Assistant,
            Some(role) => {
                let path = format!("contents[{position}].role");
                return Err(BadRequest::invalid(
                    path,
                    format!("'{role}' is no role of a content"),
                ));
            }
        };
        let parts = parts(content.get("parts"), position, &mut calls)?;
        request.turns.push(Turn { speaker, parts });
    }
    tools(body, &mut request)?;
    if let Some(config) = field(body, "generationConfig") {
        generation_config(config, &mut request)?;
    }
    Ok(request)
}

fn generation_config<'j>(config: &'j Json<'_>, request: &mut Request<'j>) -> Result<(), BadRequest> {
    let number = |name: &str| -> Result<Option<&'j str>, BadRequest> {
        match field(config, name) {
            None => Ok(None),
            Some(value) if value.number().is_some() => Ok(Some(value.raw)),
            Some(_) => Err(BadRequest::wrong_type(
                &format!("generationConfig.{name}"),
                "a number",
            )),
        }
    };
    request.temperature = number("temperature")?;
    request.top_p = number("topP")?;
    request.top_k = number("topK")?;
    request.seed = number("seed")?;
    request.presence_penalty = number("presencePenalty")?;
    request.frequency_penalty = number("frequencyPenalty")?;
    request.max_tokens = field(config, "maxOutputTokens").and_then(Json::integer);
    request.choices = field(config, "candidateCount").and_then(Json::integer);
    for stop in field(config, "stopSequences")
        .map(Json::items)
        .unwrap_or_default()
    {
        request
            .stop
            .push(Cow::Borrowed(text(stop, "generationConfig.stopSequences")?));
    }
    let json = field(config, "responseMimeType").and_then(Json::text) == Some("application/json");
    let schema: Option<Words<'j>> = match (
        field(config, "responseJsonSchema"),
        field(config, "responseSchema"),
    ) {
        (Some(schema), _) => Some(Cow::Borrowed(schema.raw)),
        (None, Some(schema)) => Some(Cow::Owned(json_schema(schema))),
        (None, None) => None,
    };
    request.format = match schema {
        Some(schema) => Format::Schema {
            name: None,
            schema,
            strict: None,
            description: None,
        },
        None if json => Format::Json,
        None => Format::Free,
    };
    if let Some(thinking) = field(config, "thinkingConfig") {
        request.reasoning = reasoning(thinking)?;
    }
    Ok(())
}

fn reasoning(thinking: &Json<'_>) -> Result<Reasoning, BadRequest> {
    let path = "generationConfig.thinkingConfig";
    let shown = field(thinking, "includeThoughts")
        .and_then(Json::bool)
        .unwrap_or_default();
    let level = field(thinking, "thinkingLevel").and_then(Json::text);
    let budget = field(thinking, "thinkingBudget");
    let wish = match (level, budget) {
        (Some("THINKING_LEVEL_UNSPECIFIED"), _) => Wish::Unsaid,
        (Some(level), _) => match Effort::named(level) {
            Some(effort) => Wish::Level(effort),
            None => {
                return Err(BadRequest::invalid(
                    path,
                    format!("'{level}' is no thinking level"),
                ));
            }
        },
        // -1 leaves it to the model.
        (None, Some(budget)) => match budget.integer() {
            Some(0) => Wish::Off,
            Some(tokens) => Wish::Budget(tokens),
            None => Wish::Adaptive,
        },
        (None, None) => Wish::Unsaid,
    };
    Ok(Reasoning { wish, shown })
}

fn tools<'j>(body: &'j Json<'_>, request: &mut Request<'j>) -> Result<(), BadRequest> {
    for (position, tool) in field(body, "tools")
        .map(Json::items)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        let path = format!("tools[{position}]");
        known(tool, &path, &["functionDeclarations", "function_declarations"])?;
        let Some(declared) = field(tool, "functionDeclarations") else {
            continue;
        };
        for function in list(declared, &path)? {
            let schema = match (
                field(function, "parametersJsonSchema"),
                field(function, "parameters"),
            ) {
                (Some(schema), _) => Some(Cow::Borrowed(schema.raw)),
                (None, Some(schema)) => Some(Cow::Owned(json_schema(schema))),
                (None, None) => None,
            };
            request.tools.push(Tool {
                name: Cow::Borrowed(required(function, &path, "name")?),
                description: shape::optional(function, &path, "description")?,
                schema,
                strict: None,
            });
        }
    }
    let calling = field(body, "toolConfig").and_then(|config| field(config, "functionCallingConfig"));
    let Some(calling) = calling else { return Ok(()) };
    let names: Vec<Words<'j>> = field(calling, "allowedFunctionNames")
        .map(Json::items)
        .unwrap_or_default()
        .iter()
        .map(|name| text(name, "toolConfig.functionCallingConfig.allowedFunctionNames").map(Cow::Borrowed))
        .collect::<Result<_, _>>()?;
    request.tool_choice = match (calling.text_at("mode").unwrap_or("AUTO"), names.as_slice()) {
        ("NONE", _) => ToolChoice::None,
        ("ANY", []) => ToolChoice::Required,
        ("ANY", [name]) => ToolChoice::Named(name.clone()),
        ("ANY", _) => ToolChoice::Allowed {
            required: true,
            names,
        },
        (_, []) => ToolChoice::Auto,
        (_, _) => ToolChoice::Allowed {
            required: false,
            names,
        },
    };
    Ok(())
}

/// Google's own schema form as JSON Schema: types in small letters, `nullable` as a type beside the other.
fn json_schema(schema: &Json<'_>) -> String {
    let mut out = Vec::new();
    write_schema(schema, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

fn write_schema(schema: &Json<'_>, out: &mut Vec<u8>) {
    let nullable = schema.get("nullable").and_then(Json::bool) == Some(true);
    crate::json::Writer::new(out).object(|written| {
        for (name, value) in schema.fields() {
            let mut inner = Vec::new();
            match (name.as_ref(), value.text()) {
                ("nullable" | "propertyOrdering" | "property_ordering", _) => continue,
                ("type", Some(kind)) => {
                    if nullable {
                        inner.push(b'[');
                    }
                    crate::json::push_text(&mut inner, &kind.to_ascii_lowercase());
                    if nullable {
                        inner.extend_from_slice(b",\"null\"]");
                    }
                }
                ("items", None) => write_schema(value, &mut inner),
                ("properties", None) => {
                    crate::json::Writer::new(&mut inner).object(|properties| {
                        for (name, property) in value.fields() {
                            properties.key(name).raw(&json_schema(property));
                        }
                    });
                }
                ("anyOf" | "any_of", None) => {
                    crate::json::Writer::new(&mut inner).list(|list| {
                        value.items().iter().for_each(|one| {
                            list.raw(&json_schema(one));
                        });
                    });
                }
                // Google writes these whole numbers as strings.
                ("minItems" | "maxItems" | "minLength" | "maxLength", Some(digits))
                    if digits
                        .parse::<u64>()
                        .is_ok_and(|number| number.to_string() == digits) =>
                {
                    inner.extend_from_slice(digits.as_bytes())
                }
                _ => inner.extend_from_slice(value.raw.as_bytes()),
            }
            let name = if name == "any_of" { "anyOf" } else { name };
            written
                .key(name)
                .raw(&String::from_utf8(inner).unwrap_or_default());
        }
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::json::Rules;

    #[test]
    fn a_schema_stays_one_value_whatever_its_words_are() {
        for (given, expected) in [
            (
                r#"{"type":"A\"B","nullable":true}"#,
                r#"{"type":["a\"b","null"]}"#,
            ),
            (r#"{"minItems":"3"}"#, r#"{"minItems":3}"#),
            (r#"{"minItems":"1,\"a\":2"}"#, r#"{"minItems":"1,\"a\":2"}"#),
        ] {
            let schema = Json::parse(given.as_bytes(), Rules::Client).unwrap();
            assert_eq!(json_schema(&schema), expected);
        }
    }
}
