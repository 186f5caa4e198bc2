//! The admin API: verbs and views over HTTP, one file an action.
//!
//! A route line, a handler that asks the desk or reads what was observed, and the JSON for
//! clients; nothing is decided here. The OpenAPI document is made from the same lines.

mod accounts;
mod audit;
mod auth;
mod body;
mod change;
mod config;
mod deployments;
mod document;
mod error;
mod events;
mod hooks;
mod keys;
mod ledger;
mod page;
mod plans;
mod prices;
mod providers;
mod query;
mod requests;
mod roles;
mod rollouts;
mod session;
mod topups;
mod usage;
mod vouchers;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::document::openapi_document;
use self::error::ApiError;
use crate::desk::Desk;
use crate::driver::Driver;
use crate::events::Hub;
use crate::gate::Gate;
use crate::health::Health;
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::observe::{History, Observatory};

/// What the handlers work with.
#[derive(Clone)]
pub struct Api {
    pub desk: Arc<Desk>,
    pub driver: Arc<Driver>,
    pub observatory: Arc<Observatory>,
    pub history: Arc<History>,
    pub health: Arc<Health>,
    pub hub: Arc<Hub>,
    pub ledger: Arc<Ledger>,
    pub metrics: Arc<Metrics>,
    pub gate: Arc<Gate>,
    /// Where clients call, as `http://127.0.0.1:8080`.
    pub clients: String,
}

/// The address that a connection is from. Whoever accepts it adds this to its requests.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Everything that the admin address serves.
pub fn router(api: Api) -> Router {
    let document = document::document();
    let roles = roles::Roles::of(&document);
    let (guarded, _) = endpoints().split_for_parts();
    let guarded = guarded.layer(axum::middleware::from_fn_with_state(
        (api.clone(), roles),
        auth::require_role,
    ));
    let document = Arc::new(document::pretty(&document));
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
        .merge(page::files(Arc::clone(&api.gate)))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .with_state(api)
}

fn endpoints() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(document::head())
        .routes(routes!(session::log_in, session::get, session::log_out))
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
        .routes(routes!(deployments::history::history))
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
        .routes(routes!(requests::list))
        .routes(routes!(requests::get))
        .routes(routes!(providers::list))
        .routes(routes!(plans::list))
        .routes(routes!(config::get))
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
