#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

struct Read {
    out: String,
    result: Result<(), Broken>,
    passing: Passing,
}

fn stream_in(door: Door, hides_usage: bool, pieces: &[&[u8]]) -> Read {
    let mut passing = Passing::new(door, true, hides_usage, false);
    let mut out = Vec::new();
    let mut result = Ok(());
    for piece in pieces {
        result = result.and_then(|()| passing.feed(piece, &mut out));
    }
    let result = result.and_then(|()| passing.end(&mut out));
    Read {
        out: String::from_utf8(out).unwrap(),
        result,
        passing,
    }
}

/// Reads a stream in one piece, byte by byte and cut at every place; all must tell the same.
fn stream(door: Door, hides_usage: bool, text: &str) -> Read {
    let whole = stream_in(door, hides_usage, &[text.as_bytes()]);
    let bytes: Vec<_> = text.as_bytes().chunks(1).collect();
    let mut splits = vec![bytes];
    splits.extend((0..=text.len()).map(|at| <[&[u8]; 2]>::from(text.as_bytes().split_at(at)).to_vec()));
    for pieces in splits {
        let read = stream_in(door, hides_usage, &pieces);
        assert_eq!((&read.out, &read.result), (&whole.out, &whole.result));
        assert_eq!(read.passing.facts.usage, whole.passing.facts.usage);
    }
    whole
}

const CHUNK: &str = r#"data: {"id":"c","choices":[{"index":0,"delta":{"content":"h\u00e9 \"usage\": é😀"},"finish_reason":null}],"usage":null}"#;
const STOP: &str =
    r#"data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#;
const COUNTS: &str = r#"data: {"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":3}}}"#;
const DONE: &str = "data: [DONE]";

fn lines(events: &[&str]) -> String {
    events.iter().map(|event| format!("{event}\n\n")).collect()
}

#[test]
fn a_chat_stream_passes_byte_for_byte() {
    for end in ["\n", "\r\n", "\r"] {
        let text = lines(&[
            ": comment",
            CHUNK,
            "data: {\"new\":\"event\"}",
            STOP,
            COUNTS,
            DONE,
        ])
        .replace('\n', end);
        let read = stream(Door::Chat, false, &text);
        assert_eq!((read.result, read.out), (Ok(()), text));
        let facts = read.passing.facts;
        assert_eq!(facts.finish.as_deref(), Some("stop"));
        assert_eq!((facts.output_events, facts.output_bytes > 10), (1, true));
        assert_eq!(
            facts.usage,
            Some(Usage {
                input_tokens: 9,
                cached_input_tokens: 3,
                output_tokens: 4,
                ..Usage::default()
            })
        );
    }
}

