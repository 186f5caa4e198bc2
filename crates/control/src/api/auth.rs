//! Who may use the admin API: programs with a token, browsers with a session, each as far as its role goes.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use super::roles::{Needed, Roles};
use super::session::session_of;
use super::{Api, Peer};
use crate::desk::Actor;
use crate::gate::{Caller, Gate, Host, Refused};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets a request by if whoever sends it may do what it asks for.
pub(super) async fn require_role(
    State((api, roles)): State<(Api, Roles)>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let needed = roles.needed(request.method(), path.map_or("", MatchedPath::as_str));
    let Needed::Role(needed) = needed else {
        return fresh(next.run(request).await);
    };
    match identify(&api.gate, &request) {
        Ok(caller) if caller.role >= needed => {
            request.extensions_mut().insert(caller);
            fresh(next.run(request).await)
        }
        Ok(caller) => {
            let message = format!(
                "This needs the role '{}'; '{}' has the role '{}'",
                needed.name(),
                caller.name,
                caller.role.name()
            );
            ApiError::new(403, "role_not_allowed", message).into_response()
        }
        Err(refused) => refused.into_response(),
    }
}

fn identify(gate: &Gate, request: &Request) -> Result<Caller, ApiError> {
    let headers = request.headers();
    if let Some(sent) = headers.get(AUTHORIZATION) {
        let token = sent.to_str().ok().and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let from = peer(request.extensions());
        return gate
            .by_token(token.unwrap_or_default(), from)
            .map_err(ApiError::from);
    }
    let host = host(headers, request.uri());
    let Some(id) = session_of(headers, &host) else {
        let message = "Send an admin token as 'Authorization: Bearer <token>', or log in";
        return Err(ApiError::new(401, "invalid_api_key", message));
    };
    require_known(gate, &host)?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        require_own_page(gate, headers, &host)?;
    }
    let Some((caller, _)) = gate.by_session(id) else {
        let message = "The session is over; log in again";
        return Err(ApiError::new(401, "session_over", message));
    };
    Ok(caller)
}

/// A browser that was led here under a stranger's name is not answered.
pub(super) fn require_known(gate: &Gate, host: &Host<'_>) -> Result<(), ApiError> {
    if gate.knows(host) {
        return Ok(());
    }
    let message = format!(
        "'{}' is not a name of this gateway; add it to `admin_hosts` in the configuration, or use the IP address",
        host.name()
    );
    Err(ApiError::new(403, "unknown_host", message))
}

/// What changes something by a cookie must come from our own page: browsers say where a request is from.
pub(super) fn require_own_page(gate: &Gate, headers: &HeaderMap, host: &Host<'_>) -> Result<(), ApiError> {
    let is_own = match headers.get(ORIGIN) {
        Some(origin) => origin.to_str().is_ok_and(|origin| gate.is_own_page(origin, host)),
        None => headers.get(SEC_FETCH_SITE) == Some(&HeaderValue::from_static("same-origin")),
    };
    if is_own {
        return Ok(());
    }
    let message = "A session changes things from the dashboard's own page only; programs send a token";
    Err(ApiError::new(403, "foreign_origin", message))
}

pub(super) fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Host<'a> {
    let sent = headers.get(HOST).and_then(|host| host.to_str().ok());
    let of_uri = || uri.authority().map(|authority| authority.as_str());
    Host::of(sent.or_else(of_uri).unwrap_or_default())
}

/// Where a request is from; all that come without an address count as one.
pub(super) fn peer(extensions: &axum::http::Extensions) -> IpAddr {
    extensions
        .get::<Peer>()
        .map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0)
}

/// Answers are about this moment and this caller.
fn fresh(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

impl Caller {
    /// Who changes something, with the reason they give.
    pub(super) fn actor(&self, reason: Option<String>) -> Actor {
        Actor {
            name: self.name.clone(),
            role: self.role.name(),
            reason: reason.filter(|reason| !reason.trim().is_empty()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Caller, Response> {
        let known = parts.extensions.get::<Caller>().cloned();
        // No endpoint that asks for the caller is open to everybody.
        known.ok_or_else(|| ApiError::new(401, "invalid_api_key", "Nobody is logged in").into_response())
    }
}

/// The address that a request is from, for an endpoint.
pub(super) struct From(pub(super) IpAddr);

impl<S: Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<From, Infallible> {
        Ok(From(peer(&parts.extensions)))
    }
}

impl std::convert::From<Refused> for ApiError {
    fn from(refused: Refused) -> ApiError {
        match refused {
            Refused::Unknown => ApiError::new(401, "invalid_api_key", "Invalid admin token provided"),
            Refused::TooMany(wait) => {
                let message = format!("Too many wrong tokens; try again in {} s", wait.seconds);
                ApiError::new(429, "rate_limit_exceeded", message).retry_after(wait.seconds)
            }
        }
    }
}
