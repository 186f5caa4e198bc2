//! A client's request, as views of the bytes it came in.

use http::Method;

use crate::wire::Headers;

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

    /// With its question mark; empty if there is none.
    pub(crate) fn query(&self) -> &'a str {
        self.target.get(self.path().len()..).unwrap_or_default()
    }
}
