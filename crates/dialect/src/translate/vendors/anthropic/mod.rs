//! Anthropic's Messages API as a vendor.

mod answer;
mod model;
mod request;
mod turns;

pub(crate) use answer::Decoder;
pub(crate) use model::max_tokens;
pub(crate) use request::{Target, write};

/// The API version that translated requests are written for; it is valid for as long as Anthropic serves it,
/// and newer ones refuse fields that older models take.
pub(crate) const VERSION: &str = "2023-06-01";
