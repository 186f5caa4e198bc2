//! The book, read only.

pub(super) mod check;
pub(super) mod list;
