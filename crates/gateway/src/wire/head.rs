//! Reading the head of a message: its end, its grammar, and where its body ends.

use std::sync::LazyLock;

use http::Method;
use memchr::memmem::Finder;

use super::headers::{Headers, Span};
use super::lines::{Flaw, Lines};
use super::names::Marks;
use crate::spare::Spare;

/// A head may be this long, in bytes.
pub(crate) const HEAD_LIMIT: usize = 64 << 10;
/// Room for the fields of a head to begin with.
const USUAL_FIELDS: usize = 24;
/// And a request's target this many bytes.
pub(crate) const TARGET_LIMIT: usize = 8 << 10;

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    /// The end of the connection; answers only.
    UntilClose,
}

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadHead {
    /// Not HTTP, or HTTP that two servers could read differently.
    Malformed(&'static str),
    TooLarge(&'static str),
}

/// A request's head, as places in the buffer it was read into.
#[derive(Debug)]
pub(crate) struct RequestHead {
    pub(crate) method: Method,
    /// The target's place.
    pub(crate) target: (u32, u32),
    pub(crate) spans: Vec<Span>,
    pub(crate) framing: Framing,
    pub(crate) expects_continue: bool,
    /// The client takes another answer on this connection.
    pub(crate) keep_alive: bool,
    /// HTTP/1.1: chunked answers are understood.
    pub(crate) chunks: bool,
    /// Bytes of the head, the blank line included.
    pub(crate) length: usize,
}

/// An answer's head.
#[derive(Debug)]
pub(crate) struct AnswerHead {
    pub(crate) status: u16,
    pub(crate) spans: Vec<Span>,
    pub(crate) framing: Framing,
    pub(crate) keep_alive: bool,
    pub(crate) length: usize,
}

/// The head that `bytes` begin with, once it is whole. `searched` is 0 for bytes of which nothing was looked at.
pub(crate) fn whole<T>(
    bytes: &[u8],
    searched: &mut usize,
    read: impl Fn(&[u8]) -> Result<T, BadHead>,
) -> Result<Option<T>, BadHead> {
    // Nearly always the first read has all of it. If not, its end is looked for in what is new, and what is wrong with it
    // is told when it is whole.
    if *searched == 0
        && let Ok(head) = read(bytes)
    {
        return Ok(Some(head));
    }
    let Some(end) = end_of_head(bytes, *searched)? else {
        *searched = bytes.len();
        return Ok(None);
    };
    read(bytes.get(..end).unwrap_or_default()).map(Some)
}

/// Where the head ends, looking from `searched` on; an error as soon as a line ends in a bare
/// line feed, so that nobody waits for the rest of it.
fn end_of_head(bytes: &[u8], searched: usize) -> Result<Option<usize>, BadHead> {
    static BLANK_LINE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\r\n\r\n"));
    let from = searched.saturating_sub(3);
    let found = BLANK_LINE.find(bytes.get(from..).unwrap_or_default());
    let end = found.map(|at| from + at + 4);
    let lines = bytes.get(from.saturating_sub(1)..end.unwrap_or(bytes.len()));
    if has_bare_feed(lines.unwrap_or_default()) || bytes.first() == Some(&b'\n') {
        return Err(BadHead::Malformed("a line ends without a carriage return"));
    }
    if end.is_some() {
        return Ok(end);
    }
    if bytes.len() > HEAD_LIMIT {
        return Err(BadHead::TooLarge("the request's head is over 64 KiB"));
    }
    Ok(None)
}

/// Whether a line feed follows something else than a carriage return; the first byte follows nothing. Without a way
/// out of the loop the compiler makes vector instructions of it.
fn has_bare_feed(bytes: &[u8]) -> bool {
    let after = bytes.get(1..).unwrap_or_default();
    let pairs = bytes.iter().zip(after);
    pairs.fold(false, |found, (before, byte)| {
        found | ((*byte == b'\n') & (*before != b'\r'))
    })
}

/// Reads the request head that `bytes` begin with; it has to be whole.
pub(crate) fn read_request(bytes: &[u8], room: &Spare<Span>) -> Result<RequestHead, BadHead> {
    let mut spans = room.take(USUAL_FIELDS);
    let mut lines = Lines::of(bytes);
    let read = lines.request();
    let read = read.and_then(|line| Ok((line, lines.fields(&mut spans)?)));
    let (line, length) = read.map_err(|flaw| match flaw {
        Flaw::NotHttp => BadHead::Malformed("the request is not HTTP/1.1"),
        Flaw::TooManyFields => BadHead::TooLarge("the request has over 100 header fields"),
    })?;
    if length > HEAD_LIMIT {
        return Err(BadHead::TooLarge("the request's head is over 64 KiB"));
    }
    if (line.target.1 - line.target.0) as usize > TARGET_LIMIT {
        return Err(BadHead::TooLarge("the request's path is over 8 KiB"));
    }
    let said = Said::of(Headers { bytes, spans: &spans })?;
    if said.hosts != 1 && (line.newest || said.hosts > 1) {
        return Err(BadHead::Malformed("a request has exactly one Host"));
    }
    let framing = match (said.chunked, said.length) {
        (true, _) if !line.newest => return Err(BadHead::Malformed("HTTP/1.0 knows no Transfer-Encoding")),
        (true, _) => Framing::Chunked,
        (false, length) => Framing::Length(length.unwrap_or(0)),
    };
    Ok(RequestHead {
        method: line.method,
        target: line.target,
        framing,
        expects_continue: said.expects_continue,
        keep_alive: said.keeps_alive(line.newest),
        chunks: line.newest,
        length,
        spans,
    })
}

/// Reads the answer head that `bytes` begin with; it has to be whole.
pub(crate) fn read_answer(bytes: &[u8], room: &Spare<Span>) -> Result<AnswerHead, BadHead> {
    let mut spans = room.take(USUAL_FIELDS);
    let mut lines = Lines::of(bytes);
    let read = lines.status();
    let read = read.and_then(|line| Ok((line, lines.fields(&mut spans)?)));
    let (line, length) = read.map_err(|_| BadHead::Malformed("the answer is not HTTP/1.1"))?;
    let said = Said::of(Headers { bytes, spans: &spans })?;
    let framing = match (said.chunked, said.length) {
        _ if line.status < 200 || line.status == 204 || line.status == 304 => Framing::Length(0),
        (true, _) => Framing::Chunked,
        (false, Some(length)) => Framing::Length(length),
        (false, None) => Framing::UntilClose,
    };
    let keep_alive = said.keeps_alive(line.newest) && framing != Framing::UntilClose;
    Ok(AnswerHead {
        status: line.status,
        spans,
        framing,
        keep_alive,
        length,
    })
}

/// What the fields say about framing and the connection.
#[derive(Default)]
struct Said {
    length: Option<u64>,
    chunked: bool,
    hosts: u32,
    close: bool,
    keep: bool,
    expects_continue: bool,
}

impl Said {
    fn of(headers: Headers<'_>) -> Result<Said, BadHead> {
        let mut said = Said::default();
        for (name, value) in headers.marked(Marks::FRAMING) {
            // No two of the names that are marked so have one length.
            match name.len() {
                4 => said.host(value)?,
                6 => said.expect(value)?,
                10 => said.connection(value),
                14 => said.content_length(value)?,
                17 => said.transfer_encoding(value)?,
                _ => {}
            }
        }
        if said.chunked && said.length.is_some() {
            return Err(BadHead::Malformed(
                "both Content-Length and Transfer-Encoding are given",
            ));
        }
        Ok(said)
    }

    fn host(&mut self, value: &[u8]) -> Result<(), BadHead> {
        self.hosts += 1;
        let plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'@' | b',');
        if value.iter().all(plain) {
            Ok(())
        } else {
            Err(BadHead::Malformed("Host is not a host"))
        }
    }

    fn expect(&mut self, value: &[u8]) -> Result<(), BadHead> {
        self.expects_continue = value.eq_ignore_ascii_case(b"100-continue");
        if self.expects_continue {
            Ok(())
        } else {
            Err(BadHead::Malformed("an unknown expectation"))
        }
    }

    fn connection(&mut self, value: &[u8]) {
        if value.eq_ignore_ascii_case(b"keep-alive") {
            self.keep = true;
            return;
        }
        for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), BadHead> {
        let digits = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
        if !digits || self.length.is_some() {
            return Err(BadHead::Malformed("Content-Length is not one number"));
        }
        self.length = Some(
            value
                .iter()
                .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')),
        );
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), BadHead> {
        if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(BadHead::Malformed("Transfer-Encoding is not chunked"));
        }
        self.chunked = true;
        Ok(())
    }

    fn keeps_alive(&self, newest: bool) -> bool {
        !self.close && (newest || self.keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Result<RequestHead, BadHead> {
        let bytes = text.as_bytes();
        let end = end_of_head(bytes, 0)?.expect("a whole head");
        assert_eq!(end, bytes.len());
        read_request(bytes, &Spare::default())
    }

    #[test]
    fn a_plain_request_is_read() {
        let head =
            request("POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nX-A:  b \r\n\r\n").unwrap();
        assert_eq!(
            (head.method, head.framing, head.keep_alive),
            (Method::POST, Framing::Length(12), true)
        );
        let old = request("GET / HTTP/1.0\r\n\r\n").unwrap();
        assert_eq!(
            (old.framing, old.keep_alive, old.chunks),
            (Framing::Length(0), false, false)
        );
        let chunked = request(
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: Chunked\r\nconnection: x, close\r\n\r\n",
        );
        let chunked = chunked.unwrap();
        assert_eq!((chunked.framing, chunked.keep_alive), (Framing::Chunked, false));
    }

    #[test]
    fn what_two_servers_could_read_differently_is_refused() {
        let heads = [
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n folded\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n".replace(": a", ":\0a").leak(),
            "GET /\r\nHost: a\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        ];
        for head in heads {
            assert!(matches!(request(head), Err(BadHead::Malformed(_))), "{head:?}");
        }
    }

    #[test]
    fn a_bare_line_feed_is_refused_at_once() {
        for head in ["GET / HTTP/1.1\nHost: a", "GET / HTTP/1.1\r\nHost: a\n\n", "\n"] {
            assert!(end_of_head(head.as_bytes(), 0).is_err(), "{head:?}");
        }
    }

    #[test]
    fn the_end_is_found_however_the_head_arrives() {
        let bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
        for cut in 0..bytes.len() - 4 {
            assert_eq!(end_of_head(&bytes[..cut], 0), Ok(None), "{cut}");
            assert_eq!(end_of_head(bytes, cut), Ok(Some(bytes.len() - 4)), "{cut}");
        }
    }

    #[test]
    fn a_head_is_read_once_it_is_whole_however_it_arrives() {
        let start = "POST / HTTP/1.1\r\nHost: a\r\n";
        for (rest, is_good) in [
            ("Content-Length: 2\r\n\r\n{}", true),
            ("no colon\r\n\r\n{}", false),
        ] {
            let text = format!("{start}{rest}");
            let (bytes, end) = (text.as_bytes(), text.len() - 2);
            for cut in 0..end {
                let mut searched = 0;
                let mut read = |bytes| {
                    whole(bytes, &mut searched, |bytes| {
                        read_request(bytes, &Spare::default())
                    })
                };
                assert!(matches!(read(&bytes[..cut]), Ok(None)), "{cut} of {text:?}");
                match read(bytes) {
                    Ok(Some(head)) => assert!(is_good && head.length == end, "{cut} of {text:?}"),
                    other => assert!(!is_good && other.is_err(), "{cut} of {text:?}"),
                }
            }
        }
    }

    #[test]
    fn too_much_of_a_head_is_refused() {
        let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(100));
        assert!(matches!(request(&many), Err(BadHead::TooLarge(_))));
        let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(TARGET_LIMIT));
        assert!(matches!(request(&long), Err(BadHead::TooLarge(_))));
        assert!(matches!(
            end_of_head(&vec![b'x'; HEAD_LIMIT + 1], 0),
            Err(BadHead::TooLarge(_))
        ));
    }

    #[test]
    fn an_answer_tells_where_it_ends() {
        let framing = |text: &str| {
            read_answer(text.as_bytes(), &Spare::default()).map(|head| (head.framing, head.keep_alive))
        };
        assert_eq!(
            framing("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"),
            Ok((Framing::Length(5), true))
        );
        assert_eq!(
            framing("HTTP/1.1 200 OK\r\n\r\n"),
            Ok((Framing::UntilClose, false))
        );
        assert_eq!(framing("HTTP/1.1 204 No\r\n\r\n"), Ok((Framing::Length(0), true)));
        assert_eq!(
            framing("HTTP/1.0 200\r\ntransfer-encoding: chunked\r\n\r\n"),
            Ok((Framing::Chunked, false))
        );
        assert!(framing("garbage\r\n\r\n").is_err());
    }
}
