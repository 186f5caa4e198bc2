//! Everything a request may look at: one immutable value, swapped whole.
//!
//! A request takes one snapshot when its head has arrived and keeps it to its end. Building a
//! snapshot is the control plane's work; the data plane only reads it.

use std::sync::Arc;
use std::time::Duration;

use decide::Side;
use decide::price::{Dated, Prices};
use decide::retry::Allowance;
use decide::route::Table;

use crate::flight::Flight;
use crate::upstream::Endpoint;

#[derive(Debug, Default)]
pub struct Snapshot {
    pub table: Table,
    /// By the table's deployment index.
    pub deployments: Vec<Arc<Deployment>>,
    /// By the table's provider index.
    pub providers: Vec<Arc<Provider>>,
    pub settings: Arc<Settings>,
    pub prices: Arc<PriceBook>,
}

/// What models cost, and for what they are sold.
#[derive(Debug, Default)]
pub struct PriceBook {
    /// What the vendors charge, by their names of models.
    pub cost: Prices,
    /// What the operator lists, by the names that clients call. A model that is not here is listed at its cost.
    pub list: Prices,
}

impl Snapshot {
    /// The provider for requests of OpenAI's API that name no model, by the table's index.
    pub(crate) fn without_model(&self) -> Option<usize> {
        let takes = |provider: &Arc<Provider>| {
            provider.takes_no_model && provider.dialect == dialect::Dialect::OpenAi
        };
        self.providers.iter().position(takes)
    }
}

/// What holds for every request.
#[derive(Debug)]
pub struct Settings {
    /// Lower-case names of further headers that may carry the client's key.
    pub key_headers: Vec<String>,
    /// Largest request body, in bytes.
    pub body_limit: usize,
    /// Most memory for the bodies of all requests and answers together, in bytes.
    pub memory_limit: usize,
    pub retries: Allowance,
    /// What `provider/model` routes use, for want of an environment of their own.
    pub timeouts: Timeouts,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            key_headers: Vec::new(),
            body_limit: 64 << 20,
            memory_limit: usize::MAX,
            retries: Allowance::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// One public model name with its environments.
#[derive(Debug)]
pub struct Deployment {
    pub name: Arc<str>,
    pub blue: Arc<Environment>,
    pub green: Option<Arc<Environment>>,
    /// Blue answers what green failed before the first byte.
    pub rescue: bool,
    /// What the operator lists for it; `None`: what the model costs that answers.
    pub list: Option<Arc<Dated>>,
}

impl Deployment {
    pub fn environment(&self, side: Side) -> Option<&Arc<Environment>> {
        match side {
            Side::Blue => Some(&self.blue),
            Side::Green => self.green.as_ref(),
        }
    }
}

impl Deployment {
    /// What `provider/model` is routed by: one model of a provider, as it is.
    pub(crate) fn of_provider(provider: &Arc<Provider>, model: &str, snapshot: &Snapshot) -> Deployment {
        let prices = &snapshot.prices;
        let blue = Environment {
            provider: Arc::clone(provider),
            model: model.into(),
            set: Vec::new(),
            default: Vec::new(),
            timeouts: snapshot.settings.timeouts,
            max_concurrency: None,
            price: prices.cost.of(&provider.name, model).cloned(),
            fallbacks: Vec::new(),
            flight: Arc::clone(&provider.flight),
        };
        // Not the model: what a client wrote is no name for statistics.
        Deployment {
            name: format!("{}/*", provider.name).into(),
            blue: Arc::new(blue),
            green: None,
            rescue: false,
            list: prices.list.of(&provider.name, model).cloned(),
        }
    }
}

/// A provider, the model it is asked for, and how.
#[derive(Debug)]
pub struct Environment {
    pub provider: Arc<Provider>,
    /// The vendor's name of the model.
    pub model: Arc<str>,
    /// Forced into every request: field and raw JSON value.
    pub set: Vec<(String, String)>,
    /// Put in where the client sent none.
    pub default: Vec<(String, String)>,
    pub timeouts: Timeouts,
    pub max_concurrency: Option<u32>,
    /// What the vendor charges; `None`: nobody knows.
    pub price: Option<Arc<Dated>>,
    /// Tried in order when this one fails before the first byte.
    pub fallbacks: Vec<Arc<Environment>>,
    /// Counts what is under way; outlives the snapshot, so that a drain can be watched.
    pub flight: Arc<Flight>,
}

/// A vendor account.
#[derive(Debug)]
pub struct Provider {
    pub name: Arc<str>,
    pub dialect: dialect::Dialect,
    /// Whose server speaks it; small rules differ.
    pub server: dialect::Server,
    pub endpoint: Endpoint,
    /// It takes the requests of its API that name no model, such as for a stored response.
    pub takes_no_model: bool,
    /// Of the requests that name the provider instead of a deployment.
    pub flight: Arc<Flight>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    pub connect: Duration,
    /// From sending the request to the first byte of the answer that says anything.
    pub first_byte: Duration,
    /// Between two bytes of an answer.
    pub idle: Duration,
    /// From the start of an attempt to its end.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(5),
            // A non-streaming answer of a reasoning model has its first byte at its end.
            first_byte: Duration::from_secs(300),
            idle: Duration::from_secs(120),
            total: Duration::from_secs(600),
        }
    }
}
