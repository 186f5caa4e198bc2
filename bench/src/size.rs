//! How much is measured: a whole run, and one for looking.

/// How much of everything.
pub(crate) struct Size {
    pub(crate) starts: usize,
    pub(crate) rounds: u32,
    /// Requests of each of the 16 connections in a slice.
    pub(crate) requests: u32,
    /// Events of each stream in a slice.
    pub(crate) events: u32,
    pub(crate) rate_seconds: u64,
    pub(crate) slow_streams: usize,
    /// Requests and events under the instruction counter.
    pub(crate) counted: u32,
    /// Deployments and keys that the cost of a request is measured with.
    pub(crate) deployments: &'static [usize],
    pub(crate) keys: &'static [usize],
}

pub(crate) const FULL: Size = Size {
    starts: 7,
    rounds: 9,
    requests: 1_000,
    events: 200,
    rate_seconds: 3,
    slow_streams: 1_000,
    counted: 2_000,
    deployments: &[1, 100, 10_000],
    keys: &[10, 1_000, 30_000],
};

pub(crate) const QUICK: Size = Size {
    starts: 3,
    rounds: 3,
    requests: 250,
    events: 100,
    rate_seconds: 1,
    slow_streams: 200,
    counted: 500,
    deployments: &[1, 1_000],
    keys: &[10, 10_000],
};
