//! How long a promotion can be taken back.

use std::time::Duration;

use decide::release::{Phase, Verb};

use super::house::{House, NAME, Traffic, operator};

const MINUTE: Duration = Duration::from_secs(60);
const QUICK: &str =
    "{phases: [{weight: 50}, {weight: 100}], phase_defaults: {min_duration: 10s, min_requests: 5}";

/// Without traffic a minute is one step.
async fn minutes(house: &mut House, minutes: u32) {
    for _ in 0..minutes {
        house.step(MINUTE, Traffic::NONE).await;
    }
}

async fn phase(house: &House) -> Phase {
    house.desk.deployment(NAME).await.unwrap().phase
}

#[tokio::test]
async fn blue_stays_ready_for_a_day_after_a_rollout_and_then_green_is_blue() {
    let mut house = House::open("keep_previous: 1h\n").await;
    house.start(&format!("{QUICK}}}")).await;
    house
        .until(Traffic::HEALTHY, |rollout| rollout["state"] == "succeeded")
        .await;
    minutes(&mut house, 24 * 60 - 2).await;
    assert_eq!(phase(&house).await, Phase::Promoted);
    minutes(&mut house, 3).await;
    assert_eq!(phase(&house).await, Phase::Finalized);
    let blue = house.desk.deployment(NAME).await.unwrap().blue;
    assert_eq!(blue.environment.model, "green");
}

#[tokio::test]
async fn a_rollback_within_that_time_is_the_end_of_it() {
    let mut house = House::open("").await;
    house.start(&format!("{QUICK}, keep_previous: 2h}}")).await;
    house
        .until(Traffic::HEALTHY, |rollout| rollout["state"] == "succeeded")
        .await;
    minutes(&mut house, 110).await;
    house.desk.apply(NAME, Verb::Rollback, &operator()).await.unwrap();
    minutes(&mut house, 60).await;
    assert_eq!(phase(&house).await, Phase::RolledBack);
}

#[tokio::test]
async fn a_promotion_by_hand_is_kept_for_the_time_of_the_configuration() {
    let mut house = House::open("keep_previous: 1h\n").await;
    house.desk.apply(NAME, Verb::Promote, &operator()).await.unwrap();
    minutes(&mut house, 58).await;
    assert_eq!(phase(&house).await, Phase::Promoted);
    minutes(&mut house, 3).await;
    assert_eq!(phase(&house).await, Phase::Finalized);
}
