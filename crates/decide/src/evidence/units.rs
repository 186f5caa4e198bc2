//! Of a unit that stays on its side, only the first event of each kind is a draw of the coin.
//!
//! A session that fails once fails again, on the same side; counting each of its failures takes one
//! draw for many, and rolled up to 57 % of healthy rollouts back. So events are remembered by unit,
//! in a fixed number of bits: a unit may be taken for one that was seen (then evidence is lost, on
//! both sides alike), and never the other way round. The rare kinds have bits of their own, which
//! the frequent ones cannot fill.

/// Kinds of events, each counted once per unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitEvent {
    Failed,
    Slow,
    FirstByte,
    TimePerOutputToken,
    Cost,
    OutputTokens,
}

/// 4,096 bits.
const WORDS: usize = 64;

#[derive(Clone, Debug, PartialEq)]
pub struct FirstOfUnit {
    words: [u64; WORDS],
}

impl Default for FirstOfUnit {
    fn default() -> FirstOfUnit {
        FirstOfUnit { words: [0; WORDS] }
    }
}

impl FirstOfUnit {
    /// Whether this is the unit's first event of its kind; from now on it is not. `unit` is any
    /// good hash, equal for equal units.
    pub fn is_first(&mut self, event: UnitEvent, unit: u64) -> bool {
        // First and last word of the bits that the kind may use: a quarter of all for each of the
        // rare kinds, the rest for the measurements.
        let (from, to) = match event {
            UnitEvent::Failed => (0, 16),
            UnitEvent::Slow => (16, 32),
            UnitEvent::FirstByte
            | UnitEvent::TimePerOutputToken
            | UnitEvent::Cost
            | UnitEvent::OutputTokens => (32, WORDS),
        };
        let mixed = mix(unit ^ mix(event as u64 + 1));
        let mut is_new = false;
        // Two bits for each event, by the two halves of the hash.
        for half in [mixed as u32, (mixed >> 32) as u32] {
            let place = half as usize % ((to - from) * 64);
            if let Some(word) = self.words.get_mut(from + place / 64) {
                let bit = 1 << (place % 64);
                is_new |= *word & bit == 0;
                *word |= bit;
            }
        }
        is_new
    }

    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// `None` unless there are as many words as there were.
    pub fn from_words(words: &[u64]) -> Option<FirstOfUnit> {
        let words = words.try_into().ok()?;
        Some(FirstOfUnit { words })
    }
}

/// Spreads a number over all bits (the finalizer of SplitMix64), so that the bits here have
/// nothing to do with those that drew the unit's side.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_first_once() {
        let mut units = FirstOfUnit::default();
        assert!(units.is_first(UnitEvent::Failed, 7));
        assert!(!units.is_first(UnitEvent::Failed, 7));
        assert!(units.is_first(UnitEvent::Slow, 7), "another kind");
        assert!(units.is_first(UnitEvent::Failed, 8), "another unit");
    }

    #[test]
    fn hundreds_of_failing_units_are_told_apart() {
        let mut units = FirstOfUnit::default();
        for unit in 0..100_000 {
            units.is_first(UnitEvent::FirstByte, unit);
        }
        let first = (0..200)
            .filter(|unit| units.is_first(UnitEvent::Failed, *unit))
            .count();
        assert!(first >= 190, "{first} of 200");
    }

    #[test]
    fn full_bits_count_nothing_rather_than_twice() {
        let mut units = FirstOfUnit::default();
        for unit in 0..100_000 {
            units.is_first(UnitEvent::Failed, unit);
        }
        assert!((0..200_000).all(|unit| !units.is_first(UnitEvent::Failed, unit)));
    }
}
