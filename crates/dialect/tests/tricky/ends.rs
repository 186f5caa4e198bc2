//! How answers end, break, or never begin.

use dialect::{Asked, Broken, Dialect, Door, Fault, Reader, error_body, vendor_error};
use serde_json::{Value, json};

use super::answers::{block, delta, ends, gemini, start, stop};
use crate::clients::{chat_stream, generate_stream, messages_stream, responses_stream};
use crate::harness::{reader, sse, stream_to, streamed};

const VENDORS: [&str; 3] = ["openai", "anthropic", "gemini"];
const DOORS: [Door; 4] = [Door::Chat, Door::Messages, Door::Responses, Door::StreamGenerate];

/// A plain answer, "hé 😀", as each vendor streams it.
fn answer(vendor: &str) -> String {
    match vendor {
        "openai" | "deepseek" => {
            let chunk = |delta: Value, finish: Value| json!({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
            sse(&[
                chunk(json!({"role": "assistant", "content": "hé "}), json!(null)),
                chunk(json!({"content": "😀"}), json!(null)),
                chunk(json!({}), json!("stop")),
            ]) + "data: [DONE]\n\n"
        }
        "anthropic" => {
            let text = |text: &str| delta(0, json!({"type": "text_delta", "text": text}));
            let mut events = vec![
                start(),
                json!({"type": "ping"}),
                block(0, json!({"type": "text", "text": ""})),
                text("hé "),
                text("😀"),
                stop(0),
            ];
            events.extend(ends("end_turn"));
            sse(&events)
        }
        _ => sse(&[
            gemini(json!([{"text": "hé "}]), None),
            gemini(json!([{"text": "😀"}]), Some("STOP")),
        ])
        .replace('\n', "\r\n"),
    }
}

/// Pairs that are translated; the others pass and are tested where they do.
fn translated() -> impl Iterator<Item = (Door, &'static str)> {
    let own = |door: Door, vendor: &str| match vendor {
        "openai" => door == Door::Chat || door == Door::Responses,
        "anthropic" => door == Door::Messages,
        _ => door == Door::StreamGenerate,
    };
    DOORS
        .into_iter()
        .flat_map(|door| VENDORS.map(|vendor| (door, vendor)))
        .filter(move |(door, vendor)| !own(*door, vendor))
}

fn feed(reader: &mut Reader, text: &str, out: &mut Vec<u8>) -> Result<(), Broken> {
    reader.feed(text.as_bytes(), out)
}

#[test]
fn case_13_a_cut_stream_is_an_error_and_never_an_invented_end() {
    for (door, vendor) in translated() {
        let text = answer(vendor);
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            let (cut, rest) = text.split_at(at);
            let (out, result) = streamed(door, vendor, cut);
            // Only what follows the vendor's last word may be missing.
            let complete = rest.trim().is_empty()
                || rest.trim() == "data: [DONE]"
                || (vendor == "openai" && !rest.contains("finish_reason") && result.is_ok());
            assert_eq!(result.is_ok(), complete, "{door:?} {vendor} cut before {rest:?}");
            if result.is_err() {
                let said_end = [
                    "[DONE]",
                    "message_stop",
                    "response.completed",
                    "\"finishReason\"",
                    "finish_reason\":\"stop",
                ];
                assert!(
                    !said_end.iter().any(|end| out.contains(end)),
                    "{door:?} {vendor} {out}"
                );
            }
        }
    }
}

#[test]
fn case_13_the_broken_stream_ends_in_one_error_event_clients_understand() {
    for (door, vendor) in translated() {
        let text = answer(vendor);
        let half = text.split("😀").next().unwrap();
        let mut reader = reader(door, vendor, true);
        let mut out = Vec::new();
        feed(&mut reader, half, &mut out).unwrap();
        assert!(reader.begun());
        assert_eq!(reader.end(&mut out), Err(Broken::Disconnected));
        reader.fail(
            &Fault {
                status: 502,
                code: "upstream_disconnected",
                message: "cut",
                param: None,
                request_id: "req_1",
            },
            &mut out,
        );
        let out = String::from_utf8(out).unwrap();
        let seen = match door {
            Door::Chat => chat_stream(&out),
            Door::Messages => messages_stream(&out),
            Door::Responses => responses_stream(&out),
            _ => generate_stream(&out),
        };
        assert_eq!(
            (seen.error.as_deref(), seen.text.as_str()),
            (Some("cut"), "hé "),
            "{door:?} {vendor}"
        );
    }
}

#[test]
fn case_14_and_15_an_error_as_first_event_leaves_the_answer_unbegun() {
    let errors = [
        (
            "openai",
            r#"data: {"error":{"message":"no","code":429}}"#,
            Some(429),
        ),
        (
            "anthropic",
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"no\"}}",
            Some(503),
        ),
        (
            "gemini",
            r#"data: {"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}"#,
            Some(400),
        ),
    ];
    for (vendor, error, status) in errors {
        for door in DOORS {
            let mut reader = reader(door, vendor, true);
            let mut out = Vec::new();
            let Err(Broken::VendorError {
                status: told,
                message,
                ..
            }) = feed(&mut reader, &format!("{error}\n\n"), &mut out)
            else {
                panic!("{door:?} {vendor}")
            };
            assert_eq!(
                (told, message.as_str(), reader.begun(), out.len()),
                (status, "no", false, 0),
                "{door:?} {vendor}"
            );
        }
    }
}

#[test]
fn case_16_a_whole_answer_to_a_stream_request_becomes_a_stream() {
    let whole = |vendor: &str| match vendor {
        "openai" => {
            json!({"id": "c", "choices": [{"index": 0, "message": {"role": "assistant", "content": "hé 😀"}, "finish_reason": "stop"}]})
        }
        "anthropic" => {
            json!({"id": "m", "content": [{"type": "text", "text": "hé 😀"}], "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 2}})
        }
        _ => gemini(json!([{"text": "hé 😀"}]), Some("STOP")),
    };
    for (door, vendor) in translated() {
        let mut out = Vec::new();
        reader(door, vendor, true)
            .whole(&serde_json::to_vec(&whole(vendor)).unwrap(), &mut out)
            .unwrap();
        let out = String::from_utf8(out).unwrap();
        let seen = match door {
            Door::Chat => chat_stream(&out),
            Door::Messages => messages_stream(&out),
            Door::Responses => responses_stream(&out),
            _ => generate_stream(&out),
        };
        assert_eq!(
            (seen.text.as_str(), seen.finish.as_deref()),
            ("hé 😀", Some("stop")),
            "{door:?} {vendor}"
        );
    }
}

#[test]
fn case_17_comments_and_wrapped_keep_alives_never_become_data() {
    for (door, vendor) in translated() {
        let text = format!(": hello\n\ndata: : keepalive\n\ndata:\n\n{}", answer(vendor));
        let (noisy, plain) = (
            stream_to(door, vendor, &text),
            stream_to(door, vendor, &answer(vendor)),
        );
        assert_eq!(noisy, plain);
    }
}

#[test]
fn case_18_characters_lines_and_events_may_be_cut_anywhere() {
    for (door, vendor) in translated() {
        for ends in ["\n", "\r\n"] {
            let text = answer(vendor).replace("\r\n", "\n").replace('\n', ends);
            let wanted = stream_to(door, vendor, &answer(vendor));
            for at in 0..text.len() {
                let (one, two) = text.as_bytes().split_at(at);
                let mut reader = reader(door, vendor, true);
                let mut out = Vec::new();
                reader
                    .feed(one, &mut out)
                    .and_then(|()| reader.feed(two, &mut out))
                    .and_then(|()| reader.end(&mut out))
                    .unwrap();
                assert_eq!(
                    String::from_utf8(out).unwrap(),
                    wanted,
                    "{door:?} {vendor} at {at}"
                );
            }
        }
    }
}

#[test]
fn case_19_what_was_written_before_a_client_left_can_be_estimated() {
    for (door, vendor) in translated() {
        let mut reader = reader(door, vendor, true);
        feed(
            &mut reader,
            answer(vendor).split("😀").next().unwrap(),
            &mut Vec::new(),
        )
        .unwrap();
        assert_eq!(
            (reader.output_events(), reader.output_bytes()),
            (1, "hé ".len() as u64),
            "{door:?} {vendor}"
        );
    }
}

#[test]
fn case_28_kinds_of_429_are_told_apart() {
    let table = [
        (
            Dialect::OpenAi,
            r#"{"error":{"message":"m","code":"rate_limit_exceeded"}}"#,
            true,
        ),
        (
            Dialect::OpenAi,
            r#"{"error":{"message":"m","type":"insufficient_quota","code":"credit_balance_exhausted"}}"#,
            false,
        ),
        (
            Dialect::Anthropic,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"m"}}"#,
            true,
        ),
        (
            Dialect::Anthropic,
            r#"{"error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}}}"#,
            false,
        ),
        (
            Dialect::Gemini,
            r#"{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}"#,
            true,
        ),
    ];
    for (dialect, body, retryable) in table {
        let asked = Asked {
            door: Door::Chat,
            names_model: true,
            request_id: "req_1",
        };
        let answer = vendor_error(dialect, &asked, 429, "application/json", body.as_bytes());
        assert_eq!(
            (answer.status, answer.retryable, answer.caller_fault),
            (429, retryable, false),
            "{body}"
        );
    }
}

#[test]
fn case_31_a_body_that_begins_with_blank_lines_is_json() {
    let body = "\n\n\n \r\n{\"choices\":[{\"message\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}";
    for door in [Door::Chat, Door::Messages, Door::Responses] {
        reader(door, "deepseek", false)
            .whole(body.as_bytes(), &mut Vec::new())
            .unwrap();
    }
}

#[test]
fn case_34_our_own_errors_have_the_shape_of_the_door() {
    let fault = Fault {
        status: 503,
        code: "no_healthy_environment",
        message: "m",
        param: None,
        request_id: "req_1",
    };
    let body = |door| serde_json::from_slice::<Value>(&error_body(door, &fault)).unwrap();
    assert_eq!(body(Door::Chat)["error"]["code"], "no_healthy_environment");
    assert_eq!(body(Door::Messages)["error"]["type"], "overloaded_error");
    assert_eq!(body(Door::Messages)["request_id"], "req_1");
    assert_eq!(body(Door::Generate)["error"]["status"], "UNAVAILABLE");
}

#[test]
fn an_end_without_a_beginning_is_no_answer() {
    let stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    for (vendor, text) in [
        ("openai", "data: [DONE]\n\n"),
        ("deepseek", ": x\n\ndata: [DONE]\n\n"),
        ("anthropic", stop),
        ("gemini", ""),
    ] {
        for door in DOORS
            .into_iter()
            .filter(|door| !(vendor == "openai" && *door == Door::Responses))
        {
            let (out, result) = streamed(door, vendor, text);
            assert!(
                result.is_err() && !out.contains("[DONE]") && !out.contains("message_stop"),
                "{door:?} {vendor} {out}"
            );
        }
    }
}
