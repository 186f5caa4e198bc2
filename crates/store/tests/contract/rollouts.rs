//! Promises about rollouts: one at a time under way, and only its owner writes it.

use store::rollouts::{self, NewRollout, Rollout, Saved};
use store::{StoreError, changes};

use crate::places::Place;

on_both! {
    a_rollout_comes_back_as_it_was_saved
    a_second_one_is_refused_while_one_is_under_way
    whoever_lost_a_rollout_saves_nothing
    a_rollout_is_taken_over_only_if_nobody_saves_it
    the_history_is_given_newest_first_in_pages
    saving_evidence_is_no_change
}

fn saved(at: i64, finished_at: Option<i64>) -> Saved {
    Saved {
        state: vec![0, 255, at.to_le_bytes()[0]],
        report: format!(r#"{{"at":{at}}}"#),
        at,
        finished_at,
    }
}

fn new(id: &str) -> NewRollout {
    NewRollout {
        id: id.into(),
        deployment: "gpt".into(),
        candidate: "c0ffee".into(),
        owner: "one".into(),
        plan_name: "fast".into(),
        plan: "{}".into(),
        saved: saved(1_000, None),
        started_at: 1_000,
    }
}

async fn newest(store: &store::Store) -> Rollout {
    rollouts::list(store, "gpt", None, 1)
        .await
        .unwrap()
        .rows
        .remove(0)
}

async fn a_rollout_comes_back_as_it_was_saved(place: Place) {
    let store = place.open().await;
    rollouts::begin(&store, &new("a")).await.unwrap();
    assert!(
        rollouts::save(&store, "a", "one", &saved(2_000, None))
            .await
            .unwrap()
    );
    let under_way = rollouts::under_way(&store).await.unwrap();
    let expected = saved(2_000, None);
    let found = newest(&store).await;
    assert_eq!(under_way, std::slice::from_ref(&found));
    assert_eq!(
        (found.state, found.report, found.saved_at),
        (expected.state, expected.report, 2_000)
    );
    assert_eq!(
        (found.started_at, found.finished_at, found.plan_name.as_str()),
        (1_000, None, "fast")
    );
}

async fn a_second_one_is_refused_while_one_is_under_way(place: Place) {
    let store = place.open().await;
    rollouts::begin(&store, &new("a")).await.unwrap();
    let second = rollouts::begin(&store, &new("b")).await;
    assert!(
        matches!(second, Err(StoreError::Exists { noun: "rollout", .. })),
        "{second:?}"
    );
    assert!(
        rollouts::save(&store, "a", "one", &saved(2_000, Some(2_000)))
            .await
            .unwrap()
    );
    rollouts::begin(&store, &new("b")).await.unwrap();
    assert_eq!(newest(&store).await.id, "b");
}

async fn whoever_lost_a_rollout_saves_nothing(place: Place) {
    let store = place.open().await;
    rollouts::begin(&store, &new("a")).await.unwrap();
    assert!(
        !rollouts::save(&store, "a", "two", &saved(2_000, None))
            .await
            .unwrap()
    );
    assert_eq!(newest(&store).await.saved_at, 1_000);
}

async fn a_rollout_is_taken_over_only_if_nobody_saves_it(place: Place) {
    let store = place.open().await;
    rollouts::begin(&store, &new("a")).await.unwrap();
    assert!(!rollouts::take_over(&store, "a", "two", 1_000).await.unwrap());
    assert!(rollouts::take_over(&store, "a", "two", 1_001).await.unwrap());
    assert!(
        !rollouts::save(&store, "a", "one", &saved(2_000, None))
            .await
            .unwrap()
    );
    assert!(
        rollouts::save(&store, "a", "two", &saved(3_000, Some(3_000)))
            .await
            .unwrap()
    );
    assert!(!rollouts::take_over(&store, "a", "three", 9_000).await.unwrap());
    assert_eq!(rollouts::under_way(&store).await.unwrap(), []);
}

async fn the_history_is_given_newest_first_in_pages(place: Place) {
    let store = place.open().await;
    for id in ["a", "b", "c"] {
        rollouts::begin(&store, &new(id)).await.unwrap();
        assert!(
            rollouts::save(&store, id, "one", &saved(2_000, Some(2_000)))
                .await
                .unwrap()
        );
    }
    let first = rollouts::list(&store, "gpt", None, 2).await.unwrap();
    let rest = rollouts::list(&store, "gpt", first.next, 2).await.unwrap();
    let ids: Vec<&str> = first
        .rows
        .iter()
        .chain(&rest.rows)
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!((ids, rest.next), (vec!["c", "b", "a"], None));
    assert_eq!(rollouts::list(&store, "other", None, 2).await.unwrap().rows, []);
}

async fn saving_evidence_is_no_change(place: Place) {
    let store = place.open().await;
    rollouts::begin(&store, &new("a")).await.unwrap();
    let before = changes::latest(&store).await.unwrap();
    rollouts::save(&store, "a", "one", &saved(2_000, None))
        .await
        .unwrap();
    assert_eq!(changes::latest(&store).await.unwrap(), before);
}
