//! What the store promises, held on SQLite and on Postgres alike: every promise is one function, run on both.
//!
//! Postgres is expected on 127.0.0.1:5432 (`CROSSFADE_TEST_POSTGRES` names another). If it cannot be reached the tests
//! fail; `CROSSFADE_SKIP_POSTGRES=1` skips them and says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[macro_use]
mod places;

mod audit;
mod buttons;
mod changes;
mod deployments;
mod gateways;
mod keys;
mod ledger;
mod meta;
mod opening;
mod prices;
mod processes;
mod requests;
mod rollouts;
mod routes;
mod samples;
mod topups;
mod trouble;
mod usage;
