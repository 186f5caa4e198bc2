//! One TCP connection as a test sees it: exact bytes out, exact bytes in, and HTTP/1.1 answers read by hand.
//!
//! Written on the parser alone, without an HTTP library: tests of a gateway's framing need a client that can be
//! wrong on purpose and that hides nothing.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long any one wait in this room lasts before the test fails.
pub const DEADLINE: Duration = Duration::from_secs(20);

const MOST_HEADERS: usize = 128;

pub struct RawConnection {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// A whole HTTP answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the body ended as its framing promised; false if the connection broke before.
    pub complete: bool,
}

/// How a body is framed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

/// Sends `bytes` on a new connection and returns all that comes back until the peer closes it.
///
/// # Panics
/// If the peer keeps the connection open beyond [`DEADLINE`] or cannot be reached.
pub async fn raw(addr: SocketAddr, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut connection = RawConnection::open(addr).await;
    connection.send(bytes).await;
    connection.read_to_end().await
}

impl RawConnection {
    /// # Panics
    /// If the peer cannot be reached.
    pub async fn open(addr: SocketAddr) -> RawConnection {
        match TcpStream::connect(addr).await {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                RawConnection {
                    stream,
                    unread: Vec::new(),
                }
            }
            Err(error) => panic!("{addr} cannot be reached: {error}"),
        }
    }

    /// A failed send is no failure of the test: the peer may have answered and closed before it read all.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// The next bytes; empty if the peer closed.
    ///
    /// # Errors
    /// The connection was reset.
    ///
    /// # Panics
    /// If nothing comes within [`DEADLINE`].
    pub async fn read_some(&mut self) -> io::Result<Vec<u8>> {
        if !self.unread.is_empty() {
            return Ok(std::mem::take(&mut self.unread));
        }
        let mut buffer = vec![0; 64 * 1024];
        let read = tokio::time::timeout(DEADLINE, self.stream.read(&mut buffer)).await;
        let Ok(read) = read else {
            panic!("nothing was received within {DEADLINE:?}")
        };
        buffer.truncate(read?);
        Ok(buffer)
    }

    /// Everything until the peer closes or resets.
    ///
    /// # Panics
    /// If the peer does neither within [`DEADLINE`].
    pub async fn read_to_end(&mut self) -> Vec<u8> {
        let started = Instant::now();
        let mut all = Vec::new();
        while let Ok(bytes) = self.read_some().await {
            if bytes.is_empty() {
                break;
            }
            all.extend(bytes);
            assert!(
                started.elapsed() < DEADLINE,
                "the peer did not close within {DEADLINE:?}"
            );
        }
        all
    }

    /// One HTTP answer with its body; further bytes stay for the next call.
    ///
    /// # Panics
    /// If what comes is no HTTP answer, or the connection ends before its head.
    pub async fn read_reply(&mut self) -> Reply {
        let (status, headers) = self.read_head().await;
        let mut reply = Reply {
            status,
            headers,
            body: Vec::new(),
            complete: false,
        };
        let framing = reply.framing();
        let mut received = Vec::new();
        loop {
            if let Some((body, rest)) = body_within(&received, framing) {
                self.unread = rest;
                return Reply {
                    body,
                    complete: true,
                    ..reply
                };
            }
            match self.read_some().await {
                Ok(bytes) if !bytes.is_empty() => received.extend(bytes),
                ended => {
                    reply.complete = ended.is_ok() && framing == Framing::UntilClose;
                    reply.body = if framing == Framing::Chunked {
                        chunks_within(&received).0
                    } else {
                        received
                    };
                    return reply;
                }
            }
        }
    }

    /// Status and headers; what follows stays unread.
    pub(super) async fn read_head(&mut self) -> (u16, Vec<(String, String)>) {
        let mut received = Vec::new();
        loop {
            let bytes = self.read_some().await.unwrap_or_default();
            assert!(
                !bytes.is_empty(),
                "the connection ended before an answer: {:?}",
                text_of(&received)
            );
            received.extend(bytes);
            let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
            let mut head = httparse::Response::new(&mut headers);
            match head.parse(&received) {
                Ok(httparse::Status::Complete(length)) => {
                    let value = |header: &httparse::Header<'_>| text_of(header.value);
                    let named =
                        |header: &httparse::Header<'_>| (header.name.to_ascii_lowercase(), value(header));
                    let found = (head.code.unwrap_or(0), head.headers.iter().map(named).collect());
                    self.unread = received.split_off(length);
                    return found;
                }
                Ok(httparse::Status::Partial) => {}
                Err(error) => panic!("no HTTP answer ({error}): {:?}", text_of(&received)),
            }
        }
    }

    /// Sends FIN and keeps reading.
    pub async fn half_close(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Sends RST instead of an orderly close.
    pub fn reset(self) {
        let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}

impl Reply {
    /// The first header of this name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    #[must_use]
    pub fn text(&self) -> String {
        text_of(&self.body)
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(json) => json,
            Err(error) => panic!("status {}, no JSON ({error}): {:?}", self.status, self.text()),
        }
    }

    fn framing(&self) -> Framing {
        framing_of(self.status, &self.headers)
    }
}

pub(super) fn framing_of(status: u16, headers: &[(String, String)]) -> Framing {
    let header = |name: &str| {
        headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    };
    if matches!(status, 100..=199 | 204 | 304) {
        return Framing::Length(0);
    }
    if header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return Framing::Chunked;
    }
    let length = header("content-length").and_then(|length| length.parse().ok());
    length.map_or(Framing::UntilClose, Framing::Length)
}

/// The body and what follows it, once it is whole.
fn body_within(received: &[u8], framing: Framing) -> Option<(Vec<u8>, Vec<u8>)> {
    match framing {
        Framing::UntilClose => None,
        Framing::Length(length) => Some((received.get(..length)?.to_vec(), received.get(length..)?.to_vec())),
        Framing::Chunked => match chunks_within(received) {
            (body, used, true) => Some((body, received.get(used..)?.to_vec())),
            _ => None,
        },
    }
}

/// The payload of all whole chunks, the bytes they took, and whether the last chunk was among them.
pub(crate) fn chunks_within(received: &[u8]) -> (Vec<u8>, usize, bool) {
    let (mut payload, mut used) = (Vec::new(), 0);
    while let Ok(httparse::Status::Complete((line, size))) =
        httparse::parse_chunk_size(received.get(used..).unwrap_or(&[]))
    {
        let start = used + line;
        let end = start + usize::try_from(size).unwrap_or(usize::MAX - start - 2);
        let Some(chunk) = received.get(start..end).filter(|_| received.len() >= end + 2) else {
            break;
        };
        payload.extend_from_slice(chunk);
        used = end + 2;
        if size == 0 {
            return (payload, used, true);
        }
    }
    (payload, used, false)
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
