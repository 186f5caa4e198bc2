//! Rollouts over real sockets: the built gateway, simulated vendors, traffic, and how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod buttons;
#[path = "../e2e/databases.rs"]
mod databases;
mod gateways;
mod judged;
mod kept;
mod restarts;
mod scene;
mod told;
