//! One line of the book.

use super::{BookAccount, Nanos};

/// An amount that went from one account of the book to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Unique in the book.
    pub id: String,
    /// Where it was taken from.
    pub debit: BookAccount,
    /// Where it went.
    pub credit: BookAccount,
    /// More than 0.
    pub nanos: Nanos,
    /// As the client knows it.
    pub request_id: Option<String>,
    pub reason: String,
}

impl Entry {
    /// The customer in whose statement it stands.
    pub fn customer(&self) -> Option<&str> {
        self.debit.customer().or_else(|| self.credit.customer())
    }
}
