//! How many requests a bad green gets before it is out.

use decide::Share;
use decide::rollout::{GateDraft, PhaseDraft, Plan, PlanDraft, Stage};

use crate::rollouts;
use crate::traffic::{Conduct, GOOD, World, run};

/// Stays at one weight.
fn stay_at(percent: f64) -> Plan {
    let ramp = [0.0, percent, 100.0].map(|weight| PhaseDraft {
        weight,
        gate: GateDraft {
            min_duration_seconds: Some(80_000.0),
            ..GateDraft::default()
        },
        ..PhaseDraft::default()
    });
    let draft = PlanDraft {
        phases: Some(ramp.to_vec()),
        ..PlanDraft::default()
    };
    draft.validate().unwrap()
}

/// One row of the table: what is wrong with green, at which weight, and the median and 95th
/// percentile of green's requests that were expected and may be reached.
struct Row {
    what: &'static str,
    percent: f64,
    green: Conduct,
    published: (u64, u64),
}

const DEAD: Conduct = Conduct { fails: 1.0, ..GOOD };

const ROWS: [Row; 8] = [
    Row {
        what: "dead",
        percent: 5.0,
        green: DEAD,
        published: (3, 5),
    },
    Row {
        what: "dead",
        percent: 10.0,
        green: DEAD,
        published: (4, 6),
    },
    Row {
        what: "dead",
        percent: 25.0,
        green: DEAD,
        published: (6, 9),
    },
    Row {
        what: "dead",
        percent: 50.0,
        green: DEAD,
        published: (10, 13),
    },
    Row {
        what: "errors 1 -> 20 %",
        percent: 5.0,
        green: Conduct { fails: 0.2, ..GOOD },
        published: (19, 50),
    },
    Row {
        what: "latency x 3",
        percent: 5.0,
        green: Conduct {
            slowdown: 3.0,
            ..GOOD
        },
        published: (13, 21),
    },
    Row {
        what: "20 % hang",
        percent: 5.0,
        green: Conduct { hangs: 0.2, ..GOOD },
        published: (48, 106),
    },
    Row {
        what: "errors 1 -> 5 %",
        percent: 5.0,
        green: Conduct { fails: 0.05, ..GOOD },
        published: (221, 483),
    },
];

fn quantile(sorted: &[u64], q: f64) -> u64 {
    sorted[((sorted.len() - 1) as f64 * q).round() as usize]
}

/// Median and 95th percentile of green's requests, and the median of users' failures.
fn measure(plan: &Plan, world: &World, seeds: u64) -> (u64, u64, u64) {
    let mut requests = Vec::new();
    let mut failures = Vec::new();
    for seed in 0..seeds {
        let end = run(plan, world, seed);
        assert_eq!(end.stage, Stage::RollingBack, "seed {seed} is never found");
        requests.push(end.green_requests);
        failures.push(end.user_failures);
    }
    requests.sort_unstable();
    failures.sort_unstable();
    (
        quantile(&requests, 0.5),
        quantile(&requests, 0.95),
        quantile(&failures, 0.5),
    )
}

/// Within the noise of as many rollouts, and of a simulator with delays of its own.
#[track_caller]
fn near(what: &str, got: u64, published: u64) {
    let (least, most) = (0.6 * published as f64 - 2.0, 1.4 * published as f64 + 2.0);
    assert!(
        (least..=most).contains(&(got as f64)),
        "{what}: {got}, published {published}"
    );
}

#[test]
fn a_bad_green_is_out_after_as_few_requests_as_published() {
    let seeds = rollouts(40, 1000);
    println!("seeds 0 to {seeds}");
    println!("| green | at | median | 95 % | published |\n| --- | --- | --- | --- | --- |");
    for Row {
        what,
        percent,
        green,
        published,
    } in &ROWS
    {
        let (median, most, _) = measure(&stay_at(*percent), &World::with(*green), seeds);
        println!(
            "| {what} | {percent} % | {median} | {most} | {} / {} |",
            published.0, published.1
        );
        near(&format!("median of {what} at {percent} %"), median, published.0);
        near(&format!("95 % of {what} at {percent} %"), most, published.1);
    }
}

#[test]
fn a_green_that_dies_late_costs_users_nothing() {
    let seeds = rollouts(20, 300);
    let ramp = [0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 95.0, 100.0];
    let phases = ramp.map(|weight| PhaseDraft {
        weight,
        ..PhaseDraft::default()
    });
    let plan = PlanDraft {
        phases: Some(phases.to_vec()),
        ..PlanDraft::default()
    };
    let world = World {
        turns_bad_at: Share::from_percent(95.0).map(|share| (share, 30.0)),
        ..World::with(DEAD)
    };
    let (median, most, failures) = measure(&plan.validate().unwrap(), &world, seeds);
    println!("| dead late | 95 % | {median} | {most} | 15 / 19, users' failures {failures} |");
    assert_eq!(failures, 0, "blue answers what green fails");
    // Here some requests are under way when the verdict falls, half a second of them at 10/s.
    near("median of dead late", median, 15 + 5);
    near("95 % of dead late", most, 19 + 5);
}
