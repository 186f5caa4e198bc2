//! How much is measured: a whole run, and one for looking.

use crate::proxies::Scale;

/// How much of everything.
pub(crate) struct Size {
    pub(crate) starts: usize,
    pub(crate) rounds: u32,
    /// Requests of each of the 16 connections in a slice.
    pub(crate) requests: u32,
    /// Events of each stream in a slice.
    pub(crate) events: u32,
    /// Streams of which the first event is timed, in a round.
    pub(crate) first_events: u32,
    pub(crate) rate_seconds: u64,
    pub(crate) slow_streams: usize,
    /// Requests and events under the instruction counter.
    pub(crate) counted: u32,
    /// What crossfade alone is measured with.
    pub(crate) scales: &'static [Scale],
}

pub(crate) const FULL: Size = Size {
    starts: 7,
    rounds: 9,
    requests: 1_000,
    events: 200,
    first_events: 100,
    rate_seconds: 3,
    slow_streams: 1_000,
    counted: 2_000,
    scales: &[
        Scale::deployments(1),
        Scale::deployments(100),
        Scale::deployments(10_000),
        Scale::keys(1_000),
        Scale::keys(1_000_000),
    ],
};

pub(crate) const QUICK: Size = Size {
    starts: 3,
    rounds: 3,
    requests: 250,
    events: 100,
    first_events: 50,
    rate_seconds: 1,
    slow_streams: 200,
    counted: 500,
    scales: &[
        Scale::deployments(1),
        Scale::deployments(1_000),
        Scale::keys(10_000),
    ],
};
