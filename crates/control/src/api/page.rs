//! The dashboard: files in this binary, which get all they show from the admin API.
//!
//! They hold no secret and need no session. Their page may run its own scripts and nothing else, and
//! is shown under known names only, so that a stranger's name cannot make it its own.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use memory_serve::CacheControl;

use super::auth;
use crate::gate::Gate;

const PROTECTION: [(HeaderName, HeaderValue); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
             connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// `/` and what it loads. Names are fixed and every use is checked by `ETag`, so a new binary's page
/// never meets an old one's script. A release build holds them compressed; a debug build reads them from
/// ui/dist and compresses nothing, since that would take seconds.
pub(super) fn files<S: Clone + Send + Sync + 'static>(gate: Arc<Gate>) -> Router<S> {
    let files: Router<S> = memory_serve::load!()
        .index_file(Some("/index.html"))
        .html_cache_control(CacheControl::NoCache)
        .cache_control(CacheControl::NoCache)
        .into_router();
    files.layer(axum::middleware::from_fn_with_state(gate, protect))
}

async fn protect(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let host = auth::host(request.headers(), request.uri());
    let mut response = match auth::require_known(&gate, &host) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    response.headers_mut().extend(HeaderMap::from_iter(PROTECTION));
    response
}
