//! The analysis of a draft: its mode, what each stream may do, and who spends how much alpha.

use crate::Share;
use crate::evidence::{Action, Limits, Metric, Metrics, Stream};

use super::super::draft::{AnalysisDraft, MetricDraft};
use super::super::plan::{Analysis, Challenge, Mode};
use super::super::standard;
use super::{Found, PlanProblem};

/// Alphas are written with few digits; this forgives their sum its last ones.
const ALPHA_TOLERANCE: f64 = 1e-9;

impl Found {
    pub(super) fn analysis(&mut self, draft: &AnalysisDraft) -> Analysis {
        let threshold = match draft.mode.as_deref() {
            None | Some("sequential") => false,
            Some("threshold") => true,
            Some(other) => {
                self.unknown("analysis.mode", other, vec!["sequential", "threshold"]);
                false
            }
        };
        self.only_keys_of_the_mode(draft, threshold);
        let above_one = |value: f64| value > 1.0 && value <= 1e12;
        let below_half = |value: f64| value > 0.0 && value <= 0.5;
        let challenge = draft.challenge.clone().unwrap_or_default();
        let fire = standard::CHALLENGE_FIRE;
        let alpha = self.number(
            "analysis.alpha",
            draft.alpha,
            standard::ALPHA,
            below_half,
            "above 0 and at most 0.5",
        );
        Analysis {
            mode: if threshold {
                Mode::Threshold(self.limits(draft))
            } else {
                Mode::Sequential
            },
            alpha,
            caution: self.number(
                "analysis.caution",
                draft.caution,
                standard::CAUTION,
                above_one,
                "above 1",
            ),
            challenge: Challenge {
                fire: self.number(
                    "analysis.challenge.fire",
                    challenge.fire,
                    fire,
                    above_one,
                    "above 1",
                ),
                cap: self.cap(challenge.cap),
            },
            dry_run: draft.dry_run.unwrap_or(false),
            metrics: self.metrics(draft, alpha),
        }
    }

    fn cap(&mut self, given: Option<f64>) -> Share {
        let percent = given.unwrap_or(standard::CHALLENGE_CAP_PERCENT);
        match Share::from_percent(percent) {
            Some(cap) if !cap.is_exact() => cap,
            _ => {
                let range = "above 0 and below 100, in steps of 0.01";
                self.refuse(
                    "analysis.challenge.cap",
                    PlanProblem::OutOfRange {
                        value: percent,
                        range,
                    },
                );
                Share::NONE
            }
        }
    }

    fn only_keys_of_the_mode(&mut self, draft: &AnalysisDraft, threshold: bool) {
        let limits = [
            ("error_rate", draft.error_rate.is_some()),
            ("latency_ms", draft.latency_ms.is_some()),
            ("window", draft.window_seconds.is_some()),
            ("min_requests", draft.min_requests.is_some()),
        ];
        let evidence = [
            ("alpha", draft.alpha.is_some()),
            ("caution", draft.caution.is_some()),
            ("challenge", draft.challenge.is_some()),
            ("metrics", !draft.metrics.is_empty()),
        ];
        let (foreign, why) = if threshold {
            (evidence, "belongs to mode sequential")
        } else {
            (limits, "belongs to mode threshold")
        };
        for (name, _) in foreign.into_iter().filter(|(_, given)| *given) {
            self.refuse(format!("analysis.{name}"), PlanProblem::Misplaced { why });
        }
    }

    fn limits(&mut self, draft: &AnalysisDraft) -> Limits {
        let standard = Limits::STANDARD;
        let rate = |value: f64| value > 0.0 && value < 1.0;
        let time = |value: f64| value > 0.0 && value <= 3_600_000.0;
        let error_rate = self.number(
            "analysis.error_rate",
            draft.error_rate,
            standard.error_rate,
            rate,
            "above 0 and below 1",
        );
        let latency_ms = self.number(
            "analysis.latency_ms",
            draft.latency_ms,
            standard.latency_seconds * 1000.0,
            time,
            "above 0 and at most an hour",
        );
        let fewest = self.at_least_one(
            "analysis.min_requests",
            draft.min_requests,
            standard.min_requests as u64,
        );
        Limits {
            error_rate,
            latency_seconds: latency_ms / 1000.0,
            window_seconds: self.seconds("analysis.window", draft.window_seconds, standard.window_seconds),
            min_requests: fewest as f64,
        }
    }

