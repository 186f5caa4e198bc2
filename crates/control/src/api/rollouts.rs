//! Rollouts: start one, look at it, push its buttons, read its history.

pub(super) mod buttons;
pub(super) mod get;
pub(super) mod history;
pub(super) mod shape;
pub(super) mod start;
