//! The OpenAPI document: what the endpoints say of themselves, and what holds for all of them.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi as _};

use super::roles;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "crossfade admin API", description = "Deployments, keys and what was observed of them."),
    servers((url = "/admin/v1")),
    modifiers(&Schemes)
)]
struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("admin_token", token);
        let about = "Of a browser that has logged in; the name ends in the gateway's port";
        let cookie = ApiKeyValue::with_description("crossfade_session_8081", about);
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

const MISTAKE: &str = "Something is missing, unknown or not what it should be";

/// The document without its endpoints.
pub(super) fn head() -> OpenApi {
    Document::openapi()
}

/// The OpenAPI document, in JSON.
pub fn openapi_document() -> String {
    pretty(&document())
}

pub(super) fn pretty(document: &Value) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default()
}

/// The document, with every endpoint's role, the names in its path, and the answer to what it cannot read.
pub(super) fn document() -> Value {
    let (_, document) = super::endpoints().split_for_parts();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    for (path, methods) in entries(&mut document["paths"]) {
        for (method, operation) in entries(methods) {
            name_parts(path, operation);
            expect_mistakes(operation);
            drop_signed_sizes(operation);
            describe_answers(operation);
            roles::describe(method, operation);
        }
    }
    document
}

/// An answer in the shape of all errors.
pub(super) fn error(why: String) -> Value {
    let schema = json!({"schema": {"$ref": "#/components/schemas/Error"}});
    json!({"description": why, "content": {"application/json": schema}})
}

fn entries(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flat_map(Map::iter_mut)
}

/// `/deployments/{name}/split` has a `name`, whether or not its endpoint says so.
fn name_parts(path: &str, operation: &mut Value) {
    let parts = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let Some(operation) = operation.as_object_mut() else {
        return;
    };
    for part in parts {
        let named = operation
            .entry("parameters")
            .or_insert_with(|| json!([]))
            .as_array_mut();
        let Some(named) = named.filter(|named| named.iter().all(|one| one["name"] != part)) else {
            continue;
        };
        named.push(json!({"name": part, "in": "path", "required": true, "schema": {"type": "string"}}));
    }
}

/// Whoever reads a body or a query refuses what it does not know.
fn expect_mistakes(operation: &mut Value) {
    let asked = operation["parameters"].as_array().into_iter().flatten();
    let reads =
        asked.filter(|one| one["in"] == "query").count() > 0 || operation.get("requestBody").is_some();
    if reads && operation["responses"].get("400").is_none() {
        operation["responses"]["400"] = error(MISTAKE.to_owned());
    }
}

/// OpenAPI wants a word for every answer.
fn describe_answers(operation: &mut Value) {
    for (status, answer) in entries(&mut operation["responses"]) {
        if let Some(answer) = answer.as_object_mut() {
            let usual = match status.as_str() {
                "200" => "As it stands now",
                "201" => "Made",
                "204" => "Gone",
                "404" => "There is no such thing",
                "409" => "Does not fit the state",
                _ => MISTAKE,
            };
            answer.entry("description").or_insert_with(|| json!(usual));
        }
    }
}

/// Numbers that go up to 4,294,967,295 are no `int32`.
fn drop_signed_sizes(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        if let Some(schema) = parameter["schema"].as_object_mut()
            && schema.get("minimum") == Some(&json!(0))
            && schema.get("format") == Some(&json!("int32"))
        {
            schema.remove("format");
            schema.insert("maximum".to_owned(), json!(u32::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of one kind, of every endpoint: `GET /keys cursor`.
    fn parameters(document: &Value, kind: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let all = operation["parameters"].as_array().into_iter().flatten();
                for one in all.filter(|one| one["in"] == kind) {
                    let name = one["name"].as_str().unwrap_or_default();
                    found.push(format!("{method} {path} {name}"));
                }
            }
        }
        found
    }

    #[test]
    fn what_is_in_a_path_and_nothing_else_is_a_part_of_it() {
        let document = document();
        let mut expected = Vec::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for method in methods.as_object().into_iter().flat_map(Map::keys) {
                let parts = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
                expected.extend(parts.map(|part| format!("{method} {path} {part}")));
            }
        }
        let mut found = parameters(&document, "path");
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
        assert!(parameters(&document, "query").contains(&"get /accounts limit".to_owned()));
    }

    #[test]
    fn every_answer_is_described_and_those_to_mistakes_are_among_them() {
        let document = document();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let reads = operation.get("requestBody").is_some();
                let says = operation["responses"].get("400").is_some();
                assert!(says || !reads, "{method} {path}");
                let answers = operation["responses"].as_object().into_iter().flatten();
                for (status, answer) in answers {
                    assert!(answer["description"].is_string(), "{method} {path} {status}");
                }
            }
        }
    }
}
