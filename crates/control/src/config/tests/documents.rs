//! The schema and the reference: complete, and the committed copies are the current ones.

use serde_json::Value;

use super::super::{reference, schema};

/// Every mapping of the schema with the name of its type.
fn mappings(schema: &Value) -> Vec<(String, Value)> {
    let mut all = vec![("the file".to_owned(), schema.clone())];
    all.extend(
        schema["$defs"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    all.retain(|(_, schema)| schema.get("properties").is_some());
    all
}

#[test]
fn every_mapping_refuses_unknown_keys_and_every_key_is_described() {
    let schema = schema();
    assert!(schema["$schema"].as_str().unwrap().contains("2020-12") && schema["title"].is_string());
    assert!(mappings(&schema).len() > 25);
    for (name, mapping) in mappings(&schema) {
        assert_eq!(mapping["additionalProperties"], Value::Bool(false), "{name}");
        for (key, value) in mapping["properties"].as_object().unwrap() {
            assert!(
                value["description"].as_str().is_some_and(|text| text.len() > 8),
                "{name}.{key}"
            );
        }
    }
}

#[test]
fn the_reference_names_every_key() {
    let reference = reference();
    for (name, mapping) in mappings(&schema()) {
        for key in mapping["properties"].as_object().unwrap().keys() {
            assert!(reference.contains(&format!("| `{key}` |")), "{name}.{key}");
        }
    }
}
