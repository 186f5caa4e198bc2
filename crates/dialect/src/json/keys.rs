//! Is this key already in its object? Asked for every key of every object of every request, so it must cost
//! little for the usual dozen keys, and must not be quadratic for an object made of a million.

use super::text::{Span, decode};

/// Objects up to this many keys are checked key by key against fingerprints, larger ones by sorting at
/// their end. 32 keys are at most 496 comparisons of two registers.
const LINEAR_KEYS: usize = 32;

/// Ten or so fields at the top and a few in each of the objects within that are open.
const USUAL_KEYS: usize = 24;

struct Mark {
    fingerprint: u64,
    inside: Span,
}

/// The keys of all objects that are open, innermost last.
#[derive(Default)]
pub(super) struct Keys {
    marks: Vec<Mark>,
}

impl Keys {
    /// With room for a usual request's open objects, so that noting a key rarely allocates.
    pub(super) fn with_room() -> Keys {
        Keys {
            marks: Vec::with_capacity(USUAL_KEYS),
        }
    }

    /// Where the keys of an object that opens now will begin.
    pub(super) fn open(&self) -> usize {
        self.marks.len()
    }

    /// Notes a key; true if the object that began at `floor` is seen to hold it already.
    #[inline]
    pub(super) fn repeats(&mut self, floor: usize, text: &str, inside: Span, name: &[u8]) -> bool {
        let fingerprint = fingerprint(name);
        let held = self.marks.get(floor..).unwrap_or_default();
        let maybe = held.len() < LINEAR_KEYS && held.iter().any(|mark| mark.fingerprint == fingerprint);
        if maybe && is_among(held, text, name) {
            return true;
        }
        self.marks.push(Mark { fingerprint, inside });
        false
    }

    /// Forgets the object's keys. For a large object, the check happens here: a key it holds twice.
    #[inline]
    pub(super) fn close(&mut self, floor: usize, text: &str) -> Option<String> {
        let twice = if self.marks.len() - floor > LINEAR_KEYS {
            self.twice(floor, text)
        } else {
            None
        };
        self.marks.truncate(floor);
        twice
    }

    fn twice(&self, floor: usize, text: &str) -> Option<String> {
        let held = self.marks.get(floor..).unwrap_or_default();
        let mut names: Vec<_> = held.iter().map(|mark| decode(mark.inside.text(text))).collect();
        names.sort_unstable();
        let mut neighbours = names.iter().zip(names.iter().skip(1));
        neighbours
            .find(|(one, next)| one == next)
            .map(|(one, _)| one.to_string())
    }
}

/// Equal fingerprints are nearly always equal names; here they are compared.
#[cold]
fn is_among(held: &[Mark], text: &str, name: &[u8]) -> bool {
    held.iter()
        .any(|mark| decode(mark.inside.text(text)).as_bytes() == name)
}

/// Cheap and good enough to tell a dozen ordinary keys apart; equal fingerprints are compared in full.
#[inline]
fn fingerprint(name: &[u8]) -> u64 {
    let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let ends = match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        _ if name.len() >= 8 => word(name.first_chunk()) ^ word(name.last_chunk()).rotate_left(23),
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        _ => name.iter().fold(0, |word, &byte| (word << 8) | u64::from(byte)),
    };
    ends.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ name.len() as u64
}
