//! Promises about the counter that tells gateways to look again.

use store::{Store, audit, changes, deployments, keys, meta, requests, routes};

use crate::places::Place;
use crate::samples;

on_both! {
    everything_that_changes_the_store_is_counted
    the_request_log_and_reading_are_not_counted
    another_gateway_sees_the_count
    no_change_is_counted_twice_or_lost_under_concurrency
}

/// Asserts that the count moved since the last look.
async fn assert_counted(store: &Store, last: &mut i64, what: &str) {
    let now = changes::latest(store).await.unwrap();
    assert!(now > *last, "{what} was not counted");
    *last = now;
}

async fn everything_that_changes_the_store_is_counted(place: Place) {
    let store = &place.open().await;
    let last = &mut changes::latest(store).await.unwrap();
    assert_eq!(*last, 0);
    keys::create(store, "app", [1; 32], &samples::settings(), 0)
        .await
        .unwrap();
    assert_counted(store, last, "keys::create").await;
    keys::rotate(store, "app", [2; 32], 0).await.unwrap();
    assert_counted(store, last, "keys::rotate").await;
    keys::revoke(store, "app", 0).await.unwrap();
    assert_counted(store, last, "keys::revoke").await;
    routes::save(store, &samples::route("gpt", 1), None)
        .await
        .unwrap();
    assert_counted(store, last, "routes::save").await;
    routes::delete(store, "gpt").await.unwrap();
    assert_counted(store, last, "routes::delete").await;
    deployments::put(store, "gpt", "model", "{}", 0).await.unwrap();
    assert_counted(store, last, "deployments::put").await;
    deployments::delete(store, "gpt").await.unwrap();
    assert_counted(store, last, "deployments::delete").await;
    audit::append(store, &samples::entry()).await.unwrap();
    assert_counted(store, last, "audit::append").await;
    meta::set(store, "a", "b").await.unwrap();
    assert_counted(store, last, "meta::set").await;
    meta::get_or_set(store, "c", "d").await.unwrap();
    assert_counted(store, last, "meta::get_or_set").await;
}

async fn the_request_log_and_reading_are_not_counted(place: Place) {
    let store = &place.open().await;
    requests::append(store, &[samples::request("r", 1)])
        .await
        .unwrap();
    requests::delete_older_than(store, 2).await.unwrap();
    keys::load_all(store).await.unwrap();
    routes::load_all(store).await.unwrap();
    assert_eq!(changes::latest(store).await.unwrap(), 0);
}

async fn another_gateway_sees_the_count(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    meta::set(&one, "a", "b").await.unwrap();
    assert_eq!(changes::latest(&other).await.unwrap(), 1);
}

async fn no_change_is_counted_twice_or_lost_under_concurrency(place: Place) {
    let gateways = [place.open().await, place.open().await];
    let mut writers = Vec::new();
    for writer in 0..8 {
        let store = gateways[writer % 2].clone();
        writers.push(tokio::spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..10 {
                ids.push(audit::append(&store, &samples::entry()).await.unwrap());
            }
            ids
        }));
    }
    let mut ids = Vec::new();
    for writer in writers {
        ids.extend(writer.await.unwrap());
    }
    ids.sort_unstable();
    assert_eq!(ids, Vec::from_iter(1..=80));
    assert_eq!(changes::latest(&gateways[0]).await.unwrap(), 80);
}
