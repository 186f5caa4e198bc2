//! What one request comes to: held, then settled.

use super::Nanos;
use super::operation::{Billed, Payer, Settlement};

/// A request's charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    pub payer: Payer,
    /// The gateway that carries the request.
    pub owner: String,
    pub state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Held {
        nanos: Nanos,
        /// What it has cost so far, if anything was noted.
        mark: Option<Mark>,
    },
    Settled {
        charged: Nanos,
        cost: Nanos,
        /// Tokens were counted here, for want of the vendor's count.
        estimated: bool,
    },
}

/// What a request under way has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The customer's part.
    pub charge: Nanos,
    /// What vendors take for it.
    pub cost: Nanos,
}

impl Charge {
    /// Settles a request whose gateway is gone: what was marked is charged, the rest goes back. `None` if it is
    /// settled already.
    pub fn orphaned(&self, id: &str) -> Option<Settlement> {
        let State::Held { mark, .. } = self.state else {
            return None;
        };
        let billed = mark.map(|mark| Billed {
            attempt: 0,
            charge: mark.charge,
            cost: mark.cost,
            reason: "gateway gone".to_owned(),
        });
        Some(Settlement {
            charge: id.to_owned(),
            payer: self.payer.clone(),
            owner: self.owner.clone(),
            drawn: None,
            estimated: billed.is_some(),
            billed: billed.into_iter().collect(),
        })
    }
}
