//! The only room that knows SQL: what a gateway must still know after `kill -9`.
//!
//! A [`Store`] is SQLite or Postgres behind the same functions; one set of contract tests runs on both. The functions
//! are grouped by noun, one module each, and take the store first: `store::routes::save(&store, ...)`. Rows are plain
//! structs, times are integer unix milliseconds given by the caller (this room reads no clock), JSON is carried as
//! text and never looked into.
//!
//! Where things are: [`url`](StoreUrl) reads the store's address; `sqlite` and `postgres` hold what is particular to
//! each database and nothing else; `database` runs one piece of portable SQL on whichever of them it is; `schema`
//! brings a database up to date from `migrations/`; every other module is a noun. A new noun is a migration, a module,
//! a file of contract tests.
//!
//! Every function answers or fails within about [`OPERATION_TIMEOUT`]. A write that failed with
//! [`StoreError::TimedOut`] or [`StoreError::Unavailable`] may still have happened: read back before trying again.

pub mod accounts;
pub mod audit;
pub mod buttons;
pub mod changes;
pub mod clock;
pub mod deployments;
pub mod gateways;
pub mod keys;
pub mod ledger;
pub mod meta;
pub mod prices;
pub mod requests;
pub mod rollouts;
pub mod routes;
pub mod topups;
pub mod usage;
pub mod vouchers;

mod database;
mod error;
pub mod expiring;
mod page;
mod postgres;
mod schema;
mod sqlite;
mod url;

pub use database::{OPERATION_TIMEOUT, Store};
pub use error::StoreError;
pub use page::{Cursor, MAXIMUM_PAGE_ROWS, Page};
pub use url::StoreUrl;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type UnixMilliseconds = i64;
