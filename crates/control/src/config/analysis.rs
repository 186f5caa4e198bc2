//! How a rollout judges green: by evidence that may be looked at after every request, or by fixed limits for those
//! who want them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::share::Share;
use super::units::Period;

/// How green is judged against blue.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Analysis {
    /// The way of judging.
    pub mode: Mode,
    /// Mode `sequential`: greatest probability of rolling a healthy green back, over the whole rollout.
    #[schemars(range(min = 0.000001, max = 0.5))]
    pub alpha: f64,
    /// Mode `sequential`: evidence from which the weight rises no further.
    #[schemars(range(min = 1.0))]
    pub caution: f64,
    /// Mode `sequential`: the guard of weights above 50 %, where comparison says little.
    pub challenge: Challenge,
    /// Judge and say so, but never act.
    pub dry_run: bool,
    /// Mode `sequential`: the streams of evidence.
    pub metrics: Metrics,
    /// Mode `threshold`: greatest share of failed requests, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub error_rate: f64,
    /// Mode `threshold`: greatest average latency in milliseconds.
    #[schemars(range(min = 1))]
    pub latency_ms: u64,
    /// Mode `threshold`: the time that is looked back on.
    pub window: Period,
    /// Mode `threshold`: least number of requests in the window.
    #[schemars(range(min = 1))]
    pub min_requests: u64,
}

impl Default for Analysis {
    fn default() -> Analysis {
        Analysis {
            mode: Mode::Sequential,
            alpha: 0.01,
            caution: 20.0,
            challenge: Challenge::default(),
            dry_run: false,
            metrics: Metrics::default(),
            error_rate: 0.05,
            latency_ms: 2_000,
            window: Period::seconds(60),
            min_requests: 20,
        }
    }
}

/// The way of judging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Green against concurrent blue, by evidence with a proven bound on false alarms.
    Sequential,
    /// Green against fixed limits. Suits HTTP services; on model traffic it turns many healthy greens back.
    Threshold,
}

/// The guard of weights above 50 %.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Challenge {
    /// Evidence from which the guard caps the weight.
    #[schemars(range(min = 1.0))]
    pub fire: f64,
    /// The weight that it caps at, in percent.
    pub cap: Share,
}

impl Default for Challenge {
    fn default() -> Challenge {
        Challenge {
            fire: 20.0,
            cap: Share::percent(50),
        }
    }
}

/// The streams of evidence.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Failures on both sides. `effect` in percentage points.
    pub error: Metric,
    /// Green's failures beside what blue then did with the same request. Works at every weight.
    pub hard: Metric,
    /// Time to the first byte. `effect` as a ratio.
    pub latency: Metric,
    /// Requests that outlive blue's 95th percentile without a first byte. `effect` in percentage points.
    pub tail: Metric,
    /// Time per answer token. `effect` as a ratio.
    pub time_per_output_token: Metric,
    /// Cost of a request. `effect` as a ratio.
    pub cost: Metric,
    /// Length of answers. `effect` as a ratio.
    pub output_length: Metric,
    /// Scores that were reported for answers. `effect` as a ratio.
    pub quality: Metric,
}

/// One stream of evidence.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metric {
    /// This stream's part of the plan's `alpha`: it acts when its evidence reaches 1 / alpha. By default its usual
    /// part of the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.000001, max = 0.5))]
    pub alpha: Option<f64>,
    /// The least difference that counts; the stream's own by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub effect: Option<f64>,
    /// What proof of a regression does; the stream's own by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<MetricAction>,
}

/// What proof of a regression in one stream does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetricAction {
    /// What the plan's `on_regression` says.
    Regression,
    /// The weight rises no further.
    Hold,
    /// Somebody is told.
    Notify,
    /// The stream is not looked at.
    Off,
}

/// A stream with every default filled in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stream {
    /// The stream's name in the file and in reports.
    pub name: &'static str,
    /// It acts when its evidence reaches 1 / alpha.
    pub alpha: f64,
    /// The least difference that counts: percentage points for `error` and `tail`, else a ratio.
    pub effect: f64,
    /// What proof of a regression does.
    pub action: MetricAction,
}

impl Analysis {
    /// The streams as they are judged. The four that can turn a rollout back share its alpha 4 : 3 : 2 : 1; the
    /// others hold by default and so spend none of it.
    pub fn streams(&self) -> [Stream; 8] {
        use MetricAction::{Hold, Notify, Regression};
        let metrics = &self.metrics;
        let stream = |name, metric: &Metric, part: f64, effect: f64, action| Stream {
            name,
            alpha: metric.alpha.unwrap_or(self.alpha * part),
            effect: metric.effect.unwrap_or(effect),
            action: metric.action.unwrap_or(action),
        };
        [
            stream("error", &metrics.error, 0.4, 1.0, Regression),
            stream("hard", &metrics.hard, 0.3, 0.0, Regression),
            stream("latency", &metrics.latency, 0.2, 1.25, Regression),
            stream("tail", &metrics.tail, 0.1, 5.0, Regression),
            stream(
                "time_per_output_token",
                &metrics.time_per_output_token,
                0.1,
                1.25,
                Hold,
            ),
            stream("cost", &metrics.cost, 0.1, 1.25, Notify),
            stream("output_length", &metrics.output_length, 0.1, 1.25, Notify),
            stream("quality", &metrics.quality, 0.1, 1.25, Hold),
        ]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn by_default_the_streams_act_at_250_333_500_and_1000() {
        let at: Vec<i64> = Analysis::default()
            .streams()
            .iter()
            .map(|s| (1.0 / s.alpha).round() as i64)
            .collect();
        assert_eq!(at.get(..4).unwrap(), [250, 333, 500, 1000]);
    }
}
