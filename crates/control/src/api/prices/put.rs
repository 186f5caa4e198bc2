use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::view::PriceView;
use crate::api::change::to_its_end;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::{Api, body};
use crate::desk;
use crate::gate::Caller;
use crate::prices::{Kind, Listed, Owner, from};

/// Prices set in one go.
const MOST: usize = 1_000;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetPrices)]
pub(in crate::api) struct Wanted {
    /// Each with `model`, `input`, `output` and what else the file's `prices` know; `kind` is `cost` by default,
    /// `from` is always.
    #[schema(value_type = Vec<Object>, min_items = 1, max_items = 1000)]
    prices: Vec<Map<String, Value>>,
    reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PricesSet)]
pub(in crate::api) struct Set {
    prices: Vec<PriceView>,
}

/// Sets prices, all or none. One of the same model, kind and moment is replaced; the shipped ones stay below.
#[utoipa::path(
    put,
    path = "/prices",
    tag = "prices",
    request_body = Wanted,
    responses(
        (status = 200, body = Set),
        (status = 400, body = ErrorBody),
        (status = 409, description = "A price stands in the configuration file", body = ErrorBody)
    )
)]
pub(in crate::api) async fn put(
    State(api): State<Api>,
    caller: Caller,
    bytes: Bytes,
) -> Result<Json<Set>, ApiError> {
    let wanted: Wanted = body::read(&bytes)?;
    if wanted.prices.is_empty() || wanted.prices.len() > MOST {
        let message = format!("'prices' has 1 to {MOST} prices");
        return Err(ApiError::invalid("prices", message));
    }
    let actor = caller.actor(wanted.reason);
    let listed: Result<Vec<_>, _> = (0..)
        .zip(wanted.prices)
        .map(|(at, price)| listed(at, price))
        .collect();
    let (desk, listed) = (Arc::clone(&api.desk), listed?);
    let set = listed.clone();
    to_its_end(async move { desk.set_prices(set, &actor).await }).await?;
    let now = desk::now();
    let shown = listed
        .iter()
        .map(|one| PriceView::of(one, from(&one.price) <= now));
    Ok(Json(Set {
        prices: shown.collect(),
    }))
}

fn listed(at: usize, mut price: Map<String, Value>) -> Result<Listed, ApiError> {
    let bad = |field: &str, message: &str| ApiError::invalid(&format!("prices[{at}]{field}"), message);
    let model = match price.remove("model") {
        Some(Value::String(model)) if !model.trim().is_empty() => model,
        _ => return Err(bad(".model", "'model' is the name of a model")),
    };
    let kind = match price.remove("kind") {
        None => Kind::Cost,
        Some(Value::String(name)) => kind(&name)?,
        Some(_) => return Err(bad(".kind", "'kind' is cost or list")),
    };
    // A null is a field left out, as it is shown.
    price.retain(|_, value| !value.is_null());
    let price = serde_json::from_value(Value::Object(price)).map_err(|error| bad("", &error.to_string()))?;
    Ok(Listed {
        kind,
        model,
        owner: Owner::Store,
        price,
        source: None,
    })
}

pub(super) fn kind(name: &str) -> Result<Kind, ApiError> {
    Kind::from_name(name).ok_or_else(|| ApiError::invalid("kind", "'kind' is cost or list"))
}
