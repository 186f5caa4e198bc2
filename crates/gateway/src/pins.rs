//! On which side a conversation began.
//!
//! A fixed table of words: the slot is the name's low bits, the word holds the name's high bits
//! and the side. Writers overwrite each other, so old conversations are forgotten, never waited
//! for: a miss costs nothing but a draw by hash. No locks, and no memory before it is used.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use decide::Side;

/// A quarter of a million conversations, 2 MiB once all are used.
const SLOTS: usize = 1 << 18;
/// A name may stand in any of this many neighbouring slots.
const WAYS: usize = 4;
const SIDE: u64 = 1;
const USED: u64 = 2;

/// Made when the first conversation is remembered, which takes a split between 0 and 100 %.
#[derive(Debug, Default)]
pub(crate) struct Pins(OnceLock<Box<[AtomicU64]>>);

impl Pins {
    pub(crate) fn recall(&self, name: u64) -> Option<Side> {
        let words = set_of(self.0.get()?, name)
            .iter()
            .map(|slot| slot.load(Ordering::Relaxed));
        let word = words.into_iter().find(|word| names(*word, name))?;
        Some(if word & SIDE == 0 { Side::Blue } else { Side::Green })
    }

    pub(crate) fn remember(&self, name: u64, side: Side) {
        let word = (name & !(SIDE | USED)) | USED | u64::from(side == Side::Green);
        let table = self
            .0
            .get_or_init(|| (0..SLOTS).map(|_| AtomicU64::new(0)).collect());
        let set = set_of(table, name);
        let known = set.iter().find(|slot| names(slot.load(Ordering::Relaxed), name));
        let free = || set.iter().find(|slot| slot.load(Ordering::Relaxed) == 0);
        // A full set gives up the way that the name's middle bits point at.
        let oldest = || set.get((name >> 32) as usize % WAYS);
        if let Some(slot) = known.or_else(free).or_else(oldest) {
            slot.store(word, Ordering::Relaxed);
        }
    }
}

fn set_of(table: &[AtomicU64], name: u64) -> &[AtomicU64] {
    let first = (name >> 40) as usize % (SLOTS / WAYS) * WAYS;
    table.get(first..first + WAYS).unwrap_or_default()
}

fn names(word: u64, name: u64) -> bool {
    word & USED != 0 && (word ^ name) & !(SIDE | USED) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_found_on_the_side_it_began() {
        let pins = Pins::default();
        let names: Vec<u64> = (1..20_000_u64)
            .map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15))
            .collect();
        for name in &names {
            pins.remember(*name, if name & 4 == 0 { Side::Blue } else { Side::Green });
        }
        let wrong = names.iter().filter(|name| {
            pins.recall(**name)
                .is_some_and(|side| side != if *name & 4 == 0 { Side::Blue } else { Side::Green })
        });
        assert_eq!(wrong.count(), 0);
        let kept = names.iter().filter(|name| pins.recall(**name).is_some()).count();
        assert!(kept > 19_900, "{kept}");
        assert_eq!(pins.recall(0xDEAD_BEEF), None);
    }

    #[test]
    fn the_latest_first_turn_counts() {
        let pins = Pins::default();
        pins.remember(40, Side::Green);
        pins.remember(40, Side::Blue);
        assert_eq!(pins.recall(40), Some(Side::Blue));
    }
}
