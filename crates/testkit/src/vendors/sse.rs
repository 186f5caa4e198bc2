//! Writing server-sent events into a buffer.

use bytes::{BufMut, BytesMut};
use serde::Serialize;

/// `data: <json>` and a blank line, as OpenAI sends its events.
pub(super) fn write_data(out: &mut BytesMut, data: &impl Serialize) {
    out.put_slice(b"data: ");
    write_json(out, data);
    out.put_slice(b"\n\n");
}

/// `event: <name>` before the data, as Anthropic sends its events.
pub(super) fn write_event(out: &mut BytesMut, name: &str, data: &impl Serialize) {
    out.put_slice(b"event: ");
    out.put_slice(name.as_bytes());
    out.put_slice(b"\n");
    write_data(out, data);
}

/// `data: <json>` with the line ends of Gemini.
pub(super) fn write_data_crlf(out: &mut BytesMut, data: &impl Serialize) {
    out.put_slice(b"data: ");
    write_json(out, data);
    out.put_slice(b"\r\n\r\n");
}

pub(super) fn write_json(out: &mut BytesMut, value: &impl Serialize) {
    // Memory does not refuse a write, and every map here has text for keys: there is no error to report.
    let _ = serde_json::to_writer(out.writer(), value);
}
