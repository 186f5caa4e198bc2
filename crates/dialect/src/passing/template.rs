//! Chunks of one stream differ in a few bytes: the words, and with OpenAI some random padding. A chunk that is
//! byte for byte the last one that was read in full, but for plain characters inside those two strings, needs
//! no second reading: it is JSON because the other was, and says the same about everything but the words. This
//! takes a stream's usual chunk from some thousand instructions to a few hundred.

use crate::json::{Span, ordinary_text};

#[derive(Default)]
pub(crate) struct Template {
    /// What stands before, between and after the strings that differ; the last is empty without padding.
    fixed: [Vec<u8>; 3],
    padded: bool,
    /// The field that is hidden from the client: in which fixed piece, and where in it.
    hidden: Option<(usize, Span)>,
    known: bool,
}

/// A chunk that fits.
pub(super) struct Fit {
    /// Bytes the model wrote.
    pub(super) written: u64,
    /// The field that is hidden from the client, where this chunk has it.
    pub(super) hidden: Option<Span>,
}

/// Where a chunk's changing strings are, quotes included.
#[derive(Clone, Copy, Default)]
pub(super) struct Changing {
    pub(super) words: Option<Span>,
    pub(super) padding: Option<Span>,
}

impl Template {
    /// Takes a chunk, which was read in full, as the one to compare with.
    pub(super) fn learn(&mut self, data: &[u8], changing: Changing, hidden: Option<Span>) {
        self.known = false;
        let Some(words) = changing.words else { return };
        let padding = changing.padding.filter(|padding| padding.start > words.end);
        if padding.is_none() && changing.padding.is_some() {
            return;
        }
        let cuts = [
            Span {
                start: 0,
                end: words.start + 1,
            },
            Span {
                start: words.end - 1,
                end: padding.map_or(data.len(), |padding| padding.start + 1),
            },
            padding.map_or(Span::default(), |padding| Span {
                start: padding.end - 1,
                end: data.len(),
            }),
        ];
        let within = |field: Span| {
            let place = cuts
                .iter()
                .position(|cut| cut.start <= field.start && field.end <= cut.end)?;
            let cut = cuts.get(place)?;
            Some((
                place,
                Span {
                    start: field.start - cut.start,
                    end: field.end - cut.start,
                },
            ))
        };
        self.hidden = hidden.and_then(within);
        if hidden.is_some() && self.hidden.is_none() {
            return;
        }
        for (held, cut) in self.fixed.iter_mut().zip(cuts) {
            held.clear();
            held.extend_from_slice(cut.of(data));
        }
        self.padded = padding.is_some();
        self.known = true;
    }

    pub(super) fn fits(&self, data: &[u8]) -> Option<Fit> {
        if !self.known {
            return None;
        }
        let [before, between, after] = &self.fixed;
        let rest = data.strip_prefix(before.as_slice())?;
        let (words, rest) = rest.split_at_checked(ordinary_text(rest)?)?;
        let rest = rest.strip_prefix(between.as_slice())?;
        let between_at = before.len() + words.len();
        let mut after_at = between_at + between.len();
        if self.padded {
            let (padding, rest) = rest.split_at_checked(ordinary_text(rest)?)?;
            after_at += padding.len();
            (rest == after.as_slice()).then_some(())?;
        } else {
            rest.is_empty().then_some(())?;
        }
        let hidden = self.hidden.map(|(place, field)| {
            let start = [0, between_at, after_at].get(place).copied().unwrap_or_default();
            Span {
                start: start + field.start,
                end: start + field.end,
            }
        });
        Some(Fit {
            written: words.len() as u64,
            hidden,
        })
    }
}
