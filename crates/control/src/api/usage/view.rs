//! Usage in JSON.

use decide::money::Nano;
use serde::Serialize;
use store::usage::{By, Group, Sums};
use utoipa::ToSchema;

/// What usage is told apart by, and how that is called.
pub(super) const NAMES: [(By, &str); 8] = [
    (By::Hour, "hour"),
    (By::Day, "day"),
    (By::Key, "key"),
    (By::Account, "account"),
    (By::Deployment, "deployment"),
    (By::Environment, "environment"),
    (By::Provider, "provider"),
    (By::Model, "model"),
];

#[derive(Serialize, ToSchema)]
#[schema(as = Usage)]
pub(super) struct UsageView {
    pub(super) usage: Vec<GroupView>,
    /// Of all groups.
    pub(super) total: SumsView,
    next: Option<String>,
}

/// A group holds what it was asked to be told apart by.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = UsageGroup)]
pub(super) struct GroupView {
    /// When it began, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hour: Option<String>,
    /// As `2026-11-22`, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) day: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deployment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) environment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
    #[serde(flatten)]
    pub(super) sums: SumsView,
}

#[derive(Clone, Default, Serialize, ToSchema)]
#[schema(as = UsageSums)]
pub(super) struct SumsView {
    /// Those whose answer came from here.
    pub(super) requests: i64,
    /// Of those, the ones that got no whole answer.
    pub(super) errors: i64,
    /// Calls of vendors; more than requests where something was tried again.
    pub(super) attempts: i64,
    pub(super) input_tokens: i64,
    /// Of the input.
    pub(super) cached_input_tokens: i64,
    /// Of the input.
    pub(super) cache_write_tokens: i64,
    pub(super) output_tokens: i64,
    /// Of the output.
    pub(super) reasoning_tokens: i64,
    /// What the vendors charge, as far as prices are known.
    pub(super) cost_usd: String,
    /// What you ask for.
    pub(super) list_usd: String,
    /// The same without probes.
    pub(super) sold_usd: String,
    /// Calls that used tokens whose price nobody knew.
    pub(super) unpriced: i64,
    /// Calls whose tokens are estimated.
    pub(super) estimated: i64,
}

impl UsageView {
    pub(super) fn of(groups: &[Group], by: &[By]) -> UsageView {
        UsageView {
            usage: groups.iter().map(|group| GroupView::of(group, by)).collect(),
            total: (&total(groups)).into(),
            next: None,
        }
    }
}

impl GroupView {
    fn of(group: &Group, by: &[By]) -> GroupView {
        let time = group
            .time
            .and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
        let shown = |wanted: By, text: String| by.contains(&wanted).then_some(text);
        GroupView {
            hour: time.and_then(|at| shown(By::Hour, at.to_string())),
            day: time.and_then(|at| shown(By::Day, at.strftime("%F").to_string())),
            key: group.key.clone(),
            account: group.account.clone(),
            deployment: group.deployment.clone(),
            environment: group.environment.clone(),
            provider: group.provider.clone(),
            model: group.model.clone(),
            sums: (&group.sums).into(),
        }
    }

    /// What it is told apart by, for a column.
    pub(super) fn cell(&self, by: By) -> &str {
        let cell = match by {
            By::Hour => &self.hour,
            By::Day => &self.day,
            By::Key => &self.key,
            By::Account => &self.account,
            By::Deployment => &self.deployment,
            By::Environment => &self.environment,
            By::Provider => &self.provider,
            By::Model => &self.model,
        };
        cell.as_deref().unwrap_or_default()
    }
}

fn total(groups: &[Group]) -> Sums {
    let sum = |of: fn(&Sums) -> i64| {
        groups
            .iter()
            .fold(0_i64, |sum, group| sum.saturating_add(of(&group.sums)))
    };
    Sums {
        requests: sum(|sums| sums.requests),
        errors: sum(|sums| sums.errors),
        attempts: sum(|sums| sums.attempts),
        input_tokens: sum(|sums| sums.input_tokens),
        cached_input_tokens: sum(|sums| sums.cached_input_tokens),
        cache_write_tokens: sum(|sums| sums.cache_write_tokens),
        output_tokens: sum(|sums| sums.output_tokens),
        reasoning_tokens: sum(|sums| sums.reasoning_tokens),
        cost_nanos: sum(|sums| sums.cost_nanos),
        list_nanos: sum(|sums| sums.list_nanos),
        sold_nanos: sum(|sums| sums.sold_nanos),
        unpriced: sum(|sums| sums.unpriced),
        estimated: sum(|sums| sums.estimated),
    }
}

impl From<&Sums> for SumsView {
    fn from(sums: &Sums) -> SumsView {
        let usd = |nanos: i64| Nano::new(nanos).to_string();
        SumsView {
            requests: sums.requests,
            errors: sums.errors,
            attempts: sums.attempts,
            input_tokens: sums.input_tokens,
            cached_input_tokens: sums.cached_input_tokens,
            cache_write_tokens: sums.cache_write_tokens,
            output_tokens: sums.output_tokens,
            reasoning_tokens: sums.reasoning_tokens,
            cost_usd: usd(sums.cost_nanos),
            list_usd: usd(sums.list_nanos),
            sold_usd: usd(sums.sold_nanos),
            unpriced: sums.unpriced,
            estimated: sums.estimated,
        }
    }
}
