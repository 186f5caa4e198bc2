//! What the book promises: operation by operation, and in storms of any of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod life;
mod storms;
