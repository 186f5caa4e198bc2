//! The one JSON parser that decides.
//!
//! A gateway that reads a body with one parser and sends it to a vendor that reads it with another can be
//! told two different things by the same bytes. So what policy looks at is found by a strict parser that
//! refuses what readers disagree about (a key twice, a lone surrogate, bytes that are no UTF-8), and the very
//! bytes it accepted are what the vendor gets. Nothing is parsed into owned values on the way: `Cursor`
//! walks, `Json` is a borrowed tree for translation, `Edits` splices.

mod blocks;
mod compact;
mod cursor;
mod edit;
mod flaw;
mod grammar;
mod keys;
mod skip;
mod text;
mod tree;
mod write;

pub(crate) use blocks::ordinary_text;
pub use cursor::{Cursor, Key, Kind, Raw};
pub use edit::Edits;
pub(crate) use flaw::utf8;
pub use flaw::{Flaw, FlawKind};
pub(crate) use text::decode;
pub use text::{Rules, Span};
pub use tree::{Json, Value};
pub use write::{Writer, push_text};

/// Containers within containers that a body may have. Real requests stay under 20 (tool schemas are the
/// deepest); the limit keeps recursion far from the end of any stack.
pub const DEPTH_LIMIT: u32 = 64;
