//! Where does this request go? `choose` answers it from the table, what the request asks for,
//! what is remembered of its conversation, and one roll of the dice.
//!
//! The order of the questions is the contract: which deployment, may this key use it, is a side
//! forced, else which share applies, and last which unit is held to its side.

mod choose;
mod names;

pub use choose::{
    Ask, BLUE_WEIGHT_HEADER, Because, CANARY_HEADER, Choice, Continues, ENVIRONMENT_HEADER, Refusal, Target,
    choose, choose_without_model,
};
pub use names::{Names, Table};

use crate::{Share, Side};

/// What the router needs to know of one deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Grows with every change of this route.
    pub revision: u64,
    /// Green's share of automatic traffic.
    pub green: Share,
    pub has_green: bool,
    /// A rollback is in force: only a forced side reaches green.
    pub latched: bool,
    /// New for each candidate, so that a new green draws new units.
    pub salt: u64,
    pub sticky: Sticky,
}

/// Which unit of traffic stays on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sticky {
    /// Session header, else the request's own reference to earlier work, else the conversation.
    Auto,
    /// The session header only.
    Session,
    /// The end user named in the body.
    User,
    /// The client's key.
    Key,
    /// Every request is drawn anew.
    None,
}

/// Which public names a key may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    All,
    /// Exact names, or a prefix followed by `*`.
    Only(Vec<Box<str>>),
}

impl Allowed {
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Allowed {
        let names: Vec<Box<str>> = names.into_iter().map(Into::into).collect();
        if names.iter().any(|name| &**name == "*") {
            Allowed::All
        } else {
            Allowed::Only(names)
        }
    }

    pub fn permits(&self, name: &str) -> bool {
        match self {
            Allowed::All => true,
            Allowed::Only(names) => names.iter().any(|allowed| match allowed.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => **allowed == *name,
            }),
        }
    }
}

/// The point in `0..2^64` at which a unit stands for one candidate: the same on every gateway.
fn point_of(salt: u64, unit: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(unit, salt)
}

fn side_at(share: Share, point: u64) -> Side {
    if share.takes(point) {
        Side::Green
    } else {
        Side::Blue
    }
}

#[cfg(test)]
mod tests;
