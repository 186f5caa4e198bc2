//! Finding the end of what is ordinary in a string, 16 bytes at a time.

use wide::i8x16;

/// Where plain bytes end, however far; the end of `bytes` if all are plain.
#[inline(always)]
pub(super) fn plain_end(bytes: &[u8], start: usize) -> usize {
    end_of_run(bytes, start, not_plain)
}

/// Where the bytes from `start` on stop being ordinary: as `plain_end`, but bytes that are not ASCII are ordinary.
#[inline(never)]
pub(super) fn ordinary_end(bytes: &[u8], start: usize) -> usize {
    end_of_run(bytes, start, special)
}

/// How many bytes from the start are ordinary, if they are UTF-8.
pub(crate) fn ordinary_text(bytes: &[u8]) -> Option<usize> {
    let plain = plain_end(bytes, 0);
    if bytes.get(plain).is_none_or(u8::is_ascii) {
        return Some(plain);
    }
    let end = ordinary_end(bytes, plain);
    let rest = bytes.get(plain..end)?;
    std::str::from_utf8(rest).ok().map(|_| end)
}

/// How many bytes from the start are ordinary inside a JSON string: no quote, no backslash, no control character.
pub(super) fn ordinary_run(bytes: &[u8]) -> usize {
    ordinary_end(bytes, 0)
}

#[inline(always)]
fn end_of_run(bytes: &[u8], start: usize, marks: impl Fn(&[u8; 16]) -> u32) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let (pairs, tail) = rest.as_chunks::<32>();
    let mut end = start;
    for pair in pairs {
        let [one, two] = pair.as_chunks().0 else { break };
        let marks = marks(one) | marks(two) << 16;
        if marks != 0 {
            return end + marks.trailing_zeros() as usize;
        }
        end += 32;
    }
    if let Some(block) = tail.first_chunk() {
        let marks = marks(block);
        if marks != 0 {
            return end + marks.trailing_zeros() as usize;
        }
        end += 16;
    }
    let left = bytes.len().saturating_sub(end);
    match bytes.last_chunk() {
        // The last block, of which some bytes were looked at before.
        Some(block) => match marks(block) >> (16 - left.min(16)) {
            0 => end + left,
            marks => end + marks.trailing_zeros() as usize,
        },
        None => {
            let mut block = [b' '; 16];
            block.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
            let marks = marks(&block);
            end + left.min(marks.trailing_zeros() as usize)
        }
    }
}

/// Where the white space from `start` on ends.
#[inline(never)]
pub(super) fn white_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while let Some(block) = bytes.get(end..).and_then(|rest| rest.first_chunk()) {
        match (!white(block)).trailing_zeros() as usize {
            16.. => end += 16,
            length => return end + length,
        }
    }
    let is_white = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let rest = bytes.get(end..).unwrap_or_default();
    end + rest.iter().take_while(is_white).count()
}

/// One bit a byte, the first byte's the lowest: those that are white space in JSON.
#[inline(always)]
fn white(block: &[u8; 16]) -> u32 {
    let block = i8x16::new(block.map(u8::cast_signed));
    let is = |byte: u8| block.simd_eq(i8x16::splat(byte.cast_signed()));
    (is(b' ') | is(b'\t') | is(b'\n') | is(b'\r')).to_bitmask()
}

/// One bit a byte, the first byte's the lowest: those that are special or not ASCII. Bytes from 0x80 on are negative
/// as signed numbers, so one comparison finds them and the control characters.
#[inline(always)]
pub(super) fn not_plain(block: &[u8; 16]) -> u32 {
    let block = i8x16::new(block.map(u8::cast_signed));
    (block.simd_lt(i8x16::splat(0x20)) | quote_or_backslash(block)).to_bitmask()
}

/// The same for those that are special.
#[inline(always)]
fn special(block: &[u8; 16]) -> u32 {
    let block = i8x16::new(block.map(u8::cast_signed));
    let control = block.simd_lt(i8x16::splat(0x20)) & block.simd_gt(i8x16::splat(-1));
    (control | quote_or_backslash(block)).to_bitmask()
}

#[inline(always)]
fn quote_or_backslash(block: i8x16) -> i8x16 {
    block.simd_eq(i8x16::splat(b'"'.cast_signed())) | block.simd_eq(i8x16::splat(b'\\'.cast_signed()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ordinary_text_is_utf8_up_to_the_first_special_byte(
            plain in "[a-z]{0,40}",
            more in proptest::collection::vec(
                proptest::sample::select(vec![b'x', b'"', b'\\', 0x0a, 0xc3, 0xa9, 0xff, 0x7f]),
                0..20,
            ),
        ) {
            let bytes = [plain.as_bytes(), &more].concat();
            let special = |byte: &u8| matches!(byte, ..0x20 | b'"' | b'\\');
            let end = bytes.iter().position(special).unwrap_or(bytes.len());
            let wanted = std::str::from_utf8(&bytes[..end]).ok().map(str::len);
            prop_assert_eq!(ordinary_text(&bytes), wanted);
            prop_assert_eq!(ordinary_run(&bytes), end);
        }
    }

    #[test]
    fn white_space_ends_at_the_first_other_byte_wherever_it_stands() {
        for length in 0..50 {
            for other in [b'"', 0x00, 0x0b, 0x0c, 0x1f, 0x21, 0x80, 0xa0] {
                let mut bytes: Vec<u8> = b" \t\n\r".iter().copied().cycle().take(length).collect();
                assert_eq!(white_end(&bytes, length / 2), length);
                bytes.push(other);
                bytes.extend([b' '; 20]);
                assert_eq!(white_end(&bytes, 0), length, "byte {other}");
            }
        }
    }

    #[test]
    fn a_run_ends_at_the_first_special_byte_wherever_it_stands() {
        for length in 0..100 {
            for special in [b'"', b'\\', 0x00, 0x1f, b'\n', 0x80, 0xff] {
                let mut bytes = vec![0x20_u8; length];
                bytes.push(0x7f);
                bytes.push(special);
                bytes.extend(std::iter::repeat_n(b'"', length));
                let wanted = length + 1;
                let next = if special.is_ascii() { wanted } else { wanted + 1 };
                let ordinary = if length > 0 { next } else { bytes.len() };
                let found = if next == wanted { wanted } else { ordinary };
                assert_eq!(plain_end(&bytes, 0), wanted, "length {length}, byte {special}");
                assert_eq!(ordinary_run(&bytes), found, "length {length}, byte {special}");
            }
            assert_eq!(ordinary_run(&vec![b'x'; length]), length);
            assert_eq!(ordinary_run(&vec![0xe9; length]), length);
            assert_eq!(plain_end(&vec![b'x'; length], length / 2), length);
        }
    }
}
