//! Orders for credit.

pub(super) mod confirm;
pub(super) mod create;
pub(super) mod get;
pub(super) mod list;
pub(super) mod refund;
mod view;

use view::TopupView;

use super::error::ApiError;
use crate::ledger::OrderError;
use store::topups::NotDone;

impl From<OrderError> for ApiError {
    fn from(error: OrderError) -> ApiError {
        let message = error.to_string();
        match error {
            OrderError::Invalid { param, .. } => ApiError::invalid(param, message),
            OrderError::Conflict(_) => ApiError::new(409, "conflict", message),
            OrderError::Provider(_) => ApiError::new(502, "provider_failed", message),
            OrderError::Store(error) | OrderError::NotDone(NotDone::Store(error)) => error.into(),
            OrderError::NotDone(NotDone::Refused(refused)) => refused.into(),
            OrderError::NotDone(NotDone::TooMuch) => ApiError::new(409, "conflict", message).param("amount"),
            OrderError::NotDone(NotDone::Other(_)) => ApiError::new(409, "conflict", message).param("id"),
        }
    }
}
