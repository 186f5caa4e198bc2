//! The plans that need no configuration: `safe`, from which every other plan takes what it leaves out, and `fast`.

use super::analysis::Analysis;
use super::plans::{Drain, Gates, OnRegression, Phase, Plan, Probes, Strategy};
use super::share::Share;
use super::units::Period;

impl Default for Plan {
    /// What a plan of the file starts from: the built-in `safe`.
    fn default() -> Plan {
        Plan::safe()
    }
}

impl Plan {
    /// The phases of careful operators: two half hours at 5 and 10 %, then quarter hours, then a bake with 5 % of
    /// blue left for comparison.
    pub fn safe() -> Plan {
        let phase = |percent: u16, minutes: u64| Phase {
            weight: Share::percent(percent),
            min_duration: Some(Period::seconds(minutes * 60)),
            // As long again for thin traffic to reach its number of requests.
            max_duration: Some(Period::seconds(minutes * 120)),
            ..Phase::default()
        };
        Plan::with_phases(vec![
            precheck(),
            phase(5, 30),
            phase(10, 30),
            phase(25, 15),
            phase(50, 15),
            phase(75, 15),
            Phase {
                name: Some("bake".to_owned()),
                ..phase(95, 10)
            },
            Phase {
                name: Some("cutover".to_owned()),
                weight: Share::ALL,
                ..Phase::default()
            },
        ])
    }

    /// The same steps within minutes, for those who watch.
    pub fn fast() -> Plan {
        let phase = |percent: u16| Phase {
            weight: Share::percent(percent),
            ..Phase::default()
        };
        let weights = [10, 25, 50, 75, 100];
        let mut plan = Plan::with_phases(
            std::iter::once(precheck())
                .chain(weights.into_iter().map(phase))
                .collect(),
        );
        plan.phase_defaults.min_duration = Period::seconds(10);
        plan.phase_defaults.min_requests = 20;
        plan
    }

    /// A built-in plan by its name.
    pub fn built_in(name: &str) -> Option<Plan> {
        match name {
            "safe" => Some(Plan::safe()),
            "fast" => Some(Plan::fast()),
            _ => None,
        }
    }

    /// Names of the built-in plans.
    pub const BUILT_IN: [&'static str; 2] = ["safe", "fast"];

    fn with_phases(phases: Vec<Phase>) -> Plan {
        Plan {
            strategy: Strategy::Canary,
            phases,
            phase_defaults: Gates::default(),
            analysis: Analysis::default(),
            on_regression: OnRegression::Rollback,
            drain: Drain::default(),
            keep_previous: Period::seconds(86_400),
            deadline: Period::seconds(86_400),
            notify: Vec::new(),
        }
    }
}

/// The phase that no user sees.
fn precheck() -> Phase {
    Phase {
        name: Some("precheck".to_owned()),
        probes: Some(Probes::default()),
        ..Phase::default()
    }
}
