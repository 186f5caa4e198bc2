//! Limits that several gateways share: what the data plane asks of whoever keeps them.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{Limits, Met, Standing};

/// Keeps limits for several gateways.
pub trait SharedLimiter: Debug + Send + Sync {
    /// Takes a request, or says which limit it met. `None`: it cannot tell in time, and this gateway decides alone.
    fn enter(&self, asked: Asked) -> Pin<Box<dyn Future<Output = Option<Granted>> + Send>>;

    /// A request that was taken has ended. Returns at once.
    fn leave(&self, leave: Leave);

    /// How many gateways share the limits, as far as is known; at least 1.
    fn gateways(&self) -> u64;
}

/// Limits under one name, which all gateways write alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The key's name.
    pub key: Arc<str>,
    /// The model, where the limits are of one.
    pub model: Option<String>,
    pub limits: Limits,
}

/// A request that wants to be taken.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The key's, and the model's if there are any.
    pub buckets: Vec<Bucket>,
    /// Unlike that of any other request under way.
    pub id: u64,
    pub tokens: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Granted {
    /// The limit that was met; then nothing was taken.
    pub met: Option<Met>,
    pub standing: Standing,
}

/// The end of a request that was taken.
#[derive(Clone, Debug)]
pub struct Leave {
    pub asked: Asked,
    /// Tokens that it really came to.
    pub used: u64,
}