    fn metrics(&mut self, draft: &AnalysisDraft, alpha: f64) -> Metrics {
        let mut metrics = Metrics::STANDARD;
        let mut given = Vec::new();
        for (name, metric) in &draft.metrics {
            let field = format!("analysis.metrics.{name}");
            let Some(stream) = Stream::from_name(name) else {
                self.unknown(&field, name, Stream::ALL.map(Stream::name).to_vec());
                continue;
            };
            self.metric(&field, metric, stream, metrics.of_mut(stream));
            if metric.alpha.is_some() {
                given.push(stream);
            }
        }
        self.share_alpha(&mut metrics, &given, alpha);
        metrics
    }

    fn metric(&mut self, field: &str, draft: &MetricDraft, stream: Stream, metric: &mut Metric) {
        let of = |name: &str| format!("{field}.{name}");
        metric.action = self.name(
            &of("action"),
            &draft.action,
            metric.action,
            &Action::ALL,
            Action::name,
        );
        metric.effect = if stream.counts_cases() {
            let points = 100.0 * metric.effect;
            let fits = |value: f64| (0.0..100.0).contains(&value);
            self.number(
                &of("effect"),
                draft.effect,
                points,
                fits,
                "0 to 100 percentage points",
            ) / 100.0
        } else {
            let fits = |value: f64| (1.0..1e6).contains(&value);
            self.number(
                &of("effect"),
                draft.effect,
                metric.effect,
                fits,
                "a ratio of at least 1",
            )
        };
        if draft.alpha.is_some() && metric.action != Action::Regression {
            let why = "only a stream with action regression spends alpha";
            self.refuse(of("alpha"), PlanProblem::Misplaced { why });
        }
        let positive = |value: f64| value > 0.0 && value <= 0.5;
        let range = "above 0 and at most 0.5";
        metric.alpha = self.number(&of("alpha"), draft.alpha, metric.alpha, positive, range);
    }

    /// Streams without an alpha of their own share what the others leave, in the standard
    /// proportions; then all of those that roll back sum to the total.
    fn share_alpha(&mut self, metrics: &mut Metrics, given: &[Stream], total: f64) {
        let (mut spent, mut parts) = (0.0, 0.0);
        for stream in Stream::ALL {
            match metrics.of(stream).action {
                Action::Regression if given.contains(&stream) => spent += metrics.of(stream).alpha,
                Action::Regression => parts += parts_of_alpha(stream),
                Action::Hold | Action::Notify | Action::Off => metrics.of_mut(stream).alpha = 0.0,
            }
        }
        let left = total - spent;
        let sums = if parts > 0.0 {
            left > total * ALPHA_TOLERANCE
        } else {
            left.abs() <= total * ALPHA_TOLERANCE
        };
        if !sums && (spent > 0.0 || parts > 0.0) {
            self.refuse(
                "analysis.metrics",
                PlanProblem::AlphasDoNotSum { sum: spent, total },
            );
            return;
        }
        for stream in Stream::ALL {
            let metric = metrics.of_mut(stream);
            if metric.action == Action::Regression && !given.contains(&stream) {
                metric.alpha = left * parts_of_alpha(stream) / parts;
            }
        }
    }
}

/// The standard proportions. What does not roll back by itself gets as much as the least of those
/// that do.
fn parts_of_alpha(stream: Stream) -> f64 {
    match stream {
        Stream::Error => 4.0,
        Stream::Hard => 3.0,
        Stream::Latency => 2.0,
        Stream::Tail | Stream::TimePerOutputToken | Stream::Cost | Stream::OutputLength => 1.0,
    }
}
