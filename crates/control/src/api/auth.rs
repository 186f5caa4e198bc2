//! Who may use the admin API: whoever holds the admin token.

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use super::Api;
use super::error::ApiError;
use crate::desk::Actor;

/// Lets a request by if it carries the token. Hashes are compared, so the time it takes tells
/// nothing about the token.
pub(super) async fn require_token(State(api): State<Api>, request: Request, next: Next) -> Response {
    let sent = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = sent.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match token {
        Some(token) if gateway::digest(token.as_bytes()) == api.token => next.run(request).await,
        Some(_) => ApiError::new(401, "invalid_api_key", "Invalid admin token provided").into_response(),
        None => {
            let message = "Send the admin token as 'Authorization: Bearer <token>'";
            ApiError::new(401, "invalid_api_key", message).into_response()
        }
    }
}

/// Who changes something, with the reason they give.
pub(super) fn actor(reason: Option<String>) -> Actor {
    Actor {
        name: "admin".to_owned(),
        role: "admin",
        reason: reason.filter(|reason| !reason.trim().is_empty()),
    }
}

pub(super) struct Scheme;

impl Modify for Scheme {
    fn modify(&self, document: &mut OpenApi) {
        let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("admin_token", token);
    }
}
