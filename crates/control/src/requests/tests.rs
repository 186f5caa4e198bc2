#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use decide::Side;
use gateway::{End, FailureKind, Observer};
use serde_json::json;
use store::{Store, StoreError};

use super::{Outbox, Recent, Record, explain, find, flush};
use crate::observe::sample::{answered, failed, ordinary, outcome, refused, rescued};
use crate::observe::{Observatory, WINDOW_SECONDS};

#[test]
fn a_record_has_the_contracts_fields() {
    let shown = serde_json::to_value(Record::from(&*rescued())).unwrap();
    let expected = json!({
        "id": "req_1", "at": "2026-09-21T14:13:20.000Z", "deployment": "gpt-4.1", "key": "app", "account": "app",
        "path": "/v1/chat/completions", "stream": false, "monitoring": false,
        "status": 200, "outcome": "ok", "error": null,
        "routing": {
            "environment": "blue", "reason": "rescue", "chosen": "green", "chosen_reason": "split",
            "revision": 7, "split": {"blue": 90, "green": 10}, "unit": null,
        },
        "attempts": [
            {"environment": "green", "reason": "split", "provider": "openai", "upstream_model": "gpt-4.1",
             "status": 503, "outcome": "status", "started_ms": 0.0, "ttft_ms": null, "duration_ms": 20.0,
             "input_tokens": null, "output_tokens": null, "cost_usd": null, "estimated": false},
            {"environment": "blue", "reason": "rescue", "provider": "openai", "upstream_model": "gpt-4.1",
             "status": 200, "outcome": "ok", "started_ms": 20.0, "ttft_ms": 40.0, "duration_ms": 100.0,
             "input_tokens": 12, "output_tokens": 30, "cost_usd": null, "estimated": false},
        ],
        "timing": {"duration_ms": 121.0, "ttft_ms": 60.0, "gateway_ms": 0.5},
        "tokens": {"input": 12, "cached_input": 0, "output": 30, "reasoning": 0},
        "charge_usd": null, "estimated": false,
    });
    assert_eq!(shown, expected, "{shown:#}");
}

#[test]
fn an_explanation_tells_the_whole_story() {
    let told = |outcome: Box<gateway::Outcome>| explain(&Record::from(&*outcome));
    insta::assert_snapshot!(told(rescued()), @"Request req_1 asked for gpt-4.1 on /v1/chat/completions with key 'app' at 2026-09-21T14:13:20.000Z. It was sent to green by the split (green's share was 10%), under revision 7. openai's gpt-4.1 (green) failed with status 503 after 20 ms. Then openai's gpt-4.1 (blue) stood in and answered with status 200, its first byte after 40 ms. The client had the whole answer after 121 ms, of which the gateway itself took 0.5 ms. It used 12 input and 30 output tokens.");
    insta::assert_snapshot!(told(refused()), @"Request req_1 called /v1/chat/completions without a known key at 2026-09-21T14:13:20.000Z. It was refused with 401 (invalid_api_key) and nothing was sent upstream.");
    insta::assert_snapshot!(told(outcome(vec![answered(Side::Green)], End::ClientLeft)), @"Request req_1 asked for gpt-4.1 on /v1/chat/completions with key 'app' at 2026-09-21T14:13:20.000Z. It was sent to green by the split (green's share was 10%), under revision 7. openai's gpt-4.1 (green) was at work for 100 ms when the client left. The client left after 101 ms, before the answer's end. It used 12 input and 30 output tokens.");
    let both = vec![
        failed(Side::Green, FailureKind::ConnectTimeout),
        failed(Side::Green, FailureKind::Reset),
    ];
    insta::assert_snapshot!(told(outcome(both, End::Failed("upstream_unavailable"))), @"Request req_1 asked for gpt-4.1 on /v1/chat/completions with key 'app' at 2026-09-21T14:13:20.000Z. It was sent to green by the split (green's share was 10%), under revision 7. openai's gpt-4.1 (green) failed after 20 ms (connect timeout). Then openai's gpt-4.1 (green) was tried again and failed after 20 ms (reset). Nothing else was left to try: the client got 502 (upstream_unavailable) after 41 ms.");
    let broken = vec![failed(Side::Blue, FailureKind::IdleTimeout)];
    insta::assert_snapshot!(told(outcome(broken, End::Broken(FailureKind::IdleTimeout))), @"Request req_1 asked for gpt-4.1 on /v1/chat/completions with key 'app' at 2026-09-21T14:13:20.000Z. It was sent to blue by the split (green's share was 10%), under revision 7. openai's gpt-4.1 (blue) failed after 20 ms (idle timeout). The stream broke after its first byte (idle_timeout), after 21 ms.");
    let caller = vec![failed(Side::Blue, FailureKind::Caller)];
    insta::assert_snapshot!(told(outcome(caller, End::Complete)), @"Request req_1 asked for gpt-4.1 on /v1/chat/completions with key 'app' at 2026-09-21T14:13:20.000Z. It was sent to blue by the split (green's share was 10%), under revision 7. openai's gpt-4.1 (blue) did not take the request after 20 ms. The client had the whole answer after 21 ms, of which the gateway itself took 1 ms.");
}

