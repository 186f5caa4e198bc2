//! The configuration: one YAML file. The types of this module are the only description of it: the schema for
//! editors, the reference for people and the check of a file against its known keys are all read from them.
//!
//! A file is read in four steps: text to a tree with positions (`yaml`), tree against the schema (`walk`), values
//! to types (serde), and what only the whole can tell (`checks`). Each step goes on after a mistake, so that one
//! run shows all of them.

mod accounts;
mod address;
mod analysis;
mod built_in_plans;
mod canonical;
mod checks;
mod deployments;
mod environment;
mod header;
mod keys;
mod load;
mod moment;
mod path;
mod plans;
mod prices;
mod problem;
mod providers;
mod reference;
mod report;
mod restart;
mod scalars;
mod schema;
mod secret;
mod server;
mod services;
mod share;
mod source;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod topups;
mod tree;
mod units;
mod unsupported;
mod usd;
mod walk;
mod watch;
mod yaml;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use accounts::Accounts;
pub use address::{HttpUrl, ListenAddress, Store, StoreAddress};
pub use analysis::{Analysis, Challenge, Metric, MetricAction, Metrics, Mode, Stream};
pub use deployments::{Deployment, Environment, Fallback, HealthProbe, Probe, Split, Sticky, Timeouts};
pub use environment::FromEnvironment;
pub use header::HeaderName;
pub use keys::{Budget, BudgetPeriod, Key, KeyLimits, ModelLimits, Overrides};
pub use moment::Moment;
pub use plans::{
    Approval, Drain, Gates, ManualApproval, Notify, OnInconclusive, OnRegression, OnSilence, Phase, Plan,
    Probes, Strategy,
};
pub use prices::{Price, PriceTier};
pub use problem::{ConfigError, Problem, Problems};
pub use providers::{Dialect, Provider};
pub use reference::reference;
pub use schema::schema;
pub use secret::Secret;
pub use server::{Log, LogFormat, LogLevel, RequestLimits, Retention, Retry};
pub use services::{Service, ServiceEnvironment, ServiceHealth};
pub use share::Share;
pub use text::BadValue;
pub use tokens::{AdminToken, Role};
pub use topups::{BankTransfer, Stripe, Topups, Toss};
pub use units::{Period, Size};
pub use usd::Usd;
pub use watch::{Cause, Reload, Reloader, Watch, watch};

/// The whole file. Every key has a default but the providers, without which there is nothing to route to.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where clients call.
    pub listen: ListenAddress,
    /// Where the dashboard, the admin API and `/metrics` are. Keep it off the public network.
    pub admin: ListenAddress,
    /// Credential of the admin API, at least 16 characters. Made at the first start and kept beside the store when
    /// left out.
    pub admin_token: Option<Secret>,
    /// Further credentials of the admin API and the dashboard, each with a role; `admin_token` may do everything.
    pub tokens: Vec<AdminToken>,
    /// Names by which browsers reach the dashboard, such as `gateway.example.com`. IP addresses and `localhost`
    /// always work; any other name is refused, since it could be a stranger's page that leads here.
    pub admin_hosts: Vec<String>,
    /// Where state is kept: `sqlite:FILE`, relative to this file, or `postgres://user:password@host/database` when
    /// several gateways share it.
    #[schemars(extend("default" = "sqlite:crossfade.db"))]
    pub store: StoreAddress,
    /// Threads that carry requests; one a processor by default.
    #[schemars(range(min = 1, max = 1024))]
    pub workers: Option<u16>,
    /// How long live requests may take to finish after SIGTERM.
    pub drain: Period,
    /// How long the side that was left stays ready for `rollback` after `promote`; then green is finalized by itself.
    pub keep_previous: Period,
    /// Further request headers in which clients may send their key.
    pub key_headers: Vec<HeaderName>,
    /// Vendor accounts by name.
    pub providers: BTreeMap<String, Provider>,
    /// Public model names.
    pub deployments: BTreeMap<String, Deployment>,
    /// Further names of deployments and models.
    pub aliases: BTreeMap<String, String>,
    /// Rollout plans by name, beside the built-in `safe` and `fast`.
    pub plans: BTreeMap<String, Plan>,
    /// Client credentials. Further ones are made while running and live in the store.
    pub keys: Vec<Key>,
    /// How a new account begins.
    pub accounts: Accounts,
    /// How credit comes in.
    pub topups: Topups,
    /// What vendors charge, in US dollars per million tokens, by the vendor's model name, `provider/model` or
    /// `provider/*`. Overrides the shipped table.
    pub prices: BTreeMap<String, Price>,
    /// What you ask for, by the public model name; what the model costs by default.
    pub list_prices: BTreeMap<String, Price>,
    /// HTTP applications by name.
    pub services: BTreeMap<String, Service>,
    /// What a client may send.
    pub limits: RequestLimits,
    /// Where several gateways keep what is used of keys' limits: a Redis or Valkey, `redis://[user:password@]host:port/db`,
    /// or `rediss://` over TLS. Without one each gateway limits by itself.
    pub limiter: Option<Secret>,
    /// How many second attempts the gateway may make.
    pub retry: Retry,
    /// How long the store remembers.
    pub retention: Retention,
    /// Where traces and metrics are exported to by OTLP over HTTP; nowhere by default.
    pub otlp: Option<HttpUrl>,
    /// What is written to standard error.
    pub log: Log,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: ListenAddress::loopback(8080),
            admin: ListenAddress::loopback(8081),
            admin_token: None,
            tokens: Vec::new(),
            admin_hosts: Vec::new(),
            store: StoreAddress::sqlite("crossfade.db"),
            workers: None,
            drain: Period::seconds(600),
            keep_previous: Period::seconds(86_400),
            key_headers: Vec::new(),
            providers: BTreeMap::new(),
            deployments: BTreeMap::new(),
            aliases: BTreeMap::new(),
            plans: BTreeMap::new(),
            keys: Vec::new(),
            accounts: Accounts::default(),
            topups: Topups::default(),
            prices: BTreeMap::new(),
            list_prices: BTreeMap::new(),
            services: BTreeMap::new(),
            limits: RequestLimits::default(),
            limiter: None,
            retry: Retry::default(),
            retention: Retention::default(),
            otlp: None,
            log: Log::default(),
        }
    }
}

impl Config {
    /// The plan of this name: one of the file's, else a built-in one.
    pub fn plan(&self, name: &str) -> Option<Plan> {
        self.plans.get(name).cloned().or_else(|| Plan::built_in(name))
    }
}
