//! The driver as a whole on a clock that stands still until a test moves it: hours pass in seconds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod house;
mod keeping;
mod stories;
mod thin;
