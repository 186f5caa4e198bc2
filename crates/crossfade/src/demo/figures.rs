//! All that is shown at one moment: what users saw, and what the gateway reports of itself. Nothing here is made up
//! for the show; both sides are measured, and they have to agree.

use serde::Serialize;

use super::judged::Judged;
use super::stage::{Side, WINDOW_SECONDS};
use super::tally::{Counts, SESSIONS, UsersWindow};
use crate::client::{Deployment, Environment};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Figures {
    /// Since traffic began.
    pub(super) seconds: f64,
    pub(super) revision: u64,
    /// Percent that green shall get.
    pub(super) target_green: f64,
    /// Percent of single requests that were routed to green since the route's last change, and of how many.
    pub(super) actual_green: Option<f64>,
    pub(super) drawn: u64,
    /// As users met them, over the last ten seconds.
    pub(super) users: Row,
    /// `provider/model`: which vendor answers.
    pub(super) blue_model: String,
    /// Empty where there is no green.
    pub(super) green_model: String,
    /// As the gateway reports them, over the same time.
    pub(super) blue: Row,
    pub(super) green: Row,
    /// Answers that users got and checked, and those that were no good.
    pub(super) answers: u64,
    pub(super) errors: u64,
    /// Requests that green failed and blue answered.
    pub(super) rescues: u64,
    pub(super) sessions: Sessions,
    pub(super) rollback: Option<Rollback>,
    pub(super) rollout: Option<Judged>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) requests_per_second: f64,
    /// 0 to 1.
    pub(super) error_rate: f64,
    pub(super) p50_ms: Option<f64>,
    pub(super) p95_ms: Option<f64>,
    pub(super) first_byte_p50_ms: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Sessions {
    pub(super) blue: u64,
    pub(super) green: u64,
    /// Changes of side that no change of the route explains.
    pub(super) moved: u64,
    #[serde(skip)]
    pub(super) sides: [Option<Side>; SESSIONS],
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Rollback {
    /// From the command to its answer.
    pub(super) in_force_ms: f64,
    /// When the last request that came to green was sent, counted from the command; negative: before it.
    pub(super) last_green_ms: Option<f64>,
    /// Requests sent after the answer, and those of them that came to green.
    pub(super) answers_since: u64,
    pub(super) green_since: u64,
}

impl Figures {
    pub(super) fn of(
        seconds: f64,
        deployment: &Deployment,
        rollout: Option<Judged>,
        counts: &Counts,
    ) -> Figures {
        // In the first seconds the windows are not full.
        let over = seconds.clamp(1.0, WINDOW_SECONDS as f64);
        Figures {
            seconds,
            revision: deployment.revision,
            target_green: f64::from(deployment.split.green.hundredths()) / 100.0,
            actual_green: counts.drawn.green_percent(),
            drawn: counts.drawn.all,
            users: users(&counts.window(), over),
            blue_model: deployment.blue.target(),
            green_model: deployment
                .green
                .as_ref()
                .map(Environment::target)
                .unwrap_or_default(),
            blue: reported(&deployment.blue, over),
            green: deployment
                .green
                .as_ref()
                .map(|green| reported(green, over))
                .unwrap_or_default(),
            answers: counts.answers,
            errors: counts.errors,
            rescues: counts.rescues,
            sessions: Sessions {
                blue: counts.sessions.on(Side::Blue),
                green: counts.sessions.on(Side::Green),
                moved: counts.sessions.moved,
                sides: counts.sessions.sides,
            },
            rollback: rollback(counts),
            rollout,
        }
    }

    /// What a user would complain about, and what the gateway promised and did not keep.
    pub(super) fn broken_promises(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut holds = |count: u64, what: &str| {
            if count > 0 {
                broken.push(format!("{what}: {count}"));
            }
        };
        holds(self.errors, "errors that users saw");
        holds(
            self.sessions.moved,
            "sessions that changed sides although the split did not",
        );
        holds(
            self.rollback.map_or(0, |rollback| rollback.green_since),
            "requests that came to green after the rollback",
        );
        broken
    }
}

/// A share of requests as people read it: hundredths matter only where errors are rare.
pub(super) fn shown_rate(rate: f64) -> String {
    let digits = usize::from(rate > 0.0 && rate < 0.01) * 2;
    format!("{:.digits$} %", rate * 100.0)
}

fn users(window: &UsersWindow, over: f64) -> Row {
    Row {
        requests_per_second: window.requests as f64 / over,
        error_rate: window.errors as f64 / (window.requests.max(1)) as f64,
        p50_ms: window.p50_ms,
        p95_ms: window.p95_ms,
        first_byte_p50_ms: window.first_byte_p50_ms,
    }
}

fn reported(environment: &Environment, over: f64) -> Row {
    let Some(window) = &environment.window else {
        return Row::default();
    };
    let latency = window.latency_ms.unwrap_or_default();
    Row {
        requests_per_second: window.requests.unwrap_or_default() as f64 / over,
        error_rate: window.error_rate.unwrap_or_default(),
        p50_ms: latency.p50,
        p95_ms: latency.p95,
        first_byte_p50_ms: window.ttft_ms.unwrap_or_default().p50,
    }
}

fn rollback(counts: &Counts) -> Option<Rollback> {
    let rollback = counts.rollback?;
    Some(Rollback {
        in_force_ms: rollback.command.took().as_secs_f64() * 1000.0,
        last_green_ms: counts.last_green_after_command().map(|seconds| seconds * 1000.0),
        answers_since: rollback.answers,
        green_since: rollback.green,
    })
}

/// Figures of the middle of a show, for tests of how they look.
#[cfg(test)]
pub(super) fn sample() -> Figures {
    let row = |requests_per_second, error_rate, p50| Row {
        requests_per_second,
        error_rate,
        p50_ms: Some(p50),
        p95_ms: Some(p50 * 1.4),
        first_byte_p50_ms: Some(p50 / 3.0),
    };
    let mut sides = [Some(Side::Blue); SESSIONS];
    for session in [3, 7, 8, 15, 21] {
        if let Some(side) = sides.get_mut(session) {
            *side = Some(Side::Green);
        }
    }
    Figures {
        seconds: 21.4,
        revision: 2,
        target_green: 20.0,
        actual_green: Some(21.3),
        drawn: 287,
        users: row(39.8, 0.0, 203.0),
        blue_model: super::stage::BLUE.to_string(),
        green_model: super::stage::GREEN.to_string(),
        blue: row(39.8, 0.0, 201.0),
        green: Row {
            p50_ms: None,
            p95_ms: None,
            first_byte_p50_ms: None,
            ..row(8.2, 1.0, 0.0)
        },
        answers: 853,
        errors: 0,
        rescues: 41,
        sessions: Sessions {
            blue: 19,
            green: 5,
            moved: 0,
            sides,
        },
        rollback: None,
        rollout: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn rates_are_whole_percents_unless_they_are_small() {
        let shown = [0.0, 0.0049, 0.4559, 1.0].map(shown_rate);
        assert_eq!(shown, ["0 %", "0.49 %", "46 %", "100 %"]);
    }

    #[test]
    fn every_kept_promise_is_silent_and_every_broken_one_is_told() {
        let mut figures = sample();
        assert_eq!(figures.broken_promises(), Vec::<String>::new());
        figures.errors = 2;
        figures.sessions.moved = 1;
        figures.rollback = Some(Rollback {
            in_force_ms: 2.0,
            last_green_ms: None,
            answers_since: 10,
            green_since: 3,
        });
        assert_eq!(figures.broken_promises().len(), 3);
    }
}
