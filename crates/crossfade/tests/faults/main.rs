//! Faults, one family a file: the built binary over real sockets, something that breaks, and what must hold after it.
//!
//! Every case ends with [`invariants`]: the process lives, nothing panicked, memory and descriptors are back, nothing
//! is in flight, the ledger's sum is 0. Sizes are small by default; `CROSSFADE_FULL=1` runs those of the table in
//! `docs/reliability.md`. Figures go to standard error, so that they are seen of tests that pass too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../e2e/house.rs"]
#[allow(
    dead_code,
    reason = "shared with the tests of the whole, which use other parts of it"
)]
mod house;
mod invariants;
mod leaving;
mod measure;
mod smuggling;
mod vendors;
