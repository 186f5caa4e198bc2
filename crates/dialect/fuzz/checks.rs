//! What must hold for any bytes. The fuzz targets look for bytes that break it, `tests/fuzz_corpus.rs` replays
//! those that are kept.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use dialect::json::{Json, Rules};
use dialect::{Dialect, Door, Reader, Scan, Server, Target, call, multipart};

const DOORS: [Door; 10] = [
    Door::Chat,
    Door::Completions,
    Door::Embeddings,
    Door::Responses,
    Door::Messages,
    Door::CountTokens,
    Door::Generate,
    Door::StreamGenerate,
    Door::GeminiCountTokens,
    Door::Other,
];

const VENDORS: [(Dialect, Server, &str); 4] = [
    (Dialect::OpenAi, Server::Official, "gpt-4.1"),
    (Dialect::OpenAi, Server::DeepSeek, "deepseek-chat"),
    (Dialect::Anthropic, Server::Official, "claude-sonnet-4-5"),
    (Dialect::Gemini, Server::Official, "gemini-3-pro"),
];

fn target((dialect, server, model): (Dialect, Server, &'static str)) -> Target<'static> {
    Target {
        dialect,
        model,
        set: &[],
        default: &[],
        meter: true,
        public_model: "pub",
        server,
        request_id: "req-1",
        now_unix_seconds: 1,
    }
}

/// A request is refused, or its vendor gets strict JSON.
pub fn requests(bytes: &[u8]) {
    for door in DOORS {
        let Ok(scan) = Scan::read(door, bytes) else {
            continue;
        };
        for vendor in VENDORS {
            if let Ok(call) = call(door, "/v1/x?key=k", bytes, &scan, &target(vendor)) {
                let body = Json::parse(&call.body, Rules::Client);
                assert!(
                    body.is_ok(),
                    "{door:?} {vendor:?}: {body:?} for {}",
                    String::from_utf8_lossy(&call.body)
                );
            }
        }
    }
}

/// Every door with every vendor behind it, and whether that is another one's: then the answer is in our words.
fn readers(stream: bool) -> impl Iterator<Item = (Door, bool, Reader)> {
    let asks = move |door: Door| match door {
        Door::Chat => {
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],"stream":{stream}}}"#)
        }
        Door::Messages => format!(
            r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"x"}}],"stream":{stream}}}"#
        ),
        Door::Responses => format!(r#"{{"model":"m","input":"x","stream":{stream}}}"#),
        _ => r#"{"contents":[{"parts":[{"text":"x"}]}]}"#.to_owned(),
    };
    let generate = if stream {
        Door::StreamGenerate
    } else {
        Door::Generate
    };
    [Door::Chat, Door::Messages, Door::Responses, generate]
        .into_iter()
        .flat_map(move |door| {
            VENDORS.into_iter().map(move |vendor| {
                let body = asks(door);
                let scan = Scan::read(door, body.as_bytes()).unwrap();
                let path = "/v1beta/models/m:x?alt=sse";
                (
                    door,
                    door.dialect() != vendor.0,
                    call(door, path, body.as_bytes(), &scan, &target(vendor))
                        .unwrap()
                        .reader,
                )
            })
        })
}

/// The line by which a client knows that all is said; Google's streams have none.
fn normal_end(door: Door) -> &'static [u8] {
    match door {
        Door::Messages => b"event: message_stop",
        Door::Responses => b"event: response.completed",
        _ => b"data: [DONE]",
    }
}

/// A stream tells the same wherever it is cut, and a stream that breaks has no normal end made up.
pub fn streams(bytes: &[u8]) {
    let feed = |mut reader: Reader, piece: usize| {
        let mut out = Vec::new();
        let result = bytes
            .chunks(piece)
            .try_for_each(|bytes| reader.feed(bytes, &mut out));
        let result = result.and_then(|()| reader.end(&mut out));
        (out, result, reader.usage(), reader.output_bytes())
    };
    // Byte by byte, and in pieces of a size that depends on the bytes: each size costs a third of the speed.
    let pieces = [1, 2 + bytes.len() % 62];
    let pairs = readers(true).zip(readers(true)).zip(readers(true));
    for (((door, other_vendor, one), (.., second)), (.., third)) in pairs {
        let whole = feed(one, usize::MAX);
        if whole.1.is_err() && other_vendor {
            let normal_end = normal_end(door);
            assert!(
                !whole
                    .0
                    .split(|byte| *byte == b'\n')
                    .any(|line| line == normal_end),
                "{door:?} ended well although {:?}: {}",
                whole.1,
                String::from_utf8_lossy(&whole.0)
            );
        }
        for (reader, piece) in [second, third].into_iter().zip(pieces) {
            assert_eq!(feed(reader, piece), whole, "{door:?} in pieces of {piece}");
        }
    }
}

/// A whole answer is refused, or its client gets JSON.
pub fn wholes(bytes: &[u8]) {
    for (door, _, mut reader) in readers(false) {
        let mut out = Vec::new();
        if reader.whole(bytes, &mut out).is_ok() {
            assert!(Json::parse(&out, Rules::Vendor).is_ok(), "{door:?}");
        }
    }
    for (.., mut reader) in readers(true) {
        let mut out = Vec::new();
        let _ = reader.whole(bytes, &mut out);
    }
}

/// A form's model can be replaced, and is then the one that is read.
pub fn forms(bytes: &[u8]) {
    let content_type = "multipart/form-data; boundary=b";
    let Ok(form) = multipart::read(content_type, bytes) else {
        return;
    };
    if let Some(model) = form.model {
        let changed = multipart::with_model(bytes, &model, "other");
        assert_eq!(
            multipart::read(content_type, &changed)
                .unwrap()
                .model
                .unwrap()
                .name,
            "other"
        );
    }
}
