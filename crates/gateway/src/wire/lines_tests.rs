//! The lines of heads against `httparse`, whose grammar they had before.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// What is read of a head, with its first line as text.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    first: String,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    length: usize,
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Request,
    Answer,
}

/// What `httparse` makes of it, where every line ends in both characters up to the first blank one.
fn by_library(bytes: &[u8], side: Side) -> Option<Read> {
    let length = memchr::memmem::find(bytes, b"\r\n\r\n")? + 4;
    let bytes = &bytes[..length];
    let bare = |at: usize| bytes[at] == b'\n' && (at == 0 || bytes[at - 1] != b'\r');
    if (0..length).any(bare) {
        return None;
    }
    let mut fields = [httparse::EMPTY_HEADER; FIELD_LIMIT];
    let (first, headers) = match side {
        Side::Request => {
            let mut parsed = httparse::Request::new(&mut fields);
            parsed.parse(bytes).ok()?.is_complete().then_some(())?;
            let first = format!("{} {} {}", parsed.method?, parsed.path?, parsed.version?);
            (first, parsed.headers)
        }
        Side::Answer => {
            let mut parsed = httparse::Response::new(&mut fields);
            parsed.parse(bytes).ok()?.is_complete().then_some(())?;
            (format!("{} {}", parsed.code?, parsed.version?), parsed.headers)
        }
    };
    let field = |header: &httparse::Header<'_>| (header.name.as_bytes().to_vec(), header.value.to_vec());
    let fields = headers.iter().map(field).collect();
    Some(Read {
        first,
        fields,
        length,
    })
}

fn by_lines(bytes: &[u8], side: Side) -> Option<Read> {
    let (mut lines, mut spans) = (Lines::of(bytes), Vec::new());
    let first = match side {
        Side::Request => {
            let line = lines.request().ok()?;
            let target = &bytes[line.target.0 as usize..line.target.1 as usize];
            let target = std::str::from_utf8(target).unwrap();
            format!("{} {target} {}", line.method, u8::from(line.newest))
        }
        Side::Answer => {
            let line = lines.status().ok()?;
            format!("{} {}", line.status, u8::from(line.newest))
        }
    };
    let length = lines.fields(&mut spans).ok()?;
    let headers = crate::wire::Headers { bytes, spans: &spans };
    let fields = headers
        .iter()
        .map(|(name, value)| (name.bytes().to_vec(), value.to_vec()));
    Some(Read {
        first,
        fields: fields.collect(),
        length,
    })
}

/// One of the usual, seldom one of the odd.
fn mostly(usual: &'static [&'static str], odd: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![12 => select(usual), 1 => select(odd)];
    part.prop_map(|part| part.as_bytes().to_vec())
}

fn first_line() -> impl Strategy<Value = Vec<u8>> {
    let usual = &[
        "POST /v1/chat/completions HTTP/1.1",
        "GET /v1/models?limit=1 HTTP/1.0",
        "M-SEARCH * HTTP/1.1",
        "DELETE /a-target-of-more-than-one-block/%2e?x=\u{e4}\u{f6} HTTP/1.1",
        "HTTP/1.1 200 OK",
        "HTTP/1.0 404",
        "HTTP/1.1 503 ",
        "HTTP/1.1 299 a reason\tof \u{fc} more than sixteen bytes",
    ];
    let odd = &[
        "",
        "\r\nGET / HTTP/1.1",
        "\r\n\r\nGET / HTTP/1.1",
        "\nGET / HTTP/1.1",
        " GET / HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET /\tx HTTP/1.1",
        "GET / HTTP/1.2",
        "GET / http/1.1",
        "GET /",
        "GET HTTP/1.1",
        "G(T / HTTP/1.1",
        "PRI * HTTP/2.0",
        "HTTP/1.1  200 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 200\tOK",
        "HTTP/2 200 OK",
    ];
    mostly(usual, odd)
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let names = &[
        "Host",
        "a",
        "x-stainless-package-version",
        "content-length",
        "!#$%&'*+-.^_`|~09aZ",
    ];
    let odd_names = &[
        "",
        " x",
        "x ",
        "x\t",
        "x y",
        "\u{e4}",
        "x\r",
        "x@y",
        "x\0",
        "a-name-of-sixteen(",
    ];
    let colons = &[": ", ":", ":\t", ":  \t "];
    let values = &[
        "",
        "b",
        "application/json",
        "a:b, c\td",
        "a value of more than sixteen bytes  ",
        "\u{fc}\u{7f4}",
        "x\t ",
    ];
    let odd_values = &[
        "\0",
        "\u{7f}",
        "a\rb",
        "a\nb",
        "a\r\n b",
        "a\r\n\tb",
        "\u{1b}",
        "sixteen bytes to\u{1}",
    ];
    let ends = &["\r\n"];
    let odd_ends = &["\n", "\r", "\r\r\n", "", "\r\n\r\n"];
    let parts = (
        mostly(names, odd_names),
        mostly(colons, &["", " :", ";"]),
        mostly(values, odd_values),
        mostly(ends, odd_ends),
    );
    parts.prop_map(|(name, colon, value, end)| [name, colon, value, end].concat())
}

