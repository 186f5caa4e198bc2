//! Sets of field names, asked about for every field of every message.
//!
//! Most fields are in no set, so that is what has to be cheap: a name's length and last letter
//! rule out nearly all of a list without comparing a single name.

use super::headers::Name;

/// Names of this length and longer share a slot.
const LONGEST: usize = 31;

pub(crate) struct NameSet {
    names: &'static [&'static str],
    /// By length: the last letters there are.
    last_letters: [u32; LONGEST + 1],
}

impl NameSet {
    /// Of lower-case names, none of them empty.
    pub(crate) const fn new(names: &'static [&'static str]) -> NameSet {
        let mut last_letters = [0; LONGEST + 1];
        let mut at = 0;
        while at < names.len() {
            let name = names[at].as_bytes();
            last_letters[slot(name.len())] |= mark(name[name.len() - 1]);
            at += 1;
        }
        NameSet { names, last_letters }
    }

    pub(crate) fn has(&self, name: Name<'_>) -> bool {
        let (length, last) = (name.len(), name.as_bytes().last());
        let (Some(marks), Some(last)) = (self.last_letters.get(slot(length)), last) else {
            return false;
        };
        marks & mark(*last) != 0 && self.names.iter().any(|known| name.is(known))
    }
}

const fn slot(length: usize) -> usize {
    if length < LONGEST { length } else { LONGEST }
}

/// The same for a letter in either case; what shares a mark is told apart by comparing.
const fn mark(letter: u8) -> u32 {
    1 << (letter & 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    static SET: NameSet = NameSet::new(&["te", "x-canary", "x-a-name-that-is-longer-than-all-others"]);

    #[test]
    fn names_are_found_in_any_case() {
        for name in ["te", "TE", "X-Canary", "x-a-NAME-that-is-longer-than-all-others"] {
            assert!(SET.has(Name::of(name)), "{name}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_not_found() {
        let others = [
            "",
            "t",
            "ye",
            "x-ganary",
            "x-canarY2",
            "x-a-name-that-is-longer-than-all-other5",
            "x-a-name-that-is-longer-than-all-the-others",
        ];
        for name in others {
            assert!(!SET.has(Name::of(name)), "{name}");
        }
    }
}
