//! Promises about deployments made through the admin API.

use store::deployments::{self, Deployment, Put};
use store::{StoreError, changes};

use crate::places::Place;

on_both! {
    putting_says_whether_it_created_or_updated
    a_list_is_sorted_by_name_the_same_everywhere
    a_deleted_deployment_is_gone
    deleting_what_is_not_there_changes_nothing
}

async fn putting_says_whether_it_created_or_updated(place: Place) {
    let store = place.open().await;
    assert_eq!(
        deployments::put(&store, "gpt", "model", "{}", 1_000)
            .await
            .unwrap(),
        Put::Created
    );
    assert_eq!(
        deployments::put(&store, "gpt", "model", r#"{"blue":1}"#, 2_000)
            .await
            .unwrap(),
        Put::Updated
    );
    let expected = Deployment {
        name: "gpt".into(),
        kind: "model".into(),
        spec: r#"{"blue":1}"#.into(),
        created_at: 1_000,
        updated_at: 2_000,
    };
    assert_eq!(deployments::get(&store, "gpt").await.unwrap(), expected);
}

async fn a_list_is_sorted_by_name_the_same_everywhere(place: Place) {
    let store = place.open().await;
    for name in ["b", "ä", "a", "B", "openai/x", "a-1", "a.0"] {
        deployments::put(&store, name, "model", "{}", 0).await.unwrap();
    }
    let names: Vec<_> = deployments::list(&store)
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(names, ["B", "a", "a-1", "a.0", "b", "openai/x", "ä"]);
}

async fn a_deleted_deployment_is_gone(place: Place) {
    let store = place.open().await;
    deployments::put(&store, "gpt", "model", "{}", 0).await.unwrap();
    deployments::delete(&store, "gpt").await.unwrap();
    let gone = deployments::get(&store, "gpt").await;
    assert!(
        matches!(
            gone,
            Err(StoreError::NotFound {
                noun: "deployment",
                ..
            })
        ),
        "{gone:?}"
    );
    assert_eq!(
        deployments::put(&store, "gpt", "model", "{}", 0).await.unwrap(),
        Put::Created
    );
}

async fn deleting_what_is_not_there_changes_nothing(place: Place) {
    let store = place.open().await;
    let before = changes::latest(&store).await.unwrap();
    let deleted = deployments::delete(&store, "gpt").await;
    assert!(matches!(deleted, Err(StoreError::NotFound { .. })), "{deleted:?}");
    assert_eq!(changes::latest(&store).await.unwrap(), before);
}
