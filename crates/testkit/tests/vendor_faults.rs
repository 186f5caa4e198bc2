//! Every fault of the simulated vendors, seen from the other end of a real socket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::vendors::{Fault, ModelBehaviour, Simulator, SimulatorConfig};
use testkit::wait::{RawConnection, Reply, post, raw, stream, until};

const CHAT: &str = "/v1/chat/completions";
const SOON: Duration = Duration::from_secs(10);

async fn simulator(default_behaviour: ModelBehaviour) -> Simulator {
    Simulator::start(SimulatorConfig {
        default_behaviour,
        ..SimulatorConfig::default()
    })
    .await
    .unwrap()
}

async fn always(fault: Fault) -> Simulator {
    simulator(ModelBehaviour::instant().with_fault(fault, 1.0)).await
}

fn chat(stream: bool) -> Value {
    json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "Hello"}]})
}

fn request(stream: bool) -> String {
    let body = chat(stream).to_string();
    format!(
        "POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn whole(vendor: &Simulator) -> Reply {
    post(vendor.addr(), CHAT, &[], &chat(false)).await
}

/// The data of a streamed answer, and whether it ended as its framing promised.
async fn streamed(vendor: &Simulator) -> (Vec<String>, bool) {
    let mut events = stream(vendor.addr(), CHAT, &[], &chat(true)).await;
    let data = events
        .collect()
        .await
        .into_iter()
        .map(|event| event.data)
        .collect();
    (data, events.ended_orderly())
}

#[tokio::test]
async fn a_reset_before_the_head_sends_no_byte_and_resets() {
    let vendor = always(Fault::ResetBeforeHead).await;
    let mut connection = RawConnection::open(vendor.addr()).await;
    connection.send(request(true)).await;
    let error = connection.read_some().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(vendor.counters("m").troubled, 1);
}

#[tokio::test]
async fn a_close_before_the_head_sends_no_byte_and_closes() {
    let vendor = always(Fault::CloseBeforeHead).await;
    assert!(raw(vendor.addr(), request(false)).await.is_empty());
}

#[tokio::test]
async fn a_reset_in_mid_stream_follows_half_of_the_answer() {
    let vendor = always(Fault::ResetMidStream).await;
    let mut connection = RawConnection::open(vendor.addr()).await;
    connection.send(request(true)).await;
    let mut received = Vec::new();
    let ended = loop {
        match connection.read_some().await {
            Ok(bytes) if !bytes.is_empty() => received.extend(bytes),
            ended => break ended,
        }
    };
    assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    let received = String::from_utf8_lossy(&received);
    assert!(received.starts_with("HTTP/1.1 200 OK"), "{received}");
    assert!(
        (15..30).contains(&received.matches("\"content\":\"").count()),
        "{received}"
    );
    assert_eq!(vendor.counters("m").troubled, 1);
}

#[tokio::test]
async fn a_whole_answer_is_reset_half_way_too() {
    let reply = whole(&always(Fault::ResetMidStream).await).await;
    assert_eq!((reply.status, reply.complete), (200, false));
    assert!(reply.body.starts_with(b"{\"id\":"));
}

#[tokio::test]
async fn a_truncated_stream_ends_orderly_without_a_finish() {
    let (data, orderly) = streamed(&always(Fault::TruncateStream).await).await;
    assert!(orderly && data.len() > 10);
    assert!(
        data.iter()
            .all(|data| data != "[DONE]" && !data.contains("\"finish_reason\":\""))
    );
}

#[tokio::test]
async fn garbage_comes_first_or_in_the_middle() {
    let vendor = always(Fault::GarbageFirst).await;
    let reply = whole(&vendor).await;
    assert!(reply.status == 200 && serde_json::from_slice::<Value>(&reply.body).is_err());
    assert!(streamed(&vendor).await.0[0].contains("502 Bad Gateway"));
    let (data, orderly) = streamed(&always(Fault::GarbageMidStream).await).await;
    let rubbish = data
        .iter()
        .position(|data| data.contains("502 Bad Gateway"))
        .unwrap();
    assert!(orderly && rubbish > 10 && data.last().unwrap() == "[DONE]");
}

#[tokio::test]
async fn an_error_event_comes_first_or_in_the_middle_and_ends_the_stream() {
    let vendor = always(Fault::RefuseInStream).await;
    let (data, _) = streamed(&vendor).await;
    assert!(data.len() == 1 && data[0].starts_with("{\"error\":{\"message\":"));
    let reply = whole(&vendor).await;
    assert!(reply.status == 200 && reply.json()["error"]["type"] == "server_error");
    let (data, _) = streamed(&always(Fault::ErrorMidStream).await).await;
    assert!(data.len() > 10 && data.last().unwrap().contains("server_error"));
}

#[tokio::test]
async fn every_vendor_breaks_off_in_its_own_words() {
    let vendor = always(Fault::RefuseInStream).await;
    let message = json!({"model": "m", "max_tokens": 9, "stream": true, "messages": [{"role": "user", "content": "Hi"}]});
    let event = stream(vendor.addr(), "/v1/messages", &[], &message)
        .await
        .next()
        .await
        .unwrap();
    assert_eq!(
        (event.event.as_deref(), &event.json()["error"]["type"]),
        (Some("error"), &json!("overloaded_error"))
    );
    let contents = json!({"contents": [{"parts": [{"text": "Hi"}]}]});
    let path = "/v1beta/models/m:streamGenerateContent?alt=sse";
    let event = stream(vendor.addr(), path, &[], &contents)
        .await
        .next()
        .await
        .unwrap();
    assert_eq!(event.json()["error"]["status"], "UNAVAILABLE");
    let input = json!({"model": "m", "input": "Hi", "stream": true});
    let event = stream(vendor.addr(), "/v1/responses", &[], &input)
        .await
        .next()
        .await
        .unwrap();
    assert_eq!(
        (event.event.as_deref(), &event.json()["type"]),
        (Some("error"), &json!("error"))
    );
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back() {
    let vendor = simulator(
        ModelBehaviour {
            retry_after_seconds: 7,
            ..ModelBehaviour::instant()
        }
        .with_fault(Fault::RateLimit, 1.0),
    )
    .await;
    let reply = whole(&vendor).await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("7")));
    assert_eq!(reply.json()["error"]["code"], "rate_limit_exceeded");
    let contents = json!({"contents": [{"parts": [{"text": "Hi"}]}]});
    let reply = post(vendor.addr(), "/v1beta/models/m:generateContent", &[], &contents).await;
    assert_eq!(reply.json()["error"]["details"][0]["retryDelay"], "7s");
}

