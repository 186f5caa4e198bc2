//! Promises about the gateways on a store.

use store::{changes, gateways};

use crate::places::Place;

on_both! {
    gateways_are_counted_until_they_leave_or_fall_silent
}

async fn gateways_are_counted_until_they_leave_or_fall_silent(place: Place) {
    let store = place.open().await;
    let before = changes::latest(&store).await.unwrap();
    assert_eq!(gateways::beat(&store, "a", 100, 90).await.unwrap(), 1);
    assert_eq!(gateways::beat(&store, "b", 101, 91).await.unwrap(), 2);
    assert_eq!(gateways::beat(&store, "b", 102, 92).await.unwrap(), 2);
    assert_eq!(gateways::beat(&store, "b", 200, 190).await.unwrap(), 1);
    gateways::beat(&store, "a", 201, 191).await.unwrap();
    gateways::leave(&store, "a").await.unwrap();
    assert_eq!(gateways::beat(&store, "b", 202, 192).await.unwrap(), 1);
    assert_eq!(changes::latest(&store).await.unwrap(), before);
}
