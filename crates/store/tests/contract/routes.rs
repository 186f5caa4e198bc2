//! Promises about routes: above all, that of two who decide at the same moment exactly one is saved.

use store::routes::{self, AdoptedGreen, Route};
use store::{StoreError, changes};

use crate::places::Place;
use crate::samples::route as bare;

on_both! {
    a_route_comes_back_as_it_was_saved
    a_bare_route_comes_back_as_it_was_saved
    saving_on_an_older_revision_is_stale_and_changes_nothing
    a_first_save_is_stale_when_there_is_a_route
    a_save_on_a_route_that_is_gone_is_stale
    a_revision_never_goes_back
    of_two_who_save_at_once_exactly_one_wins
    all_routes_are_loaded
    many_are_saved_together_or_not_at_all
    a_deleted_route_is_gone
}

fn full(deployment: &str, revision: i64) -> Route {
    Route {
        green_share: 10_000,
        salt: u64::MAX - 1,
        candidate: Some("c0ffee".into()),
        phase: "rolled_back".into(),
        latched: Some("error rate of green".into()),
        previous_share: Some(2_500),
        promoted_at: Some(900),
        adopted: Some(AdoptedGreen {
            green_digest: "beef".into(),
            file_blue_digest: "f00d".into(),
            environment: r#"{"provider":"openai"}"#.into(),
        }),
        ..bare(deployment, revision)
    }
}

fn revision_found(outcome: &Result<(), StoreError>) -> Option<i64> {
    match outcome {
        Err(StoreError::Stale { found, .. }) => *found,
        other => panic!("not stale: {other:?}"),
    }
}

async fn a_route_comes_back_as_it_was_saved(place: Place) {
    let store = place.open().await;
    routes::save(&store, &bare("gpt", 1), None).await.unwrap();
    routes::save(&store, &full("gpt", 2), Some(1)).await.unwrap();
    assert_eq!(routes::load(&store, "gpt").await.unwrap(), Some(full("gpt", 2)));
}

async fn a_bare_route_comes_back_as_it_was_saved(place: Place) {
    let store = place.open().await;
    routes::save(&store, &full("gpt", 1), None).await.unwrap();
    routes::save(&store, &bare("gpt", 7), Some(1)).await.unwrap();
    assert_eq!(routes::load(&store, "gpt").await.unwrap(), Some(bare("gpt", 7)));
}

async fn saving_on_an_older_revision_is_stale_and_changes_nothing(place: Place) {
    let store = place.open().await;
    routes::save(&store, &bare("gpt", 1), None).await.unwrap();
    routes::save(&store, &bare("gpt", 2), Some(1)).await.unwrap();
    let before = changes::latest(&store).await.unwrap();
    let late = routes::save(&store, &full("gpt", 3), Some(1)).await;
    assert_eq!(revision_found(&late), Some(2));
    assert_eq!(routes::load(&store, "gpt").await.unwrap(), Some(bare("gpt", 2)));
    assert_eq!(changes::latest(&store).await.unwrap(), before);
}

async fn a_first_save_is_stale_when_there_is_a_route(place: Place) {
    let store = place.open().await;
    routes::save(&store, &bare("gpt", 5), None).await.unwrap();
    assert_eq!(
        revision_found(&routes::save(&store, &full("gpt", 6), None).await),
        Some(5)
    );
}

async fn a_save_on_a_route_that_is_gone_is_stale(place: Place) {
    let store = place.open().await;
    assert_eq!(
        revision_found(&routes::save(&store, &bare("gpt", 2), Some(1)).await),
        None
    );
    assert_eq!(routes::load(&store, "gpt").await.unwrap(), None);
}

async fn a_revision_never_goes_back(place: Place) {
    let store = place.open().await;
    routes::save(&store, &bare("gpt", 5), None).await.unwrap();
    for revision in [4, 5] {
        assert_eq!(
            revision_found(&routes::save(&store, &full("gpt", revision), Some(5)).await),
            Some(5)
        );
    }
}

async fn of_two_who_save_at_once_exactly_one_wins(place: Place) {
    let gateways = [place.open().await, place.open().await];
    routes::save(&gateways[0], &bare("gpt", 1), None).await.unwrap();
    for revision in 2..=30 {
        let candidates = [bare("gpt", revision), full("gpt", revision)];
        let attempts = gateways.iter().zip(&candidates).map(|(gateway, candidate)| {
            let (gateway, candidate) = (gateway.clone(), candidate.clone());
            tokio::spawn(async move { routes::save(&gateway, &candidate, Some(revision - 1)).await })
        });
        let mut winners = Vec::new();
        for (attempt, candidate) in attempts.collect::<Vec<_>>().into_iter().zip(candidates) {
            match attempt.await.unwrap() {
                Ok(()) => winners.push(candidate),
                stale => assert_eq!(revision_found(&stale), Some(revision)),
            }
        }
        assert_eq!(
            winners,
            Vec::from_iter(routes::load(&gateways[0], "gpt").await.unwrap())
        );
    }
}

async fn all_routes_are_loaded(place: Place) {
    let store = place.open().await;
    routes::save(&store, &bare("a", 1), None).await.unwrap();
    routes::save(&store, &full("b", 1), None).await.unwrap();
    let mut all = routes::load_all(&store).await.unwrap();
    all.sort_by_key(|route| route.deployment.clone());
    assert_eq!(all, [bare("a", 1), full("b", 1)]);
}

async fn many_are_saved_together_or_not_at_all(place: Place) {
    let store = place.open().await;
    let before = changes::latest(&store).await.unwrap();
    let new: Vec<Route> = (0..2_500).map(|number| bare(&format!("m{number}"), 1)).collect();
    let saves: Vec<_> = new.iter().map(|route| (route, None)).collect();
    routes::save_all(&store, &saves).await.unwrap();
    assert_eq!(routes::load_all(&store).await.unwrap().len(), 2_500);
    assert_eq!(
        changes::latest(&store).await.unwrap() - before,
        3,
        "a change for each thousand"
    );
    routes::save(&store, &bare("m1", 2), Some(1)).await.unwrap();
    let next: Vec<Route> = (0..3).map(|number| full(&format!("m{number}"), 2)).collect();
    let saves: Vec<_> = next.iter().map(|route| (route, Some(1))).collect();
    assert_eq!(revision_found(&routes::save_all(&store, &saves).await), Some(2));
    assert_eq!(
        routes::load(&store, "m0").await.unwrap(),
        Some(bare("m0", 1)),
        "the one before the stale one is as it was"
    );
    routes::save_all(&store, &[]).await.unwrap();
}

async fn a_deleted_route_is_gone(place: Place) {
    let store = place.open().await;
    routes::save(&store, &bare("gpt", 3), None).await.unwrap();
    routes::delete(&store, "gpt").await.unwrap();
    assert_eq!(routes::load(&store, "gpt").await.unwrap(), None);
    let again = routes::delete(&store, "gpt").await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })), "{again:?}");
}
