//! HTTP/2 by hand (RFC 9113): frames as a library would never send them.

use crate::house::{APP, CHAT};

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// Bytes to send.
#[derive(Default)]
pub(crate) struct Frames {
    pub(crate) bytes: Vec<u8>,
}

impl Frames {
    pub(crate) fn begin() -> Frames {
        let mut frames = Frames {
            bytes: PREFACE.to_vec(),
        };
        frames.frame(SETTINGS, 0, 0, &[]);
        frames
    }

    /// With this window for each stream, and as wide a one as there is for the connection.
    pub(crate) fn begin_with_window(window: u32) -> Frames {
        let mut frames = Frames {
            bytes: PREFACE.to_vec(),
        };
        let mut setting = vec![0, 4];
        setting.extend(window.to_be_bytes());
        frames.frame(SETTINGS, 0, 0, &setting);
        frames.frame(WINDOW, 0, 0, &(0x7fff_ffff_u32 - 65_535).to_be_bytes());
        frames
    }

    pub(crate) fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        self.bytes.extend(&length[1..]);
        self.bytes.extend([kind, flags]);
        self.bytes.extend(stream.to_be_bytes());
        self.bytes.extend(payload);
    }

    /// A whole request with a body.
    pub(crate) fn request(&mut self, stream: u32, body: &str) {
        self.head(stream, body.len());
        self.data(stream, body.as_bytes(), true);
    }

    /// The head of a request whose body is to come.
    pub(crate) fn head(&mut self, stream: u32, length: usize) {
        self.frame(HEADERS, END_HEADERS, stream, &usual_fields(length));
    }

    /// Any fields, as a request without a body.
    pub(crate) fn fields(&mut self, stream: u32, fields: &[(&str, &str)]) {
        let mut block = Vec::new();
        for (name, value) in fields {
            field(&mut block, name, value);
        }
        self.frame(HEADERS, END_HEADERS | END_STREAM, stream, &block);
    }

    /// The first half of a head.
    pub(crate) fn unfinished_head(&mut self, stream: u32) {
        self.frame(HEADERS, 0, stream, &usual_fields(0));
    }

    pub(crate) fn continuation(&mut self, stream: u32, payload: &[u8]) {
        self.frame(CONTINUATION, 0, stream, payload);
    }

    pub(crate) fn data(&mut self, stream: u32, payload: &[u8], last: bool) {
        let flags = if last { END_STREAM } else { 0 };
        self.frame(DATA, flags, stream, payload);
    }

    pub(crate) fn reset(&mut self, stream: u32) {
        const CANCEL: u32 = 8;
        self.frame(RESET, 0, stream, &CANCEL.to_be_bytes());
    }

    pub(crate) fn ping(&mut self) {
        self.frame(PING, 0, 0, b"crossfad");
    }

    pub(crate) fn settings(&mut self) {
        self.frame(SETTINGS, 0, 0, &[]);
    }

    /// Whether a stream was answered or reset in what was received.
    pub(crate) fn answers(mut received: &[u8], stream: u32) -> bool {
        while let [a, b, c, kind, _, s1, s2, s3, s4, rest @ ..] = received {
            let is_ours = u32::from_be_bytes([*s1, *s2, *s3, *s4]) == stream;
            if is_ours && matches!(*kind, HEADERS | RESET) {
                return true;
            }
            let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap();
            received = rest.get(length..).unwrap_or_default();
        }
        false
    }

    /// The answer to the first ping in what was received at once.
    pub(crate) fn pong_for(received: &[u8]) -> Option<Vec<u8>> {
        let ping = [0, 0, 8, PING, 0, 0, 0, 0, 0];
        let at = received.windows(ping.len()).position(|window| window == ping)?;
        let payload = received.get(at + 9..at + 17)?;
        let mut frames = Frames::default();
        frames.frame(PING, ACK, 0, payload);
        Some(frames.bytes)
    }
}

fn usual_fields(length: usize) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", CHAT),
        (":authority", "a"),
        ("authorization", &format!("Bearer {APP}")),
        ("content-type", "application/json"),
        ("content-length", &length.to_string()),
    ] {
        field(&mut block, name, value);
    }
    block
}

/// A literal that is not indexed, without Huffman's code (RFC 7541, 6.2.2).
pub(crate) fn field(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(0);
    for text in [name, value] {
        // Lengths from 127 on take more bytes (RFC 7541, 5.1).
        match u8::try_from(text.len()) {
            Ok(length) if length < 127 => block.push(length),
            _ => {
                block.push(127);
                let mut rest = text.len() - 127;
                while rest >= 128 {
                    block.push(u8::try_from(rest % 128).unwrap() | 128);
                    rest /= 128;
                }
                block.push(u8::try_from(rest).unwrap());
            }
        }
        block.extend(text.as_bytes());
    }
}
