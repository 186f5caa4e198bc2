//! An alarm for weights above one half, where the side of a request says little.
//!
//! It holds green's failures against twice blue's own rate and a point. That is no proof, since an
//! outage of both sides sets it off too; so it never rolls back. It caps the weight, where the
//! side says most, until the engine has decided or the alarm has calmed down.

use super::label::guard_prices;
use super::mixture::{Mixture, Tally};

/// Frequent events: every outcome of green counts.
const PATIENCE: f64 = 200.0;
/// An alarm that has lost all it had won is over.
const CALM: f64 = 1.0;

#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    pub(super) mixture: Mixture<3>,
    pub(super) active: bool,
}

impl Default for Guard {
    fn default() -> Guard {
        Guard {
            mixture: Mixture::new(PATIENCE),
            active: false,
        }
    }
}

/// The failure rate that green is granted, given blue's since the start of the rollout.
pub fn tolerated_failure_rate(blue_failures: f64, blue_requests: f64) -> f64 {
    (2.0 * (blue_failures + 1.0) / (blue_requests + 20.0) + 0.01).min(0.5)
}

impl Guard {
    /// One outcome of green's; `tolerated` as of now, `fire` the evidence that raises the alarm.
    pub fn green_outcome(&mut self, failed: bool, tolerated: f64, fire: f64) {
        self.mixture
            .settle(guard_prices(failed, tolerated), Tally::default());
        let evidence = self.mixture.evidence();
        if !self.active && evidence >= fire {
            self.active = true;
        } else if self.active && evidence < CALM {
            self.active = false;
        }
    }

    pub fn is_active(&self) -> bool {
        self.active
    }

    pub fn evidence(&self) -> f64 {
        self.mixture.evidence()
    }
}
