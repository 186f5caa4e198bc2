//! Promises about buttons: each reaches the gateway that drives its rollout, once.

use store::buttons::{self, NewButton};
use store::rollouts::{self, NewRollout, Saved};
use store::routes::{self, Driven};
use store::{Store, StoreError};

use crate::places::Place;
use crate::samples;

on_both! {
    a_button_is_taken_once_by_whoever_drives_its_rollout
    an_answer_comes_back
    old_buttons_are_gone
    a_route_is_saved_for_whoever_drives_the_rollout_alone
}

async fn driven_by(place: &Place, owner: &str) -> Store {
    let store = place.open().await;
    let saved = Saved {
        state: Vec::new(),
        report: "{}".into(),
        at: 1_000,
        finished_at: None,
    };
    let rollout = NewRollout {
        id: "ro_1".into(),
        deployment: "gpt".into(),
        candidate: "c0ffee".into(),
        owner: owner.into(),
        plan_name: "fast".into(),
        plan: "{}".into(),
        saved,
        started_at: 1_000,
    };
    rollouts::begin(&store, &rollout).await.unwrap();
    store
}

fn button(verb: &str, share: Option<u16>, pressed_at: i64) -> NewButton {
    NewButton {
        rollout: "ro_1".into(),
        verb: verb.into(),
        share,
        actor: "ann".into(),
        role: "operator".into(),
        reason: Some("why not".into()),
        pressed_at,
    }
}

async fn a_button_is_taken_once_by_whoever_drives_its_rollout(place: Place) {
    let store = driven_by(&place, "one").await;
    for (verb, share) in [("pause", None), ("split", Some(1_250))] {
        buttons::press(&store, &button(verb, share, 1_000)).await.unwrap();
    }
    assert_eq!(buttons::take(&store, "two").await.unwrap(), []);
    let taken = buttons::take(&store, "one").await.unwrap();
    let said: Vec<_> = taken
        .iter()
        .map(|button| (button.verb.as_str(), button.share, button.reason.as_deref()))
        .collect();
    assert_eq!(
        said,
        [
            ("pause", None, Some("why not")),
            ("split", Some(1_250), Some("why not"))
        ]
    );
    assert_eq!(buttons::take(&store, "one").await.unwrap(), []);
}

async fn an_answer_comes_back(place: Place) {
    let store = driven_by(&place, "one").await;
    let number = buttons::press(&store, &button("pause", None, 1_000))
        .await
        .unwrap();
    assert_eq!(buttons::answer_of(&store, number).await.unwrap(), None);
    buttons::answer(&store, number, "{}").await.unwrap();
    assert_eq!(
        buttons::answer_of(&store, number).await.unwrap().as_deref(),
        Some("{}")
    );
}

async fn old_buttons_are_gone(place: Place) {
    let store = driven_by(&place, "one").await;
    buttons::press(&store, &button("pause", None, 1_000))
        .await
        .unwrap();
    buttons::press(&store, &button("resume", None, 3_600_000))
        .await
        .unwrap();
    let left = buttons::take(&store, "one").await.unwrap();
    assert_eq!((left.len(), left[0].verb.as_str()), (1, "resume"));
}

async fn a_route_is_saved_for_whoever_drives_the_rollout_alone(place: Place) {
    let store = driven_by(&place, "one").await;
    let route = |revision| samples::route("gpt", revision);
    routes::save(&store, &route(1), None).await.unwrap();
    let by = |owner: &str| Driven {
        rollout: "ro_1".into(),
        owner: owner.into(),
    };
    routes::save_if_driven(&store, &route(2), Some(1), Some(&by("one")))
        .await
        .unwrap();
    assert!(
        rollouts::take_over(&store, "ro_1", "two", i64::MAX)
            .await
            .unwrap()
    );
    let refused = routes::save_if_driven(&store, &route(3), Some(2), Some(&by("one"))).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    let stale = routes::save_if_driven(&store, &route(3), Some(1), Some(&by("two"))).await;
    assert!(
        matches!(stale, Err(StoreError::Stale { found: Some(2), .. })),
        "{stale:?}"
    );
    routes::save_if_driven(&store, &route(3), Some(2), Some(&by("two")))
        .await
        .unwrap();
}
