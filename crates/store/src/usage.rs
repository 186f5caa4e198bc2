//! What was used, by the hour.
//!
//! A row is one run's whole sum of an hour. The run writes it again as it grows, so a write that is repeated, or
//! whose answer was lost, changes nothing; and since no two runs share a row, nobody adds to anybody's sum.

use sqlx::{FromRow, QueryBuilder};

use crate::database::on_database;
use crate::{Store, StoreError, UnixMilliseconds};

/// What a sum is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Of {
    /// When the hour began.
    pub hour: UnixMilliseconds,
    /// The key's name.
    pub key: String,
    pub account: String,
    /// The public name that was routed.
    pub deployment: String,
    /// `blue` or `green`.
    pub environment: String,
    pub provider: String,
    /// The vendor's name of the model.
    pub model: String,
}

/// What was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct Sums {
    /// Whose answer came from here.
    pub requests: i64,
    /// Of those, the ones that got no whole answer.
    pub errors: i64,
    /// Calls of the vendor.
    pub attempts: i64,
    pub input_tokens: i64,
    pub cached_input_tokens: i64,
    pub cache_write_tokens: i64,
    pub output_tokens: i64,
    pub reasoning_tokens: i64,
    /// Nano-US-dollars, as the next two.
    pub cost_nanos: i64,
    pub list_nanos: i64,
    pub sold_nanos: i64,
    /// Attempts that used tokens whose price nobody knew.
    pub unpriced: i64,
    /// Attempts whose tokens are estimated.
    pub estimated: i64,
}

/// By what to tell sums apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    Hour,
    Day,
    Key,
    Account,
    Deployment,
    Environment,
    Provider,
    Model,
}

/// Which sums; `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Hours that begin at this moment or later.
    pub from: Option<UnixMilliseconds>,
    /// Hours that begin before this moment.
    pub to: Option<UnixMilliseconds>,
    pub key: Option<String>,
    pub account: Option<String>,
    pub deployment: Option<String>,
    pub environment: Option<String>,
    pub provider: Option<String>,
    pub model: Option<String>,
}

/// Sums of one group: what it was not told apart by is `None`.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Group {
    /// When the hour or day began.
    pub time: Option<UnixMilliseconds>,
    #[sqlx(rename = "key_name")]
    pub key: Option<String>,
    pub account: Option<String>,
    pub deployment: Option<String>,
    pub environment: Option<String>,
    pub provider: Option<String>,
    pub model: Option<String>,
    #[sqlx(flatten)]
    pub sums: Sums,
}

/// 21 values a row: within SQLite's 32,766 parameters a statement.
const ROWS_A_STATEMENT: usize = 200;

const HOUR_MILLISECONDS: i64 = 3_600_000;
const DAY_MILLISECONDS: i64 = 24 * HOUR_MILLISECONDS;

/// When the hour of this moment began.
pub const fn hour_of(at: UnixMilliseconds) -> UnixMilliseconds {
    at - at.rem_euclid(HOUR_MILLISECONDS)
}

