//! A value that fits a JSON Schema: arguments for tool calls, and answers in a demanded structure.
//!
//! Every property is filled in, required or not; where the schema leaves a choice the first one is taken. That
//! is enough for clients that parse the answer into their own types, and the same schema gives the same value.

use serde_json::{Map, Value, json};

/// Recursive schemas end here with an empty value.
const DEEPEST: u32 = 12;

pub(super) fn example_of(schema: &Value) -> Value {
    example_within(schema, schema, 0)
}

fn example_within(schema: &Value, root: &Value, depth: u32) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    if let Some(value) = schema.get("const").or_else(|| first_of(schema, "enum")) {
        return value.clone();
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return target.map_or(Value::Null, |target| example_within(target, root, depth + 1));
    }
    let alternative = ["anyOf", "oneOf", "allOf"]
        .iter()
        .find_map(|name| first_of(schema, name));
    if let Some(alternative) = alternative {
        return example_within(alternative, root, depth + 1);
    }
    match type_of(schema).as_str() {
        "object" => object_within(schema, root, depth),
        "array" => array_within(schema, root, depth),
        "integer" => schema
            .get("minimum")
            .filter(|least| least.is_i64())
            .cloned()
            .unwrap_or(json!(3)),
        "number" => schema
            .get("minimum")
            .filter(|least| least.is_number())
            .cloned()
            .unwrap_or(json!(2.5)),
        "boolean" => json!(true),
        "null" => Value::Null,
        _ => json!(example_text(schema)),
    }
}

fn object_within(schema: &Value, root: &Value, depth: u32) -> Value {
    let mut object = Map::new();
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (name, property) in properties {
            object.insert(name.clone(), example_within(property, root, depth + 1));
        }
    }
    Value::Object(object)
}

fn array_within(schema: &Value, root: &Value, depth: u32) -> Value {
    let least = schema
        .get("minItems")
        .and_then(Value::as_u64)
        .unwrap_or(1)
        .clamp(1, 8);
    let item = schema
        .get("items")
        .map_or(json!("lock"), |items| example_within(items, root, depth + 1));
    (0..least).map(|_| item.clone()).collect()
}

fn example_text(schema: &Value) -> &'static str {
    match schema.get("format").and_then(Value::as_str).unwrap_or("") {
        "date" => "2026-03-14",
        "date-time" => "2026-03-14T09:26:53Z",
        "time" => "09:26:53",
        "email" => "keeper@lock.example",
        "uri" | "url" => "https://lock.example/",
        "uuid" => "0b5f4c1e-6a57-4a5e-9f52-3d1f2f6f8a10",
        _ => "Zürich",
    }
}

/// The type's name in lower case (Gemini writes `STRING`); of several types the first that is not null; without
/// any, an object if there are properties.
fn type_of(schema: &Value) -> String {
    let name = match schema.get("type") {
        Some(Value::String(name)) => name.as_str(),
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null")
            .unwrap_or("null"),
        _ if schema.get("properties").is_some() || schema.is_null() => "object",
        _ => "string",
    };
    name.to_ascii_lowercase()
}

fn first_of<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema
        .get(name)
        .and_then(Value::as_array)
        .and_then(|list| list.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_is_filled_in_by_its_type() {
        let schema = json!({"type": "object", "properties": {
            "city": {"type": "string"}, "days": {"type": "integer", "minimum": 1},
            "unit": {"enum": ["celsius", "fahrenheit"]}, "tags": {"type": "array", "items": {"type": "boolean"}},
            "note": {"type": ["null", "number"]}}});
        let expected = json!({"city": "Zürich", "days": 1, "unit": "celsius", "tags": [true], "note": 2.5});
        assert_eq!(example_of(&schema), expected);
    }

    #[test]
    fn references_are_followed_and_recursion_ends() {
        let schema = json!({"$ref": "#/$defs/Node", "$defs": {"Node": {"type": "object", "properties": {
            "name": {"type": "STRING"}, "next": {"$ref": "#/$defs/Node"}}}}});
        let value = example_of(&schema);
        assert_eq!(value.pointer("/next/name"), Some(&json!("Zürich")));
    }

    #[test]
    fn no_schema_means_no_arguments() {
        assert_eq!(example_of(&Value::Null), json!({}));
    }
}
