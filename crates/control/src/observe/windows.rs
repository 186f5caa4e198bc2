//! The windows of all environments, by deployment.

use std::collections::HashMap;
use std::sync::Arc;

use decide::Side;
use foldhash::fast::RandomState;
use gateway::Outcome;

use super::parts::part_of;
use super::window::{Ring, Window};

#[derive(Debug)]
pub(super) struct Windows {
    length_seconds: u64,
    /// Names are the operator's: nobody can choose them to collide.
    of: HashMap<Arc<str>, Sides, RandomState>,
}

#[derive(Debug, Default)]
struct Sides {
    blue: Ring,
    green: Ring,
}

impl Sides {
    fn side(&mut self, side: Side) -> &mut Ring {
        match side {
            Side::Blue => &mut self.blue,
            Side::Green => &mut self.green,
        }
    }
}

impl Windows {
    pub(super) fn new(length_seconds: u64) -> Windows {
        Windows {
            length_seconds,
            of: HashMap::default(),
        }
    }

    /// Counts what a request says of its environments; `now` in seconds since the start.
    pub(super) fn add(&mut self, outcome: &Outcome, now: u64) {
        let Some(deployment) = outcome.deployment.as_ref().filter(|_| !outcome.monitoring) else {
            return;
        };
        if outcome.attempts.is_empty() {
            return;
        }
        // Looking up first: a name is only copied when it is new.
        let sides = match self.of.get_mut(deployment) {
            Some(sides) => sides,
            None => self.of.entry(Arc::clone(deployment)).or_default(),
        };
        for side in [Side::Blue, Side::Green] {
            if let Some(part) = part_of(outcome, side) {
                sides.side(side).add(&part, now, self.length_seconds);
            }
        }
    }

    pub(super) fn read(&self, deployment: &str, side: Side, now: u64) -> Window {
        let ring = self.of.get(deployment).map(|sides| match side {
            Side::Blue => &sides.blue,
            Side::Green => &sides.green,
        });
        match ring {
            Some(ring) => ring.read(now, self.length_seconds),
            None => Ring::default().read(now, self.length_seconds),
        }
    }

    /// Starts over, for a new environment on this side.
    pub(super) fn reset(&mut self, deployment: &str, side: Side) {
        if let Some(sides) = self.of.get_mut(deployment) {
            *sides.side(side) = Ring::default();
        }
    }

    /// Drops the windows of deployments that are gone, and seconds that are over.
    pub(super) fn keep(&mut self, is_known: impl Fn(&str) -> bool, now: u64) {
        self.of.retain(|name, _| is_known(name));
        for sides in self.of.values_mut() {
            sides.blue.forget(now, self.length_seconds);
            sides.green.forget(now, self.length_seconds);
        }
    }
}