#[test]
fn usage_that_only_we_asked_for_is_taken_out_again() {
    let read = stream(Door::Chat, true, &lines(&[CHUNK, STOP, COUNTS, DONE]));
    let plain = |event: &str| event.replace(r#","usage":null"#, "");
    assert_eq!(read.out, lines(&[&plain(CHUNK), &plain(STOP), DONE]));
    assert_eq!(read.passing.facts.usage.unwrap().output_tokens, 4);
}

#[test]
fn usage_beside_the_last_words_is_read_and_stays() {
    let last = r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let read = stream(Door::Chat, true, &lines(&[last, DONE]));
    assert_eq!(read.out, lines(&[last, DONE]));
    assert_eq!(read.passing.facts.usage.unwrap().total_tokens(), 3);
}

#[test]
fn junk_is_skipped_and_a_byte_order_mark_too() {
    let read = stream(
        Door::Chat,
        false,
        &format!(
            "\u{feff}{}",
            lines(&["data: : keepalive", "data:", CHUNK, STOP, DONE])
        ),
    );
    assert_eq!((read.result, read.out), (Ok(()), lines(&[CHUNK, STOP, DONE])));
}

#[test]
fn comments_and_pings_do_not_begin_an_answer() {
    for (door, text) in [
        (Door::Chat, ": wait\n\n\n"),
        (Door::Messages, "event: ping\ndata: {\"type\":\"ping\"}\n\n"),
    ] {
        let read = stream(door, false, text);
        assert_eq!(
            (read.result, read.passing.facts.begun),
            (Err(Broken::Disconnected), false)
        );
        assert_eq!(read.out, text);
    }
}

#[test]
fn a_cut_stream_is_never_a_success() {
    let texts = [
        "",
        CHUNK,
        STOP,
        &lines(&[CHUNK]),
        &lines(&[CHUNK, "data: {\"id\""]),
        &lines(&[CHUNK, "data: {\"id\""]).replace("\n\n", "\n"),
    ];
    for text in texts {
        let read = stream_in(Door::Chat, false, &[text.as_bytes()]);
        let wanted = if text == STOP {
            Ok(())
        } else {
            Err(Broken::Disconnected)
        };
        let garbage = matches!(read.result, Err(Broken::Garbage(_))) && text.contains("{\"id\"\n\n");
        assert!(garbage || read.result == wanted, "{text:?}: {:?}", read.result);
        assert!(!read.out.contains("[DONE]"));
    }
    let two = r#"data: {"choices":[{"index":1,"delta":{"content":"x"},"finish_reason":null}]}"#;
    assert_eq!(
        stream(Door::Chat, false, &lines(&[two, STOP])).result,
        Err(Broken::Disconnected)
    );
}

#[test]
fn an_error_in_a_stream_is_the_vendors_error() {
    let table = [
        (
            Door::Chat,
            r#"data: {"error":{"code":429,"message":"m","metadata":{}}}"#,
            Some(429),
        ),
        (
            Door::Chat,
            "event: error\ndata: {\"error\":{\"type\":\"server_error\",\"message\":\"m\"}}",
            Some(500),
        ),
        (Door::Chat, r#"data: {"error":"m","choices":[]}"#, None),
        (
            Door::Messages,
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}",
            Some(503),
        ),
        (
            Door::Responses,
            "event: error\ndata: {\"type\":\"error\",\"message\":\"m\",\"code\":\"server_error\"}",
            Some(500),
        ),
        (
            Door::Responses,
            r#"data: {"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"m"}}}"#,
            Some(429),
        ),
        (
            Door::StreamGenerate,
            r#"data: {"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#,
            Some(503),
        ),
    ];
    for (door, event, wanted) in table {
        let read = stream(door, false, &lines(&[event]));
        let Err(Broken::VendorError { status, message, .. }) = read.result else {
            panic!("{event}")
        };
        assert_eq!(
            (status, message.as_str(), read.passing.facts.begun),
            (wanted, "m", false),
            "{event}"
        );
        assert_eq!(read.out, "");
    }
}

#[test]
fn what_is_no_stream_is_garbage() {
    for text in [
        "<html>busy</html>\n\n",
        "data: <html>\n\n",
        "data: {\"a\":1}\n\n",
        "data: {\"choices\":\n\n",
        "data: {}{}\n\n",
        "data: 1\n\n",
    ] {
        for text in [text.to_owned(), lines(&[CHUNK]) + text] {
            let read = stream(Door::Chat, false, &text);
            let unknown = text.contains("\"a\":1") && text.contains("😀");
            assert!(
                unknown || matches!(read.result, Err(Broken::Garbage(_))),
                "{text}"
            );
        }
    }
    let bytes = [b"data: {\"choices\":[\"".as_slice(), b"\xff", b"\"]}\n\n"].concat();
    assert!(matches!(
        stream_in(Door::Chat, false, &[&bytes]).result,
        Err(Broken::Garbage(_))
    ));
}

#[test]
fn the_other_apis_streams_end_by_their_own_rules() {
    let anthropic = lines(&[
        r#"event: message_start
data: {"type":"message_start","message":{"usage":{"input_tokens":8834,"output_tokens":1}}}"#,
        r#"event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}"#,
        r#"event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":18,"cache_read_input_tokens":8831,"output_tokens":7}}"#,
        "event: message_stop\ndata: {\"type\":\"message_stop\"}",
    ]);
    let read = stream(Door::Messages, false, &anthropic);
    assert_eq!((read.result, &read.out), (Ok(()), &anthropic));
    let usage = read.passing.facts.usage.unwrap();
    assert_eq!(
        (usage.input_tokens, usage.cached_input_tokens, usage.output_tokens),
        (8849, 8831, 7)
    );
    let cut = anthropic.replace("message_stop", "ping");
    assert_eq!(
        stream(Door::Messages, false, &cut).result,
        Err(Broken::Disconnected)
    );

    let responses = "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":5,\"output_tokens\":6}}}\n\n";
    let read = stream(Door::Responses, false, responses);
    assert_eq!(
        (read.result, read.passing.facts.usage.unwrap().total_tokens()),
        (Ok(()), 11)
    );

    let gemini = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]}}],\"usageMetadata\":{\"trafficType\":\"x\"}}\r\n\r\n";
    assert_eq!(
        stream(Door::StreamGenerate, false, gemini).result,
        Err(Broken::Disconnected)
    );
    let stop = "data: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":2,\"thoughtsTokenCount\":4}}\r\n\r\n";
    let read = stream(Door::StreamGenerate, false, &(gemini.to_owned() + stop));
    assert_eq!(
        (read.result, read.passing.facts.usage.unwrap().output_tokens),
        (Ok(()), 6)
    );
}

