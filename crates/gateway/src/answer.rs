//! An answer on its way to a client: status, header lines, and a body that is there or to come.

use crate::outcome::End;
use crate::relay::Relay;
use crate::ticket::Ticket;

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Complete lines, `name: value\r\n` each, without those that frame the body.
    pub(crate) lines: Vec<u8>,
    pub(crate) body: AnswerBody,
    /// The connection is of no further use.
    pub(crate) close: bool,
}

pub(crate) enum AnswerBody {
    /// With the request's record, which ends like this once the body is written.
    Whole(Vec<u8>, Option<(Ticket, End)>),
    Stream(Box<Relay>),
}

impl Answer {
    /// An answer of our own, in JSON.
    pub(crate) fn json(status: u16, body: Vec<u8>) -> Answer {
        let mut lines = Vec::with_capacity(256);
        push_line(&mut lines, "content-type", b"application/json");
        Answer {
            status,
            lines,
            body: AnswerBody::Whole(body, None),
            close: false,
        }
    }

    pub(crate) fn push(&mut self, name: &str, value: &[u8]) {
        push_line(&mut self.lines, name, value);
    }
}

/// Appends one header line. Names are our own; a value that could end the line
/// early is left out whole.
pub(crate) fn push_line(lines: &mut Vec<u8>, name: &str, value: &[u8]) {
    let plain = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    if value.iter().all(plain) {
        push_field(lines, name.as_bytes(), value);
    }
}

/// Appends a field of a message that was read: what could end its line early was refused there.
pub(crate) fn push_field(lines: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    lines.reserve(name.len() + value.len() + 4);
    lines.extend_from_slice(name);
    lines.extend_from_slice(b": ");
    lines.extend_from_slice(value);
    lines.extend_from_slice(b"\r\n");
}

/// Appends a number in decimal.
pub(crate) fn push_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0_u8; 20];
    let (mut rest, mut at) = (number, digits.len());
    loop {
        at -= 1;
        if let Some(place) = digits.get_mut(at) {
            *place = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

/// The last `N` digits of a number in hexadecimal, at most 16. Formatting would cost as much as a small event.
pub(crate) fn hex_digits<const N: usize>(number: u64) -> [u8; N] {
    let mut digits = [b'0'; 16];
    for (eight, half) in digits.as_chunks_mut().0.iter_mut().zip([number >> 32, number]) {
        *eight = eight_digits(half as u32);
    }
    digits.last_chunk().copied().unwrap_or([b'0'; N])
}

/// All of them at once: each step moves the upper half of every part to a place of its own.
fn eight_digits(number: u32) -> [u8; 8] {
    let halves = u64::from(number);
    let bytes = (halves & 0xffff_0000) << 16 | halves & 0xffff;
    let digits = (bytes & 0x0000_ff00_0000_ff00) << 8 | bytes & 0x0000_00ff_0000_00ff;
    let digits = (digits & 0x00f0_00f0_00f0_00f0) << 4 | digits & 0x000f_000f_000f_000f;
    let letters = (digits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (digits + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'9' - 1)).to_be_bytes()
}

/// Takes header lines apart again, for carriers that want them one by one.
pub(crate) fn lines(lines: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    lines.split(|byte| *byte == b'\n').filter_map(|line| {
        let line = line.strip_suffix(b"\r")?;
        let colon = memchr::memmem::find(line, b": ")?;
        Some((line.get(..colon)?, line.get(colon + 2..)?))
    })
}

/// Whether there is a line of this name, in lower case.
pub(crate) fn has_line(written: &[u8], name: &[u8]) -> bool {
    lines(written).any(|(found, _)| found.eq_ignore_ascii_case(name))
}

/// The phrase of a status line; clients read the number.
pub(crate) fn phrase(status: u16) -> &'static str {
    let known = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    known.unwrap_or("Status")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_and_taken_apart() {
        let mut written = Vec::new();
        push_line(&mut written, "a", b"1: 2");
        push_line(&mut written, "bad", b"x\r\ny: z");
        push_line(&mut written, "b", b"");
        let read: Vec<_> = lines(&written).collect();
        assert_eq!(read, [(&b"a"[..], &b"1: 2"[..]), (&b"b"[..], &b""[..])]);
    }

    #[test]
    fn digits_are_those_of_formatting() {
        for number in [0, 9, 10, 0xab, 0xdead_beef, u64::MAX] {
            assert_eq!(hex_digits::<16>(number), format!("{number:016x}").as_bytes());
        }
        assert_eq!(&hex_digits::<4>(0xfa1), b"0fa1");
    }

    #[test]
    fn numbers_are_written_in_decimal() {
        let mut out = Vec::new();
        for number in [0, 7, 10, 65_536, u64::MAX] {
            push_number(&mut out, number);
            out.push(b' ');
        }
        assert_eq!(out, b"0 7 10 65536 18446744073709551615 ");
    }
}
