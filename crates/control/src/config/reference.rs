//! The reference of every key for people, from the same schema that checks the file.

use serde_json::{Map, Value};

use super::schema::{self, Wanted};
use super::text::Format;

const INTRODUCTION: &str = "# Configuration reference

Every key of the configuration file. This page is generated from the code.

- Durations are a number and a unit: `500ms`, `3s`, `10m`, `24h`, `7d`. Sizes: `8KiB`, `64MiB`.
- Percentages are 0 to 100 in steps of 0.01. Amounts are US dollars with at most 9 decimals.
- `${NAME}` reads the environment, `${NAME:-default}` with a default; `$${` stands for `${` itself.
- Unknown keys are refused. `crossfade check` tells every mistake at once.

";

/// Markdown: one table a section, each key with its kind, default and meaning.
pub fn reference() -> String {
    let whole = schema::whole();
    let mut out = String::from(INTRODUCTION);
    section(&mut out, "The file", whole);
    let definitions = whole.get("$defs").and_then(Value::as_object);
    for (name, definition) in definitions.into_iter().flatten() {
        if definition.get("properties").is_some()
            || matches!(schema::wanted(definition), Wanted::Words { .. })
        {
            section(&mut out, name, definition);
        }
    }
    out
}

fn section(out: &mut String, title: &str, schema: &'static Value) {
    out.push_str(&format!("## {title}\n\n"));
    if let Some(description) = description(schema) {
        out.push_str(&format!("{description}\n\n"));
    }
    match schema::wanted(schema) {
        Wanted::Keys { properties, required } => keys(out, properties, &required),
        Wanted::Words { .. } => words(out, schema),
        _ => {}
    }
}

fn keys(out: &mut String, properties: &'static Map<String, Value>, required: &[&str]) {
    out.push_str("| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
    for (key, schema) in properties {
        let default = match schema.get("default") {
            _ if required.contains(&key.as_str()) => "required".to_owned(),
            None | Some(Value::Null) => String::new(),
            Some(default) => shown(default),
        };
        let meaning = description(schema).unwrap_or_default();
        out.push_str(&format!(
            "| `{key}` | {} | {default} | {meaning} |\n",
            kind(schema)
        ));
    }
    out.push('\n');
}

fn words(out: &mut String, schema: &'static Value) {
    for branch in schema
        .get("oneOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let word = branch.get("const").and_then(Value::as_str);
        let mapping = branch
            .get("properties")
            .and_then(Value::as_object)
            .and_then(|keys| keys.keys().next());
        let name = word.or(mapping.map(String::as_str)).unwrap_or_default();
        out.push_str(&format!(
            "- `{name}`: {}\n",
            description(branch).unwrap_or_default()
        ));
    }
    out.push('\n');
}

/// A kind of value in a few words, with a link where it has a section of its own.
fn kind(schema: &'static Value) -> String {
    if let Some(name) = reference_name(schema) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    match schema::wanted(schema) {
        Wanted::Formatted(format) => formatted(format).to_owned(),
        Wanted::Names { value, .. } => format!("name: {}", kind(value)),
        Wanted::List { element } => format!("list of {}", kind(element)),
        Wanted::Keys { .. } => "mapping".to_owned(),
        Wanted::Words { words, .. } => words.join(", "),
        Wanted::Integer { .. } => "whole number".to_owned(),
        Wanted::Number { .. } => "number".to_owned(),
        Wanted::Boolean => "true or false".to_owned(),
        Wanted::Text => "text".to_owned(),
        Wanted::Anything => "anything".to_owned(),
    }
}

/// The name of the definition that a schema refers to.
fn reference_name(schema: &'static Value) -> Option<&'static str> {
    let branches = schema
        .get("anyOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut references = std::iter::once(schema)
        .chain(branches)
        .filter_map(|schema| schema.get("$ref"));
    references
        .find_map(Value::as_str)
        .and_then(|reference| reference.strip_prefix("#/$defs/"))
}

fn description(schema: &Value) -> Option<String> {
    schema
        .get("description")
        .and_then(Value::as_str)
        .map(|text| text.replace('\n', " "))
}

fn formatted(format: Format) -> &'static str {
    match format {
        Format::Period => "duration",
        Format::Size => "size",
        Format::Share => "percentage",
        Format::Usd => "US dollars",
        Format::HttpUrl => "URL",
        Format::Store => "store",
        Format::Listen => "address:port",
        Format::Moment => "date and time",
        Format::Header => "header name",
        Format::Secret => "secret",
    }
}

/// A default as one would write it in the file; nothing where that is nothing, or a page of its own.
fn shown(default: &Value) -> String {
    /// Longer defaults are told by the section of their kind.
    const LONGEST: usize = 160;
    let text = plain(default);
    if matches!(text.as_str(), "{}" | "[]") || text.chars().count() > LONGEST {
        String::new()
    } else {
        format!("`{text}`")
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(entries) => {
            let written = entries.iter().filter(|(_, value)| !value.is_null());
            let entries: Vec<String> = written
                .map(|(key, value)| format!("{key}: {}", plain(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
    }
}
