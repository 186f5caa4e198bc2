//! A streamed answer, event by event, with the time at which each arrived.

use std::collections::VecDeque;
use std::time::Instant;

use serde_json::Value;

use super::connection::{Framing, RawConnection, chunks_within, framing_of};

pub struct EventStream {
    pub status: u16,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    connection: RawConnection,
    framing: Framing,
    /// Bytes in the connection's framing that are no whole chunk yet.
    framed: Vec<u8>,
    /// Bytes of the body that are no whole event yet.
    rest: Vec<u8>,
    ready: VecDeque<Arrived>,
    received: usize,
    end: Option<StreamEnd>,
}

/// One event, or a block of comment lines (then `data` is empty and `comment` is not).
#[derive(Clone, Debug)]
pub struct Arrived {
    pub event: Option<String>,
    /// Several data lines are joined by a line feed.
    pub data: String,
    pub comment: String,
    /// When its last byte was read.
    pub at: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum StreamEnd {
    /// As the framing promised.
    Orderly,
    /// Closed or reset before.
    Broken,
}

impl EventStream {
    pub(super) async fn begin(mut connection: RawConnection) -> EventStream {
        let (status, headers) = connection.read_head().await;
        let framing = framing_of(status, &headers);
        EventStream {
            status,
            headers,
            connection,
            framing,
            framed: Vec::new(),
            rest: Vec::new(),
            ready: VecDeque::new(),
            received: 0,
            end: None,
        }
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The next event; `None` at the end.
    ///
    /// # Panics
    /// If nothing comes for [`super::DEADLINE`].
    pub async fn next(&mut self) -> Option<Arrived> {
        while self.ready.is_empty() && self.end.is_none() {
            self.receive().await;
        }
        self.ready.pop_front()
    }

    /// All events up to the end.
    ///
    /// # Panics
    /// If nothing comes for [`super::DEADLINE`].
    pub async fn collect(&mut self) -> Vec<Arrived> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(event);
        }
        all
    }

    /// After the end: whether it was the one that the framing promised.
    #[must_use]
    pub fn ended_orderly(&self) -> bool {
        self.end == Some(StreamEnd::Orderly)
    }

    /// After the end: bytes that made no whole event.
    #[must_use]
    pub fn leftover(&self) -> &[u8] {
        &self.rest
    }

    /// Leaves in the middle, with FIN.
    pub fn leave(self) {}

    /// Leaves in the middle, with RST.
    pub fn reset(self) {
        self.connection.reset();
    }

    async fn receive(&mut self) {
        let read = self.connection.read_some().await;
        let at = Instant::now();
        match read {
            Ok(bytes) if !bytes.is_empty() => self.take_in(&bytes),
            closed => {
                let promised = closed.is_ok() && self.framing == Framing::UntilClose;
                self.end = Some(if promised {
                    StreamEnd::Orderly
                } else {
                    StreamEnd::Broken
                });
            }
        }
        while let Some((block, after)) = first_block(&self.rest) {
            self.ready.extend(read_block(&block, at));
            self.rest.drain(..after);
        }
    }

    fn take_in(&mut self, bytes: &[u8]) {
        if self.framing != Framing::Chunked {
            self.received += bytes.len();
            self.rest.extend_from_slice(bytes);
            if self.framing == Framing::Length(self.received) {
                self.end = Some(StreamEnd::Orderly);
            }
            return;
        }
        self.framed.extend_from_slice(bytes);
        let (payload, used, last) = chunks_within(&self.framed);
        self.framed.drain(..used);
        self.rest.extend(payload);
        if last {
            self.end = Some(StreamEnd::Orderly);
        }
    }
}

impl Arrived {
    /// The data as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.data) {
            Ok(json) => json,
            Err(error) => panic!("an event that is no JSON ({error}): {:?}", self.data),
        }
    }
}

/// The lines before the first blank line, and where the next block begins.
fn first_block(rest: &[u8]) -> Option<(String, usize)> {
    let ends = |mark: &'static [u8]| {
        rest.windows(mark.len())
            .position(|window| window == mark)
            .map(|at| (at, at + mark.len()))
    };
    let (end, after) = [ends(b"\n\n"), ends(b"\r\n\r\n")].into_iter().flatten().min()?;
    Some((String::from_utf8_lossy(rest.get(..end)?).into_owned(), after))
}

fn read_block(block: &str, at: Instant) -> Option<Arrived> {
    let (mut event, mut data, mut comments) = (None, Vec::new(), Vec::new());
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => data.push(value),
            "event" => event = Some(value.to_owned()),
            "" => comments.push(value),
            _ => {}
        }
    }
    let nothing = event.is_none() && data.is_empty() && comments.is_empty();
    (!nothing).then(|| Arrived {
        event,
        data: data.join("\n"),
        comment: comments.join("\n"),
        at,
    })
}
