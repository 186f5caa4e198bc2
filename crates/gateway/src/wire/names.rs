//! What a field's name means to the gateway, looked up once, when its head has been read.
//!
//! A request's fields are asked about a dozen times on their way (framing, credential, choice of side, what goes on
//! to the vendor), and most names mean nothing to any of these. So each name is looked up once in one table, and from
//! then on a question is a test of a bit. In the look-up too the usual answer has to be cheap: a name's length and
//! last letters lead to the one name of the table that it could be, or to none.

use std::ops::BitOr;

/// What a name means; most mean nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks(u8);

impl Marks {
    /// Says where a message ends, or what becomes of its connection.
    pub(crate) const FRAMING: Marks = Marks(1);
    /// Goes neither way: a field of one connection (RFC 9110, 7.6.1), of a framing or encoding that is not kept, or
    /// one that the gateway sets itself.
    pub(crate) const STAYS: Marks = Marks(1 << 1);
    /// Of a request: belongs to the client's side alone.
    pub(crate) const CLIENTS: Marks = Marks(1 << 2);
    /// Of an answer: belongs to the vendor's edge alone.
    pub(crate) const VENDORS: Marks = Marks(1 << 3);
    /// Of a request: for the gateway itself, or a credential for it.
    pub(crate) const OURS: Marks = Marks(1 << 4);
    /// Carries a credential.
    pub(crate) const KEY: Marks = Marks(1 << 5);
    /// Of a request: chooses a side, or says something of the body.
    pub(crate) const SAYS: Marks = Marks(1 << 6);

    /// What the body is.
    pub(crate) const KIND: Marks = Marks(1 << 7);

    /// Of a name, in any case.
    pub(crate) fn of(name: &[u8]) -> Marks {
        let at = SLOTS.get(slot_of(name)).copied().unwrap_or_default();
        match NAMES.get(usize::from(at)) {
            Some((known, marks)) if is_same(name, known.as_bytes()) => *marks,
            _ => of_family(name),
        }
    }

    pub(crate) fn has(self, any: Marks) -> bool {
        self.0 & any.0 != 0
    }

    const fn and(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }
}

impl BitOr for Marks {
    type Output = Marks;

    fn bitor(self, other: Marks) -> Marks {
        self.and(other)
    }
}

/// In lower case.
const NAMES: &[(&str, Marks)] = &[
    ("te", Marks::STAYS),
    ("via", Marks::CLIENTS),
    ("nel", Marks::VENDORS),
    ("host", Marks::FRAMING.and(Marks::CLIENTS)),
    ("date", Marks::VENDORS),
    ("expect", Marks::FRAMING.and(Marks::CLIENTS)),
    ("cookie", Marks::CLIENTS),
    ("origin", Marks::CLIENTS),
    ("accept", Marks::CLIENTS),
    ("server", Marks::VENDORS),
    ("trailer", Marks::STAYS),
    ("upgrade", Marks::STAYS),
    ("alt-svc", Marks::STAYS),
    ("referer", Marks::CLIENTS),
    ("api-key", OF_A_KEY),
    ("x-canary", OF_A_CHOICE),
    ("forwarded", Marks::CLIENTS),
    ("report-to", Marks::VENDORS),
    ("x-api-key", OF_A_KEY),
    ("connection", Marks::FRAMING.and(Marks::STAYS)),
    ("keep-alive", Marks::STAYS),
    ("set-cookie", Marks::VENDORS),
    ("content-type", Marks::CLIENTS.and(Marks::KIND)),
    ("x-request-id", Marks::VENDORS.and(Marks::OURS)),
    ("x-session-id", OF_A_CHOICE),
    ("x-monitoring", OF_A_CHOICE),
    ("x-deployment", Marks::OURS.and(Marks::VENDORS)),
    ("server-timing", Marks::STAYS),
    ("x-blue-weight", OF_A_CHOICE),
    ("authorization", OF_A_KEY),
    ("content-length", Marks::FRAMING.and(Marks::STAYS)),
    ("openai-project", Marks::CLIENTS.and(Marks::VENDORS)),
    ("x-goog-api-key", OF_A_KEY),
    ("accept-encoding", Marks::CLIENTS),
    ("proxy-connection", Marks::STAYS),
    ("content-encoding", Marks::STAYS.and(Marks::SAYS)),
    ("x-deployment-env", OF_A_CHOICE.and(Marks::VENDORS)),
    ("transfer-encoding", Marks::FRAMING.and(Marks::STAYS)),
    ("proxy-authenticate", Marks::STAYS),
    ("proxy-authorization", Marks::STAYS),
    ("openai-organization", Marks::CLIENTS.and(Marks::VENDORS)),
    ("x-litellm-session-id", OF_A_CHOICE),
    ("x-content-type-options", Marks::VENDORS),
    ("x-deployment-environment", OF_A_CHOICE.and(Marks::VENDORS)),
    ("strict-transport-security", Marks::VENDORS),
];

const OF_A_CHOICE: Marks = Marks::OURS.and(Marks::SAYS);
const OF_A_KEY: Marks = Marks::OURS.and(Marks::KEY);

