//! From what is held to what the data plane reads.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use decide::Side;
use decide::retry::Allowance;
use decide::route::{Names, Table};
use gateway::{Deployment, Environment, Flight, PriceBook, Provider, Settings, Snapshot, Timeouts};

use super::held::Held;
use super::{DeskError, FlightKey, Live};
use crate::config::{self, Config, HeaderName, Size};
use crate::memory;

/// The whole snapshot of what is held now.
pub(super) fn snapshot(live: &mut Live) -> Result<Snapshot, DeskError> {
    let mut names = Names::default();
    let mut routes = Vec::with_capacity(live.held.len());
    let mut deployments = Vec::with_capacity(live.held.len());
    let mut flights = HashMap::new();
    for (name, held) in &live.held {
        names.add_deployment(name);
        routes.push(held.route());
        let mut ready = Ready {
            providers: &live.providers,
            before: &live.flights,
            flights: &mut flights,
            prices: &live.prices,
        };
        deployments.push(Arc::new(ready.deployment(name, held)?));
    }
    // Environments that are gone, but still have requests under way, are still watched.
    live.flights
        .retain(|key, flight| flight.in_flight() > 0 && !flights.contains_key(key));
    live.flights.extend(flights);
    let mut providers = Vec::with_capacity(live.providers.len());
    for (name, provider) in &live.providers {
        let index = providers.len();
        names.add_provider(name, index);
        for model in live
            .config
            .providers
            .get(name)
            .iter()
            .flat_map(|provider| &provider.models)
        {
            names.publish(model, index);
        }
        providers.push(Arc::clone(provider));
    }
    add_aliases(&mut names, &live.config);
    let table = Table {
        names: Arc::new(names),
        routes,
    };
    Ok(Snapshot {
        table,
        deployments,
        providers,
        settings: Arc::new(settings(&live.config)),
        prices: Arc::clone(&live.prices),
    })
}

/// Aliases may stand for aliases, so those that find no target wait for the next round.
fn add_aliases(names: &mut Names, config: &Config) {
    let mut waiting: Vec<(&String, &String)> = config.aliases.iter().collect();
    loop {
        let before = waiting.len();
        waiting.retain(|(alias, target)| !names.add_alias(alias, target));
        if waiting.len() == before {
            return;
        }
    }
}

/// The snapshot with one deployment's route changed, and nothing else looked at.
pub(super) fn with_route(before: &Snapshot, name: &str, held: &Held) -> Option<Snapshot> {
    let index = before.table.names.deployment(name)?;
    let mut snapshot = copy(before);
    *snapshot.table.routes.get_mut(index)? = held.route();
    Some(snapshot)
}

/// Another snapshot of the same, to be changed.
pub(super) fn copy(snapshot: &Snapshot) -> Snapshot {
    Snapshot {
        table: snapshot.table.clone(),
        deployments: snapshot.deployments.clone(),
        providers: snapshot.providers.clone(),
        settings: Arc::clone(&snapshot.settings),
        prices: Arc::clone(&snapshot.prices),
    }
}

fn settings(config: &Config) -> Settings {
    let retry = &config.retry;
    let bytes = |size: Size| usize::try_from(size.bytes()).unwrap_or(usize::MAX);
    let memory_limit = config.limits.memory.map_or_else(memory::half, bytes);
    Settings {
        key_headers: config
            .key_headers
            .iter()
            .map(HeaderName::as_str)
            .map(str::to_ascii_lowercase)
            .collect(),
        // What could never fit is too large, rather than to be tried again.
        body_limit: bytes(config.limits.body).min(memory_limit / 2 - memory_limit / 16),
        memory_limit,
        retries: Allowance {
            percent: retry.budget_percent.into(),
            per_second: retry.budget_per_second,
        },
        timeouts: timeouts(&config::Timeouts::default()),
    }
}

struct Ready<'a> {
    providers: &'a BTreeMap<String, Arc<Provider>>,
    before: &'a HashMap<FlightKey, Arc<Flight>>,
    flights: &'a mut HashMap<FlightKey, Arc<Flight>>,
    prices: &'a PriceBook,
}

impl Ready<'_> {
    fn deployment(&mut self, name: &str, held: &Held) -> Result<Deployment, DeskError> {
        Ok(Deployment {
            name: name.into(),
            blue: Arc::new(self.environment(name, Side::Blue, &held.blue)?),
            green: held
                .green
                .as_ref()
                .map(|green| self.environment(name, Side::Green, green))
                .transpose()?
                .map(Arc::new),
            rescue: held.definition.rescue,
            list: self.prices.list.of("", name).cloned(),
        })
    }

    fn environment(
        &mut self,
        deployment: &str,
        side: Side,
        wanted: &config::Environment,
    ) -> Result<Environment, DeskError> {
        let mut ready = self.target(deployment, &wanted.provider, &wanted.model)?;
        let key = (deployment.to_owned(), side, wanted.digest());
        let flight = self.before.get(&key).cloned().unwrap_or_default();
        self.flights.insert(key, Arc::clone(&flight));
        ready.flight = flight;
        ready.set = fields(&wanted.set);
        ready.default = fields(&wanted.default);
        ready.timeouts = timeouts(&wanted.timeouts);
        ready.max_concurrency = wanted.max_concurrency;
        for fallback in &wanted.fallback {
            let mut target = self.target(deployment, &fallback.provider, &fallback.model)?;
            target.timeouts = ready.timeouts;
            ready.fallbacks.push(Arc::new(target));
        }
        Ok(ready)
    }

    fn target(&self, deployment: &str, provider: &str, model: &str) -> Result<Environment, DeskError> {
        let Some(found) = self.providers.get(provider) else {
            let message =
                format!("deployment '{deployment}' names provider '{provider}', which is not configured");
            return Err(DeskError::Invalid {
                param: "provider".to_owned(),
                message,
            });
        };
        Ok(Environment {
            provider: Arc::clone(found),
            model: model.into(),
            set: Vec::new(),
            default: Vec::new(),
            timeouts: Timeouts::default(),
            max_concurrency: None,
            price: self.prices.cost.of(provider, model).cloned(),
            fallbacks: Vec::new(),
            flight: Arc::default(),
        })
    }
}

fn fields(fields: &BTreeMap<String, serde_json::Value>) -> Vec<(String, String)> {
    fields
        .iter()
        .map(|(name, value)| (name.clone(), value.to_string()))
        .collect()
}

fn timeouts(wanted: &config::Timeouts) -> Timeouts {
    Timeouts {
        connect: wanted.connect.duration(),
        first_byte: wanted.first_byte.duration(),
        idle: wanted.idle.duration(),
        total: wanted.total.duration(),
    }
}
