//! Codes that are worth credit, made in batches. They are redeemed by a top-up of provider `voucher`.

pub(super) mod create;
pub(super) mod list;
