//! The data plane over real sockets, against simulated vendors and a scripted bad one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod doors;
mod framing;
mod harness;
mod leaving;
mod limits;
mod live;
mod rescue;
mod routing;
mod streams;
