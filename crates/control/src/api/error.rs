//! Errors of the admin API, in the shape that clients of the gateway know.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use decide::book::Refused;
use decide::money::Nano;
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

use crate::desk::DeskError;
use crate::driver::DriverError;

#[derive(Debug)]
pub(super) struct ApiError {
    status: u16,
    code: &'static str,
    message: String,
    param: Option<String>,
    /// Seconds until it is worth asking again.
    retry_after: Option<u64>,
}

/// `{"error": {...}}`
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Serialize, ToSchema)]
struct ErrorDetail {
    message: String,
    r#type: &'static str,
    param: Option<String>,
    code: &'static str,
}

impl ApiError {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError {
            status,
            code,
            message: message.into(),
            param: None,
            retry_after: None,
        }
    }

    pub(super) fn retry_after(self, seconds: u64) -> ApiError {
        ApiError {
            retry_after: Some(seconds),
            ..self
        }
    }

    pub(super) fn param(self, param: impl Into<String>) -> ApiError {
        ApiError {
            param: Some(param.into()),
            ..self
        }
    }

    pub(super) fn invalid(param: &str, message: impl Into<String>) -> ApiError {
        ApiError::new(400, "invalid_request", message).param(param)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let r#type = match self.status {
            401 | 403 => "permission_error",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            _ => "server_error",
        };
        let error = ErrorDetail {
            message: self.message,
            r#type,
            param: self.param,
            code: self.code,
        };
        let mut response = (status, Json(ErrorBody { error })).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> ApiError {
        let message = error.to_string();
        match error {
            DeskError::UnknownPrice(_) => ApiError::new(404, "price_not_found", message).param("model"),
            DeskError::UnknownDeployment { .. } => {
                ApiError::new(404, "deployment_not_found", message).param("name")
            }
            DeskError::UnknownKey(_) => ApiError::new(404, "key_not_found", message).param("name"),
            DeskError::Conflict(_) | DeskError::KeyRevoked(_) => ApiError::new(409, "conflict", message),
            DeskError::KeyExists(_) => ApiError::new(409, "conflict", message).param("name"),
            DeskError::ManagedByFile { .. } => ApiError::new(409, "managed_by_file", message).param("name"),
            DeskError::Invalid { param, .. } => ApiError::new(400, "invalid_request", message).param(param),
            DeskError::Definition(problems) => {
                let first = problems.problems.first().map(|problem| problem.path.clone());
                ApiError {
                    param: first,
                    ..ApiError::new(400, "invalid_request", message)
                }
            }
            DeskError::Provider { .. } => ApiError::new(400, "invalid_request", message).param("provider"),
            DeskError::Store(error) => error.into(),
        }
    }
}

impl From<DriverError> for ApiError {
    fn from(error: DriverError) -> ApiError {
        let message = error.to_string();
        let of_plan = |field: Option<String>| match field {
            Some(field) if !field.is_empty() => format!("plan.{field}"),
            _ => "plan".to_owned(),
        };
        match error {
            DriverError::NoRollout(_) => ApiError::new(404, "rollout_not_found", message).param("name"),
            DriverError::Conflict(_) => ApiError::new(409, "conflict", message),
            DriverError::UnknownPlan { .. } => ApiError::invalid("plan", message),
            DriverError::SecretsInPlan => ApiError::invalid("plan.notify", message),
            DriverError::Plan(problems) => {
                let first = problems.problems.first().map(|problem| problem.path.to_string());
                ApiError::invalid(&of_plan(first), message)
            }
            DriverError::PlanRefused(refused) => {
                let first = refused.first().map(|refused| refused.field.clone());
                ApiError::invalid(&of_plan(first), message)
            }
            DriverError::Desk(error) => error.into(),
            DriverError::Store(error) => error.into(),
            DriverError::Slow => ApiError::new(503, "store_unavailable", message),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        match error {
            StoreError::BadCursor => ApiError::invalid("cursor", error.to_string()),
            StoreError::NotFound { .. } => ApiError::new(404, "not_found", error.to_string()),
            StoreError::Exists { .. } | StoreError::Conflict { .. } => {
                ApiError::new(409, "conflict", error.to_string())
            }
            other => {
                tracing::error!(error = %other, source = ?std::error::Error::source(&other), "the store failed a request");
                ApiError::new(
                    503,
                    "store_unavailable",
                    "The store cannot be used right now, please retry",
                )
            }
        }
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> ApiError {
        let message = refused.to_string();
        match refused {
            Refused::BadAmount => ApiError::invalid("amount", message),
            Refused::NoCredit { available, needed } => {
                let (available, needed) = (Nano::new(available), Nano::new(needed));
                let message =
                    format!("The account has {available} USD available, which does not cover {needed} USD");
                ApiError::new(409, "conflict", message)
            }
            Refused::OverBudget { .. } | Refused::Scarce | Refused::Settled => {
                ApiError::new(409, "conflict", message)
            }
            Refused::AnotherHasThisId => ApiError::new(409, "conflict", message).param("id"),
        }
    }
}

pub(super) async fn not_found(uri: Uri) -> ApiError {
    let message = format!(
        "There is nothing at '{}'; the API is described at /admin/v1/openapi.json",
        uri.path()
    );
    ApiError::new(404, "not_found", message)
}

pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> ApiError {
    ApiError::new(
        405,
        "method_not_allowed",
        format!("'{}' does not take {method}", uri.path()),
    )
}
