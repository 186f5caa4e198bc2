//! HTTP/1.1 as bytes, for both sides: heads, strict framing, chunks.
//!
//! Our own, because a gateway must refuse what is ambiguous (two lengths, two hosts, a bare line
//! feed) and libraries repair it; because what arrives together should leave together; and
//! because a client that leaves must be noticed while its answer is still being waited for.
//! What a head may look like is in `lines`, what it means in `head`.

pub(crate) mod chunked;
pub(crate) mod head;
pub(crate) mod headers;
mod lines;
mod names;

pub(crate) use chunked::Chunked;
pub(crate) use headers::{Headers, Name, Span};
pub(crate) use names::Marks;
