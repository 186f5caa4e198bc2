//! Payers: what they have, and how they pay.

pub(super) mod change;
pub(super) mod correct;
pub(super) mod create;
pub(super) mod get;
pub(super) mod list;
mod view;

use view::AccountView;

use super::error::ApiError;
use crate::ledger::KEY_ACCOUNT;
use decide::book::Billing;

/// A name is for people, in tables and statements.
const NAME_LIMIT: usize = 128;

fn check_name(name: &str) -> Result<(), ApiError> {
    let prints = (1..=NAME_LIMIT).contains(&name.len()) && !name.chars().any(char::is_control);
    if prints && !name.starts_with(KEY_ACCOUNT) {
        return Ok(());
    }
    let message = format!(
        "an account's name has 1 to {NAME_LIMIT} characters that print, and does not begin with {KEY_ACCOUNT}"
    );
    Err(ApiError::invalid("name", message))
}

fn billing(text: &str) -> Result<Billing, ApiError> {
    match text {
        "prepaid" => Ok(Billing::Prepaid),
        "postpaid" => Ok(Billing::Postpaid),
        _ => Err(ApiError::invalid("billing", "'billing' is prepaid or postpaid")),
    }
}

/// Percent as hundredths of a percent.
fn markup(percent: f64) -> Result<i64, ApiError> {
    let hundredths = (percent * 100.0).round();
    let is_exact = (hundredths - percent * 100.0).abs() < 1e-6;
    if is_exact && hundredths > -10_000.0 && hundredths <= 1_000_000.0 {
        return Ok(hundredths as i64);
    }
    let message = "'markup_percent' is more than -100, at most 10000, with at most two decimals";
    Err(ApiError::invalid("markup_percent", message))
}
