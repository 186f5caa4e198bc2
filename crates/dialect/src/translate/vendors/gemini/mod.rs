//! Google's generateContent as a vendor.

mod answer;
mod partial;
mod request;
mod turns;

pub(crate) use answer::Decoder;
pub(crate) use request::{takes_levels as wants_signatures, write};
pub(crate) use turns::FOREIGN_CALL_SIGNATURE;
