//! The admin API: verbs and views over HTTP, one file an action.
//!
//! A route line, a handler that asks the desk or reads what was observed, and the JSON for
//! clients; nothing is decided here. The OpenAPI document is made from the same lines.

mod accounts;
mod audit;
mod auth;
mod body;
mod change;
mod deployments;
mod error;
mod events;
mod hooks;
mod keys;
mod ledger;
mod page;
mod prices;
mod query;
mod requests;
mod rollouts;
mod topups;
mod usage;
mod vouchers;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use gateway::Digest;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::auth::Scheme;
use self::error::ApiError;
use crate::desk::Desk;
use crate::driver::Driver;
use crate::events::Hub;
use crate::health::Health;
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::observe::Observatory;

/// What the handlers work with.
#[derive(Clone)]
pub struct Api {
    pub desk: Arc<Desk>,
    pub driver: Arc<Driver>,
    pub observatory: Arc<Observatory>,
    pub health: Arc<Health>,
    pub hub: Arc<Hub>,
    pub ledger: Arc<Ledger>,
    pub metrics: Arc<Metrics>,
    /// Hash of the admin token.
    pub token: Digest,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "crossfade admin API", description = "Deployments, keys and what was observed of them."),
    servers((url = "/admin/v1")),
    security(("admin_token" = [])),
    modifiers(&Scheme)
)]
struct Document;

/// Everything that the admin address serves.
pub fn router(api: Api) -> Router {
    let (guarded, _) = endpoints().split_for_parts();
    let guarded = guarded.layer(axum::middleware::from_fn_with_state(
        api.clone(),
        auth::require_token,
    ));
    let document = Arc::new(openapi_document());
    Router::new()
        .nest("/admin/v1", guarded)
        .route(
            "/admin/v1/openapi.json",
            get(move || openapi(Arc::clone(&document))),
        )
        .merge(hooks::routes())
        .route("/metrics", get(metrics))
        .route(
            "/health",
            get(|| async { axum::Json(serde_json::json!({"status": "ok"})) }),
        )
        .route("/", get(page::start))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .with_state(api)
}

/// The OpenAPI document, in JSON.
pub fn openapi_document() -> String {
    endpoints()
        .split_for_parts()
        .1
        .to_pretty_json()
        .unwrap_or_default()
}

fn endpoints() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(deployments::list::list))
        .routes(routes!(
            deployments::get::get,
            deployments::put::put,
            deployments::delete::delete
        ))
        .routes(routes!(deployments::split::split))
        .routes(routes!(deployments::promote::promote))
        .routes(routes!(deployments::rollback::rollback))
        .routes(routes!(deployments::finalize::finalize))
        .routes(routes!(deployments::report::report))
        .routes(routes!(rollouts::start::start, rollouts::get::get))
        .routes(routes!(rollouts::buttons::press))
        .routes(routes!(rollouts::history::list))
        .routes(routes!(keys::list::list, keys::create::create))
        .routes(routes!(keys::rotate::rotate))
        .routes(routes!(keys::revoke::revoke))
        .routes(routes!(accounts::list::list, accounts::create::create))
        .routes(routes!(accounts::get::get, accounts::change::change))
        .routes(routes!(accounts::correct::correct))
        .routes(routes!(ledger::list::list))
        .routes(routes!(ledger::check::check))
        .routes(routes!(topups::list::list, topups::create::create))
        .routes(routes!(topups::get::get))
        .routes(routes!(topups::confirm::confirm))
        .routes(routes!(topups::refund::refund))
        .routes(routes!(vouchers::list::list, vouchers::create::create))
        .routes(routes!(
            prices::list::list,
            prices::put::put,
            prices::delete::delete
        ))
        .routes(routes!(usage::read))
        .routes(routes!(requests::get))
        .routes(routes!(audit::list))
        .routes(routes!(events::events))
}

async fn openapi(document: Arc<String>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document.to_string())
}

async fn metrics(State(api): State<Api>) -> impl IntoResponse {
    let page = api
        .metrics
        .text()
        .map_err(|error| ApiError::new(500, "metrics_failed", error.to_string()))?;
    Ok::<_, ApiError>(([(CONTENT_TYPE, crate::metrics::CONTENT_TYPE)], page))
}
