//! `/metrics`: what happened, counted since the start, and how things stand at this moment.
//!
//! Every label is a name of our own configuration or a word of our own; no client can make a new
//! series. What was counted for deployments that are gone is dropped.

mod buckets;
mod counts;
mod page;

pub(crate) use counts::Counts;
pub use page::{CONTENT_TYPE, Metrics};

#[cfg(test)]
mod tests;
