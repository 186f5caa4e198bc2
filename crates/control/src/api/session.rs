//! Sessions: a browser shows its token once and gets a cookie that scripts cannot read.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{COOKIE, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{AppendHeaders, IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::{ApiError, ErrorBody};
use super::{Api, auth, body};
use crate::gate::{Caller, Host, LIFETIME};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LogIn)]
pub(super) struct Wanted {
    /// An admin token.
    token: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionView {
    /// The token's name.
    name: String,
    /// `viewer`, `operator` or `admin`
    role: &'static str,
    /// Where clients call, as `http://127.0.0.1:8080`.
    clients: String,
    /// Of this gateway.
    version: &'static str,
    /// What the demonstration shows right now; events `notice` renew it.
    notice: Option<String>,
}

/// Logs in: the answer's cookie then stands for the token.
#[utoipa::path(
    post,
    path = "/session",
    tag = "session",
    security(()),
    request_body = Wanted,
    responses(
        (status = 200, body = SessionView),
        (status = 401, description = "The token is wrong", body = ErrorBody),
        (status = 403, description = "Sent from a foreign page, or to a name that is not ours", body = ErrorBody),
        (status = 429, description = "Too many wrong tokens from this address", body = ErrorBody)
    )
)]
pub(super) async fn log_in(
    State(api): State<Api>,
    auth::From(from): auth::From,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<impl IntoResponse, ApiError> {
    let host = auth::host(&headers, &uri);
    auth::require_known(&api.gate, &host)?;
    if headers.contains_key(ORIGIN) {
        auth::require_own_page(&api.gate, &headers, &host)?;
    }
    let wanted: Wanted = body::read(&bytes)?;
    let id = crate::desk::new_token()?;
    let caller = api.gate.log_in(wanted.token.trim(), &id, from)?;
    tracing::info!(name = caller.name, role = caller.role.name(), from = %from, "somebody logged in to the dashboard");
    let cookie = cookie(&headers, &host, &id, LIFETIME.as_secs());
    Ok((
        AppendHeaders([(SET_COOKIE, cookie)]),
        Json(view(&api, caller).await),
    ))
}

/// Who is logged in.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = SessionView)))]
pub(super) async fn get(State(api): State<Api>, caller: Caller) -> Json<SessionView> {
    Json(view(&api, caller).await)
}

/// Logs out.
#[utoipa::path(
    delete,
    path = "/session",
    tag = "session",
    security(("admin_token" = ["viewer"])),
    responses((status = 204, description = "Logged out"))
)]
pub(super) async fn log_out(State(api): State<Api>, uri: Uri, headers: HeaderMap) -> impl IntoResponse {
    let host = auth::host(&headers, &uri);
    if let Some(id) = session_of(&headers, &host) {
        api.gate.log_out(id);
    }
    let gone = cookie(&headers, &host, "", 0);
    (StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, gone)]))
}

async fn view(api: &Api, caller: Caller) -> SessionView {
    SessionView {
        name: caller.name,
        role: caller.role.name(),
        clients: api.clients.clone(),
        version: env!("CARGO_PKG_VERSION"),
        notice: api.hub.notice(),
    }
}

/// The id in the session's cookie.
pub(super) fn session_of<'a>(headers: &'a HeaderMap, host: &Host<'_>) -> Option<&'a str> {
    let wanted = cookie_name(host);
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, id)| id)
}

/// With the port: cookies are shared by all ports of a host, and several gateways may run on one.
fn cookie_name(host: &Host<'_>) -> String {
    format!("crossfade_session_{}", host.port().unwrap_or("0"))
}

/// `Secure` where the page came over https, as its `Origin` tells; over http the browser would drop it.
fn cookie(headers: &HeaderMap, host: &Host<'_>, id: &str, seconds: u64) -> String {
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let is_https = origin.is_some_and(|origin| origin.starts_with("https://"));
    let secure = if is_https { "; Secure" } else { "" };
    let name = cookie_name(host);
    format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}
