//! The data plane: a client's socket, a decision, a vendor, and the answer on its way back.
//!
//! A request goes `listener` -> `life::handle` -> `decide::route::choose` -> `dialect` -> `upstream`
//! -> `relay`. It looks at one `Snapshot`, waits for no lock of the control plane and no database,
//! and leaves one `Outcome`.

mod answer;
mod attempt;
mod called;
mod descriptors;
mod flight;
mod forward;
mod journey;
mod keys;
mod life;
mod limits;
mod listener;
mod local;
mod memory;
mod models;
mod outcome;
mod pins;
mod probe;
mod refused;
mod relay;
mod request;
mod said;
mod snapshot;
mod spare;
mod stay;
mod ticket;
mod till;
mod upstream;
mod waiting;
mod wire;
mod worker;

pub use descriptors::raise_descriptor_limit;
pub use dialect::{Dialect, Door, Server, Usage};
pub use flight::Flight;
pub use keys::{Digest, Key, KeyRing, digest};
pub use limits::{
    Asked, Bucket, Granted, KeyLimits, Leave, Left, Limit, Limits, Met, Meter, Meters, SharedLimiter,
    Standing,
};
pub use listener::{Gateway, start};
pub use outcome::{Attempt, Cost, End, FailureKind, Observer, Outcome, Routed, Told, tokens};
pub use probe::{Probed, Prober, Question};
pub use snapshot::{Deployment, Environment, PriceBook, Provider, Settings, Snapshot, Timeouts};
pub use till::{Answered, Budget, Payment, Period, Till, Uncovered, Wanted};
pub use upstream::{Address, BadEndpoint, Endpoint};
pub use waiting::{Waiting, token_of};
pub use worker::Shared;
