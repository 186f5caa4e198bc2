//! Vendors that are all failing, and the gateway's own end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::vendors::{Fault, ModelBehaviour};
use testkit::wait::{self, EventStream};
use tokio::net::TcpStream;

use crate::house::*;
use crate::invariants;
use crate::measure::{figure, sized};
use crate::vendors::futures_of;

fn failing(status: u16) -> ModelBehaviour {
    ModelBehaviour {
        error_rate: 1.0,
        error_status: status,
        ..ModelBehaviour::instant()
    }
}

/// Second tries are a fifth of the first ones, besides the few a second that are always allowed.
#[tokio::test]
async fn a_storm_of_errors_is_not_made_worse() {
    for (name, behaviour) in [
        ("500", failing(500)),
        ("503", failing(503)),
        ("529", failing(529)),
        (
            "resets",
            ModelBehaviour::instant().with_fault(Fault::ResetBeforeHead, 1.0),
        ),
    ] {
        let house = house_with(|file| file + "retry: {budget_percent: 20, budget_per_second: 0}\n").await;
        let before = invariants::before(&house.gateway);
        house.vendors.set_behaviour("blue-model", behaviour).unwrap();
        let count = sized(200, 10_000);
        let one = async |_| {
            for _ in 0..count / 20 {
                let reply = house.chat(&[]).await;
                assert!(reply.status >= 500, "{}", reply.status);
            }
        };
        futures_of((0..20).map(one).collect()).await;
        let sent = house.vendors.counters("blue-model").requests;
        let ratio = sent as f64 / count as f64;
        figure(
            &format!("storm of {name}, upstream requests a client's"),
            format!("{ratio:.3}, N {count}"),
        );
        assert!(ratio <= 1.2, "{sent} for {count}");
        house
            .vendors
            .set_behaviour("blue-model", ModelBehaviour::instant())
            .unwrap();
        assert_eq!(house.chat(&[]).await.status, 200);
        invariants::hold(&house.gateway, &before).await;
    }
}

/// Neither side helps the other, nobody is moved to and fro, and when they are back all is as it was.
#[tokio::test]
async fn when_both_sides_are_dead_nothing_flips() {
    let house = house().await;
    let before = invariants::before(&house.gateway);
    house.split(50.0).await;
    let start = house.deployment().await;
    for model in ["blue-model", "green-model"] {
        house.vendors.set_behaviour(model, failing(503)).unwrap();
    }
    let count = sized(120, 5_000);
    let sessions: Vec<String> = (0..20).map(|number| format!("session-{number}")).collect();
    for number in 0..count {
        let session = sessions[number % sessions.len()].as_str();
        let reply = house.chat(&[("x-session-id", session)]).await;
        assert_eq!(reply.status, 503, "{}", reply.text());
        // Green's requests were rescued by blue, which is as dead; blue's never go to green.
        assert_eq!(reply.header("x-deployment-environment"), Some("blue"));
    }
    let now = house.deployment().await;
    assert_eq!(
        json!([now["split"], now["state"], now["revision"]]),
        json!([start["split"], start["state"], start["revision"]])
    );
    let sent = ["blue-model", "green-model"].map(|model| house.vendors.counters(model).requests);
    figure(
        "both sides dead, requests to blue and green",
        format!("{sent:?}, N {count}"),
    );
    assert!(sent[1] <= sent[0], "{sent:?}");
    for model in ["blue-model", "green-model"] {
        house
            .vendors
            .set_behaviour(model, ModelBehaviour::instant())
            .unwrap();
    }
    for session in &sessions {
        let headers = [("x-session-id", session.as_str())];
        let sides = futures_of((0..3).map(|_| house.chat(&headers)).collect()).await;
        let mut sides: Vec<_> = sides.iter().map(routed).collect();
        sides.dedup();
        assert_eq!(sides.len(), 1, "{session}: {sides:?}");
    }
    invariants::hold(&house.gateway, &before).await;
}

/// A rollout whose both sides die at once proves nothing about green: it neither advances nor swings.
#[tokio::test]
async fn a_rollout_over_two_dead_sides_does_not_swing() {
    let plan = "plans: {watched: {phases: [{weight: 50}, {weight: 100}], \
                phase_defaults: {min_duration: 10m, min_requests: 50}}}\n";
    let house = house_with(|file| file + plan).await;
    let before = invariants::before(&house.gateway);
    let path = "/deployments/assistant/rollout";
    house.done("POST", path, json!({"plan": "watched"})).await;
    house
        .until("the first phase", |now| now["split"]["green"] == 50)
        .await;
    for model in ["blue-model", "green-model"] {
        house.vendors.set_behaviour(model, failing(503)).unwrap();
    }
    let mut splits = vec![json!(50)];
    for _ in 0..sized(12, 300) {
        futures_of((0..10).map(|_| house.chat(&[])).collect()).await;
        let green = house.deployment().await["split"]["green"].clone();
        if splits.last() != Some(&green) {
            splits.push(green);
        }
    }
    figure("a rollout over two dead sides, splits", format!("{splits:?}"));
    assert!(splits.len() <= 2, "it swings: {splits:?}");
    assert!(
        splits.last().and_then(Value::as_f64) <= Some(50.0),
        "it advanced: {splits:?}"
    );
    invariants::hold(&house.gateway, &before).await;
}

/// Everything that lives at SIGTERM lives to its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_live_streams_finish_after_sigterm() {
    let mut house = house().await;
    let count = sized(300, 1_000);
    // Slow enough that all of them are still under way when the signal comes.
    let behaviour = ModelBehaviour {
        tokens_per_second: 4.0,
        answer_tokens: if count > 300 { 120 } else { 40 },
        ..ModelBehaviour::instant()
    };
    house.vendors.set_behaviour("blue-model", behaviour).unwrap();
    let mut streams: Vec<EventStream> = Vec::new();
    while streams.len() < count {
        let wave = (0..50).map(|_| house.stream(&[])).collect();
        streams.extend(futures_of(wave).await);
    }
    assert_eq!(
        house.vendors.counters("blue-model").active,
        count as u64,
        "some have ended too early"
    );
    let asked = Instant::now();
    house.gateway.terminate();
    let addr = house.gateway.client_addr;
    wait::until_async("new connections are refused", SOON, async || {
        TcpStream::connect(addr).await.is_err()
    })
    .await;
    let finished = futures_of(
        streams
            .iter_mut()
            .map(|stream| async {
                let events = stream.collect().await;
                events.last().is_some_and(|event| event.data == "[DONE]") && stream.ended_orderly()
            })
            .collect(),
    )
    .await;
    let whole = finished.iter().filter(|whole| **whole).count();
    figure(
        "streams that finish after SIGTERM",
        format!("{whole} of {count}, {:.0} s", asked.elapsed().as_secs_f64()),
    );
    assert_eq!(whole, count);
    assert_eq!(house.gateway.wait(Duration::from_secs(10)).await.code(), Some(0));
    assert_eq!(house.vendors.counters("blue-model").answered, count as u64);
    assert!(!house.gateway.log().contains("panicked"));
}
