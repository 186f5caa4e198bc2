//! Faults, one family a file: the built binary over real sockets, something that breaks, and what must hold after it.
//!
//! Every case ends with [`invariants`]: the process lives, nothing panicked, memory and descriptors are back, nothing
//! is in flight, the ledger's sum is 0. Sizes are small by default; `CROSSFADE_FULL=1` runs those of the table in
//! `docs/reliability.md`. Figures go to standard error, so that they are seen of tests that pass too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../e2e/databases.rs"]
mod databases;
mod exhaustion;
#[path = "../e2e/house.rs"]
#[allow(
    dead_code,
    reason = "shared with the tests of the whole, which use other parts of it"
)]
mod house;
mod http2;
mod invariants;
mod leaving;
mod load;
mod measure;
mod slow;
mod smuggling;
mod stores;
mod storms;
mod vendors;
mod wire2;
mod world;
