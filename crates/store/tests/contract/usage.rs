//! Promises about usage.

use store::usage::{self, By, Filter, Of, Sums};

use crate::places::Place;

on_both! {
    a_sum_that_is_written_twice_is_there_once
    two_runs_add_up
    sums_are_told_apart_as_asked
    a_filter_leaves_out_what_is_not_meant
    a_failed_or_large_batch_is_whole_or_nothing
}

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn of(hour: i64, key: &str, model: &str) -> Of {
    Of {
        hour,
        key: key.to_owned(),
        account: "acme".to_owned(),
        deployment: "assistant".to_owned(),
        environment: "blue".to_owned(),
        provider: "openai".to_owned(),
        model: model.to_owned(),
    }
}

fn sums(requests: i64) -> Sums {
    Sums {
        requests,
        attempts: requests,
        input_tokens: 10 * requests,
        output_tokens: 5 * requests,
        cost_nanos: 1_000 * requests,
        ..Sums::default()
    }
}

async fn a_sum_that_is_written_twice_is_there_once(place: Place) {
    let store = place.open().await;
    let all = Filter::default();
    for requests in [1, 1, 7, 7] {
        usage::write(&store, "run", &[(of(0, "app", "m"), sums(requests))])
            .await
            .unwrap();
    }
    let read = usage::read(&store, &all, &[], 10).await.unwrap();
    assert_eq!((read.len(), read[0].sums), (1, sums(7)));
}

async fn two_runs_add_up(place: Place) {
    let store = place.open().await;
    for run in ["one", "other"] {
        usage::write(&store, run, &[(of(0, "app", "m"), sums(3))])
            .await
            .unwrap();
    }
    let read = usage::read(&store, &Filter::default(), &[By::Key], 10)
        .await
        .unwrap();
    assert_eq!((read.len(), read[0].sums), (1, sums(6)));
}

async fn sums_are_told_apart_as_asked(place: Place) {
    let store = place.open().await;
    let rows = [
        (of(0, "app", "m"), sums(1)),
        (of(HOUR, "app", "n"), sums(2)),
        (of(DAY, "app", "m"), sums(4)),
        (of(DAY, "web", "m"), sums(8)),
    ];
    usage::write(&store, "run", &rows).await.unwrap();
    let by = async |by: &[By]| {
        let read = usage::read(&store, &Filter::default(), by, 10).await.unwrap();
        let shown = read
            .into_iter()
            .map(|group| (group.time, group.key, group.model, group.sums.requests));
        shown.collect::<Vec<_>>()
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(by(&[]).await, [(None, None, None, 15)]);
    assert_eq!(
        by(&[By::Day]).await,
        [(Some(0), None, None, 3), (Some(DAY), None, None, 12)]
    );
    assert_eq!(
        by(&[By::Key, By::Model]).await,
        [
            (None, text("app"), text("m"), 5),
            (None, text("app"), text("n"), 2),
            (None, text("web"), text("m"), 8),
        ]
    );
    assert_eq!(by(&[By::Hour, By::Key]).await.len(), 4);
}

async fn a_filter_leaves_out_what_is_not_meant(place: Place) {
    let store = place.open().await;
    let rows = [
        (of(0, "app", "m"), sums(1)),
        (of(HOUR, "web", "n"), sums(2)),
        (of(2 * HOUR, "app", "n"), sums(4)),
    ];
    usage::write(&store, "run", &rows).await.unwrap();
    let requests = async |filter: Filter| {
        let read = usage::read(&store, &filter, &[], 10).await.unwrap();
        read.first().map(|group| group.sums.requests)
    };
    let key = |key: &str| Some(key.to_owned());
    assert_eq!(
        requests(Filter {
            key: key("app"),
            ..Filter::default()
        })
        .await,
        Some(5)
    );
    assert_eq!(
        requests(Filter {
            model: key("n"),
            key: key("app"),
            ..Filter::default()
        })
        .await,
        Some(4)
    );
    assert_eq!(
        requests(Filter {
            from: Some(HOUR),
            to: Some(2 * HOUR),
            ..Filter::default()
        })
        .await,
        Some(2)
    );
    assert_eq!(
        requests(Filter {
            account: key("nobody"),
            ..Filter::default()
        })
        .await,
        None
    );
}

async fn a_failed_or_large_batch_is_whole_or_nothing(place: Place) {
    let store = place.open().await;
    usage::write(&store, "run", &[]).await.unwrap();
    let rows: Vec<_> = (0..501)
        .map(|at| (of(0, &format!("k{at}"), "m"), sums(1)))
        .collect();
    usage::write(&store, "run", &rows).await.unwrap();
    let read = usage::read(&store, &Filter::default(), &[By::Key], 1_000)
        .await
        .unwrap();
    assert_eq!(read.len(), 501);
}
