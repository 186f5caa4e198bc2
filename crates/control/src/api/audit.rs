//! Who changed what, when and why.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::error::ApiError;
use super::query::Asked;

/// Entries on a page if the caller names no number.
const PAGE: u32 = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    actor: Option<String>,
    verb: Option<String>,
    /// A deployment's or key's name.
    subject: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows on a page.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuditList)]
pub(super) struct Listed {
    audit: Vec<Entry>,
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
struct Entry {
    id: i64,
    /// RFC 3339.
    at: Option<String>,
    actor: String,
    role: String,
    verb: String,
    subject: String,
    reason: Option<String>,
    #[schema(value_type = Object)]
    detail: Value,
}

/// The audit log, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(Which), responses((status = 200, body = Listed)))]
pub(super) async fn list(
    State(api): State<Api>,
    Asked(which): Asked<Which>,
) -> Result<Json<Listed>, ApiError> {
    let filter = store::audit::Filter {
        actor: which.actor,
        verb: which.verb,
        subject: which.subject,
        since: None,
        until: None,
    };
    let after = which.cursor.map(|cursor| cursor.parse()).transpose()?;
    let page = store::audit::list(api.desk.store(), &filter, after, which.limit.unwrap_or(PAGE)).await?;
    let audit = page.rows.into_iter().map(Entry::from).collect();
    Ok(Json(Listed {
        audit,
        next: page.next.map(|cursor| cursor.to_string()),
    }))
}

impl From<store::audit::Entry> for Entry {
    fn from(entry: store::audit::Entry) -> Entry {
        Entry {
            id: entry.id,
            at: jiff::Timestamp::from_millisecond(entry.at)
                .ok()
                .map(|at| at.to_string()),
            actor: entry.actor,
            role: entry.role,
            verb: entry.verb,
            subject: entry.subject,
            reason: entry.reason,
            detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
        }
    }
}
