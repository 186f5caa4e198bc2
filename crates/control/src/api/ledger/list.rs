use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use decide::money::Nano;
use serde::{Deserialize, Serialize};
use store::ledger::Listed;
use utoipa::{IntoParams, ToSchema};

use crate::api::Api;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::query::Asked;
use crate::config::Moment;

/// Entries on a page if the caller names no number.
const PAGE: u32 = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Which {
    /// Of this account only.
    account: Option<String>,
    /// From then on, RFC 3339.
    since: Option<String>,
    /// Before then, RFC 3339.
    until: Option<String>,
    /// `json` (default) or `csv`
    format: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Entries on a page.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Ledger)]
pub(in crate::api) struct Shown {
    entries: Vec<EntryView>,
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
struct EntryView {
    id: String,
    /// RFC 3339.
    at: String,
    /// The account of the book that it was taken from.
    debit: String,
    /// The one that it went to.
    credit: String,
    /// More than 0.
    amount_usd: String,
    request_id: Option<String>,
    reason: String,
}

/// Entries of the book in the order they were written. As CSV, the cursor of the next page is the header `x-next`.
#[utoipa::path(
    get,
    path = "/ledger",
    tag = "ledger",
    params(Which),
    responses((status = 200, body = Shown), (status = 400, body = ErrorBody))
)]
pub(in crate::api) async fn list(
    State(api): State<Api>,
    Asked(which): Asked<Which>,
) -> Result<Response, ApiError> {
    let after = which.cursor.map(|cursor| cursor.parse()).transpose()?;
    let filter = store::ledger::Which {
        account: which.account,
        since: which.since.map(|text| moment("since", &text)).transpose()?,
        until: which.until.map(|text| moment("until", &text)).transpose()?,
    };
    let page = store::ledger::list(api.ledger.store(), &filter, after, which.limit.unwrap_or(PAGE)).await?;
    let next = page.next.map(|cursor| cursor.to_string());
    let entries = page.rows.into_iter().map(EntryView::from);
    match which.format.as_deref() {
        None | Some("json") => Ok(Json(Shown {
            entries: entries.collect(),
            next,
        })
        .into_response()),
        Some("csv") => {
            let mut text = "id,at,debit,credit,amount_usd,request_id,reason\r\n".to_owned();
            entries.for_each(|entry| entry.push_csv(&mut text));
            let mut response = ([(CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response();
            if let Some(next) = next.and_then(|next| next.parse().ok()) {
                response.headers_mut().insert("x-next", next);
            }
            Ok(response)
        }
        Some(_) => Err(ApiError::invalid("format", "'format' is json or csv")),
    }
}

/// Unix milliseconds.
fn moment(param: &str, text: &str) -> Result<i64, ApiError> {
    let moment: Result<Moment, _> = text.parse();
    let moment = moment.map_err(|error| ApiError::invalid(param, error.to_string()))?;
    Ok(moment.unix_seconds().saturating_mul(1_000))
}

impl From<Listed> for EntryView {
    fn from(Listed { at, entry, .. }: Listed) -> EntryView {
        let at = jiff::Timestamp::from_millisecond(at).unwrap_or(jiff::Timestamp::MAX);
        EntryView {
            id: entry.id,
            at: format!("{at:.3}"),
            debit: entry.debit.to_string(),
            credit: entry.credit.to_string(),
            amount_usd: Nano::new(entry.nanos).to_string(),
            request_id: entry.request_id,
            reason: entry.reason,
        }
    }
}

impl EntryView {
    fn push_csv(&self, text: &mut String) {
        let fields = [
            self.id.as_str(),
            &self.at,
            &self.debit,
            &self.credit,
            &self.amount_usd,
            self.request_id.as_deref().unwrap_or_default(),
            &self.reason,
        ];
        for (number, field) in fields.into_iter().enumerate() {
            if number > 0 {
                text.push(',');
            }
            push_field(text, field);
        }
        text.push_str("\r\n");
    }
}

/// RFC 4180. What a spreadsheet would take for a formula gets an apostrophe in front: names and reasons are other
/// people's text.
fn push_field(text: &mut String, field: &str) {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && !field.contains([',', '"', '\r', '\n']) {
        text.push_str(field);
        return;
    }
    text.push('"');
    if formula {
        text.push('\'');
    }
    text.push_str(&field.replace('"', "\"\""));
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_quoted_where_it_must_be_and_never_a_formula() {
        for (field, wanted) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("", ""),
        ] {
            let mut text = String::new();
            push_field(&mut text, field);
            assert_eq!(text, wanted);
        }
    }
}