/// Whether a name is one of ours, in any case. Setting the bit that tells small letters from capitals is exact here: ours
/// are of small letters, digits and hyphens, and what else would become one of these is in no field's name.
fn is_same(name: &[u8], known: &[u8]) -> bool {
    const SMALL: u64 = 0x2020_2020_2020_2020;
    let same =
        |(name, known): (&[u8; 8], &[u8; 8])| u64::from_le_bytes(*name) | SMALL == u64::from_le_bytes(*known);
    match (name.last_chunk(), known.last_chunk()) {
        (Some(tail), Some(known_tail)) => {
            let chunks = name.as_chunks().0.iter().zip(known.as_chunks().0);
            name.len() == known.len() && same((tail, known_tail)) && chunks.into_iter().all(same)
        }
        _ => name.eq_ignore_ascii_case(known),
    }
}

/// Names that belong to one side by how they begin.
fn of_family(name: &[u8]) -> Marks {
    // The first four letters rule out nearly all.
    let Some(start) = name.first_chunk::<4>() else {
        return Marks::default();
    };
    match (u32::from_le_bytes(*start) | 0x2020_2020).to_le_bytes() {
        [b'x', b'-', b'f', b'o'] if begins(name, "x-forwarded-") => Marks::CLIENTS,
        [b's', b'e', b'c', b'-'] => Marks::CLIENTS,
        [b'x', b'-', b'd', b'e'] if begins(name, "x-deployment") => Marks::VENDORS,
        [b'c', b'f', b'-', _] => Marks::VENDORS,
        [b'a', b'c', b'c', b'e'] if begins(name, "access-control-") => Marks::VENDORS,
        _ => Marks::default(),
    }
}

#[cold]
fn begins(name: &[u8], prefix: &str) -> bool {
    let start = name.get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// How many slots names are dealt out to: enough that a multiplier is found at once by which no two share one.
const SLOT_BITS: u32 = 8;
/// In a slot without a name.
const NONE: u8 = u8::MAX;

/// By slot: the place of its name. What shares a slot with a name is told apart by comparing.
static SLOTS: [u8; 1 << SLOT_BITS] = dealt_out(MULTIPLIER).expect("no two names share a slot");

/// The first odd one that tells all names apart.
const MULTIPLIER: u32 = {
    let mut multiplier = 0x9E37_79B1;
    while dealt_out(multiplier).is_none() {
        multiplier += 2;
    }
    multiplier
};

/// `None` if two names share a slot.
const fn dealt_out(multiplier: u32) -> Option<[u8; 1 << SLOT_BITS]> {
    let mut slots = [NONE; 1 << SLOT_BITS];
    let mut at = 0;
    while at < NAMES.len() {
        let slot = slot_by(multiplier, NAMES[at].0.as_bytes());
        if slots[slot] != NONE {
            return None;
        }
        slots[slot] = at as u8;
        at += 1;
    }
    Some(slots)
}

fn slot_of(name: &[u8]) -> usize {
    slot_by(MULTIPLIER, name)
}

/// By its length, the first letter and the last four, in either case; of a short name by the first and the last.
#[inline(always)]
const fn slot_by(multiplier: u32, name: &[u8]) -> usize {
    let (first, last) = match (name, name.last_chunk::<4>()) {
        ([first, ..], Some(tail)) => (*first, u32::from_le_bytes(*tail)),
        ([first, .., last], None) => (*first, *last as u32),
        _ => (0, 0),
    };
    let rest = (first as u32 | 0x20) << 8 | name.len() as u32;
    let mixed = (last | 0x2020_2020).wrapping_add(rest);
    (mixed.wrapping_mul(multiplier) >> (u32::BITS - SLOT_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        for (name, marks) in NAMES {
            assert_eq!(Marks::of(name.as_bytes()), *marks, "{name}");
            assert_eq!(Marks::of(name.to_uppercase().as_bytes()), *marks, "{name}");
        }
    }

    #[test]
    fn families_are_told_by_how_they_begin() {
        let rows = [
            ("X-Forwarded-For", Marks::CLIENTS),
            ("sec-fetch-mode", Marks::CLIENTS),
            ("cf-ray", Marks::VENDORS),
            ("Access-Control-Allow-Origin", Marks::VENDORS),
            ("x-deployment-reason", Marks::VENDORS),
        ];
        for (name, marks) in rows {
            assert_eq!(Marks::of(name.as_bytes()), marks, "{name}");
        }
    }

    #[test]
    fn what_only_looks_alike_means_nothing() {
        let others = [
            "",
            "t",
            "ye",
            "x",
            "x-ganary",
            "x-canarY2",
            "x-forward",
            "second",
            "cfg-x",
            "a-name-that-is-longer-than-all-the-others",
            "strict-transport-securitz-and-longer",
        ];
        for name in others {
            assert_eq!(Marks::of(name.as_bytes()), Marks::default(), "{name}");
        }
    }

    #[test]
    fn no_name_stands_twice() {
        for (at, (name, _)) in NAMES.iter().enumerate() {
            assert!(
                NAMES.iter().skip(at + 1).all(|(other, _)| other != name),
                "{name}"
            );
            assert_eq!(*name, name.to_lowercase());
        }
    }
}
