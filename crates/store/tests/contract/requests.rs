//! Promises about the request log.

use store::StoreError;
use store::requests;

use crate::places::Place;
use crate::samples::request;

on_both! {
    a_large_batch_is_kept_whole
    an_empty_batch_is_fine
    the_same_batch_again_changes_nothing
    an_id_that_comes_twice_gives_the_latest_and_loses_none
    what_is_old_is_deleted_and_nothing_else
}

async fn a_large_batch_is_kept_whole(place: Place) {
    let store = place.open().await;
    let batch: Vec<_> = (0..1_501).map(|at| request(&format!("r{at}"), at)).collect();
    requests::append(&store, &batch).await.unwrap();
    for row in [&batch[0], &batch[199], &batch[200], &batch[1_500]] {
        assert_eq!(&requests::get(&store, &row.id).await.unwrap(), row);
    }
    assert_eq!(
        requests::delete_older_than(&store, i64::MAX).await.unwrap(),
        1_501
    );
}

async fn an_empty_batch_is_fine(place: Place) {
    requests::append(&place.open().await, &[]).await.unwrap();
}

async fn the_same_batch_again_changes_nothing(place: Place) {
    let store = place.open().await;
    let batch = [request("a", 1), request("b", 2), request("a", 1)];
    requests::append(&store, &batch).await.unwrap();
    requests::append(&store, &batch).await.unwrap();
    assert_eq!(requests::delete_older_than(&store, i64::MAX).await.unwrap(), 2);
}

async fn an_id_that_comes_twice_gives_the_latest_and_loses_none(place: Place) {
    let store = place.open().await;
    requests::append(&store, &[request("mine", 5), request("mine", 3)])
        .await
        .unwrap();
    assert_eq!(requests::get(&store, "mine").await.unwrap().at, 5);
    assert_eq!(requests::delete_older_than(&store, 5).await.unwrap(), 1);
    assert_eq!(requests::get(&store, "mine").await.unwrap().at, 5);
}

async fn what_is_old_is_deleted_and_nothing_else(place: Place) {
    let store = place.open().await;
    // More than is deleted in one go.
    let batch: Vec<_> = (0..4_500).map(|at| request(&format!("r{at}"), at)).collect();
    requests::append(&store, &batch).await.unwrap();
    assert_eq!(requests::delete_older_than(&store, 4_400).await.unwrap(), 4_400);
    let gone = requests::get(&store, "r4399").await;
    assert!(
        matches!(gone, Err(StoreError::NotFound { noun: "request", .. })),
        "{gone:?}"
    );
    assert_eq!(
        requests::get(&store, "r4400").await.unwrap(),
        request("r4400", 4_400)
    );
}
