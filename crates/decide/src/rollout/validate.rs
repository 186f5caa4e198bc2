//! From a draft to a plan, or every reason why not, each with the field it is about.

mod analysis;
mod phases;

use super::draft::PlanDraft;
use super::plan::{OnRegression, Plan, Strategy};
use super::standard;

/// One thing that is wrong with a plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct PlanRefused {
    /// As in the file: `phases[2].weight`.
    pub field: String,
    pub problem: PlanProblem,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanProblem {
    #[error("unknown name '{name}'; known are {}", known.join(", "))]
    UnknownName { name: String, known: Vec<&'static str> },
    #[error("is {value}, but must be {range}")]
    OutOfRange { value: f64, range: &'static str },
    #[error("is {weight}%, but weights must rise: the phase before has {before}%")]
    NotRising { weight: f64, before: f64 },
    #[error("the last phase has {weight}%, but a plan ends at 100%")]
    NotEndingAtAll { weight: f64 },
    #[error("a plan needs phases, at least one at 100%")]
    NoPhases,
    #[error("the streams that find regressions have alphas that sum to {sum}, but must sum to {total}")]
    AlphasDoNotSum { sum: f64, total: f64 },
    #[error("{why}")]
    Misplaced { why: &'static str },
}

/// Seconds in ten years: a longer time is a slip of the pen.
const LONGEST_SECONDS: f64 = 315_360_000.0;

impl PlanDraft {
    pub fn validate(&self) -> Result<Plan, Vec<PlanRefused>> {
        let mut found = Found::default();
        let strategy = found.name(
            "strategy",
            &self.strategy,
            Strategy::Canary,
            &Strategy::ALL,
            Strategy::name,
        );
        let phases = found.phases(self, strategy);
        let analysis = found.analysis(&self.analysis);
        let on_regression = found.name(
            "on_regression",
            &self.on_regression,
            OnRegression::Rollback,
            &OnRegression::ALL,
            OnRegression::name,
        );
        let drain = found.seconds(
            "drain.timeout",
            self.drain_timeout_seconds,
            standard::DRAIN_TIMEOUT_SECONDS,
        );
        let keep = found.seconds(
            "keep_previous",
            self.keep_previous_seconds,
            standard::KEEP_PREVIOUS_SECONDS,
        );
        let deadline = found.seconds("deadline", self.deadline_seconds, standard::DEADLINE_SECONDS);
        match phases {
            Some((ramp, cutover)) if found.refused.is_empty() => Ok(Plan {
                name: self.name.clone().unwrap_or_else(|| "custom".to_owned()),
                strategy,
                ramp,
                cutover,
                analysis,
                on_regression,
                drain_timeout_seconds: drain,
                keep_previous_seconds: keep,
                deadline_seconds: deadline,
            }),
            _ => Err(found.refused),
        }
    }
}

/// Collects what is wrong, and goes on with the standard value.
#[derive(Default)]
struct Found {
    refused: Vec<PlanRefused>,
}

impl Found {
    fn refuse(&mut self, field: impl Into<String>, problem: PlanProblem) {
        let field = field.into();
        self.refused.push(PlanRefused { field, problem });
    }

    fn name<T: Copy>(
        &mut self,
        field: &str,
        given: &Option<String>,
        standard: T,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> T {
        let Some(given) = given else { return standard };
        if let Some(known) = all.iter().find(|known| name(**known) == given) {
            return *known;
        }
        self.unknown(field, given, all.iter().map(|known| name(*known)).collect());
        standard
    }

    /// The likeliest of the known names comes first.
    fn unknown(&mut self, field: &str, name: &str, mut known: Vec<&'static str>) {
        let likeness = |known: &str| strsim::jaro_winkler(known, name);
        known.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
        let name = name.to_owned();
        self.refuse(field, PlanProblem::UnknownName { name, known });
    }

    fn number(
        &mut self,
        field: &str,
        given: Option<f64>,
        standard: f64,
        fits: impl Fn(f64) -> bool,
        range: &'static str,
    ) -> f64 {
        match given {
            Some(value) if fits(value) => value,
            Some(value) => {
                self.refuse(field, PlanProblem::OutOfRange { value, range });
                standard
            }
            None => standard,
        }
    }

    fn seconds(&mut self, field: &str, given: Option<f64>, standard: f64) -> f64 {
        let fits = |value: f64| value > 0.0 && value <= LONGEST_SECONDS;
        self.number(field, given, standard, fits, "above 0 and at most ten years")
    }

    fn at_least_one(&mut self, field: &str, given: Option<u64>, standard: u64) -> u64 {
        if given == Some(0) {
            let range = "at least 1: no phase is left without data";
            self.refuse(field, PlanProblem::OutOfRange { value: 0.0, range });
        }
        given.unwrap_or(standard)
    }
}
