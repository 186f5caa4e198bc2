use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::{self, PriceView};
use crate::api::Api;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::query::Asked;
use crate::desk;
use crate::prices::Kind;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Which {
    /// Of this model only.
    model: Option<String>,
    /// `cost` or `list`; both by default.
    kind: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PriceList)]
pub(in crate::api) struct Listed {
    prices: Vec<PriceView>,
    next: Option<String>,
}

/// Every price that is known, shipped ones too, by model.
#[utoipa::path(
    get,
    path = "/prices",
    tag = "prices",
    params(Which),
    responses((status = 200, body = Listed), (status = 400, body = ErrorBody))
)]
pub(in crate::api) async fn list(
    State(api): State<Api>,
    Asked(which): Asked<Which>,
) -> Result<Json<Listed>, ApiError> {
    let kind = which.kind.as_deref().map(super::put::kind).transpose()?;
    let wanted = |listed: &crate::prices::Listed| {
        which.model.as_ref().is_none_or(|model| listed.model == *model)
            && kind.is_none_or(|kind: Kind| listed.kind == kind)
    };
    let mut known = api.desk.prices().await;
    known.retain(wanted);
    Ok(Json(Listed {
        prices: view::all(&known, desk::now()),
        next: None,
    }))
}
