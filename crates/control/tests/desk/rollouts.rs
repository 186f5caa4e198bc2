//! A rollout while the store cannot be written: a rollback waits for nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use control::desk::Desk;
use control::driver::{Driver, PlanAsked};
use control::events::Hub;
use control::health::Health;
use control::observe::Observatory;
use decide::rollout::Verb;
use gateway::Prober;
use sqlx::{Connection, Executor, PgConnection};

use crate::places::*;

/// Longer than anything here may wait for the store.
const SOON: Duration = Duration::from_secs(20);
const PLAN: &str = "{phases: [{weight: 20}, {weight: 100}], phase_defaults: {min_duration: 1h}}";

fn driver(desk: &Arc<Desk>) -> Driver {
    let hub = Arc::new(Hub::new(0));
    Driver::new(
        Arc::clone(desk),
        Arc::new(Observatory::new(60)),
        Arc::new(Health::new(Arc::clone(&hub))),
        hub,
        Prober::start(Arc::clone(desk.shared())).unwrap(),
    )
}

async fn until_green_is_out(desk: &Desk) {
    let started = Instant::now();
    while !in_force(desk).starts_with("0%") {
        assert!(started.elapsed() < SOON, "green is never out");
        tokio::task::yield_now().await;
    }
}

/// A look at what waits for the table.
async fn waits_for_routes(connection: &mut PgConnection) -> bool {
    let statement = "SELECT COUNT(*) FROM pg_locks WHERE relation = 'routes'::regclass AND NOT granted";
    let waiting: i64 = sqlx::query_scalar(statement).fetch_one(connection).await.unwrap();
    waiting > 0
}

async fn a_button_does_not_wait_behind_one_that_waits_for_the_store(place: Place) {
    let text = file("b", Some("g"), "0");
    let desk = Arc::new(place.desk(&text).await);
    let driver = driver(&desk);
    driver
        .start("m", PlanAsked::Written(PLAN.to_owned()), operator())
        .await
        .unwrap();
    assert_eq!(in_force(&desk), "20% r2");
    let mut elsewhere = PgConnection::connect(&place.url).await.unwrap();
    elsewhere
        .execute("BEGIN; LOCK TABLE routes IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let skipping = driver.clone();
    let skip = tokio::spawn(async move { skipping.press("m", Verb::Skip, operator()).await });
    while !waits_for_routes(&mut elsewhere).await {
        tokio::task::yield_now().await;
    }
    let asked = Instant::now();
    let rolling_back = driver.clone();
    let rollback = tokio::spawn(async move { rolling_back.press("m", Verb::Rollback, operator()).await });
    until_green_is_out(&desk).await;
    assert!(
        asked.elapsed() < Duration::from_millis(500),
        "after {:?} only",
        asked.elapsed()
    );
    elsewhere.execute("ROLLBACK").await.unwrap();
    rollback.await.unwrap().unwrap();
    skip.await.unwrap().unwrap();
    while !shown(&place.desk(&text).await)
        .await
        .starts_with("rolled_back 0%")
    {
        assert!(asked.elapsed() < SOON, "the rollback is never stored");
    }
    assert!(in_force(&desk).starts_with("0%"));
    assert!(shown(&desk).await.starts_with("rolled_back 0%"));
    let state = driver.board().view("m")["state"].clone();
    assert!(state == "rolling_back" || state == "rolled_back", "{state}");
}

#[tokio::test]
async fn a_rollback_is_in_force_at_once_although_an_advance_waits_for_the_store() {
    on_postgres(a_button_does_not_wait_behind_one_that_waits_for_the_store).await;
}

/// The whole store hangs: neither the rollout nor the route can be written.
#[tokio::test]
async fn a_rollback_is_in_force_at_once_although_nothing_can_be_written() {
    let place = Place::sqlite().await;
    let desk = Arc::new(place.desk(&file("b", Some("g"), "0")).await);
    let driver = driver(&desk);
    driver
        .start("m", PlanAsked::Written(PLAN.to_owned()), operator())
        .await
        .unwrap();
    let mut elsewhere = place.sqlite_connection().await;
    elsewhere.execute("BEGIN IMMEDIATE").await.unwrap();
    let asked = Instant::now();
    let rolling_back = driver.clone();
    let rollback = tokio::spawn(async move { rolling_back.press("m", Verb::Rollback, operator()).await });
    until_green_is_out(&desk).await;
    assert!(
        asked.elapsed() < Duration::from_millis(500),
        "after {:?} only",
        asked.elapsed()
    );
    elsewhere.execute("ROLLBACK").await.unwrap();
    rollback.await.unwrap().unwrap();
    assert!(shown(&desk).await.starts_with("rolled_back 0%"));
}

/// Another gateway has taken the rollout over: nothing that this one still means to do comes after that.
async fn whoever_lost_the_rollout_puts_nothing_in_force(place: Place) {
    let text = file("b", Some("g"), "0");
    let desk = Arc::new(place.desk(&text).await);
    let driver = driver(&desk);
    driver
        .start("m", PlanAsked::Written(PLAN.to_owned()), operator())
        .await
        .unwrap();
    let row = store::rollouts::under_way(desk.store()).await.unwrap().remove(0);
    assert!(
        store::rollouts::take_over(desk.store(), &row.id, "another", i64::MAX)
            .await
            .unwrap()
    );
    let skipped = driver.press("m", Verb::Skip, operator());
    let gave_up = tokio::time::timeout(SOON, skipped).await.unwrap();
    assert!(gave_up.is_err(), "{gave_up:?}");
    assert_eq!(
        (in_force(&desk), shown(&desk).await),
        ("20% r2".into(), "split 20% r2".into())
    );
}

on_both! {
    whoever_lost_the_rollout_puts_nothing_in_force
}
