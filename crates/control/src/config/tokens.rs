//! Credentials of the admin API beside `admin_token`: one for each person or program, with no more rights than it
//! needs, and with the name that the audit log shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// A credential of the admin API.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdminToken {
    /// The name in the audit log.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// What is sent as `Authorization: Bearer`, or typed into the dashboard; at least 16 characters.
    pub secret: Secret,
}

/// What somebody may do on the admin API. Each role may do what the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look at everything.
    Viewer,
    /// Move traffic: splits, rollouts, promote, rollback, finalize.
    Operator,
    /// Everything else: deployments, keys, money.
    Admin,
}

impl Role {
    /// From the least to the most.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Operator, Role::Admin];

    /// The name in the file and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}
