//! Server-sent events: every transition, and statistics each second.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_core::Stream;

use super::Api;

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
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let after = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.parse().ok());
    let subscription = api.hub.subscribe(after);
    let stream = futures_util::stream::unfold(subscription, |mut subscription| async {
        let event = subscription.next().await?;
        let shown = Event::default()
            .id(event.id.to_string())
            .event(event.kind.name())
            .data(event.data.to_string());
        Some((Ok(shown), subscription))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}
