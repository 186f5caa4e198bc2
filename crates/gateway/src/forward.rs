//! Which header fields travel through the gateway, either way.
//!
//! Between the same dialect nearly all do, since a vendor's client may use any. What never does:
//! fields of one connection, credentials and accounts (those of the gateway's own apply), the
//! gateway's own fields, cookies, and what describes a framing or encoding that is not kept.

use crate::said::is_among;
use crate::upstream::{Endpoint, Response};
use crate::wire::{Headers, Marks, Name};

/// Appends the fields of a request that go on to the vendor.
pub(crate) fn request_lines(
    headers: Headers<'_>,
    same_dialect: bool,
    key_headers: &[String],
    endpoint: &Endpoint,
    lines: &mut Vec<u8>,
) {
    let listed = connection_options(headers);
    headers.push_lines(lines, |name, _| {
        let goes = !name.has(Marks::STAYS | Marks::CLIENTS | Marks::OURS);
        let is_known = same_dialect || name.is("traceparent") || name.is("tracestate");
        let stays = || is_among(name, key_headers) || is_listed(listed, name) || endpoint.sets(name);
        goes && is_known && !stays()
    });
}

/// Appends the fields of a vendor's answer that go on to the client, but for those named in `ours`, which the
/// gateway sets because the body is not the vendor's any more.
pub(crate) fn answer_lines(answer: &Response, ours: &[&str], lines: &mut Vec<u8>) {
    let headers = answer.headers();
    let listed = connection_options(headers);
    headers.push_lines(lines, |name, _| {
        // Vendors were seen to send Retry-After with a 200, where clients would obey it for nothing.
        let waits = || answer.status < 400 && name.is("retry-after");
        let own = || ours.iter().any(|own| name.is(own));
        !name.has(Marks::STAYS | Marks::VENDORS) && !own() && !waits() && !is_listed(listed, name)
    });
}

/// Takes a vendor's fields of its limits out of an answer that has those of the client's key.
pub(crate) fn drop_limits(lines: &mut Vec<u8>) {
    let own = b"x-ratelimit-";
    let starts = |line: &[u8]| {
        line.get(..own.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(own))
    };
    if lines.split(|byte| *byte == b'\n').any(starts) {
        let kept = lines
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| !starts(line));
        *lines = kept.flatten().copied().collect();
    }
}

/// The Connection field, where it names fields besides its two usual options.
fn connection_options(headers: Headers<'_>) -> Option<&str> {
    let usual =
        |value: &[u8]| value.eq_ignore_ascii_case(b"keep-alive") || value.eq_ignore_ascii_case(b"close");
    let mut framing = headers.marked(Marks::FRAMING);
    // Of these, no other name is as long.
    let (_, value) = framing.find(|(name, _)| name.len() == "connection".len())?;
    std::str::from_utf8(value).ok().filter(|_| !usual(value))
}

fn is_listed(options: Option<&str>, name: Name<'_>) -> bool {
    options.is_some_and(|options| options.split(',').any(|option| name.is(option.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::Address;
    use crate::wire::head::read_request;

    fn forwarded(lines: &str, same_dialect: bool) -> Vec<String> {
        let text = format!("POST / HTTP/1.1\r\nhost: a\r\n{lines}\r\n");
        let read = read_request(text.as_bytes(), &Default::default()).unwrap();
        let headers = Headers {
            bytes: text.as_bytes(),
            spans: &read.spans,
        };
        let of_vendor = vec![("x-vendor".to_owned(), "1".into())];
        let address = Address {
            base_url: "http://h",
            http2: false,
            ca_file: None,
            headers: of_vendor,
        };
        let endpoint = Endpoint::new(address).unwrap();
        let mut out = Vec::new();
        request_lines(
            headers,
            same_dialect,
            &["x-own-key".to_owned()],
            &endpoint,
            &mut out,
        );
        String::from_utf8(out)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn what_a_vendor_may_use_goes_on_and_what_it_may_not_know_stays() {
        let lines = "Authorization: Bearer secret\r\nX-Api-Key: secret\r\nX-Own-Key: secret\r\nCookie: secret\r\n\
                     OpenAI-Organization: org\r\nX-Deployment-Environment: green\r\nX-Canary: enabled\r\n\
                     X-Session-Id: s\r\nX-Forwarded-For: 10.0.0.1\r\nConnection: x-hop, close\r\nX-Hop: 1\r\n\
                     Accept-Encoding: gzip\r\nTE: trailers\r\nX-Vendor: 2\r\nOpenAI-Beta: assistants=v2\r\nX-Custom: 1\r\n\
                     anthropic-beta: b\r\ntraceparent: 00-1\r\n";
        let same = forwarded(lines, true);
        assert_eq!(
            same,
            [
                "OpenAI-Beta: assistants=v2",
                "X-Custom: 1",
                "anthropic-beta: b",
                "traceparent: 00-1"
            ]
        );
        assert_eq!(forwarded(lines, false), ["traceparent: 00-1"]);
    }
}
