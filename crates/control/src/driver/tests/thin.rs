//! Under thin traffic, a few paired requests of the gateway's own stand in, within a cost cap.

use std::time::Duration;

use decide::Share;

use super::house::{House, Traffic};
use crate::driver::probes::MOST_PAIRS;

const PLAN: &str =
    "{phases: [{weight: 5, max_duration: 10m}, {weight: 100}], phase_defaults: {min_requests: 100}}";
const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn without_users_pairs_are_sent_up_to_their_cap_and_nothing_advances() {
    let mut house = House::open("").await;
    house.start(PLAN).await;
    house.pass(Duration::from_secs(600), Traffic::NONE).await;
    let pairs = house.rollout()["paired_probes"].as_u64().unwrap();
    // 0.2 a second at most; how many fewer depends on how long each takes in truth.
    assert!(pairs <= 120, "{pairs}");
    house
        .until(Traffic::NONE, |rollout| rollout["paired_probes"] == MOST_PAIRS)
        .await;
    house.pass(HOUR, Traffic::NONE).await;
    let rollout = house.rollout();
    assert_eq!(rollout["paired_probes"], MOST_PAIRS, "{rollout:#}");
    assert_eq!(
        (&rollout["phase"], &rollout["state"], house.green().percent()),
        (&0.into(), &"held".into(), 5.0)
    );
}

#[tokio::test]
async fn pairs_find_a_broken_green_before_a_user_does() {
    let mut house = House::open("").await;
    house.set("green", 1.0);
    house.start(PLAN).await;
    house
        .until(Traffic::NONE, |rollout| rollout["state"] == "rolled_back")
        .await;
    let rollout = house.rollout();
    assert_eq!(rollout["verdict"]["cause"], "hard", "{rollout:#}");
    assert!(rollout["paired_probes"].as_u64() < Some(40), "{rollout:#}");
    assert_eq!(house.green(), Share::NONE);
}

#[tokio::test]
async fn no_pair_is_sent_while_users_come() {
    let mut house = House::open("").await;
    house
        .start("{phases: [{weight: 50}, {weight: 100}], phase_defaults: {min_duration: 1h}}")
        .await;
    house.pass(Duration::from_secs(900), Traffic::HEALTHY).await;
    assert_eq!(house.rollout()["paired_probes"], 0);
}
