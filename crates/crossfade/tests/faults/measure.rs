//! Sizes and figures of a run.

use std::io::Write;
use std::time::Duration;

/// Whether this run is one of full size.
pub(crate) fn is_full() -> bool {
    std::env::var_os("CROSSFADE_FULL").is_some_and(|value| value == "1")
}

/// How many: by default, and at full size.
pub(crate) fn sized(usual: usize, full: usize) -> usize {
    if is_full() { full } else { usual }
}

/// Puts a figure where it is seen even if the test passes, which hides what `eprintln!` says.
pub(crate) fn figure(what: &str, value: impl std::fmt::Display) {
    let line = format!("FIGURE {what}: {value}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Times in order.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn of(mut times: Vec<Duration>) -> Times {
        times.sort_unstable();
        Times(times)
    }

    /// The least time that this percentage of all do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0[rank - 1]
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let milliseconds = |percent| self.percentile(percent).as_secs_f64() * 1_000.0;
        let (middle, late, last) = (milliseconds(50), milliseconds(99), milliseconds(100));
        write!(
            out,
            "p50 {middle:.1} ms, p99 {late:.1} ms, most {last:.1} ms, N {}",
            self.0.len()
        )
    }
}
