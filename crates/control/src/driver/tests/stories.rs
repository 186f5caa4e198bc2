//! Whole rollouts.

use std::time::Duration;

use decide::rollout::Verb;
use decide::route::Because;
use decide::{Share, Side};
use gateway::{End, FailureKind, Told};
use serde_json::Value;

use super::house::{House, NAME, Traffic, operator};
use crate::observe::sample::{failed, stands_in};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
/// What has happened is shown with the next look.
const SHOWN: Duration = Duration::from_secs(4);

fn is_in(state: &'static str) -> impl Fn(&Value) -> bool {
    move |rollout| rollout["state"] == state
}

fn counted(rollout: &Value, stream: &str, side: &str) -> u64 {
    let checks = rollout["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["stream"] == stream).unwrap();
    check[side].as_u64().unwrap()
}

#[tokio::test]
async fn a_healthy_green_goes_through_all_phases_in_the_time_that_the_plan_says() {
    let mut house = House::open("").await;
    house.start("safe").await;
    let mut seen = Vec::new();
    for phase in 0..8_u64 {
        house
            .until(Traffic::HEALTHY, |rollout| {
                rollout["phase"].as_u64() >= Some(phase)
            })
            .await;
        seen.push(house.green().percent());
    }
    assert_eq!(seen, [0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 95.0, 100.0]);
    house.until(Traffic::HEALTHY, is_in("succeeded")).await;
    let rollout = house.rollout();
    let hours = rollout["elapsed_seconds"].as_f64().unwrap() / 3_600.0;
    assert!((1.9..2.6).contains(&hours), "{hours} hours: {rollout:#}");
    let requests = counted(&rollout, "error", "n_green") + counted(&rollout, "error", "n_blue");
    assert!(requests > 30_000, "{requests}");
    assert_eq!(house.green(), Share::ALL);
}

#[tokio::test]
async fn a_regression_in_the_middle_is_out_within_its_evidence_and_stays_out() {
    let mut house = House::open("").await;
    house.start("safe").await;
    house
        .until(Traffic::HEALTHY, |rollout| rollout["split"]["green"] == 25.0)
        .await;
    let before = counted(&house.rollout(), "error", "n_green");
    let worse = Traffic {
        green_fails: 0.2,
        ..Traffic::HEALTHY
    };
    let took = house.until(worse, is_in("rolled_back")).await;
    let rollout = house.rollout();
    assert_eq!(
        (house.green(), &rollout["verdict"]["action"]),
        (Share::NONE, &"rollback".into())
    );
    let green = counted(&rollout, "error", "n_green") - before;
    assert!(green < 150 && took < 3 * MINUTE, "{green} requests in {took:?}");
    house.pass(10 * MINUTE, Traffic::HEALTHY).await;
    assert_eq!(house.rollout()["verdict"], rollout["verdict"]);
    assert_eq!(house.green(), Share::NONE);
}

#[tokio::test]
async fn an_approval_that_nobody_gives_rolls_back_when_its_time_is_over() {
    let mut house = House::open("").await;
    let plan = "{phases: [{weight: 10, approval: {manual: {timeout: 1h, on_timeout: rollback}}}, {weight: 100}], \
                phase_defaults: {min_duration: 1m, min_requests: 10}}";
    house.start(plan).await;
    house.until(Traffic::HEALTHY, is_in("awaiting_approval")).await;
    house.pass(HOUR - MINUTE, Traffic::HEALTHY).await;
    assert_eq!(
        (house.state().as_str(), house.green().percent()),
        ("awaiting_approval", 10.0)
    );
    house.pass(2 * MINUTE, Traffic::HEALTHY).await;
    let rollout = house.rollout();
    assert_eq!(rollout["verdict"]["cause"], "approval_timed_out", "{rollout:#}");
    assert_eq!(house.green(), Share::NONE);
}

#[tokio::test]
async fn an_approval_that_is_given_goes_on() {
    let mut house = House::open("").await;
    let plan = "{phases: [{weight: 10, approval: {manual: {}}}, {weight: 50}, {weight: 100}], \
                phase_defaults: {min_duration: 1m, min_requests: 10}}";
    house.start(plan).await;
    house.until(Traffic::HEALTHY, is_in("awaiting_approval")).await;
    house.driver.press(NAME, Verb::Approve, operator()).await.unwrap();
    assert_eq!(house.green().percent(), 50.0);
    house.until(Traffic::HEALTHY, is_in("succeeded")).await;
}

#[tokio::test]
async fn an_outage_of_both_sides_holds_and_the_rollout_goes_on_after_it() {
    let mut house = House::open("").await;
    house.start("safe").await;
    house
        .until(Traffic::HEALTHY, |rollout| rollout["split"]["green"] == 25.0)
        .await;
    for _ in 0..40 {
        let fails = [
            failed(Side::Green, FailureKind::Status),
            failed(Side::Blue, FailureKind::Status),
        ];
        let [green, mut blue] = fails;
        blue.because = Because::Rescue;
        house.observe(vec![green, blue], End::Failed("upstream_unavailable"));
        for _ in 0..3 {
            house.observe(
                vec![failed(Side::Blue, FailureKind::Status)],
                End::Failed("upstream_unavailable"),
            );
        }
        house.step(Duration::from_secs(1), Traffic::NONE).await;
    }
    assert_eq!(
        (house.green().percent(), &house.rollout()["verdict"]),
        (25.0, &Value::Null)
    );
    house.until(Traffic::HEALTHY, is_in("succeeded")).await;
}

#[tokio::test]
async fn what_is_told_early_acts_early_and_counts_once() {
    let mut house = House::open("").await;
    house
        .start("{phases: [{weight: 50}, {weight: 100}], analysis: {dry_run: true}}")
        .await;
    house.pass(MINUTE, Traffic::HEALTHY).await;
    let before = house.rollout();
    let mut early = house.outcome(vec![failed(Side::Green, FailureKind::Refused)], End::ClientLeft);
    early.request_id = "early".to_owned();
    house.notice(early.clone());
    house.pass(SHOWN, Traffic::NONE).await;
    let of = |rollout: &Value| ["error", "hard"].map(|stream| counted(rollout, stream, "n_green"));
    let [errors, hard] = of(&before);
    assert_eq!(of(&house.rollout()), [errors + 1, hard]);
    early.attempts.push(stands_in());
    early.told = Told::Failure;
    house.notice(early.clone());
    house.pass(SHOWN, Traffic::NONE).await;
    assert_eq!(of(&house.rollout()), [errors + 1, hard + 1]);
    early.told = Told::Rescue;
    early.end = End::Complete;
    house.end(early);
    house.pass(SHOWN, Traffic::NONE).await;
    assert_eq!(of(&house.rollout()), [errors + 1, hard + 1]);
    assert_eq!(
        counted(&house.rollout(), "hard", "n_blue"),
        counted(&before, "hard", "n_blue") + 1
    );
}
