//! What crossfade is shown and tested with.
//!
//! [`vendors`] is part of the product: `crossfade simulate` and `crossfade demo` run it. The rest is for tests
//! alone and sits behind the feature `harness`: [`bad_upstream`] misbehaves to the byte and keeps its own
//! record of what happened, and [`wait`] makes tests over real sockets and real processes short to write.
//!
//! Nothing here uses the rooms it judges: a simulator that borrowed the gateway's own translation would agree
//! with its mistakes.

#[cfg(feature = "harness")]
pub mod bad_upstream;
pub mod vendors;
#[cfg(feature = "harness")]
pub mod wait;
