//! Contract tests of the desk, run on SQLite and on Postgres: what it decides is stored, in force, and told the same
//! to every gateway on the store.
//!
//! Postgres is expected on 127.0.0.1:5432. Set CROSSFADE_TEST_POSTGRES to another server, or CROSSFADE_SKIP_POSTGRES=1
//! to leave it out, which the output then says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[macro_use]
mod places;
mod files;
mod keys;
mod releases;
mod rollouts;
mod trouble;
