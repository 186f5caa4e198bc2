//! Is this key already in its object? Asked for every key of every object of every request, so it must cost
//! little for the usual dozen keys, and must not be quadratic for an object made of a million.

use super::cursor::meaning;
use super::text::Span;

/// Objects up to this many keys are checked key by key against fingerprints, larger ones by sorting at
/// their end. 32 keys are at most 496 comparisons of two registers.
const LINEAR_KEYS: usize = 32;

/// Ten or so fields at the top and a few in each of the objects within that are open.
const USUAL_MARKS: usize = 24;

/// A key, or where an object begins.
struct Mark {
    /// Of a key, its fingerprint; of an object, what was seen of the one around it.
    word: u64,
    /// Of a key, its place; of an object, only where the keys of the one around it begin.
    inside: Span,
}

/// The keys of all objects that are open, innermost last, each object's behind a mark of its own.
#[derive(Default)]
pub(super) struct Keys {
    marks: Vec<Mark>,
    /// Where the keys of the innermost object begin.
    floor: usize,
    /// One bit for a sixty-fourth of all fingerprints: those that the innermost object has keys of.
    seen: u64,
}

impl Keys {
    /// With room for a usual request's open objects, so that noting a key rarely allocates.
    pub(super) fn with_room() -> Keys {
        Keys {
            marks: Vec::with_capacity(USUAL_MARKS),
            ..Keys::default()
        }
    }

    /// An object opens.
    #[inline]
    pub(super) fn open(&mut self) {
        let (start, end) = (self.floor, self.floor);
        self.marks.push(Mark {
            word: self.seen,
            inside: Span { start, end },
        });
        self.floor = self.marks.len();
        self.seen = 0;
    }

    /// Notes a key of the innermost object, whose meaning is `name`; true if that is seen to hold it already.
    #[inline]
    pub(super) fn repeats(&mut self, text: &[u8], inside: Span, name: &[u8]) -> bool {
        let word = fingerprint(name);
        let bit = 1 << (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58);
        if self.seen & bit != 0 && self.is_among(text, word, name) {
            return true;
        }
        self.seen |= bit;
        self.marks.push(Mark { word, inside });
        false
    }

    /// Equal fingerprints are nearly always equal names; then they are compared.
    #[inline(never)]
    fn is_among(&self, text: &[u8], word: u64, name: &[u8]) -> bool {
        let held = self.marks.get(self.floor..).unwrap_or_default();
        let equal = |mark: &Mark| mark.word == word && *meaning(mark.inside.of(text)) == *name;
        held.len() < LINEAR_KEYS && held.iter().any(equal)
    }

    /// Forgets the innermost object's keys. For a large object, the check happens here: a key it holds twice.
    #[inline]
    pub(super) fn close(&mut self, text: &[u8]) -> Option<String> {
        let large = self.marks.len() - self.floor > LINEAR_KEYS;
        let twice = if large { self.twice(text) } else { None };
        self.marks.truncate(self.floor);
        if let Some(around) = self.marks.pop() {
            self.floor = around.inside.start;
            self.seen = around.word;
        }
        twice
    }

    #[cold]
    fn twice(&self, text: &[u8]) -> Option<String> {
        let held = self.marks.get(self.floor..).unwrap_or_default();
        let mut names: Vec<_> = held.iter().map(|mark| meaning(mark.inside.of(text))).collect();
        names.sort_unstable();
        let mut neighbours = names.iter().zip(names.iter().skip(1));
        let (name, _) = neighbours.find(|(one, next)| one == next)?;
        Some(String::from_utf8_lossy(name).into_owned())
    }
}

/// Cheap and good enough to tell a dozen ordinary keys apart.
#[inline]
fn fingerprint(name: &[u8]) -> u64 {
    let long = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let short = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
    let ends = match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => long(first) ^ long(last).rotate_left(23),
        _ => match (name.first_chunk(), name.last_chunk()) {
            (Some(first), Some(last)) => short(first) << 32 | short(last),
            _ => name.iter().fold(0, |word, &byte| (word << 8) | u64::from(byte)),
        },
    };
    ends ^ name.len() as u64
}
