//! What a browser sees at the admin address.

use axum::response::Html;

/// Says what this is and where to go from here.
pub(super) async fn start() -> Html<&'static str> {
    Html(
        "<!doctype html><html lang=en><meta charset=utf-8><title>crossfade</title>\
         <h1>crossfade</h1><p>This is the admin address of a running gateway.</p>\
         <ul><li><a href=/admin/v1/openapi.json>The admin API</a></li><li><a href=/metrics>Metrics</a></li></ul>",
    )
}
