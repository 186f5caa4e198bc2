//! Client keys.

pub(super) mod create;
pub(super) mod list;
pub(super) mod revoke;
pub(super) mod rotate;
mod view;

use view::KeyView;
