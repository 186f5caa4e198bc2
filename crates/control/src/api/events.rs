//! Server-sent events: every transition, and statistics each second.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_core::Stream;

use super::session::session_of;
use super::{Api, auth};

/// Events from now on, or all after `Last-Event-ID`.
#[utoipa::path(
    get,
    path = "/events",
    tag = "events",
    params(("Last-Event-ID" = Option<u64>, Header, description = "Resume after this event")),
    responses((status = 200, description = "A stream of events, each with an id to resume from",
        content_type = "text/event-stream", body = String))
)]
pub(super) async fn events(
    State(api): State<Api>,
    uri: Uri,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let after = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.parse().ok());
    let subscription = api.hub.subscribe(after);
    // A browser's stream ends with its session, however that ends.
    let session = (!headers.contains_key(AUTHORIZATION))
        .then(|| session_of(&headers, &auth::host(&headers, &uri)).map(str::to_owned))
        .flatten();
    let is_over = move || {
        session
            .as_deref()
            .is_some_and(|id| api.gate.by_session(id).is_none())
    };
    let listener = (subscription, is_over);
    let stream = futures_util::stream::unfold(listener, |(mut subscription, is_over)| async {
        let event = subscription.next().await?;
        if is_over() {
            return None;
        }
        let shown = Event::default()
            .id(event.id.to_string())
            .event(event.kind.name())
            .data(event.data.to_string());
        Some((Ok(shown), (subscription, is_over)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}
