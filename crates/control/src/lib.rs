//! The control plane: what the gateway should do, and who may say so.

pub mod announce;
pub mod api;
pub mod config;
pub mod desk;
#[cfg(test)]
mod documents;
pub mod driver;
pub mod events;
pub mod gate;
pub mod health;
pub mod ledger;
pub mod limiter;
mod memory;
pub mod metrics;
pub mod observe;
pub mod prices;
pub mod report;
pub mod requests;
pub mod usage;
