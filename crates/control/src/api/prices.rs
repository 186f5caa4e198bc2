//! What models cost, and for what they are sold.

pub(super) mod delete;
pub(super) mod list;
pub(super) mod put;
mod view;
