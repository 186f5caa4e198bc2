//! Numbers, flags, words and lists of a record; what could not have been written is refused.

use crate::Share;
use crate::evidence::Numbers;

use super::Unreadable;

/// Longer than any text or list in a state; keeps a damaged length from asking for memory.
const LONGEST: usize = 4096;

pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn number(&mut self, number: f64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn numbers(&mut self, all: &impl Numbers) {
        for number in all.to_numbers() {
            self.number(number);
        }
    }

    pub(super) fn words(&mut self, words: &[u64]) {
        for word in words {
            self.0.extend_from_slice(&word.to_le_bytes());
        }
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    pub(super) fn share(&mut self, share: Share) {
        self.0.extend_from_slice(&share.hundredths().to_le_bytes());
    }

    pub(super) fn optional(&mut self, number: Option<f64>) {
        self.flag(number.is_some());
        self.number(number.unwrap_or(0.0));
    }

    pub(super) fn text(&mut self, text: &str) {
        // Ids and notes are short; what is longer is cut where a character ends.
        let mut end = text.len().min(LONGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = text.get(..end).unwrap_or_default();
        self.number(text.len() as f64);
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn list<T>(&mut self, all: &[T], write: impl Fn(&mut Writer, &T)) {
        self.number(all.len() as f64);
        for one in all {
            write(self, one);
        }
    }
}

pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl Reader<'_> {
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (taken, rest) = self
            .0
            .split_first_chunk()
            .ok_or(Unreadable::Damaged("it ends early"))?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn number(&mut self) -> Result<f64, Unreadable> {
        let number = f64::from_le_bytes(self.take()?);
        if number.is_finite() {
            Ok(number)
        } else {
            Err(Unreadable::Damaged("a number is none"))
        }
    }

    pub(super) fn count(&mut self) -> Result<usize, Unreadable> {
        let number = self.number()?;
        // Up to here every whole number is exact.
        let fits = number.fract() == 0.0 && (0.0..9e15).contains(&number);
        if fits {
            Ok(number as usize)
        } else {
            Err(Unreadable::Damaged("a count is none"))
        }
    }

    pub(super) fn numbers(&mut self, into: &mut impl Numbers) -> Result<(), Unreadable> {
        let mut failed = None;
        let mut each = std::iter::from_fn(|| match self.number() {
            Ok(number) => Some(number),
            Err(error) => {
                failed = Some(error);
                None
            }
        });
        let taken = into.take_numbers(&mut each);
        taken.ok_or(failed.unwrap_or(Unreadable::Damaged("it ends early")))
    }

    pub(super) fn words(&mut self, count: usize) -> Result<Vec<u64>, Unreadable> {
        (0..count).map(|_| Ok(u64::from_le_bytes(self.take()?))).collect()
    }

    pub(super) fn flag(&mut self) -> Result<bool, Unreadable> {
        match self.take()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [_] => Err(Unreadable::Damaged("a flag is none")),
        }
    }

    pub(super) fn share(&mut self) -> Result<Share, Unreadable> {
        let hundredths = u16::from_le_bytes(self.take()?);
        Share::from_hundredths(hundredths).ok_or(Unreadable::Damaged("a share is above 100%"))
    }

    pub(super) fn optional(&mut self) -> Result<Option<f64>, Unreadable> {
        let (is_some, number) = (self.flag()?, self.number()?);
        Ok(is_some.then_some(number))
    }

    pub(super) fn length(&mut self) -> Result<usize, Unreadable> {
        let length = self.count()?;
        if length <= LONGEST {
            Ok(length)
        } else {
            Err(Unreadable::Damaged("a length is too large"))
        }
    }

    pub(super) fn text(&mut self) -> Result<String, Unreadable> {
        let length = self.length()?;
        let (text, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(Unreadable::Damaged("it ends early"))?;
        self.0 = rest;
        let text = std::str::from_utf8(text).map_err(|_| Unreadable::Damaged("a text is none"))?;
        Ok(text.to_owned())
    }

    pub(super) fn named<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> Result<T, Unreadable> {
        find(&self.text()?).ok_or(Unreadable::Damaged("a name is unknown"))
    }

    pub(super) fn list<T>(
        &mut self,
        read: impl Fn(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, Unreadable> {
        let length = self.length()?;
        (0..length).map(|_| read(self)).collect()
    }
}
