use gateway::{End, FailureKind, Timeouts};
use serde_json::json;
use std::time::Duration;
use testkit::vendors::{Fault, ModelBehaviour};
use testkit::wait;

use crate::harness::*;

const AUTH: [(&str, &str); 1] = [("authorization", "Bearer cf-test")];

#[tokio::test]
async fn usage_is_metered_and_only_shown_to_who_asked() {
    let house = house(Plan::default()).await;
    let plain = house.post(&[], &streamed("hello")).await.text();
    assert!(!plain.contains("usage"), "{plain}");
    let mut asked = streamed("hello");
    asked["stream_options"] = json!({"include_usage": true});
    let shown = house.post(&[], &asked).await.text();
    assert!(shown.contains("\"completion_tokens\""), "{shown}");
    for outcome in house.seen.outcomes(2).await {
        assert!(outcome.attempts[0].usage.unwrap().output_tokens > 0);
        assert!(outcome.stream && outcome.first_byte.is_some());
    }
}

#[tokio::test]
async fn a_stream_that_breaks_ends_in_one_error_event() {
    let idle = Timeouts {
        idle: Duration::from_millis(200),
        ..Timeouts::default()
    };
    let house = house(Plan {
        timeouts: idle,
        ..Plan::default()
    })
    .await;
    let faults = [
        (
            Fault::TruncateStream,
            "upstream_disconnected",
            FailureKind::Disconnected,
        ),
        (Fault::ResetMidStream, "upstream_disconnected", FailureKind::Reset),
        (
            Fault::GarbageMidStream,
            "upstream_invalid_response",
            FailureKind::Invalid,
        ),
        (
            Fault::StallMidStream,
            "upstream_timeout",
            FailureKind::IdleTimeout,
        ),
    ];
    for (fault, code, kind) in faults {
        // Slow enough that the first event is with the client when the fault comes.
        let slow = ModelBehaviour {
            tokens_per_second: 100.0,
            ..ModelBehaviour::instant()
        };
        house
            .vendors
            .set_behaviour("blue-model", slow.with_fault(fault, 1.0))
            .unwrap();
        let mut stream = wait::stream(house.addr, CHAT, &AUTH, &streamed("hello")).await;
        let events = stream.collect().await;
        assert!(stream.ended_orderly(), "{fault:?}");
        let last = events
            .last()
            .unwrap_or_else(|| panic!("{fault:?}: no event"))
            .json();
        assert_eq!(last["error"]["code"], code, "{fault:?}: {last}");
        assert!(events.iter().all(|event| event.data != "[DONE]"), "{fault:?}");
        let outcome = house.seen.outcomes(1).await.pop().unwrap();
        let ended = matches!(outcome.end, End::Broken(found) if found == kind
            || (kind == FailureKind::Reset && found == FailureKind::Disconnected));
        assert!(ended, "{fault:?}: {:?}", outcome.end);
    }
}

#[tokio::test]
async fn events_leave_as_they_come() {
    let house = house(Plan::default()).await;
    let slow = ModelBehaviour {
        tokens_per_second: 20.0,
        answer_tokens: 5,
        ..ModelBehaviour::instant()
    };
    house.vendors.set_behaviour("blue-model", slow).unwrap();
    let mut stream = wait::stream(house.addr, CHAT, &AUTH, &streamed("hello")).await;
    let events = stream.collect().await;
    let span = events.last().unwrap().at - events.first().unwrap().at;
    assert!(
        span >= Duration::from_millis(150),
        "the events came together: {span:?}"
    );
}

#[tokio::test]
async fn a_connection_carries_one_stream_after_another() {
    let house = house(Plan::default()).await;
    let mut connection = wait::RawConnection::open(house.addr).await;
    let body = streamed("hello").to_string();
    let request = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {SECRET}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    for _ in 0..3 {
        connection.send(&request).await;
        let reply = connection.read_reply().await;
        assert_eq!(reply.status, 200);
        assert!(reply.text().ends_with("data: [DONE]\n\n"));
    }
    // Two at once: the second waits its turn and is answered.
    connection.send(format!("{request}{request}")).await;
    for _ in 0..2 {
        assert_eq!(connection.read_reply().await.status, 200);
    }
}
