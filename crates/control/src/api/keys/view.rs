//! A key in JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use store::keys::{BudgetPeriod, KeyBudget, KeyLimits, Overrides};
use utoipa::ToSchema;

use crate::desk::{KeyInfo, model_limits};

#[derive(Serialize, ToSchema)]
#[schema(as = Key)]
pub(in crate::api) struct KeyView {
    name: String,
    /// Shown once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Names it may call; `*` is all.
    models: Vec<String>,
    /// `allow` or `deny`: whether requests may choose or weigh an environment.
    overrides: &'static str,
    account: Option<String>,
    limits: LimitsView,
    budget: Option<BudgetView>,
    /// RFC 3339.
    expires_at: Option<String>,
    created_at: Option<String>,
    revoked_at: Option<String>,
    /// `file` or `store`
    managed_by: &'static str,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = KeyLimits)]
pub(in crate::api) struct LimitsView {
    pub(super) requests_per_minute: Option<u64>,
    pub(super) tokens_per_minute: Option<u64>,
    pub(super) concurrent_requests: Option<u64>,
    /// Further limits of single models, by the public name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) models: BTreeMap<String, ModelLimitsView>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ModelLimits)]
pub(in crate::api) struct ModelLimitsView {
    pub(super) requests_per_minute: Option<u64>,
    pub(super) tokens_per_minute: Option<u64>,
    pub(super) concurrent_requests: Option<u64>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyBudget)]
pub(in crate::api) struct BudgetView {
    /// US dollars, as `5.00`.
    pub(super) usd: String,
    /// `day`, `month` or `total`
    pub(super) per: String,
}

impl KeyView {
    pub(super) fn of(info: KeyInfo, secret: Option<String>) -> KeyView {
        let time = |at: Option<i64>| {
            at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
                .map(|at| at.to_string())
        };
        let settings = info.settings;
        let limits = LimitsView {
            models: model_limits(&settings)
                .into_iter()
                .map(|(model, limits)| (model, limits.into()))
                .collect(),
            requests_per_minute: settings.limits.requests_per_minute,
            tokens_per_minute: settings.limits.tokens_per_minute,
            concurrent_requests: settings.limits.concurrent_requests,
        };
        KeyView {
            name: info.name,
            secret,
            models: settings.models,
            overrides: match settings.overrides {
                Overrides::Allow => "allow",
                Overrides::Deny => "deny",
            },
            account: settings.account,
            limits,
            budget: settings.budget.map(BudgetView::from),
            expires_at: time(settings.expires_at),
            created_at: time(info.created_at),
            revoked_at: time(info.revoked_at),
            managed_by: if info.of_file { "file" } else { "store" },
        }
    }
}

impl From<KeyLimits> for ModelLimitsView {
    fn from(limits: KeyLimits) -> ModelLimitsView {
        ModelLimitsView {
            requests_per_minute: limits.requests_per_minute,
            tokens_per_minute: limits.tokens_per_minute,
            concurrent_requests: limits.concurrent_requests,
        }
    }
}

impl From<KeyBudget> for BudgetView {
    fn from(budget: KeyBudget) -> BudgetView {
        let (whole, rest) = (budget.usd_nanos / 1_000_000_000, budget.usd_nanos % 1_000_000_000);
        let digits = format!("{rest:09}");
        let cents = digits.trim_end_matches('0');
        BudgetView {
            usd: format!("{whole}.{cents:0<2}"),
            per: match budget.per {
                BudgetPeriod::Day => "day",
                BudgetPeriod::Month => "month",
                BudgetPeriod::Total => "total",
            }
            .to_owned(),
        }
    }
}
