//! Webhooks of payment providers. They carry no admin token: each is checked by its signature, or by asking the
//! provider. A provider that is not configured has none, as if there were no such path.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

use super::Api;
use super::change::to_its_end;
use super::error::{ApiError, not_found};
use crate::ledger::{OrderError, bank_feed, stripe_event, toss_event};

/// The largest message: a checkout session of Stripe is some 10 KiB.
const BODY_LIMIT: usize = 256 << 10;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/hooks/bank_transfer", post(bank_transfer))
        .route("/hooks/stripe", post(stripe))
        .route("/hooks/toss", post(toss))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

async fn bank_transfer(
    State(api): State<Api>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let config = api.desk.config().await.topups.bank_transfer;
    let Some(config) = config.filter(|config| config.feed_secret.is_some()) else {
        return Err(not_found(uri).await);
    };
    let ledger = Arc::clone(&api.ledger);
    let signature = header(&headers, "x-crossfade-signature");
    to_its_end(async move {
        let taken = bank_feed(&ledger, &config, &signature, &body).await;
        answer("bank_transfer", taken.map(|taken| taken.map(drop)))
    })
    .await
}

async fn stripe(
    State(api): State<Api>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let Some(config) = api.desk.config().await.topups.stripe else {
        return Err(not_found(uri).await);
    };
    let ledger = Arc::clone(&api.ledger);
    let signature = header(&headers, "stripe-signature");
    to_its_end(async move { answer("stripe", stripe_event(&ledger, &config, &signature, &body).await) }).await
}

async fn toss(
    State(api): State<Api>,
    OriginalUri(uri): OriginalUri,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let Some(config) = api.desk.config().await.topups.toss else {
        return Err(not_found(uri).await);
    };
    let ledger = Arc::clone(&api.ledger);
    to_its_end(async move { answer("toss", Some(toss_event(&ledger, &config, &body).await)) }).await
}

fn header(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// `None` is a message without a good signature.
fn answer(provider: &str, taken: Option<Result<(), OrderError>>) -> Result<StatusCode, ApiError> {
    match taken {
        None => {
            tracing::warn!(provider, "a webhook without a good signature was refused");
            Err(ApiError::new(
                401,
                "invalid_signature",
                "The signature is not good",
            ))
        }
        Some(Ok(())) => Ok(StatusCode::OK),
        Some(Err(error)) => {
            tracing::warn!(provider, %error, "a webhook credited nothing");
            Err(error.into())
        }
    }
}
