//! A green that is as good as blue is left alone, whatever happens to both.

use std::collections::BTreeMap;

use decide::rollout::{AnalysisDraft, GateDraft, PhaseDraft, Plan, PlanDraft, Stage};

use crate::rollouts;
use crate::traffic::{End, GOOD, World, run};

/// The standard phases, each long enough for its hundred requests.
fn plan(analysis: AnalysisDraft) -> Plan {
    let ramp = [0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 95.0, 100.0];
    let phases = ramp.map(|weight| PhaseDraft {
        weight,
        ..PhaseDraft::default()
    });
    let draft = PlanDraft {
        analysis,
        phases: Some(phases.to_vec()),
        phase_defaults: GateDraft {
            min_duration_seconds: Some(60.0),
            ..GateDraft::default()
        },
        ..PlanDraft::default()
    };
    draft.validate().unwrap()
}

fn tell(what: &str, ends: &[End]) -> usize {
    let count = |stage: Stage| ends.iter().filter(|end| end.stage == stage).count();
    let rolled_back = count(Stage::RollingBack) + count(Stage::RolledBack);
    let mut causes = BTreeMap::new();
    for cause in ends.iter().filter_map(|end| end.cause) {
        *causes.entry(cause).or_insert(0) += 1;
    }
    let requests: u64 = ends.iter().map(|end| end.requests).sum();
    println!(
        "| {what} | {} | {} | {rolled_back} ({:.2} %) {causes:?} | {requests} |",
        ends.len(),
        count(Stage::Succeeded),
        100.0 * rolled_back as f64 / ends.len() as f64
    );
    rolled_back
}

#[test]
fn healthy_rollouts_are_hardly_ever_rolled_back() {
    let each = rollouts(60, 5000);
    let plan = plan(AnalysisDraft::default());
    let ends = |outages: bool, seeds: std::ops::Range<u64>| -> Vec<End> {
        let world = World {
            outages,
            ..World::with(GOOD)
        };
        seeds.map(|seed| run(&plan, &world, seed)).collect()
    };
    println!("seeds 0 to {}", 2 * each);
    println!(
        "| healthy green | rollouts | succeeded | rolled back | requests |\n| --- | --- | --- | --- | --- |"
    );
    let clean = ends(false, 0..each);
    let stormy = ends(true, each..2 * each);
    let rolled_back = tell("clean", &clean) + tell("outages common to both sides", &stormy);
    // One in 200 is the promise; a hundred rollouts are too few to see it more closely than this.
    let allowed = (2.0 * each as f64 * 0.005).ceil() as usize + if each < 1000 { 1 } else { 0 };
    assert!(rolled_back <= allowed, "{rolled_back} of {}", 2 * each);
    let succeeded = |ends: &[End]| ends.iter().filter(|end| end.stage == Stage::Succeeded).count();
    assert!(
        succeeded(&clean) * 100 >= clean.len() * 95,
        "a healthy green gets there: {}",
        succeeded(&clean)
    );
    assert!(
        succeeded(&stormy) * 100 >= stormy.len() * 80,
        "also in a storm: {}",
        succeeded(&stormy)
    );
}

/// Why evidence is the default.
#[test]
fn plain_limits_roll_most_healthy_rollouts_back() {
    let seeds = rollouts(20, 500);
    let plan = plan(AnalysisDraft {
        mode: Some("threshold".to_owned()),
        ..AnalysisDraft::default()
    });
    let ends: Vec<End> = (0..seeds)
        .map(|seed| run(&plan, &World::with(GOOD), seed))
        .collect();
    let rolled_back = tell("clean, mode threshold", &ends);
    assert!(rolled_back * 2 > ends.len(), "{rolled_back} of {}", ends.len());
}

/// A session that fails on one side fails again there: its failures are one draw, not many.
#[test]
fn sessions_in_trouble_of_their_own_are_no_regression() {
    let seeds = rollouts(40, 2000);
    let plan = plan(AnalysisDraft::default());
    let ends = |tells_units: bool| -> Vec<End> {
        let world = World {
            sessions: true,
            tells_units,
            ..World::with(GOOD)
        };
        (0..seeds).map(|seed| run(&plan, &world, seed)).collect()
    };
    let counted_once = tell("sessions, each counted once", &ends(true));
    let counted_each = tell("sessions, every request counted", &ends(false));
    assert!(counted_once * 100 <= seeds as usize, "{counted_once} of {seeds}");
    assert!(
        counted_each > 5 * (counted_once + 1),
        "this is why: {counted_each} of {seeds}"
    );
}
