//! The flagship promise: the split is changed under load, and nobody notices but the counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use testkit::vendors::ModelBehaviour;

use crate::house::*;

const CHANGES: u64 = 1_000;
const SHARES: [f64; 7] = [0.0, 1.0, 25.0, 50.0, 99.99, 100.0, 12.5];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_changes_under_load_lose_nothing_cut_nothing_and_hold_from_their_answer_on() {
    let house = Arc::new(house().await);
    let brief = ModelBehaviour {
        tokens_per_second: 400.0,
        answer_tokens: 20,
        ..ModelBehaviour::instant()
    };
    for model in ["blue-model", "green-model"] {
        house.vendors.set_behaviour(model, brief.clone()).unwrap();
    }
    let in_force = Arc::new(AtomicU64::new(1));
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..8)
        .map(|number| {
            let (house, in_force, over) = (house.clone(), in_force.clone(), over.clone());
            tokio::spawn(async move { keep_asking(&house, number % 2 == 0, &in_force, &over).await })
        })
        .collect();
    for change in 0..CHANGES {
        let answer = house.split(SHARES[change as usize % SHARES.len()]).await;
        in_force.store(answer["revision"].as_u64().unwrap(), Ordering::SeqCst);
    }
    over.store(true, Ordering::SeqCst);
    let mut answered = 0;
    for client in clients {
        answered += client.await.unwrap();
    }
    // The first change asked for what held already.
    assert_eq!(house.deployment().await["revision"], CHANGES);
    let sent = |model| house.vendors.counters(model).requests;
    assert_eq!(answered, sent("blue-model") + sent("green-model"));
    assert!(sent("blue-model") > 50 && sent("green-model") > 50, "{answered}");
}

/// Asks until it is over; every answer must be whole, and routed by what was in force before it was asked for.
async fn keep_asking(house: &House, stream: bool, in_force: &AtomicU64, over: &AtomicBool) -> u64 {
    let body = if stream { streamed() } else { chat() };
    let mut answered = 0;
    while !over.load(Ordering::SeqCst) {
        let at_least = in_force.load(Ordering::SeqCst);
        let reply = house.post(&[], &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.complete, "an answer was cut");
        assert!(
            !stream || reply.text().ends_with("data: [DONE]\n\n"),
            "a stream was cut"
        );
        assert!(
            revision(&reply) >= at_least,
            "routed by {} although {at_least} had been answered before",
            revision(&reply)
        );
        answered += 1;
    }
    answered
}
