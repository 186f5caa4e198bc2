//! A key as its table holds it, and the way there and back.

use sqlx::FromRow;

use super::{BudgetPeriod, Key, KeyBudget, KeyLimits, KeySettings, Overrides, PreviousDigest};
use crate::StoreError;

#[derive(FromRow)]
pub(super) struct KeyRow {
    name: String,
    created_number: i64,
    changed_number: i64,
    digest: Vec<u8>,
    previous_digest: Option<Vec<u8>>,
    previous_until: Option<i64>,
    account: Option<String>,
    models: String,
    overrides: String,
    requests_per_minute: Option<i64>,
    tokens_per_minute: Option<i64>,
    concurrent_requests: Option<i64>,
    model_limits: Option<String>,
    budget_nanos: Option<i64>,
    budget_per: Option<String>,
    expires_at: Option<i64>,
    created_at: i64,
    revoked_at: Option<i64>,
}

impl KeyRow {
    pub(super) fn created_number(&self) -> i64 {
        self.created_number
    }

    pub(super) fn changed_number(&self) -> i64 {
        self.changed_number
    }
}

macro_rules! columns {
    () => {
        "name, created_number, changed_number, digest, previous_digest, previous_until, account, models, overrides, \
         requests_per_minute, tokens_per_minute, concurrent_requests, model_limits, budget_nanos, budget_per, expires_at, \
         created_at, revoked_at"
    };
}

pub(super) const SELECT_ONE: &str = concat!("SELECT ", columns!(), " FROM keys WHERE name = $1");
pub(super) const SELECT_LIVE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM keys WHERE created_number > $1 AND revoked_at IS NULL ORDER BY created_number LIMIT $2"
);
pub(super) const SELECT_CHANGED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM keys WHERE changed_number > $1 ORDER BY changed_number LIMIT $2"
);
pub(super) const SELECT_PAGE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM keys WHERE created_number > $1 ORDER BY created_number LIMIT $2"
);

pub(super) const INSERT: &str = concat!("
    INSERT INTO keys (name, created_number, changed_number, digest, account, models, overrides, requests_per_minute,
                      tokens_per_minute, concurrent_requests, budget_nanos, budget_per, expires_at, created_at,
                      model_limits)
    VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (name) DO NOTHING
    RETURNING ", columns!());

pub(super) const ROTATE: &str = concat!(
    "
    UPDATE keys
    SET changed_number = $2, previous_digest = digest, previous_until = $4, digest = $3
    WHERE name = $1 AND revoked_at IS NULL
    RETURNING ",
    columns!()
);

pub(super) const REVOKE: &str = concat!(
    "
    UPDATE keys
    SET changed_number = $2, previous_digest = NULL, previous_until = NULL, revoked_at = $3
    WHERE name = $1 AND revoked_at IS NULL
    RETURNING ",
    columns!()
);

impl TryFrom<KeyRow> for Key {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        let corrupt = |what: &str| StoreError::corrupt(format!("key '{}' has {what}", row.name));
        let digest = |bytes: Vec<u8>| {
            bytes
                .try_into()
                .map_err(|_| corrupt("a digest that is not 32 bytes"))
        };
        let previous = match (row.previous_digest, row.previous_until) {
            (None, None) => None,
            (Some(bytes), Some(valid_until)) => Some(PreviousDigest {
                digest: digest(bytes)?,
                valid_until,
            }),
            _ => return Err(corrupt("half a previous digest")),
        };
        let budget = match (row.budget_nanos, row.budget_per.as_deref()) {
            (None, None) => None,
            (Some(usd_nanos), Some(per)) => {
                let per = period_from_text(per).ok_or_else(|| corrupt("an unknown budget period"))?;
                Some(KeyBudget { usd_nanos, per })
            }
            _ => return Err(corrupt("half a budget")),
        };
        let limit = |stored: Option<i64>| {
            stored
                .map(u64::try_from)
                .transpose()
                .map_err(|_| corrupt("a negative limit"))
        };
        let settings = KeySettings {
            account: row.account,
            models: serde_json::from_str(&row.models)
                .map_err(|_| corrupt("a list of models that is no list"))?,
            overrides: overrides_from_text(&row.overrides).ok_or_else(|| corrupt("unknown overrides"))?,
            limits: KeyLimits {
                requests_per_minute: limit(row.requests_per_minute)?,
                tokens_per_minute: limit(row.tokens_per_minute)?,
                concurrent_requests: limit(row.concurrent_requests)?,
            },
            model_limits: row.model_limits.clone(),
            budget,
            expires_at: row.expires_at,
        };
        let digest = digest(row.digest)?;
        let (created_at, revoked_at) = (row.created_at, row.revoked_at);
        Ok(Self {
            name: row.name,
            digest,
            previous,
            settings,
            created_at,
            revoked_at,
        })
    }
}

pub(super) fn models_as_text(models: &[String]) -> String {
    serde_json::Value::from(models).to_string()
}

pub(super) fn limit_as_number(limit: Option<u64>) -> Option<i64> {
    limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX))
}

pub(super) fn overrides_as_text(overrides: Overrides) -> &'static str {
    match overrides {
        Overrides::Allow => "allow",
        Overrides::Deny => "deny",
    }
}

fn overrides_from_text(text: &str) -> Option<Overrides> {
    match text {
        "allow" => Some(Overrides::Allow),
        "deny" => Some(Overrides::Deny),
        _ => None,
    }
}

pub(super) fn period_as_text(period: BudgetPeriod) -> &'static str {
    match period {
        BudgetPeriod::Day => "day",
        BudgetPeriod::Month => "month",
        BudgetPeriod::Total => "total",
    }
}

fn period_from_text(text: &str) -> Option<BudgetPeriod> {
    match text {
        "day" => Some(BudgetPeriod::Day),
        "month" => Some(BudgetPeriod::Month),
        "total" => Some(BudgetPeriod::Total),
        _ => None,
    }
}
