//! A store that cannot be written: a rollback holds all the same, and nothing else pretends to.

use std::time::{Duration, Instant};

use decide::Share;
use decide::release::Verb;
use sqlx::Executor;

use crate::places::*;

/// Longer than anything here may wait for the store.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_rollback_that_is_not_stored_yet_outlives_whatever_reads_the_store_again() {
    let place = Place::sqlite().await;
    let text = file("b", Some("g"), "50");
    let desk = place.desk(&text).await;
    let mut elsewhere = place.sqlite_connection().await;
    elsewhere.execute("BEGIN IMMEDIATE").await.unwrap();
    let rolled_back = desk.apply("m", Verb::Rollback, &operator()).await.unwrap();
    assert_eq!(rolled_back.state.revision, 2);
    assert_eq!(in_force(&desk), "0% r2");
    // Nothing else can be changed, and the attempt undoes nothing.
    assert!(desk.reload(config(&file("b", Some("g"), "60"))).await.is_err());
    assert_eq!(in_force(&desk), "0% r2");
    elsewhere.execute("ROLLBACK").await.unwrap();
    desk.reload(config(&text)).await.unwrap();
    assert_eq!(
        (shown(&desk).await, in_force(&desk)),
        ("rolled_back 0% r2".into(), "0% r2".into())
    );
    until_stored(&place, &text).await;
    let split = Verb::Split(Share::parse("5").unwrap());
    assert_eq!(
        desk.apply("m", split, &operator()).await.unwrap().state.revision,
        3
    );
}

#[tokio::test]
async fn a_rollback_that_is_not_stored_yet_is_stored_later() {
    let place = Place::sqlite().await;
    let text = file("b", Some("g"), "50");
    let desk = place.desk(&text).await;
    let mut elsewhere = place.sqlite_connection().await;
    elsewhere.execute("BEGIN IMMEDIATE").await.unwrap();
    desk.apply("m", Verb::Rollback, &operator()).await.unwrap();
    elsewhere.execute("ROLLBACK").await.unwrap();
    until_stored(&place, &text).await;
}

async fn until_stored(place: &Place, text: &str) {
    let started = Instant::now();
    while shown(&place.desk(text).await).await != "rolled_back 0% r2" {
        assert!(started.elapsed() < SOON, "the rollback was never stored");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_split_that_cannot_be_stored_is_refused_and_not_in_force() {
    let place = Place::sqlite().await;
    let desk = place.desk(&file("b", Some("g"), "50")).await;
    let mut elsewhere = place.sqlite_connection().await;
    elsewhere.execute("BEGIN IMMEDIATE").await.unwrap();
    let split = Verb::Split(Share::parse("60").unwrap());
    assert!(desk.apply("m", split, &operator()).await.is_err());
    assert_eq!(
        (shown(&desk).await, in_force(&desk)),
        ("split 50% r1".into(), "50% r1".into())
    );
    elsewhere.execute("ROLLBACK").await.unwrap();
    assert_eq!(
        desk.apply("m", split, &operator()).await.unwrap().state.revision,
        2
    );
}

#[tokio::test]
async fn a_rollback_does_not_wait_behind_a_change_that_waits_for_the_store() {
    let place = Place::sqlite().await;
    let desk = place.desk(&file("b", Some("g"), "50")).await;
    let mut elsewhere = place.sqlite_connection().await;
    elsewhere.execute("BEGIN IMMEDIATE").await.unwrap();
    let split = Verb::Split(Share::parse("60").unwrap());
    let actor = operator();
    let rolled_back = async {
        tokio::task::yield_now().await;
        let asked = Instant::now();
        let rollback = desk.apply("m", Verb::Rollback, &actor);
        let watch = async {
            while in_force(&desk) != "0% r2" {
                tokio::task::yield_now().await;
            }
            asked.elapsed()
        };
        let (done, took) = tokio::join!(rollback, watch);
        done.unwrap();
        took
    };
    let (refused, took) = tokio::join!(desk.apply("m", split, &actor), rolled_back);
    assert!(refused.is_err());
    assert!(took < Duration::from_millis(500), "in force after {took:?} only");
}
