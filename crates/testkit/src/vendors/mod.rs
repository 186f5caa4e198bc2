//! Simulated vendors: OpenAI, Anthropic and Gemini behind one port, with faults that can be changed while they
//! run.
//!
//! They answer in their vendor's exact shapes, at a token rate, always the same to the same request (see
//! [`SimulatorConfig::seed`]), and know what every client did to them. Each model name has a
//! [`ModelBehaviour`] of its own, so one simulator plays blue and green at once. Names need no declaration.
//!
//! Tools: a request that offers tools gets tool calls if it demands them, or if its last turn names a tool or
//! says "tool"; otherwise words. Numbers: one token is a word of up to eight characters with the white space
//! before it; a turn costs three more, an attachment 85.
//!
//! Over HTTP: `GET /sim/models`, `GET /sim/models/{model}`, `POST /sim/models/{model}` with the fields of
//! [`ModelBehaviour`] to change, `DELETE` to return to the default.

mod answer;
mod answering;
mod anthropic;
mod ask;
mod behaviour;
mod body;
mod dialects;
mod dice;
mod errors;
mod example;
mod gemini;
mod job;
mod openai;
mod pieces;
mod registry;
mod routes;
mod server;
mod settings_pages;
mod socket;
mod sse;
mod tokens;
mod words;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use answering::Shared;
pub use behaviour::{BehaviourError, Fault, ModelBehaviour};
use registry::Registry;
pub use registry::{Cancel, ModelCounters};

pub struct SimulatorConfig {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Words, ids, times and faults follow from it.
    pub seed: u64,
    /// If set, requests without it get their vendor's 401.
    pub required_key: Option<String>,
    /// How models behave that nothing else is set for.
    pub default_behaviour: ModelBehaviour,
    /// If not empty, the vendor knows no others.
    pub only_models: Vec<String>,
}

/// Running simulated vendors; they end when this is dropped.
pub struct Simulator {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, thiserror::Error)]
#[error("the simulated vendors cannot listen on {addr}")]
pub struct CannotListen {
    pub addr: SocketAddr,
    pub source: io::Error,
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        SimulatorConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            required_key: None,
            default_behaviour: ModelBehaviour::default(),
            only_models: Vec::new(),
        }
    }
}

impl Simulator {
    /// Starts on the current tokio runtime.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(config: SimulatorConfig) -> Result<Simulator, CannotListen> {
        let cannot = |source| CannotListen {
            addr: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(cannot)?;
        let addr = listener.local_addr().map_err(cannot)?;
        let registry = Registry::new(config.default_behaviour);
        config.only_models.iter().for_each(|name| {
            registry.model(name);
        });
        let shared = Arc::new(Shared {
            registry,
            seed: config.seed,
            required_key: config.required_key,
            only_models: config.only_models,
        });
        let (stop, stopped) = watch::channel(false);
        let accepting = tokio::spawn(server::serve(listener, Arc::clone(&shared), stopped));
        Ok(Simulator {
            addr,
            shared,
            stop,
            accepting,
        })
    }

    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://address`, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Replaces a model's behaviour, from the next request on.
    ///
    /// # Errors
    /// Impossible settings; the old ones stay.
    pub fn set_behaviour(&self, model: &str, behaviour: ModelBehaviour) -> Result<(), BehaviourError> {
        behaviour.check()?;
        self.shared
            .registry
            .model(model)
            .behaviour
            .store(Arc::new(behaviour));
        Ok(())
    }

    /// Replaces some settings of a model, as `POST /sim/models/{model}` does.
    ///
    /// # Errors
    /// Unknown names and impossible settings; the old ones stay.
    pub fn change_behaviour(&self, model: &str, changes: Value) -> Result<(), BehaviourError> {
        self.set_behaviour(model, self.behaviour(model).changed_by(changes)?)
    }

    #[must_use]
    pub fn behaviour(&self, model: &str) -> ModelBehaviour {
        ModelBehaviour::clone(&self.shared.registry.model(model).behaviour.load())
    }

    /// All zero for a model that was never asked for.
    #[must_use]
    pub fn counters(&self, model: &str) -> ModelCounters {
        self.shared
            .registry
            .known(model)
            .map(|model| model.counters())
            .unwrap_or_default()
    }

    /// Closes the listener and every connection, and returns when all are gone.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // It ends by returning; a panic in it would have shown already.
        let _ = (&mut self.accepting).await;
        self.stop.closed().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