#[test]
fn google_streams_an_array_to_those_who_do_not_ask_for_events() {
    let mut passing = Passing::new(Door::StreamGenerate, true, false, true);
    let mut out = Vec::new();
    let event = r#"{"candidates":[{"finishReason":"STOP"}]}"#;
    passing
        .feed(
            format!(": x\n\ndata: {event}\r\n\r\ndata: {event}\r\n\r\n").as_bytes(),
            &mut out,
        )
        .unwrap();
    passing.end(&mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        format!("[{event}\n,\n{event}\n]")
    );
    assert_eq!(passing.content_type(), Some("application/json"));
}

fn whole(door: Door, stream: bool, body: &str) -> (Result<(), Broken>, String, Facts) {
    let mut passing = Passing::new(door, stream, false, false);
    let mut out = Vec::new();
    let result = passing.whole(body.as_bytes(), &mut out);
    (result, String::from_utf8(out).unwrap(), passing.facts)
}

#[test]
fn a_whole_answer_is_checked_and_passes() {
    let table = [
        (
            Door::Chat,
            "\n\n {\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}",
            3,
        ),
        (
            Door::Embeddings,
            r#"{"data":[],"usage":{"prompt_tokens":4,"total_tokens":4}}"#,
            4,
        ),
        (
            Door::Responses,
            r#"{"error":null,"output":[],"usage":{"input_tokens":5,"output_tokens":1}}"#,
            6,
        ),
        (
            Door::Messages,
            r#"{"content":[],"usage":{"input_tokens":5,"cache_creation_input_tokens":2,"output_tokens":1}}"#,
            8,
        ),
        (
            Door::Generate,
            r#"{"candidates":[],"usageMetadata":{"promptTokenCount":2}}"#,
            2,
        ),
    ];
    for (door, body, tokens) in table {
        let (result, out, facts) = whole(door, false, body);
        assert_eq!(
            (result, out.as_str(), facts.usage.unwrap().total_tokens()),
            (Ok(()), body, tokens)
        );
    }
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"choices":[]}"#,
        r#"{"choices":[{}]"#,
        "data: {}\n\n",
        "[]",
        "\u{0}",
    ] {
        assert!(
            matches!(whole(Door::Chat, false, body).0, Err(Broken::Garbage(_))),
            "{body}"
        );
    }
    let error = r#"{"error":{"message":"m","code":503}}"#;
    assert!(matches!(
        whole(Door::Chat, false, error).0,
        Err(Broken::VendorError {
            status: Some(503),
            ..
        })
    ));
    assert_eq!(whole(Door::Other, false, "\u{0}binary").1, "\u{0}binary");
}

#[test]
fn of_an_answers_field_given_twice_the_last_counts_and_a_null_is_none() {
    let finish = |body: &str| {
        let (result, _, facts) = whole(Door::Chat, false, body);
        result.map(|()| (facts.finish, facts.usage.map(|usage| usage.total_tokens())))
    };
    let table = [
        (
            r#"{"choices":[{"finish_reason":"a","finish_reason":null},1,{"finish_reason":"b"},{"finish_reason":"c"}]}"#,
            (Some("b"), None),
        ),
        (
            r#"{"choices":[{"finish_reason":"a"}],"choices":[{}],"usage":7}"#,
            (None, Some(0)),
        ),
        (
            r#"{"error":{"message":"m"},"error":null,"choices":[0],"usage":{"prompt_tokens":1},"usage":null}"#,
            (None, None),
        ),
        (
            r#"{"usage":null,"usage":{"prompt_tokens":1,"prompt_tokens":2,"input_tokens":9,"completion_tokens":null,"output_tokens":3},"choices":[0]}"#,
            (None, Some(5)),
        ),
    ];
    for (body, (reason, tokens)) in table {
        assert_eq!(finish(body), Ok((reason.map(str::to_owned), tokens)), "{body}");
    }
    let lost = r#"{"choices":[{}],"choices":null}"#;
    assert_eq!(finish(lost), Err(Broken::Garbage("the answer has no choices")));
    assert_eq!(finish("[1]"), Err(Broken::Garbage("the answer has no choices")));
    assert_eq!(finish("[1"), Err(Broken::Garbage("the body is not JSON")));
}

