//! The command line as a user has it: the built binary, run against an admin API that answers by a script.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod check;
mod deployments;
mod explain;
mod gateway;
mod help;
mod keys;
mod money;
mod release;
mod report;
mod rollout;
mod run;
mod simulate;
mod tls;
