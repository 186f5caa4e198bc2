//! Whole rollouts against simulated traffic: what is rolled back, how soon, and what is not.
//!
//! No time passes here: a rollout of hours is a queue of events. Small by default; with
//! `CROSSFADE_FULL=1` as large as the published table, which this prints:
//!
//!     CROSSFADE_FULL=1 cargo test -p decide --release --test simulation -- --nocapture --test-threads 1

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod detection;
mod healthy;
mod traffic;

/// How many rollouts a test runs.
// A test's own setting, not a decision's input.
#[allow(clippy::disallowed_methods)]
pub(crate) fn rollouts(few: u64, full: u64) -> u64 {
    if std::env::var_os("CROSSFADE_FULL").is_some() {
        full
    } else {
        few
    }
}
