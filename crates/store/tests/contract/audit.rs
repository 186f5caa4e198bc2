//! Promises about the audit log.

use store::audit::{self, Entry, Filter, NewEntry};
use store::{Cursor, Store, StoreError};

use crate::places::Place;
use crate::samples;

on_both! {
    an_entry_comes_back_as_it_was_appended
    a_list_is_paged_newest_first
    every_filter_leaves_out_the_others
    a_foreign_cursor_is_refused
    no_reason_can_make_an_entry_fail
}

fn entry(at: i64, actor: &str, verb: &str, subject: &str) -> NewEntry {
    NewEntry {
        at,
        actor: actor.into(),
        verb: verb.into(),
        subject: subject.into(),
        ..samples::entry()
    }
}

async fn verbs(store: &Store, filter: Filter) -> String {
    let page = audit::list(store, &filter, None, 100).await.unwrap();
    page.rows
        .into_iter()
        .map(|entry| entry.verb)
        .collect::<Vec<_>>()
        .join(" ")
}

async fn an_entry_comes_back_as_it_was_appended(place: Place) {
    let store = place.open().await;
    let new = NewEntry {
        reason: Some("배포".into()),
        detail: r#"{"green":10}"#.into(),
        ..entry(5, "kim", "split", "gpt")
    };
    let id = audit::append(&store, &new).await.unwrap();
    let NewEntry {
        at,
        actor,
        role,
        verb,
        subject,
        reason,
        detail,
    } = new;
    let rows = audit::list(&store, &Filter::default(), None, 10)
        .await
        .unwrap()
        .rows;
    assert_eq!(
        rows,
        [Entry {
            id,
            at,
            actor,
            role,
            verb,
            subject,
            reason,
            detail
        }]
    );
}

async fn a_list_is_paged_newest_first(place: Place) {
    let store = place.open().await;
    for at in 1..=5 {
        audit::append(&store, &entry(at, "kim", "split", "gpt"))
            .await
            .unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = audit::list(&store, &Filter::default(), after, 2).await.unwrap();
        seen.extend(page.rows.into_iter().map(|entry| entry.at));
        // What is appended meanwhile does not move the pages that follow.
        audit::append(&store, &entry(9, "kim", "split", "gpt"))
            .await
            .unwrap();
        let Some(next) = page.next else { break };
        after = Some(next.to_string().parse::<Cursor>().unwrap());
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}

async fn every_filter_leaves_out_the_others(place: Place) {
    let store = place.open().await;
    for (at, actor, verb, subject) in [
        (1, "kim", "split", "gpt"),
        (2, "lee", "promote", "gpt"),
        (3, "kim", "rollback", "claude"),
    ] {
        audit::append(&store, &entry(at, actor, verb, subject))
            .await
            .unwrap();
    }
    let all = Filter::default;
    assert_eq!(verbs(&store, all()).await, "rollback promote split");
    assert_eq!(
        verbs(
            &store,
            Filter {
                actor: Some("kim".into()),
                ..all()
            }
        )
        .await,
        "rollback split"
    );
    assert_eq!(
        verbs(
            &store,
            Filter {
                verb: Some("promote".into()),
                ..all()
            }
        )
        .await,
        "promote"
    );
    assert_eq!(
        verbs(
            &store,
            Filter {
                subject: Some("gpt".into()),
                ..all()
            }
        )
        .await,
        "promote split"
    );
    assert_eq!(
        verbs(
            &store,
            Filter {
                since: Some(2),
                ..all()
            }
        )
        .await,
        "rollback promote"
    );
    assert_eq!(
        verbs(
            &store,
            Filter {
                until: Some(2),
                ..all()
            }
        )
        .await,
        "split"
    );
}

async fn a_foreign_cursor_is_refused(_: Place) {
    for text in ["", "abc", "1;DROP TABLE audit", "99999999999999999999"] {
        assert!(
            matches!(text.parse::<Cursor>(), Err(StoreError::BadCursor)),
            "{text}"
        );
    }
}

async fn no_reason_can_make_an_entry_fail(place: Place) {
    let store = place.open().await;
    let odd = NewEntry {
        reason: Some("a\0b'\"\\ \u{1f600}".into()),
        ..entry(1, "kim", "split", "gpt")
    };
    audit::append(&store, &odd).await.unwrap();
    let rows = audit::list(&store, &Filter::default(), None, 1)
        .await
        .unwrap()
        .rows;
    assert_eq!(rows[0].reason.as_deref(), Some("a\u{fffd}b'\"\\ \u{1f600}"));
}
