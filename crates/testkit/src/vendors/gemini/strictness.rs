//! What Gemini refuses in a function's `parameters`: the field takes a subset of OpenAPI's schema, and every
//! name of JSON Schema beyond it is an unknown field. `parametersJsonSchema` takes JSON Schema as it is.

use serde_json::Value;

use crate::vendors::ask::{Complaint, list_of};

const KNOWN_NAMES: [&str; 21] = [
    "anyOf",
    "default",
    "description",
    "enum",
    "example",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "nullable",
    "pattern",
    "properties",
    "propertyOrdering",
    "required",
    "title",
];

pub(super) fn check_parameters(schema: &Value, path: &str) -> Result<(), Complaint> {
    let Value::Object(members) = schema else {
        return Ok(());
    };
    for (name, value) in members {
        match name.as_str() {
            "type" if value.is_string() => {}
            "type" => return complain(path, "Proto field is not repeating, cannot start list."),
            "properties" => {
                for (property, schema) in value.as_object().into_iter().flatten() {
                    check_parameters(schema, &format!("{path}.properties[{property}]"))?;
                }
            }
            "items" => check_parameters(value, &format!("{path}.items"))?,
            "anyOf" => {
                for (number, schema) in list_of(schema, "anyOf").iter().enumerate() {
                    check_parameters(schema, &format!("{path}.any_of[{number}]"))?;
                }
            }
            known if KNOWN_NAMES.contains(&known) => {}
            unknown => {
                let problem = format!("Unknown name \"{unknown}\" at '{path}': Cannot find field.");
                return complain(path, &problem);
            }
        }
    }
    Ok(())
}

fn complain(path: &str, problem: &str) -> Result<(), Complaint> {
    Err(Complaint::about(
        path,
        format!("Invalid JSON payload received. {problem}"),
    ))
}
