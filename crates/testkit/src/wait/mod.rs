//! Tests over real sockets and real processes in a few lines.
//!
//! Everything here waits for a state and gives up loudly: a failed wait panics with what was waited for, where,
//! and for how long. For tests only, so panics are the right way to fail.
#![allow(clippy::panic)]

mod connection;
mod event_stream;
mod http;
mod process;
mod state;

pub(crate) use connection::chunks_within;
pub use connection::{DEADLINE, RawConnection, Reply, raw};
pub use event_stream::{Arrived, EventStream};
pub use http::{get, post, request, stream};
pub use process::{CrossfadeProcess, spawn_crossfade};
pub use state::{TempStore, free_port, until, until_async};
