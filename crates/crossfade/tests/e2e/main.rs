//! The gateway as its users meet it: the built binary as a process, real sockets, simulated vendors.
//!
//! One test binary for all themes keeps linking cheap. Every test has a gateway, vendors, ports and a folder of its
//! own. What a room can be shown to do alone is shown in that room's tests; here is what only the whole can promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod databases;
mod ending;
mod figures;
mod flagship;
mod house;
mod keys;
mod ledger;
mod limiter;
mod money;
mod refusals;
mod reload;
mod restart;
mod roles;
mod secrecy;
mod shared_store;
mod survival;
mod verbs;
mod verbs_by_command;
