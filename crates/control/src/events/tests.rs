#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{EventKind, Hub, Subscription, tick_stats};

/// Everything up to the end, the hub being closed.
async fn rest(subscription: &mut Subscription) -> Vec<(u64, EventKind)> {
    let mut events = Vec::new();
    while let Some(event) = subscription.next().await {
        events.push((event.id, event.kind));
    }
    events
}

fn publish(hub: &Hub, count: usize) {
    (0..count).for_each(|number| hub.publish(EventKind::Split, json!({ "number": number })));
}

#[tokio::test]
async fn a_listener_that_comes_back_misses_nothing() {
    let hub = Hub::new(1_000);
    publish(&hub, 5);
    let mut back = hub.subscribe(Some(1_003));
    publish(&hub, 1);
    hub.close();
    let ids: Vec<u64> = rest(&mut back).await.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [1_004, 1_005, 1_006, 1_006]);
}

#[tokio::test]
async fn a_new_listener_hears_what_comes_and_not_what_was() {
    let hub = Hub::new(0);
    publish(&hub, 3);
    let mut new = hub.subscribe(None);
    publish(&hub, 1);
    hub.close();
    assert_eq!(
        rest(&mut new).await,
        [(4, EventKind::Split), (4, EventKind::Missed)]
    );
}

#[tokio::test]
async fn what_cannot_be_replayed_is_said_to_be_missed() {
    let hub = Hub::new(1_000);
    publish(&hub, 1_200);
    let rows = [
        (999, true),
        (1_199, true),
        (1_200, false),
        (2_200, false),
        (9_999, true),
    ];
    let mut back = rows.map(|(after, missed)| (after, missed, hub.subscribe(Some(after))));
    publish(&hub, 1);
    for (after, missed, subscription) in &mut back {
        let first = subscription.next().await.unwrap();
        assert_eq!(first.kind == EventKind::Missed, *missed, "{after}");
    }
}

#[tokio::test]
async fn a_slow_listener_is_dropped_with_a_notice_and_holds_up_nobody() {
    let hub = Hub::new(0);
    let mut slow = hub.subscribe(None);
    let mut quick = hub.subscribe(None);
    for _ in 0..300 {
        publish(&hub, 1);
        assert_eq!(quick.next().await.unwrap().kind, EventKind::Split);
    }
    assert_eq!(hub.listeners(), 1);
    let heard = rest(&mut slow).await;
    assert_eq!(heard.last(), Some(&(256, EventKind::Missed)));
    assert_eq!(heard.len(), 257);
    // Coming back after the notice, it goes on where it was.
    assert_eq!(hub.subscribe(Some(256)).next().await.unwrap().id, 257);
}

#[tokio::test(start_paused = true)]
async fn statistics_tick_each_second_and_only_while_somebody_listens() {
    let hub = Arc::new(Hub::new(0));
    let mut asked = 0;
    let figures = move || {
        asked += 1;
        std::future::ready(json!(asked))
    };
    tokio::spawn(tick_stats(Arc::clone(&hub), figures));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut listener = hub.subscribe(None);
    let start = tokio::time::Instant::now();
    for tick in 1..=3 {
        let event = listener.next().await.unwrap();
        assert_eq!((event.kind, &event.data), (EventKind::Stats, &json!(tick)));
    }
    let took = start.elapsed();
    assert!(
        took >= Duration::from_secs(2) && took <= Duration::from_secs(3),
        "{took:?}"
    );
}

#[tokio::test]
async fn ticks_do_not_push_out_what_listeners_come_back_for() {
    let hub = Hub::new(0);
    publish(&hub, 1);
    (0..2_000).for_each(|_| hub.publish(EventKind::Stats, json!(null)));
    let first = hub.subscribe(Some(0)).next().await.unwrap();
    assert_eq!((first.id, first.kind), (1, EventKind::Split));
}