/// Writes the sums of a run as they stand now; earlier ones of the same run are replaced.
///
/// # Errors
/// When the store cannot be written; then none of them is.
pub async fn write(store: &Store, run: &str, rows: &[(Of, Sums)]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    on_database!(store, write transaction => {
        for rows in rows.chunks(ROWS_A_STATEMENT) {
            let mut statement = QueryBuilder::new(
                "INSERT INTO usage_hours (hour, run, key_name, account, deployment, environment, provider, model,
                     requests, errors, attempts, input_tokens, cached_input_tokens, cache_write_tokens,
                     output_tokens, reasoning_tokens, cost_nanos, list_nanos, sold_nanos, unpriced, estimated) ");
            statement.push_values(rows, |mut values, (of, sums)| {
                values.push_bind(of.hour).push_bind(run).push_bind(&of.key).push_bind(&of.account);
                values.push_bind(&of.deployment).push_bind(&of.environment);
                values.push_bind(&of.provider).push_bind(&of.model);
                for number in sums.numbers() {
                    values.push_bind(number);
                }
            });
            statement.push(
                " ON CONFLICT (hour, run, key_name, account, deployment, environment, provider, model) DO UPDATE SET
                     requests = excluded.requests, errors = excluded.errors, attempts = excluded.attempts,
                     input_tokens = excluded.input_tokens, cached_input_tokens = excluded.cached_input_tokens,
                     cache_write_tokens = excluded.cache_write_tokens, output_tokens = excluded.output_tokens,
                     reasoning_tokens = excluded.reasoning_tokens, cost_nanos = excluded.cost_nanos,
                     list_nanos = excluded.list_nanos, sold_nanos = excluded.sold_nanos,
                     unpriced = excluded.unpriced, estimated = excluded.estimated");
            statement.build().persistent(rows.len() == ROWS_A_STATEMENT).execute(&mut *transaction).await?;
        }
    })
}

/// The sums of each group, in the order of `by`.
///
/// # Errors
/// When the store cannot be read.
pub async fn read(store: &Store, filter: &Filter, by: &[By], limit: u32) -> Result<Vec<Group>, StoreError> {
    on_database!(store, read connection => {
        let mut statement = QueryBuilder::new("SELECT ");
        let time = if by.contains(&By::Hour) {
            "hour".to_owned()
        } else if by.contains(&By::Day) {
            format!("hour - hour % {DAY_MILLISECONDS}")
        } else {
            "CAST(NULL AS BIGINT)".to_owned()
        };
        statement.push(time).push(" AS time");
        for (one, column) in COLUMNS {
            if by.contains(&one) {
                statement.push(format!(", {column}"));
            } else {
                statement.push(format!(", CAST(NULL AS TEXT) AS {column}"));
            }
        }
        for column in SUMS {
            statement.push(format!(", CAST(COALESCE(SUM({column}), 0) AS BIGINT) AS {column}"));
        }
        statement.push(" FROM usage_hours WHERE hour >= ").push_bind(filter.from.unwrap_or(i64::MIN));
        statement.push(" AND hour < ").push_bind(filter.to.unwrap_or(i64::MAX));
        for (column, wanted) in filter.columns() {
            if let Some(wanted) = wanted {
                statement.push(format!(" AND {column} = ")).push_bind(wanted.clone());
            }
        }
        // By their places: both databases take those, and the names of columns that were made here would
        // mean the table's.
        let places: Vec<String> = by.iter().map(|by| by.place().to_string()).collect();
        if !places.is_empty() {
            let places = places.join(", ");
            statement.push(format!(" GROUP BY {places} ORDER BY {places}"));
        }
        statement.push(" LIMIT ").push_bind(i64::from(limit));
        statement.build_query_as().persistent(false).fetch_all(connection).await?
    })
    .map(|groups: Vec<Group>| {
        groups
            .into_iter()
            .filter(|group| group.sums.attempts > 0)
            .collect()
    })
}

const COLUMNS: [(By, &str); 6] = [
    (By::Key, "key_name"),
    (By::Account, "account"),
    (By::Deployment, "deployment"),
    (By::Environment, "environment"),
    (By::Provider, "provider"),
    (By::Model, "model"),
];

const SUMS: [&str; 13] = [
    "requests",
    "errors",
    "attempts",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_nanos",
    "list_nanos",
    "sold_nanos",
    "unpriced",
    "estimated",
];

impl By {
    /// Its place among the columns of a question, from 1.
    fn place(self) -> usize {
        match self {
            By::Hour | By::Day => 1,
            By::Key => 2,
            By::Account => 3,
            By::Deployment => 4,
            By::Environment => 5,
            By::Provider => 6,
            By::Model => 7,
        }
    }
}

impl Filter {
    fn columns(&self) -> [(&'static str, &Option<String>); 6] {
        [
            ("key_name", &self.key),
            ("account", &self.account),
            ("deployment", &self.deployment),
            ("environment", &self.environment),
            ("provider", &self.provider),
            ("model", &self.model),
        ]
    }
}

impl Sums {
    /// In the order of the table.
    fn numbers(&self) -> [i64; 13] {
        [
            self.requests,
            self.errors,
            self.attempts,
            self.input_tokens,
            self.cached_input_tokens,
            self.cache_write_tokens,
            self.output_tokens,
            self.reasoning_tokens,
            self.cost_nanos,
            self.list_nanos,
            self.sold_nanos,
            self.unpriced,
            self.estimated,
        ]
    }
}
