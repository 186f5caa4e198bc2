//! One attempt at a vendor: connect, send, and the head of what comes back.
//!
//! Connections are kept per worker, so no lock and no other thread stands between a request and
//! its upstream. Every failure is typed by what happened, never by a library's error.

mod body;
mod connect;
mod endpoint;
mod exchange;
mod failure;
mod http1;
mod http2;
mod io;
mod names;
mod pool;
mod tls;

pub(crate) use body::Body;
pub use endpoint::{Address, BadEndpoint, Endpoint};
pub(crate) use exchange::{Response, Wire, send};
pub(crate) use failure::Failure;
pub(crate) use http2::flatten;
pub(crate) use pool::{Landing, Pool, READ_SIZE};
