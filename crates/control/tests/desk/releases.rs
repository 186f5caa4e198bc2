//! Verbs: decided once, stored, in force, and found again.

use control::desk::DeskError;
use decide::Share;
use decide::release::Verb;

use crate::places::*;

on_both! {
    what_a_desk_did_the_next_one_finds
    desks_that_change_at_once_take_turns
    a_finalized_green_is_blue_for_the_next_desk_too
    what_was_promoted_is_forgotten_with_its_candidate
}

fn split(percent: &str) -> Verb {
    Verb::Split(Share::parse(percent).unwrap())
}

async fn what_a_desk_did_the_next_one_finds(place: Place) {
    let text = file("b", Some("g"), "5");
    let desk = place.desk(&text).await;
    assert_eq!(
        (shown(&desk).await, in_force(&desk)),
        ("split 5% r1".into(), "5% r1".into())
    );
    desk.apply("m", split("40"), &operator()).await.unwrap();
    desk.apply("m", Verb::Rollback, &operator()).await.unwrap();
    assert!(
        !desk
            .apply("m", Verb::Rollback, &operator())
            .await
            .unwrap()
            .changed
    );
    let next = place.desk(&text).await;
    assert_eq!(shown(&next).await, "rolled_back 0% r3");
    assert_eq!(in_force(&next), "0% r3");
    let refused = next.apply("m", Verb::Finalize, &operator()).await.unwrap_err();
    assert!(matches!(refused, DeskError::Conflict(_)), "{refused}");
}

async fn desks_that_change_at_once_take_turns(place: Place) {
    let text = file("b", Some("g"), "0");
    let (one, other) = (place.desk(&text).await, place.desk(&text).await);
    let change = async |desk: &control::desk::Desk, percents: [&str; 5]| {
        let mut revisions = Vec::new();
        for percent in percents {
            let changed = desk.apply("m", split(percent), &operator()).await.unwrap();
            assert!(changed.changed);
            revisions.push(changed.state.revision);
        }
        revisions
    };
    let (mut all, more) = tokio::join!(
        change(&one, ["1", "2", "3", "4", "5"]),
        change(&other, ["11", "12", "13", "14", "15"])
    );
    all.extend(more);
    all.sort_unstable();
    assert_eq!(
        all,
        (2..=11).collect::<Vec<u64>>(),
        "each change has a revision of its own"
    );
}

async fn a_finalized_green_is_blue_for_the_next_desk_too(place: Place) {
    let text = file("b", Some("g"), "0");
    let desk = place.desk(&text).await;
    desk.apply("m", Verb::Promote, &operator()).await.unwrap();
    desk.apply("m", Verb::Finalize, &operator()).await.unwrap();
    let next = place.desk(&text).await;
    let state = next.deployment("m").await.unwrap();
    assert_eq!(
        (state.blue.environment.model.as_str(), state.green.is_none()),
        ("g", true)
    );
    assert!(state.file_is_behind);
    next.reload(config(&file("g", None, ""))).await.unwrap();
    let state = next.deployment("m").await.unwrap();
    assert_eq!(
        (state.blue.environment.model.as_str(), state.file_is_behind),
        ("g", false)
    );
    assert_eq!(
        shown(&next).await,
        "finalized 0% r3",
        "the same traffic as before"
    );
}

async fn what_was_promoted_is_forgotten_with_its_candidate(place: Place) {
    let desk = place.desk(&file("b", Some("g"), "0")).await;
    desk.apply("m", Verb::Promote, &operator()).await.unwrap();
    assert!(desk.deployment("m").await.unwrap().promoted_at.is_some());
    desk.reload(config(&file("b", Some("g2"), "10"))).await.unwrap();
    assert_eq!(shown(&desk).await, "split 10% r3");
    assert_eq!(desk.deployment("m").await.unwrap().promoted_at, None);
}
