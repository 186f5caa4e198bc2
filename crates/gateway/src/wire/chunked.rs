//! The chunked transfer coding, decoded strictly (RFC 9112, 7.1).
//!
//! A chunk size with a sign, blanks or a bare line feed is how two parsers come to disagree about
//! where a message ends, so it is an error here, from clients and vendors alike.

/// Longest line of a chunk's extension or of a trailer field, in bytes.
const LINE_LIMIT: u32 = 4_096;
/// Sizes of up to so many digits are read in one go.
const PLAIN_DIGITS: usize = 8;
/// All trailer fields together, in bytes.
const TRAILER_LIMIT: u32 = 16_384;

#[derive(Clone, Debug, Default)]
pub(crate) struct Chunked {
    at: At,
    /// Bytes left of the chunk, or its size so far.
    left: u64,
    /// Digits of the size, or bytes of the extension or of the trailers so far.
    seen: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Size,
    Extension,
    SizeEnd,
    Data,
    DataEnd,
    DataEndFeed,
    TrailerStart,
    Trailer,
    TrailerEnd,
    LastEnd,
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chunked body is malformed")]
pub(crate) struct BadChunk;

impl Chunked {
    pub(crate) fn is_done(&self) -> bool {
        self.at == At::Done
    }

    /// Appends the payload in `input` to `out`; returns how many bytes belonged to the body.
    pub(crate) fn decode(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, BadChunk> {
        let mut taken = 0;
        while let Some(byte) = input.get(taken).copied() {
            match self.at {
                At::Done => break,
                At::Data => {
                    let rest = rest_of(input, taken);
                    let length = rest.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                    out.extend_from_slice(rest.get(..length).unwrap_or_default());
                    self.left -= length as u64;
                    if self.left == 0 {
                        self.at = At::DataEnd;
                    }
                    taken += length;
                }
                At::Size | At::DataEnd if self.seen == 0 => match self.whole_line(rest_of(input, taken)) {
                    Some(length) => taken += length,
                    None => {
                        self.line_byte(byte)?;
                        taken += 1;
                    }
                },
                _ => {
                    self.line_byte(byte)?;
                    taken += 1;
                }
            }
        }
        Ok(taken)
    }

    /// Takes a line that is whole and what nearly every such line is, a size or the end of a chunk; how many bytes that
    /// were. All else is read byte by byte.
    fn whole_line(&mut self, line: &[u8]) -> Option<usize> {
        if self.at == At::DataEnd {
            line.starts_with(b"\r\n").then_some(())?;
            self.at = At::Size;
            return Some(2);
        }
        let (mut size, mut digits) = (0, 0);
        for byte in line.iter().take(PLAIN_DIGITS) {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                _ => break,
            };
            size = size << 4 | u64::from(digit);
            digits += 1;
        }
        let plain = size > 0 && line.get(digits..digits + 2) == Some(b"\r\n");
        plain.then(|| {
            self.left = size;
            self.at = At::Data;
            digits + 2
        })
    }

    fn line_byte(&mut self, byte: u8) -> Result<(), BadChunk> {
        self.at = match (self.at, byte) {
            (At::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => return self.size_digit(byte),
            (At::Size, b';') if self.seen > 0 => At::Extension,
            (At::Size, b'\r') if self.seen > 0 => At::SizeEnd,
            (At::Extension, b'\r') => At::SizeEnd,
            (At::SizeEnd, b'\n') => {
                self.seen = 0;
                if self.left == 0 {
                    At::TrailerStart
                } else {
                    At::Data
                }
            }
            (At::DataEnd, b'\r') => At::DataEndFeed,
            (At::DataEndFeed, b'\n') => {
                self.left = 0;
                At::Size
            }
            (At::TrailerStart, b'\r') => At::LastEnd,
            (At::Trailer, b'\r') => At::TrailerEnd,
            (At::TrailerEnd, b'\n') => At::TrailerStart,
            (At::LastEnd, b'\n') => At::Done,
            (At::Extension, byte) if is_text(byte) => return self.count(LINE_LIMIT),
            (At::TrailerStart | At::Trailer, byte) if is_text(byte) => {
                self.at = At::Trailer;
                return self.count(TRAILER_LIMIT);
            }
            _ => return Err(BadChunk),
        };
        Ok(())
    }

    fn size_digit(&mut self, byte: u8) -> Result<(), BadChunk> {
        let digit = char::from(byte).to_digit(16).ok_or(BadChunk)?;
        // Fifteen digits are a petabyte; more would only test our arithmetic.
        self.count(15)?;
        self.left = self.left << 4 | u64::from(digit);
        Ok(())
    }

    fn count(&mut self, limit: u32) -> Result<(), BadChunk> {
        self.seen += 1;
        if self.seen > limit { Err(BadChunk) } else { Ok(()) }
    }
}

fn rest_of(input: &[u8], taken: usize) -> &[u8] {
    input.get(taken..).unwrap_or_default()
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (b' '..=b'~').contains(&byte) || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(input: &[u8], step: usize) -> Result<(Vec<u8>, usize, bool), BadChunk> {
        let (mut chunked, mut out, mut taken) = (Chunked::default(), Vec::new(), 0);
        for part in input.chunks(step) {
            taken += chunked.decode(part, &mut out)?;
        }
        Ok((out, taken, chunked.is_done()))
    }

    #[test]
    fn a_body_is_the_same_wherever_it_is_cut() {
        let input = b"4\r\nWiki\r\n6;a=\"b\"\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nX: y\r\n\r\n";
        for step in 1..=input.len() {
            let (out, taken, done) = decode(input, step).unwrap();
            assert_eq!(
                (out.as_slice(), taken, done),
                (&b"Wikipedia in \r\n\r\nchunks."[..], input.len(), true)
            );
        }
    }

    /// What is read line by line and what is read byte by byte is the same.
    #[test]
    fn sizes_mean_the_same_however_they_are_written() {
        for size in ["5", "05", "00000005", "000000005", "5;a=b"] {
            let input = format!("{size}\r\nhello\r\n{size}\r\nagain\r\n0\r\n\r\n");
            for step in [1, 2, 3, input.len()] {
                let (out, taken, done) = decode(input.as_bytes(), step).unwrap();
                assert_eq!(
                    (out.as_slice(), taken, done),
                    (&b"helloagain"[..], input.len(), true)
                );
            }
        }
    }

    #[test]
    fn what_follows_the_body_is_left_alone() {
        let (out, taken, done) = decode(b"1\r\nx\r\n0\r\n\r\nGET /", 64).unwrap();
        assert_eq!((out.as_slice(), taken, done), (&b"x"[..], 11, true));
    }

    #[test]
    fn whatever_two_parsers_could_read_differently_is_refused() {
        let bad: [&[u8]; 12] = [
            b"4\nWiki",
            b"-1\r\n",
            b"+1\r\nx",
            b"0x1\r\nx",
            b" 1\r\nx",
            b"1 \r\nx",
            b"\r\n",
            b";a\r\n",
            b"1\r\nxx\r\n",
            b"1\r\nx\n0\r\n\r\n",
            b"0\r\n\n",
            b"1000000000000000\r\n",
        ];
        for input in bad {
            for step in [1, input.len()] {
                assert!(
                    decode(input, step).is_err(),
                    "{:?}",
                    String::from_utf8_lossy(input)
                );
            }
        }
        let endless = [b"0\r\n".to_vec(), vec![b'a'; 20_000]].concat();
        assert!(decode(&endless, 512).is_err());
    }
}
