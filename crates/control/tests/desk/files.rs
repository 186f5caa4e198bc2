//! Files that differ between the gateways of one store, as while a new file is rolled out to them one by one.

use decide::Share;
use decide::release::Verb;

use crate::places::*;

on_both! {
    gateways_with_different_files_do_not_fight_over_the_candidate
    a_gateway_with_the_old_file_finalizes_nothing
}

/// Makes the desk read the store again, as it does when another gateway changed it.
async fn look_again(desk: &control::desk::Desk) {
    let twice = desk.apply("m", Verb::Rollback, &operator()).await;
    assert!(twice.is_ok(), "{twice:?}");
}

async fn gateways_with_different_files_do_not_fight_over_the_candidate(place: Place) {
    let (old, new) = (file("b", Some("g1"), "5"), file("b", Some("g2"), "5"));
    let behind = place.desk(&old).await;
    let ahead = place.desk(&new).await;
    assert_eq!(
        shown(&ahead).await,
        "split 5% r2",
        "the new file brings a new candidate"
    );
    // The one with the old file learns of it by a change that it makes itself.
    look_again(&behind).await;
    assert_eq!(
        shown(&behind).await,
        "rolled_back 0% r3",
        "the rollback is the new candidate's"
    );
    let third = place.desk(&new).await;
    assert_eq!(
        shown(&third).await,
        "rolled_back 0% r3",
        "and reaches the gateways that have it"
    );
    third
        .apply("m", Verb::Split(Share::parse("30").unwrap()), &operator())
        .await
        .unwrap();
    let seen = behind
        .apply("m", Verb::Split(Share::parse("40").unwrap()), &operator())
        .await
        .unwrap();
    assert_eq!(seen.state.revision, 5);
    assert_eq!(
        in_force(&behind),
        "0% r5",
        "another green than the one that was meant gets nothing"
    );
    behind.reload(config(&new)).await.unwrap();
    assert_eq!(
        (shown(&behind).await, in_force(&behind)),
        ("split 40% r6".into(), "40% r6".into())
    );
}

async fn a_gateway_with_the_old_file_finalizes_nothing(place: Place) {
    let behind = place.desk(&file("b", Some("g1"), "0")).await;
    let ahead = place.desk(&file("b", Some("g2"), "0")).await;
    ahead.apply("m", Verb::Promote, &operator()).await.unwrap();
    let refused = behind.apply("m", Verb::Promote, &operator()).await.unwrap();
    assert!(!refused.changed, "it is promoted already");
    let refused = behind
        .apply("m", Verb::Finalize, &operator())
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("another green"), "{refused}");
    let finalized = ahead.apply("m", Verb::Finalize, &operator()).await.unwrap();
    assert_eq!(finalized.state.blue.environment.model, "g2");
}