#[test]
fn memory_holds_the_last_ten_thousand_and_no_more() {
    let mut recent = Recent::default();
    for number in 0..10_001 {
        let mut request = ordinary();
        request.request_id = format!("req_{number}");
        recent.add(request);
    }
    assert!(recent.find("req_0").is_none());
    assert!(recent.find("req_1").is_some() && recent.find("req_10000").is_some());
}

#[test]
fn memory_is_bounded_in_bytes_whatever_clients_send() {
    let mut recent = Recent::default();
    for _ in 0..10_000 {
        let mut request = ordinary();
        request.path = "ü".repeat(4_000);
        request.attempts = vec![answered(Side::Blue); 40];
        recent.add(request);
    }
    assert!(recent.bytes() <= 24 << 20);
    let kept = recent.find("req_1").unwrap();
    assert_eq!(kept.path.len(), 256);
}

#[test]
fn an_id_that_came_twice_means_the_later_request() {
    let mut recent = Recent::default();
    recent.add(ordinary());
    recent.add(rescued());
    assert_eq!(recent.find("req_1").unwrap().attempts.len(), 2);
}

#[test]
fn a_flood_leaves_ordinary_requests_out_of_the_log_first() {
    let mut outbox = Outbox::default();
    let add = |outbox: &mut Outbox, count: usize, make: fn() -> Box<gateway::Outcome>| {
        (0..count).for_each(|_| outbox.add(&make()));
    };
    for _ in 0..4 {
        add(&mut outbox, 1_500, ordinary);
        outbox.take();
    }
    let left_out = outbox.left_out();
    assert!(left_out > 1_000, "{left_out}");
    add(&mut outbox, 500, rescued);
    assert_eq!((outbox.left_out(), outbox.take().len()), (left_out, 500));
}

#[test]
fn a_store_that_hangs_costs_no_memory() {
    let mut outbox = Outbox::default();
    (0..3_000).for_each(|_| outbox.add(&rescued()));
    assert_eq!((outbox.take().len(), outbox.left_out()), (2_000, 1_000));
}

#[test]
fn whoever_has_no_key_cannot_make_us_write() {
    let mut outbox = Outbox::default();
    outbox.add(&refused());
    assert_eq!((outbox.take().len(), outbox.left_out()), (0, 0));
}

#[tokio::test]
async fn a_request_can_be_explained_after_a_restart() {
    let store = Store::open(&"sqlite::memory:".parse().unwrap()).await.unwrap();
    let before = Observatory::new(WINDOW_SECONDS);
    before.observe(rescued());
    let known = find(&before, &store, "req_1").await.unwrap();
    assert_eq!(flush(&before, &store).await.unwrap(), 1);
    let after = Observatory::new(WINDOW_SECONDS);
    assert_eq!(find(&after, &store, "req_1").await.unwrap(), known);
    let unknown = find(&after, &store, "req_2").await.unwrap_err();
    assert!(matches!(unknown, StoreError::NotFound { .. }), "{unknown}");
}

#[tokio::test]
async fn rows_that_cannot_be_written_are_counted() {
    let store = Store::open(&"sqlite::memory:".parse().unwrap()).await.unwrap();
    store.close().await;
    let observatory = Observatory::new(WINDOW_SECONDS);
    observatory.observe(rescued());
    assert!(flush(&observatory, &store).await.is_err());
    assert_eq!(observatory.up_to_date().left_out(), 1);
}
