//! The last minute of one environment, second by second.
//!
//! Whole seconds enter and leave, so a figure is at most one second older than the window says, and
//! an environment without traffic costs nothing.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::histogram::{Histogram, Total};
use super::parts::Part;

/// An environment's statistics over a window, as the admin API shows them. `null` where there is
/// nothing to measure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Window {
    /// The window's length.
    pub seconds: u64,
    /// Requests that used the environment, those of probes excepted. One that green failed and blue
    /// answered is in both.
    pub requests: u64,
    /// Those that the environment failed. Neither a caller's mistake nor a client that left is one.
    pub errors: u64,
    /// 0 to 1; 0 without requests.
    pub error_rate: f64,
    /// Of good answers, to their end.
    pub latency_ms: Spread,
    /// To the first byte that says anything.
    pub ttft_ms: Spread,
    /// Of good answers, after their first byte where they were streamed.
    pub output_tokens_per_second: Option<f64>,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// A decimal string.
    pub cost_usd: String,
}

/// The average, exact, and percentiles within 3.2 %, all in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Spread {
    pub avg: Option<f64>,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
}

/// The seconds of one environment that had traffic.
#[derive(Debug, Default)]
pub(super) struct Ring {
    seconds: VecDeque<Second>,
}

#[derive(Debug, Default)]
struct Second {
    /// Which second, since the start.
    at: u64,
    requests: u64,
    errors: u64,
    latency: Histogram,
    first_byte: Histogram,
    input_tokens: u64,
    output_tokens: u64,
    /// Of `output_tokens`, those whose making could be timed, and how long that took.
    timed_tokens: u64,
    generation: Duration,
    cost_nanos: u64,
}

impl Ring {
    /// Counts a part at `now` and forgets what is older than `length` seconds.
    pub(super) fn add(&mut self, part: &Part, now: u64, length: u64) {
        self.forget(now, length);
        if self.seconds.back().is_none_or(|last| last.at < now) {
            self.seconds.push_back(Second {
                at: now,
                ..Second::default()
            });
        }
        if let Some(second) = self.seconds.back_mut() {
            second.add(part);
        }
    }

    pub(super) fn forget(&mut self, now: u64, length: u64) {
        while self.seconds.front().is_some_and(|first| first.at + length <= now) {
            self.seconds.pop_front();
        }
    }

    /// The figures of the last `length` seconds.
    pub(super) fn read(&self, now: u64, length: u64) -> Window {
        let mut sum = Second::default();
        let (mut latency, mut first_byte) = (Total::default(), Total::default());
        let recent = self.seconds.iter().filter(|second| second.at + length > now);
        for second in recent {
            latency.add(&second.latency);
            first_byte.add(&second.first_byte);
            sum.requests += second.requests;
            sum.errors += second.errors;
            sum.input_tokens += second.input_tokens;
            sum.output_tokens += second.output_tokens;
            sum.timed_tokens += second.timed_tokens;
            sum.generation += second.generation;
            sum.cost_nanos = sum.cost_nanos.saturating_add(second.cost_nanos);
        }
        let speed = sum.timed_tokens as f64 / sum.generation.as_secs_f64();
        Window {
            seconds: length,
            requests: sum.requests,
            errors: sum.errors,
            error_rate: rounded(sum.errors as f64 / sum.requests.max(1) as f64, 10_000.0),
            latency_ms: spread(&latency),
            ttft_ms: spread(&first_byte),
            output_tokens_per_second: speed.is_finite().then(|| rounded(speed, 10.0)),
            input_tokens: sum.input_tokens,
            output_tokens: sum.output_tokens,
            cost_usd: usd(sum.cost_nanos),
        }
    }
}

impl Second {
    fn add(&mut self, part: &Part) {
        self.requests += 1;
        self.errors += u64::from(part.failed);
        self.input_tokens += part.input_tokens;
        self.output_tokens += part.output_tokens;
        self.cost_nanos = self.cost_nanos.saturating_add(part.cost.get().unsigned_abs());
        if let Some(latency) = part.latency {
            self.latency.add(latency);
        }
        if let Some(first_byte) = part.first_byte {
            self.first_byte.add(first_byte);
        }
        if let Some(generation) = part.generation {
            self.timed_tokens += part.output_tokens;
            self.generation += generation;
        }
    }
}

fn spread(total: &Total) -> Spread {
    // A hundredth of a millisecond: finer than a percentile can tell anyway.
    let millis = |micros: Option<f64>| micros.map(|micros| rounded(micros / 1_000.0, 100.0));
    Spread {
        avg: millis(total.average()),
        p50: millis(total.percentile(0.5)),
        p95: millis(total.percentile(0.95)),
        p99: millis(total.percentile(0.99)),
    }
}

fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

/// Nano-dollars as dollars with six decimals, the last one rounded.
fn usd(nanos: u64) -> String {
    let micros = nanos / 1_000 + u64::from(nanos % 1_000 >= 500);
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn good(millis: u64) -> Part {
        Part {
            latency: Some(Duration::from_millis(millis)),
            first_byte: Some(Duration::from_millis(millis / 2)),
            input_tokens: 7,
            output_tokens: 20,
            generation: Some(Duration::from_millis(millis / 2)),
            ..Part::default()
        }
    }

    fn failed() -> Part {
        Part {
            failed: true,
            ..Part::default()
        }
    }

    #[test]
    fn a_window_forgets_by_the_second() {
        let mut ring = Ring::default();
        for second in 0..100 {
            ring.add(&good(100), second, 60);
        }
        assert_eq!(ring.seconds.len(), 60);
        let requests = |now| ring.read(now, 60).requests;
        assert_eq!([99, 100, 158, 159, 1_000].map(requests), [60, 59, 1, 0, 0]);
    }

    #[test]
    fn figures_are_those_of_the_contract() {
        let mut ring = Ring::default();
        (0..808).for_each(|_| ring.add(&good(100), 5, 60));
        (0..4).for_each(|_| ring.add(&failed(), 6, 60));
        let window = ring.read(6, 60);
        assert_eq!(
            (window.requests, window.errors, window.error_rate),
            (812, 4, 0.0049)
        );
        assert_eq!(window.latency_ms.avg, Some(100.0));
        assert_eq!(window.output_tokens_per_second, Some(400.0));
        assert_eq!((window.input_tokens, window.output_tokens), (808 * 7, 808 * 20));
    }

    #[test]
    fn an_empty_window_says_that_there_is_nothing_to_measure() {
        let shown = serde_json::to_value(Ring::default().read(0, 60)).unwrap();
        let nothing = serde_json::json!({"avg": null, "p50": null, "p95": null, "p99": null});
        let expected = serde_json::json!({
            "seconds": 60, "requests": 0, "errors": 0, "error_rate": 0.0,
            "latency_ms": nothing, "ttft_ms": nothing, "output_tokens_per_second": null,
            "input_tokens": 0, "output_tokens": 0, "cost_usd": "0.000000",
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn money_is_shown_to_the_millionth_dollar() {
        for (nanos, shown) in [
            (0, "0.000000"),
            (499, "0.000000"),
            (500, "0.000001"),
            (1_204_113_000, "1.204113"),
        ] {
            assert_eq!(usd(nanos), shown);
        }
    }
}
