//! What was used, as JSON or as a table for spreadsheets.

mod csv;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use store::usage::{By, Filter};
use utoipa::IntoParams;

use self::view::UsageView;
use super::Api;
use super::error::{ApiError, ErrorBody};
use super::query::Asked;
use crate::config::Moment;
use crate::usage::flush;

/// Groups in one answer.
const MOST: u32 = 10_000;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// What to tell apart, with commas between: `hour`, `day`, `key`, `account`, `deployment`, `environment`,
    /// `provider`, `model`. `model` by default.
    by: Option<String>,
    /// A day (`2026-11-22`, UTC) or a moment (RFC 3339), rounded down to the hour.
    from: Option<String>,
    /// The same; the hour or day that begins then is not in it.
    to: Option<String>,
    key: Option<String>,
    account: Option<String>,
    deployment: Option<String>,
    environment: Option<String>,
    provider: Option<String>,
    /// The vendor's name of the model.
    model: Option<String>,
    /// `json` (default) or `csv`; `Accept: text/csv` does the same.
    format: Option<String>,
}

/// Requests, tokens and money, up to this moment.
#[utoipa::path(
    get,
    path = "/usage",
    tag = "usage",
    params(Which),
    responses(
        (status = 200, body = UsageView, content_type = "application/json"),
        (status = 400, body = ErrorBody)
    )
)]
pub(super) async fn read(
    State(api): State<Api>,
    headers: HeaderMap,
    Asked(which): Asked<Which>,
) -> Result<Response, ApiError> {
    let by = by(which.by.as_deref().unwrap_or("model"))?;
    let as_csv = wants_csv(which.format.as_deref(), &headers)?;
    let filter = Filter {
        from: which
            .from
            .as_deref()
            .map(|text| moment("from", text))
            .transpose()?,
        to: which.to.as_deref().map(|text| moment("to", text)).transpose()?,
        key: which.key,
        account: which.account,
        deployment: which.deployment,
        environment: which.environment,
        provider: which.provider,
        model: which.model,
    };
    flush(&api.observatory, api.desk.store()).await?;
    let groups = store::usage::read(api.desk.store(), &filter, &by, MOST + 1).await?;
    if groups.len() > MOST as usize {
        let message = format!("These are more than {MOST} groups; ask for a shorter time or tell less apart");
        return Err(ApiError::invalid("by", message));
    }
    let usage = UsageView::of(&groups, &by);
    if !as_csv {
        return Ok(Json(usage).into_response());
    }
    let lines = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"usage.csv\""),
    ];
    Ok((lines, csv::table(&usage, &by)).into_response())
}

fn by(text: &str) -> Result<Vec<By>, ApiError> {
    let mut by = Vec::new();
    for name in text.split(',').map(str::trim) {
        let Some((one, _)) = view::NAMES.iter().find(|(_, known)| *known == name) else {
            let known: Vec<&str> = view::NAMES.iter().map(|(_, name)| *name).collect();
            let message = format!(
                "usage is not told apart by '{name}', but by: {}",
                known.join(", ")
            );
            return Err(ApiError::invalid("by", message));
        };
        if !by.contains(one) {
            by.push(*one);
        }
    }
    if by.contains(&By::Hour) && by.contains(&By::Day) {
        return Err(ApiError::invalid("by", "'by' has either hour or day"));
    }
    Ok(by)
}

fn wants_csv(format: Option<&str>, headers: &HeaderMap) -> Result<bool, ApiError> {
    match format {
        Some("csv") => Ok(true),
        Some("json") => Ok(false),
        Some(_) => Err(ApiError::invalid("format", "'format' is json or csv")),
        None => {
            let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
            Ok(accepted.is_some_and(|accepted| accepted.contains("text/csv")))
        }
    }
}

/// Unix milliseconds of the hour.
fn moment(param: &str, text: &str) -> Result<i64, ApiError> {
    let midnight = format!("{text}T00:00:00Z");
    let read = text
        .parse::<Moment>()
        .or_else(|error| midnight.parse().map_err(|_| error));
    let moment = read.map_err(|_| {
        let message =
            format!("'{text}' is neither a day, as 2026-11-22, nor a moment, as 2026-11-22T10:00:00Z");
        ApiError::invalid(param, message)
    })?;
    Ok(store::usage::hour_of(moment.unix_milliseconds()))
}
