//! Which role an endpoint needs. Each says so itself, in its `security`; reading needs `viewer` and
//! changing `admin` where it says nothing. The OpenAPI document shows it, and the document is what
//! the gate reads: what is written there is what holds.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::document::error;
use crate::config::Role;

/// The scheme in the document, whose list of scopes is the role.
const TOKEN: &str = "admin_token";
const SESSION: &str = "session";
const BASE: &str = "/admin/v1";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    Nothing,
    Role(Role),
}

/// By path as in the document, and method in small letters.
#[derive(Clone, Debug)]
pub(super) struct Roles(Arc<HashMap<(String, String), Needed>>);

impl Roles {
    pub(super) fn of(document: &Value) -> Roles {
        let mut found = HashMap::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                found.insert((path.clone(), method.clone()), needed(operation));
            }
        }
        Roles(Arc::new(found))
    }

    /// `path` with the names of its parts, as `/admin/v1/deployments/{name}`. What is in no document is nobody's
    /// but an admin's.
    pub(super) fn needed(&self, method: &Method, path: &str) -> Needed {
        let path = path.strip_prefix(BASE).unwrap_or(path);
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let key = (path.to_owned(), method.as_str().to_ascii_lowercase());
        self.0.get(&key).copied().unwrap_or(Needed::Role(Role::Admin))
    }
}

/// Writes an endpoint's role into the document, and what it answers to those who lack it.
pub(super) fn describe(method: &str, operation: &mut Value) {
    if operation.get("security").is_none() {
        let usual = if method == "get" {
            Role::Viewer
        } else {
            Role::Admin
        };
        operation["security"] = json!([{TOKEN: [usual.name()]}]);
    }
    let Needed::Role(role) = needed(operation) else {
        return;
    };
    operation["security"] = json!([{TOKEN: [role.name()]}, {SESSION: [role.name()]}]);
    operation["responses"]["401"] = error("No token, a wrong one, or a session that is over".to_owned());
    if role > Role::Viewer {
        operation["responses"]["403"] = error(format!("Needs the role '{}'", role.name()));
    }
}

/// `security: [{}]` is for everybody; a role that is none is for admins.
fn needed(operation: &Value) -> Needed {
    let first = &operation["security"][0];
    if first.as_object().is_some_and(Map::is_empty) {
        return Needed::Nothing;
    }
    let named = first[TOKEN][0].as_str().and_then(Role::named);
    Needed::Role(named.unwrap_or(Role::Admin))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `GET /deployments` as `viewer`; only what needs more than reading does.
    #[test]
    fn every_endpoint_says_which_role_it_needs() {
        let document = super::super::document::document();
        let mut lines: Vec<String> = Vec::new();
        for ((path, method), needed) in Roles::of(&document).0.iter() {
            let role = match needed {
                Needed::Nothing => "nobody",
                Needed::Role(role) => role.name(),
            };
            if (method.as_str(), role) != ("get", "viewer") {
                lines.push(format!("{} {path}: {role}", method.to_uppercase()));
            }
        }
        lines.sort();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn what_no_document_describes_is_an_admins() {
        let roles = Roles::of(&json!({}));
        assert_eq!(
            roles.needed(&Method::GET, "/admin/v1/new"),
            Needed::Role(Role::Admin)
        );
    }
}