/// Bytes put in, taken out or changed, by place, kind and value.
fn changes() -> impl Strategy<Value = Vec<(u16, u8, u8)>> {
    let bytes = prop_oneof![select(b"\r\n \t:\0\x7f\x80aZ-".as_slice()), any::<u8>()];
    prop_oneof![3 => vec((any::<u16>(), 0..3_u8, bytes.clone()), 0..1), 2 => vec((any::<u16>(), 0..3_u8, bytes), 1..4)]
}

fn changed(mut bytes: Vec<u8>, changes: &[(u16, u8, u8)]) -> Vec<u8> {
    for (place, kind, byte) in changes {
        let at = usize::from(*place) % (bytes.len() + 1);
        match kind {
            0 => bytes.insert(at, *byte),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            _ if at < bytes.len() => bytes[at] = *byte,
            _ => {}
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn lines_are_read_as_httparse_reads_them(
        first in first_line(),
        lines in vec(line(), 0..8),
        body in select(&["", "{}", "{\"a\":\"b\"}\r\n\r\n0123456789abcdef"][..]),
        changes in changes(),
    ) {
        let text = [first, b"\r\n".to_vec(), lines.concat(), b"\r\n".to_vec(), body.as_bytes().to_vec()].concat();
        let bytes = changed(text, &changes);
        for side in [Side::Request, Side::Answer] {
            let shown = String::from_utf8_lossy(&bytes);
            prop_assert_eq!(by_lines(&bytes, side), by_library(&bytes, side), "{:?} of {:?}", side, shown);
        }
    }

    #[test]
    fn every_byte_is_of_the_kind_that_httparse_says(byte in any::<u8>(), before in 0..40_usize) {
        let fill = vec![b'a'; before];
        for head in [
            [b"G".as_slice(), &fill, &[byte], b" / HTTP/1.1\r\n\r\n"].concat(),
            [b"GET /".as_slice(), &fill, &[byte], b" HTTP/1.1\r\n\r\n"].concat(),
            [b"GET / HTTP/1.1\r\n".as_slice(), &fill, &[byte], b": b\r\n\r\n"].concat(),
            [b"GET / HTTP/1.1\r\na: b".as_slice(), &fill, &[byte], b"c\r\n\r\n"].concat(),
            [b"HTTP/1.1 200 ".as_slice(), &fill, &[byte], b"\r\n\r\n"].concat(),
        ] {
            for side in [Side::Request, Side::Answer] {
                prop_assert_eq!(by_lines(&head, side), by_library(&head, side), "{:?} of {:?}", side, head);
            }
        }
    }
}

#[test]
fn any_byte_put_in_or_changed_anywhere_is_read_as_httparse_reads_it() {
    let heads = [
        (
            Side::Request,
            "GET /v1/x HTTP/1.1\r\nhost: a\r\nx-some-longer-name: b c\r\n\r\n",
        ),
        (
            Side::Answer,
            "HTTP/1.0 200 OK\r\nhost: a\r\nx-some-longer-name: b c\r\n\r\n",
        ),
    ];
    for (side, head) in heads {
        for (at, byte) in (0..head.len()).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
            let (before, after) = head.as_bytes().split_at(at);
            for bytes in [
                [before, &[byte], after].concat(),
                [before, &[byte], &after[1..]].concat(),
            ] {
                let shown = String::from_utf8_lossy(&bytes);
                assert_eq!(by_lines(&bytes, side), by_library(&bytes, side), "{shown:?}");
            }
        }
    }
}

#[test]
fn a_head_may_have_so_many_fields_and_no_more() {
    let read = |count: usize| {
        let text = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(count));
        let mut lines = Lines::of(text.as_bytes());
        lines.request().unwrap();
        lines.fields(&mut Vec::new())
    };
    assert!(read(FIELD_LIMIT).is_ok());
    assert_eq!(read(FIELD_LIMIT + 1), Err(Flaw::TooManyFields));
}

#[test]
fn a_part_of_a_head_is_none() {
    let text = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n";
    for length in 0..text.len() {
        assert_eq!(by_lines(&text[..length], Side::Request), None, "{length}");
    }
    assert!(by_lines(text, Side::Request).is_some());
}
