//! The JSON Schema of the file, for editors; and how the rest of this module reads it.

use std::sync::OnceLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::{Config, text::Format};

/// The JSON Schema (draft 2020-12) of the whole file, with descriptions, units and defaults.
pub fn schema() -> Value {
    whole().clone()
}

/// The same, made once.
pub(super) fn whole() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut schema = SchemaSettings::draft2020_12()
            .into_generator()
            .into_root_schema_for::<Config>()
            .to_value();
        if let Some(top) = schema.as_object_mut() {
            top.insert("title".to_owned(), Value::from("crossfade configuration"));
        }
        schema
    })
}

/// The part of the whole schema that describes one named type.
pub(super) fn definition(name: &str) -> &'static Value {
    whole()
        .get("$defs")
        .and_then(|definitions| definitions.get(name))
        .unwrap_or(&Value::Null)
}

/// What a schema asks of a value, as far as this file's types go.
pub(super) enum Wanted<'a> {
    /// A mapping with these keys and no others.
    Keys {
        properties: &'a Map<String, Value>,
        required: Vec<&'a str>,
    },
    /// A mapping of free names to values of one kind.
    Names {
        value: &'a Value,
        name: Option<&'a Value>,
    },
    /// A list of one kind.
    List { element: &'a Value },
    /// One of these words, or a mapping instead.
    Words {
        words: Vec<&'a str>,
        instead: Option<&'a Value>,
    },
    /// Text that one of our types reads.
    Formatted(Format),
    /// A whole number.
    Integer { least: Option<i64>, most: Option<i64> },
    /// A number.
    Number { least: Option<f64>, most: Option<f64> },
    /// `true` or `false`.
    Boolean,
    /// Any text.
    Text,
    /// Anything: a request field of a vendor.
    Anything,
}

/// Reads a schema, references followed and "or nothing" taken off: nothing is written by leaving a key out.
pub(super) fn wanted(schema: &'static Value) -> Wanted<'static> {
    let schema = resolved(schema);
    if let Some(format) = text(schema, "format").and_then(Format::from_name) {
        return Wanted::Formatted(format);
    }
    if let Some(words) = words(schema) {
        return words;
    }
    match kind(schema) {
        Some("object") => mapping(schema),
        Some("array") => Wanted::List {
            element: schema.get("items").unwrap_or(&Value::Null),
        },
        Some("integer") => {
            let (least, most) = width(schema);
            Wanted::Integer {
                least: integer(schema, "minimum").or(least),
                most: integer(schema, "maximum").or(most),
            }
        }
        Some("number") => Wanted::Number {
            least: number(schema, "minimum"),
            most: number(schema, "maximum"),
        },
        Some("boolean") => Wanted::Boolean,
        Some("string") => Wanted::Text,
        _ => Wanted::Anything,
    }
}

/// The schema behind `$ref` and behind `anyOf: [it, null]`.
pub(super) fn resolved(schema: &'static Value) -> &'static Value {
    if let Some(name) = text(schema, "$ref").and_then(|reference| reference.strip_prefix("#/$defs/")) {
        return resolved(definition(name));
    }
    let branches = schema.get("anyOf").and_then(Value::as_array);
    let branch = branches.and_then(|branches| branches.iter().find(|branch| kind(branch) != Some("null")));
    branch.map_or(schema, resolved)
}

/// The name of a type other than nothing.
pub(super) fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => Some(kind),
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null"),
        _ => None,
    }
}

fn mapping(schema: &'static Value) -> Wanted<'static> {
    let properties = schema.get("properties").and_then(Value::as_object);
    match (properties, schema.get("additionalProperties")) {
        (Some(properties), _) => {
            let required = schema.get("required").and_then(Value::as_array);
            let required = required.into_iter().flatten().filter_map(Value::as_str).collect();
            Wanted::Keys { properties, required }
        }
        (None, Some(value)) if value.is_object() => Wanted::Names {
            value,
            name: schema.get("propertyNames"),
        },
        (None, _) => Wanted::Names {
            value: &Value::Bool(true),
            name: None,
        },
    }
}

/// Enumerations: a list of words, or described words with perhaps a mapping among them.
fn words(schema: &'static Value) -> Option<Wanted<'static>> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return Some(Wanted::Words {
            words: words.iter().filter_map(Value::as_str).collect(),
            instead: None,
        });
    }
    let branches = schema.get("oneOf").and_then(Value::as_array)?;
    let words = branches
        .iter()
        .filter_map(|branch| text(branch, "const"))
        .collect();
    Some(Wanted::Words {
        words,
        instead: branches.iter().find(|branch| kind(branch) == Some("object")),
    })
}

fn text<'a>(schema: &'a Value, key: &str) -> Option<&'a str> {
    schema.get(key).and_then(Value::as_str)
}

/// The range of the type behind an integer.
fn width(schema: &Value) -> (Option<i64>, Option<i64>) {
    match text(schema, "format") {
        Some("uint8") => (Some(0), Some(i64::from(u8::MAX))),
        Some("uint16") => (Some(0), Some(i64::from(u16::MAX))),
        Some("uint32") => (Some(0), Some(i64::from(u32::MAX))),
        Some("uint64") => (Some(0), None),
        _ => (None, None),
    }
}

/// Limits are written as numbers that may carry a fraction of zero.
fn integer(schema: &Value, key: &str) -> Option<i64> {
    let limit = schema.get(key)?;
    limit
        .as_i64()
        .or_else(|| limit.as_f64().map(|limit| limit as i64))
}

fn number(schema: &Value, key: &str) -> Option<f64> {
    schema.get(key).and_then(Value::as_f64)
}
