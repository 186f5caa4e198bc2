//! Bytes of answers that scripts are made of.

use std::io::{Read, Write};

use serde_json::{Value, json};

use super::script::Step;

/// A whole answer with a length.
#[must_use]
pub fn json_answer(status: u16, body: &Value) -> Step {
    let body = body.to_string();
    Step::send(format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// The head of a chunked stream of events.
#[must_use]
pub fn stream_head() -> Step {
    Step::send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
}

/// One chunk.
#[must_use]
pub fn chunk(bytes: impl AsRef<[u8]>) -> Step {
    Step::Send(chunk_bytes(bytes.as_ref()))
}

/// One event with this data, as a chunk.
#[must_use]
pub fn sse_event(data: &Value) -> Step {
    chunk(format!("data: {data}\n\n"))
}

/// The orderly end of a chunked body.
#[must_use]
pub fn last_chunk() -> Step {
    Step::send("0\r\n\r\n")
}

/// A whole answer of some kilobytes that unpacks to `unpacked_bytes` spaces inside a JSON string.
///
/// # Panics
/// Never: packing into memory cannot fail.
#[must_use]
pub fn gzip_bomb(unpacked_bytes: u64) -> Step {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(b"{\"filler\": \"").expect("packing into memory");
    std::io::copy(&mut std::io::repeat(b' ').take(unpacked_bytes), &mut packed).expect("packing into memory");
    packed.write_all(b"\"}").expect("packing into memory");
    let packed = packed.finish().expect("packing into memory");
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    );
    Step::Send([head.as_bytes(), &packed].concat())
}

/// A chat completion chunk with one token, framed as a chunk.
pub(super) fn token_chunk() -> Vec<u8> {
    let data = json!({"id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1_760_000_000,
        "model": "scripted",
        "choices": [{"index": 0, "delta": {"content": " token"}, "logprobs": null, "finish_reason": null}]});
    chunk_bytes(format!("data: {data}\n\n").as_bytes())
}

fn chunk_bytes(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}
