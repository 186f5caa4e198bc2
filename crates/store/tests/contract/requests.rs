//! Promises about the request log.

use store::StoreError;
use store::requests::{self, Filter, FinishedRequest};

use crate::places::Place;
use crate::samples::request;

on_both! {
    a_large_batch_is_kept_whole
    an_empty_batch_is_fine
    the_same_batch_again_changes_nothing
    an_id_that_comes_twice_gives_the_latest_and_loses_none
    what_is_old_is_deleted_and_nothing_else
    a_list_goes_back_in_time_and_leaves_nothing_out
    a_list_takes_one_deployment_or_key
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

async fn a_list_goes_back_in_time_and_leaves_nothing_out(place: Place) {
    let store = place.open().await;
    // Several finish in the same millisecond, across the borders of pages.
    let batch: Vec<_> = (0..10).map(|n| request(&format!("r{n}"), n / 4)).collect();
    requests::append(&store, &batch).await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let rows = requests::list(&store, &Filter::default(), after.as_ref(), 3)
            .await
            .unwrap();
        let Some(last) = rows.last() else { break };
        after = Some(requests::Place {
            at: last.at,
            id: last.id.clone(),
        });
        seen.extend(rows.into_iter().map(|row| row.id));
    }
    let expected = ["r9", "r8", "r7", "r6", "r5", "r4", "r3", "r2", "r1", "r0"];
    assert_eq!(seen, expected);
}

async fn a_list_takes_one_deployment_or_key(place: Place) {
    let store = place.open().await;
    let of = |id: &str, deployment: &str, key: &str| FinishedRequest {
        deployment: deployment.to_owned(),
        key: key.to_owned(),
        ..request(id, 1)
    };
    let batch = [
        of("a", "one", "kim"),
        of("b", "two", "kim"),
        of("c", "one", "lee"),
    ];
    requests::append(&store, &batch).await.unwrap();
    let listed = async |deployment: Option<&str>, key: Option<&str>| {
        let filter = Filter {
            deployment: deployment.map(str::to_owned),
            key: key.map(str::to_owned),
        };
        let rows = requests::list(&store, &filter, None, 10).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(Some("one"), None).await, ["c", "a"]);
    assert_eq!(listed(None, Some("kim")).await, ["b", "a"]);
    assert_eq!(listed(Some("one"), Some("lee")).await, ["c"]);
}
