//! Cases that gateways get wrong, each by its name. Those about sockets, headers and keys are the gateway's;
//! what they ask of a dialect is here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(clippy::duplicate_mod)]
mod clients;
mod harness;

#[path = "tricky/answers.rs"]
mod answers;
#[path = "tricky/ends.rs"]
mod ends;
#[path = "tricky/requests.rs"]
mod requests;
#[path = "tricky/rounds.rs"]
mod rounds;
