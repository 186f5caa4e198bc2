use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use store::keys::{BudgetPeriod, KeyBudget, KeyLimits, KeySettings, Overrides};
use utoipa::ToSchema;

use super::KeyView;
use super::view::{BudgetView, LimitsView};
use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Api, body};
use crate::config::{ModelLimits, Moment, Usd};
use crate::desk::{KeyRequest, model_limits_text};
use crate::gate::Caller;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKey)]
pub(in crate::api) struct Wanted {
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    /// Names it may call; all by default.
    models: Option<Vec<String>>,
    /// `allow` (default) or `deny`.
    #[schema(pattern = "^(allow|deny)$")]
    overrides: Option<String>,
    account: Option<String>,
    limits: Option<LimitsView>,
    budget: Option<BudgetView>,
    /// RFC 3339.
    expires_at: Option<String>,
    reason: Option<String>,
}

/// Makes a key. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/keys",
    tag = "keys",
    request_body = Wanted,
    responses(
        (status = 201, body = KeyView),
        (status = 400, body = ErrorBody),
        (status = 409, description = "The name is taken", body = ErrorBody)
    )
)]
pub(in crate::api) async fn create(
    State(api): State<Api>,
    caller: Caller,
    bytes: Bytes,
) -> Result<(StatusCode, Json<KeyView>), ApiError> {
    let wanted: Wanted = body::read(&bytes)?;
    let actor = caller.actor(wanted.reason.clone());
    let (desk, wanted) = (Arc::clone(&api.desk), request(wanted)?);
    let made = to_its_end(async move { desk.create_key(wanted, &actor).await }).await?;
    Ok((
        StatusCode::CREATED,
        Json(KeyView::of(made.info, Some(made.secret))),
    ))
}

fn request(wanted: Wanted) -> Result<KeyRequest, ApiError> {
    let limits = wanted.limits.unwrap_or_default();
    let model_limits = model_limits(&limits)?;
    let settings = KeySettings {
        account: wanted.account,
        models: wanted
            .models
            .filter(|models| !models.is_empty())
            .unwrap_or_else(|| vec!["*".to_owned()]),
        overrides: match wanted.overrides.as_deref() {
            None | Some("allow") => Overrides::Allow,
            Some("deny") => Overrides::Deny,
            Some(_) => return Err(ApiError::invalid("overrides", "'overrides' is allow or deny")),
        },
        limits: KeyLimits {
            requests_per_minute: limits.requests_per_minute,
            tokens_per_minute: limits.tokens_per_minute,
            concurrent_requests: limits.concurrent_requests,
        },
        model_limits,
        budget: wanted.budget.map(budget).transpose()?,
        expires_at: wanted.expires_at.map(|text| moment(&text)).transpose()?,
    };
    Ok(KeyRequest {
        name: wanted.name,
        settings,
    })
}

/// Checks all limits, and gives those of single models as they are stored.
fn model_limits(limits: &LimitsView) -> Result<Option<String>, ApiError> {
    let own = [
        limits.requests_per_minute,
        limits.tokens_per_minute,
        limits.concurrent_requests,
    ];
    let of_models = limits.models.values().flat_map(|limits| {
        [
            limits.requests_per_minute,
            limits.tokens_per_minute,
            limits.concurrent_requests,
        ]
    });
    if own.into_iter().chain(of_models).any(|limit| limit == Some(0)) {
        let message = "a limit is at least 1; leave it out for none";
        return Err(ApiError::invalid("limits", message));
    }
    let small = |limit: Option<u64>| limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
    let models = limits.models.iter().map(|(model, limits)| {
        let limits = ModelLimits {
            requests_per_minute: small(limits.requests_per_minute),
            tokens_per_minute: limits.tokens_per_minute,
            concurrent_requests: small(limits.concurrent_requests),
        };
        (model.clone(), limits)
    });
    Ok(model_limits_text(&models.collect()))
}

fn budget(wanted: BudgetView) -> Result<KeyBudget, ApiError> {
    let usd: Usd = serde_json::from_value(wanted.usd.into())
        .map_err(|error| ApiError::invalid("budget.usd", error.to_string()))?;
    let per = match wanted.per.as_str() {
        "day" => BudgetPeriod::Day,
        "month" => BudgetPeriod::Month,
        "total" => BudgetPeriod::Total,
        _ => return Err(ApiError::invalid("budget.per", "'per' is day, month or total")),
    };
    Ok(KeyBudget {
        usd_nanos: usd.nano(),
        per,
    })
}

/// Unix milliseconds.
fn moment(text: &str) -> Result<i64, ApiError> {
    let moment: Result<Moment, _> = serde_json::from_value(text.into());
    let moment = moment.map_err(|error| ApiError::invalid("expires_at", error.to_string()))?;
    Ok(moment.unix_seconds().saturating_mul(1_000))
}
