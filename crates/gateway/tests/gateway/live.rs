//! The flagship promise: the split changes under load, and nobody notices but the counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use testkit::wait;

use crate::harness::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_changes_under_load_lose_no_request_and_route_none_by_an_older_revision() {
    let house = Arc::new(
        house(Plan {
            split: "50",
            ..Plan::default()
        })
        .await,
    );
    let in_force = Arc::new(AtomicU64::new(1));
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..8)
        .map(|number| {
            let (house, in_force, over) = (house.clone(), in_force.clone(), over.clone());
            tokio::spawn(async move {
                let mut answered = 0_u64;
                while !over.load(Ordering::SeqCst) {
                    let at_least = in_force.load(Ordering::SeqCst);
                    let body = if number % 2 == 0 {
                        chat("hello")
                    } else {
                        streamed("hello")
                    };
                    let reply = house.post(&[], &body).await;
                    assert_eq!(reply.status, 200, "{}", reply.text());
                    assert!(
                        number % 2 == 0 || reply.text().ends_with("[DONE]\n\n"),
                        "a stream was cut"
                    );
                    let revision: u64 = reply.header("x-deployment-revision").unwrap().parse().unwrap();
                    assert!(
                        revision >= at_least,
                        "routed by {revision} after {at_least} was in force"
                    );
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    let splits = ["0", "1", "50", "99.99", "100"];
    for revision in 2..=1_001 {
        let plan = Plan {
            split: splits[revision as usize % splits.len()],
            ..Plan::default()
        };
        house
            .gateway
            .shared
            .swap(snapshot(&plan, &house.vendors.url(), revision));
        in_force.store(revision, Ordering::SeqCst);
        if revision % 20 == 0 {
            let sent = house.vendors.counters("blue-model").requests
                + house.vendors.counters("green-model").requests;
            let more = || {
                house.vendors.counters("blue-model").requests + house.vendors.counters("green-model").requests
                    > sent
            };
            wait::until("requests go on", DEADLINE, more).await;
        }
    }
    over.store(true, Ordering::SeqCst);
    let mut answered = 0;
    for client in clients {
        answered += client.await.unwrap();
    }
    let sent = house.vendors.counters("blue-model").requests + house.vendors.counters("green-model").requests;
    assert_eq!(answered, sent);
    assert!(answered > 100, "{answered}");
}
