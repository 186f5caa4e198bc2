//! A client's request, as views of the bytes it came in.

use http::Method;

use crate::wire::{Headers, Marks};

/// The head, which is known before the body is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) method: &'a Method,
    /// Path and query as they were sent.
    pub(crate) target: &'a str,
    pub(crate) headers: Headers<'a>,
}

impl<'a> Head<'a> {
    pub(crate) fn path(&self) -> &'a str {
        let end = memchr::memchr(b'?', self.target.as_bytes());
        end.and_then(|end| self.target.get(..end)).unwrap_or(self.target)
    }

    /// What the body is said to be, if it is said in UTF-8; the last one counts.
    pub(crate) fn content_type(&self) -> Option<&'a str> {
        let (_, kind) = self.headers.marked(Marks::KIND).last()?;
        std::str::from_utf8(kind).ok()
    }

    /// With its question mark; empty if there is none.
    pub(crate) fn query(&self) -> &'a str {
        self.target.get(self.path().len()..).unwrap_or_default()
    }
}
