//! The rollouts of the show: their plan, how they are started, and what the gateway says of them. The gateway judges
//! them as it judges any other; only their clock is compressed.

use serde::Serialize;
use serde_json::{Value, json};

use super::stage::{Candidate, DEPLOYMENT, Stage};
use crate::client::{Ended, RolloutStatus, path};

/// A rollout at one moment, as the admin API tells it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Judged {
    pub(super) state: String,
    /// From 1.
    pub(super) phase: usize,
    pub(super) phases: usize,
    /// Percent that green gets in this phase.
    pub(super) weight: f64,
    pub(super) checks: Vec<Weighed>,
    /// What it waits for, or why it ended.
    pub(super) sentence: String,
    #[serde(skip)]
    pub(super) ended: Option<Ended>,
}

/// A check that may roll back: its evidence, and where that is enough.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Weighed {
    pub(super) stream: String,
    pub(super) evidence: Option<f64>,
    pub(super) limit: Option<f64>,
    pub(super) green_requests: u64,
}

/// The others only hold a rollout up.
const ROLLING_BACK: [&str; 4] = ["hard", "error", "latency", "tail"];

impl Judged {
    fn of(status: RolloutStatus) -> Judged {
        let weight = status.phases.get(status.phase).map(|phase| phase.weight);
        Judged {
            phase: status.phase + 1,
            phases: status.phases.len(),
            weight: weight.map_or(0.0, |weight| f64::from(weight.hundredths()) / 100.0),
            sentence: status.sentence().to_owned(),
            ended: status.ended(),
            state: status.state,
            checks: status
                .checks
                .into_iter()
                .filter(|check| ROLLING_BACK.contains(&check.stream.as_str()))
                .map(|check| Weighed {
                    stream: check.stream,
                    evidence: check.evidence,
                    limit: check.limit,
                    green_requests: check.n_green,
                })
                .collect(),
        }
    }

    /// `phase 2 of 5, 10 % to green`
    pub(super) fn place(&self) -> String {
        format!(
            "phase {} of {}, {} % to green",
            self.phase, self.phases, self.weight
        )
    }

    /// Evidence against its limit: `hard 1.0/333  error 1.2/250`
    pub(super) fn evidence(&self) -> String {
        let number = |number: Option<f64>, digits: usize| {
            number.map_or_else(|| "-".to_owned(), |number| format!("{number:.digits$}"))
        };
        let checks = self.checks.iter().map(|check| {
            let (evidence, limit) = (number(check.evidence, 1), number(check.limit, 0));
            format!("{} {evidence}/{limit}", check.stream)
        });
        checks.collect::<Vec<_>>().join("  ")
    }
}

impl Stage {
    /// Gives blue its candidate, and starts the rollout.
    pub(super) async fn roll_out(&self, blue: Candidate, green: Candidate) -> anyhow::Result<()> {
        self.define(blue, green).await?;
        let path = path(&["deployments", DEPLOYMENT, "rollout"]);
        self.admin.post(&path, &json!({"plan": plan()})).await?;
        Ok(())
    }

    /// `crossfade rollout status assistant`
    pub(super) async fn judged(&self) -> anyhow::Result<Judged> {
        let path = path(&["deployments", DEPLOYMENT, "rollout"]);
        let answer = self.admin.get(&path).await?;
        Ok(Judged::of(self.admin.understood(&answer)?))
    }
}

/// Two seconds a phase can be followed by eye, and 8 requests are there by then even at 10 % of the traffic.
fn plan() -> Value {
    json!({
        "phases": [
            {"name": "precheck", "weight": 0, "probes": {"count": 4}},
            {"weight": 10},
            {"weight": 25},
            {"weight": 50},
            {"weight": 100},
        ],
        "phase_defaults": {"min_duration": "2s", "min_requests": 8, "max_duration": "1m"},
        "drain": {"timeout": "2s"},
    })
}

/// In the middle of a rollout, for tests of how it looks.
#[cfg(test)]
pub(super) fn sample() -> Judged {
    let weighed = |stream: &str, evidence, limit| Weighed {
        stream: stream.to_owned(),
        evidence: Some(evidence),
        limit: Some(limit),
        green_requests: 5,
    };
    Judged {
        state: "progressing".to_owned(),
        phase: 2,
        phases: 5,
        weight: 10.0,
        checks: vec![weighed("hard", 1.0, 333.3), weighed("error", 1.24, 250.0)],
        sentence: "waiting for 5 of 8 requests to green".to_owned(),
        ended: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_rollout_says_where_it_is_and_how_the_evidence_stands() {
        let judged = sample();
        assert_eq!(judged.place(), "phase 2 of 5, 10 % to green");
        assert_eq!(judged.evidence(), "hard 1.0/333  error 1.2/250");
    }
}