#[tokio::test]
async fn an_error_status_comes_in_the_words_of_each_vendor() {
    let vendor = simulator(ModelBehaviour {
        error_rate: 1.0,
        error_status: 529,
        ..ModelBehaviour::instant()
    })
    .await;
    assert_eq!(
        (
            whole(&vendor).await.status,
            whole(&vendor).await.json()["error"]["type"].clone()
        ),
        (529, json!("server_error"))
    );
    let message = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]});
    let reply = post(vendor.addr(), "/v1/messages", &[], &message).await.json();
    assert_eq!(
        reply["error"],
        json!({"type": "overloaded_error", "message": "Overloaded"})
    );
}

#[tokio::test]
async fn a_whole_answer_comes_where_a_stream_was_asked_for() {
    let vendor = always(Fault::WholeAnswerForStream).await;
    let reply = post(vendor.addr(), CHAT, &[], &chat(true)).await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.json()["object"], "chat.completion");
}

#[tokio::test]
async fn a_stalled_request_stays_active_until_its_client_leaves() {
    for fault in [
        Fault::StallBeforeHead,
        Fault::StallBeforeFirstByte,
        Fault::StallMidStream,
    ] {
        let vendor = always(fault).await;
        let mut connection = RawConnection::open(vendor.addr()).await;
        connection.send(request(true)).await;
        until("the request is active", SOON, || vendor.counters("m").active == 1).await;
        if fault != Fault::StallBeforeHead {
            let head = connection.read_some().await.unwrap();
            assert!(head.starts_with(b"HTTP/1.1 200 OK"));
        }
        let left_at = Instant::now();
        drop(connection);
        until("the vendor noticed", SOON, || {
            vendor.counters("m").cancelled_by_client == 1
        })
        .await;
        let counters = vendor.counters("m");
        assert_eq!((counters.active, counters.answered), (0, 0), "{fault:?}");
        assert!(counters.recent_cancels[0].noticed_at >= left_at);
        assert_eq!(
            counters.recent_cancels[0].tokens_sent > 0,
            fault == Fault::StallMidStream
        );
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_stream_is_noticed_with_the_tokens_it_got() {
    let vendor = simulator(ModelBehaviour {
        tokens_per_second: 200.0,
        answer_tokens: 100_000,
        ..ModelBehaviour::instant()
    })
    .await;
    let mut events = stream(vendor.addr(), CHAT, &[], &chat(true)).await;
    for _ in 0..5 {
        events.next().await.unwrap();
    }
    events.leave();
    until("the vendor noticed", SOON, || {
        vendor.counters("m").cancelled_by_client == 1
    })
    .await;
    let cancel = vendor.counters("m").recent_cancels[0].clone();
    assert!((4..5000).contains(&cancel.tokens_sent), "{cancel:?}");
    assert_eq!(vendor.counters("m").tokens_sent, cancel.tokens_sent);
}

#[tokio::test]
async fn tokens_come_at_their_rate() {
    let vendor = simulator(ModelBehaviour {
        tokens_per_second: 100.0,
        answer_tokens: 20,
        ..ModelBehaviour::instant()
    })
    .await;
    let events = stream(vendor.addr(), CHAT, &[], &chat(true))
        .await
        .collect()
        .await;
    let (first, last) = (events.first().unwrap().at, events.last().unwrap().at);
    // The last of 20 tokens is due 190 ms after the first; a busy machine may be late, but never early.
    assert!(last - first >= Duration::from_millis(180), "{:?}", last - first);
    let started = Instant::now();
    whole(&vendor).await;
    assert!(
        started.elapsed() >= Duration::from_millis(200),
        "a whole answer takes as long as its tokens"
    );
}

#[tokio::test]
async fn the_first_byte_waits_for_its_latency() {
    let vendor = simulator(ModelBehaviour {
        first_byte_median_ms: 80.0,
        ..ModelBehaviour::instant()
    })
    .await;
    let started = Instant::now();
    assert_eq!(whole(&vendor).await.status, 200);
    assert!(started.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn the_same_seed_meets_the_same_faults_in_the_same_order() {
    let behaviour = ModelBehaviour {
        error_rate: 0.5,
        ..ModelBehaviour::instant()
    };
    let mut courses = Vec::new();
    for _ in 0..2 {
        let vendor = simulator(behaviour.clone()).await;
        let mut course = Vec::new();
        for _ in 0..40 {
            course.push(whole(&vendor).await.status);
        }
        courses.push(course);
    }
    assert_eq!(courses[0], courses[1]);
    assert!(courses[0].contains(&200) && courses[0].contains(&500));
}
