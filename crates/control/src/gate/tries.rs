//! Wrong tokens, by the address they come from: a few are typing errors, many are somebody guessing.
//!
//! An address that has used up its tries is refused whatever it sends, or the answers would go on
//! telling whether a guess was right. One that showed a good token lately is let through all the
//! same: a forgotten script on an operator's machine must not lock the operator out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

/// Wrong tokens in a row.
const BURST: f64 = 10.0;
/// After which one more may be tried each such time.
const ONE_MORE_EACH: Duration = Duration::from_secs(3);
/// How long a good token vouches for its address.
const TRUSTED_FOR: Duration = Duration::from_secs(3_600);
/// Addresses remembered; with more, those that have recovered are forgotten, and then all.
const MOST: usize = 10_000;

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    pub seconds: u64,
}

#[derive(Debug, Default)]
pub(super) struct Tries(HashMap<IpAddr, Address>);

#[derive(Clone, Copy, Debug)]
struct Address {
    /// Tries that were left at `at`.
    left: f64,
    at: Instant,
    trusted_until: Option<Instant>,
}

impl Address {
    fn new(now: Instant) -> Address {
        Address {
            left: BURST,
            at: now,
            trusted_until: None,
        }
    }

    fn left(&self, now: Instant) -> f64 {
        let regained = (now - self.at).as_secs_f64() / ONE_MORE_EACH.as_secs_f64();
        (self.left + regained).min(BURST)
    }

    fn is_trusted(&self, now: Instant) -> bool {
        self.trusted_until.is_some_and(|until| until > now)
    }
}

impl Tries {
    pub(super) fn may_try(&self, from: IpAddr, now: Instant) -> Result<(), TooMany> {
        let Some(address) = self.0.get(&from) else {
            return Ok(());
        };
        let left = address.left(now);
        if left >= 1.0 || address.is_trusted(now) {
            return Ok(());
        }
        let wait = ONE_MORE_EACH.mul_f64(1.0 - left);
        Err(TooMany {
            seconds: wait.as_secs_f64().ceil() as u64,
        })
    }

    pub(super) fn was_wrong(&mut self, from: IpAddr, now: Instant) {
        if self.0.len() >= MOST {
            self.0
                .retain(|_, address| address.left(now) < BURST || address.is_trusted(now));
            if self.0.len() >= MOST {
                self.0.clear();
            }
        }
        let address = self.0.entry(from).or_insert_with(|| Address::new(now));
        address.left = (address.left(now) - 1.0).max(0.0);
        address.at = now;
    }

    pub(super) fn was_right(&mut self, from: IpAddr, now: Instant) {
        let address = self.0.entry(from).or_insert_with(|| Address::new(now));
        address.trusted_until = Some(now + TRUSTED_FOR);
    }
}
