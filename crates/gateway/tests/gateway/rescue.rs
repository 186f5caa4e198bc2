use gateway::{End, FailureKind, Timeouts};
use std::time::Duration;
use testkit::vendors::{Fault, ModelBehaviour};

use crate::harness::*;

fn always(fault: Fault) -> ModelBehaviour {
    ModelBehaviour::instant().with_fault(fault, 1.0)
}

fn quick() -> Timeouts {
    Timeouts {
        first_byte: Duration::from_millis(200),
        connect: Duration::from_millis(200),
        ..Timeouts::default()
    }
}

#[tokio::test]
async fn whatever_green_fails_with_before_the_first_byte_blue_answers() {
    let house = house(Plan {
        split: "100",
        timeouts: quick(),
        ..Plan::default()
    })
    .await;
    let failing = |status| ModelBehaviour {
        error_rate: 1.0,
        error_status: status,
        ..ModelBehaviour::instant()
    };
    let faults = [
        ("500", failing(500), FailureKind::Status),
        ("401", failing(401), FailureKind::Status),
        ("404", failing(404), FailureKind::Status),
        ("429", always(Fault::RateLimit), FailureKind::RateLimited),
        ("reset", always(Fault::ResetBeforeHead), FailureKind::Reset),
        ("close", always(Fault::CloseBeforeHead), FailureKind::Disconnected),
        (
            "stall",
            always(Fault::StallBeforeHead),
            FailureKind::FirstByteTimeout,
        ),
        (
            "silence",
            always(Fault::StallBeforeFirstByte),
            FailureKind::FirstByteTimeout,
        ),
        ("garbage", always(Fault::GarbageFirst), FailureKind::Invalid),
        (
            "error event",
            always(Fault::RefuseInStream),
            FailureKind::ErrorEvent,
        ),
    ];
    for (name, behaviour, kind) in faults {
        house.vendors.set_behaviour("green-model", behaviour).unwrap();
        let reply = house.post(&[], &streamed("hello")).await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        assert_eq!(side(&reply), "blue rescue", "{name}");
        assert!(reply.text().ends_with("data: [DONE]\n\n"), "{name}");
        let outcome = house.seen.outcomes(1).await.pop().unwrap();
        assert_eq!(outcome.attempts.len(), 2, "{name}");
        assert_eq!(outcome.attempts[0].failure, Some(kind), "{name}");
        assert_eq!(
            (outcome.attempts[1].failure, outcome.end),
            (None, End::Complete),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_whole_answer_is_rescued_too() {
    let house = house(Plan {
        split: "100",
        timeouts: quick(),
        ..Plan::default()
    })
    .await;
    for fault in [
        Fault::GarbageFirst,
        Fault::StallBeforeFirstByte,
        Fault::ResetMidStream,
    ] {
        house.vendors.set_behaviour("green-model", always(fault)).unwrap();
        let reply = house.post(&[], &chat("hello")).await;
        assert_eq!(
            (reply.status, side(&reply).as_str()),
            (200, "blue rescue"),
            "{fault:?}: {}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn a_green_that_nobody_listens_for_is_rescued() {
    let dead = format!("http://127.0.0.1:{}", testkit::wait::free_port());
    let house = house(Plan {
        split: "100",
        green_url: Some(dead),
        ..Plan::default()
    })
    .await;
    for _ in 0..50 {
        assert_eq!(house.routed(&[]).await, "blue rescue");
    }
    let outcomes = house.seen.outcomes(50).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.attempts[0].failure == Some(FailureKind::Refused))
    );
}

#[tokio::test]
async fn a_forced_side_shows_its_own_error() {
    let house = house(Plan::default()).await;
    let failing = ModelBehaviour {
        error_rate: 1.0,
        error_status: 503,
        ..ModelBehaviour::instant()
    };
    house.vendors.set_behaviour("green-model", failing).unwrap();
    let reply = house.post(&[("x-canary", "enabled")], &chat("hello")).await;
    assert_eq!((reply.status, side(&reply).as_str()), (503, "green canary"));
    assert!(reply.json()["error"]["message"].is_string());
}

#[tokio::test]
async fn the_callers_own_mistake_is_shown_and_not_rescued() {
    let house = house(Plan {
        split: "100",
        ..Plan::default()
    })
    .await;
    let failing = ModelBehaviour {
        error_rate: 1.0,
        error_status: 400,
        ..ModelBehaviour::instant()
    };
    house.vendors.set_behaviour("green-model", failing).unwrap();
    let reply = house.post(&[], &chat("hello")).await;
    assert_eq!((reply.status, side(&reply).as_str()), (400, "green split"));
    assert_eq!(house.vendors.counters("blue-model").requests, 0);
}

#[tokio::test]
async fn without_rescue_the_error_is_the_clients() {
    let house = house(Plan {
        split: "100",
        rescue: false,
        ..Plan::default()
    })
    .await;
    let failing = ModelBehaviour {
        error_rate: 1.0,
        error_status: 401,
        ..ModelBehaviour::instant()
    };
    house.vendors.set_behaviour("green-model", failing).unwrap();
    let reply = house.post(&[], &chat("hello")).await;
    assert_eq!(reply.status, 502, "our credential is not the caller's");
    assert_eq!(reply.json()["error"]["code"], "upstream_unavailable");
}

#[tokio::test]
async fn a_storm_of_failures_is_retried_within_the_budget() {
    let house = house(Plan {
        green: None,
        ..Plan::default()
    })
    .await;
    let failing = ModelBehaviour {
        error_rate: 1.0,
        error_status: 500,
        ..ModelBehaviour::instant()
    };
    house.vendors.set_behaviour("blue-model", failing).unwrap();
    for _ in 0..300 {
        assert_eq!(house.post(&[], &chat("hello")).await.status, 500);
    }
    let sent = house.vendors.counters("blue-model").requests;
    assert!((310..=480).contains(&sent), "{sent}");
}
