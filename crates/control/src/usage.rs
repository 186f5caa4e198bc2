//! What was used: by the hour, key, account, deployment, environment, provider and model.
//!
//! Every finished request is added to sums in memory, and once a second those that grew are written whole (see
//! `store::usage`), so a write may be repeated. A store that is away loses nothing: the sums stay, and are written
//! when it is back. What a `kill -9` or a power cut can lose is the usage of the last second, and of requests
//! that were still under way. The book of accounts is kept apart and loses nothing.

mod keep;
mod tally;

pub use keep::{flush, keep_usage};
pub(crate) use tally::Tally;