#[test]
fn a_whole_answer_becomes_the_stream_that_was_asked_for() {
    let body = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,
        "tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let (result, out, _) = whole(Door::Chat, true, body);
    assert_eq!(result, Ok(()));
    insta::assert_snapshot!(out, @r#"
    data: {"id":"c","created":1,"model":"m","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}

    data: {"id":"c","created":1,"model":"m","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}

    data: [DONE]
    "#);
    assert_eq!(stream(Door::Chat, false, &out).result, Ok(()));
}

#[test]
fn whole_messages_and_responses_become_streams_that_end_in_order() {
    let message = r#"{"id":"msg_1","type":"message","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"hi"},
        {"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}},{"type":"new_block","x":[]}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":4}}"#;
    let (result, out, facts) = whole(Door::Messages, true, message);
    assert_eq!((result, facts.usage.unwrap().total_tokens()), (Ok(()), 7));
    insta::assert_snapshot!("whole_message_as_stream", out);
    assert_eq!(stream(Door::Messages, false, &out).result, Ok(()));
    let response = r#"{"id":"resp_1","object":"response","status":"completed","output":[{"id":"msg_1","type":"message","content":[{"type":"output_text","text":"hi"}]}],"usage":{"input_tokens":3,"output_tokens":4}}"#;
    let (result, out, _) = whole(Door::Responses, true, response);
    assert_eq!(result, Ok(()));
    insta::assert_snapshot!("whole_response_as_stream", out);
    assert_eq!(stream(Door::Responses, false, &out).result, Ok(()));
}

#[test]
fn chunks_that_differ_in_their_words_only_are_known_and_others_are_not() {
    let chunk = |words: &str, padding: &str, finish: &str| {
        format!(
            r#"data: {{"id":"c","choices":[{{"index":0,"delta":{{"content":"{words}"}},"finish_reason":{finish}}}],"usage":null,"obfuscation":"{padding}"}}"#
        )
    };
    let plain = |text: &str| text.replace(r#","usage":null"#, "");
    let events = [
        chunk("a", "x", "null"),
        chunk("", "", "null"),
        chunk(
            "é😀 longer words than there were before, many more of them",
            "abcdefghijklmnop",
            "null",
        ),
        chunk(r#"\n\"quoted\""#, "x", "null"),
        chunk("b", r"\u0041", "null"),
        chunk("c", "x", r#""stop""#),
    ];
    let text = lines(&events.iter().map(String::as_str).collect::<Vec<_>>()) + &lines(&[COUNTS, DONE]);
    let read = stream(Door::Chat, true, &text);
    assert_eq!(
        (read.result, read.out),
        (Ok(()), plain(&text).replace(&lines(&[COUNTS]), ""))
    );
    assert_eq!(
        (
            read.passing.facts.output_events,
            read.passing.facts.finish.as_deref()
        ),
        (5, Some("stop"))
    );
    let start = events[..3].join("\n\n");
    for bad in ["a\u{1}b", "a\"", "a\",\"x\":\"", "a\\"] {
        let bad = chunk(bad, "x", "null");
        let (known, new) = (format!("{start}\n\n{bad}\n\n"), format!("{bad}\n\n"));
        let garbage = |text: &str| {
            matches!(
                stream_in(Door::Chat, false, &[text.as_bytes()]).result,
                Err(Broken::Garbage(_))
            )
        };
        assert_eq!(garbage(&known), garbage(&new), "{bad}");
    }
    let broken = [
        start.as_bytes(),
        b"\n\ndata: ",
        &chunk("@", "x", "null").as_bytes()[6..],
    ]
    .concat();
    let broken: Vec<u8> = broken
        .iter()
        .map(|&byte| if byte == b'@' { 0xff } else { byte })
        .chain(*b"\n\n")
        .collect();
    assert!(matches!(
        stream_in(Door::Chat, false, &[&broken]).result,
        Err(Broken::Garbage(_))
    ));
}
