//! Pages of a list: a cursor is the number of the last row given out, opaque to everybody else.
//!
//! Lists are ordered by the number of the change that made a row: unlike names, which every database sorts by rules of
//! its own, and unlike times, numbers are unique and the same everywhere.

use std::fmt;
use std::str::FromStr;

use crate::StoreError;

/// More rows than this are never given in one page, whatever the caller asks for.
pub const MAXIMUM_PAGE_ROWS: u32 = 1_000;

/// One page; `next` continues the list, `None` ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<Row> {
    pub rows: Vec<Row>,
    pub next: Option<Cursor>,
}

/// Where a list goes on. Printed and parsed as text for the admin API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub(crate) i64);

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

impl FromStr for Cursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        text.parse().map(Self).map_err(|_| StoreError::BadCursor)
    }
}

/// How many rows to ask the database for: one more than shown, which tells whether the list goes on.
pub(crate) fn rows_to_fetch(limit: u32) -> i64 {
    i64::from(limit.clamp(1, MAXIMUM_PAGE_ROWS)) + 1
}

/// Cuts the extra row off and makes the cursor from the number of the last row that stays.
pub(crate) fn page_of<Row>(mut rows: Vec<Row>, limit: u32, number: impl Fn(&Row) -> i64) -> Page<Row> {
    let shown = limit.clamp(1, MAXIMUM_PAGE_ROWS) as usize;
    let goes_on = rows.len() > shown;
    rows.truncate(shown);
    let next = rows.last().filter(|_| goes_on).map(|row| Cursor(number(row)));
    Page { rows, next }
}
