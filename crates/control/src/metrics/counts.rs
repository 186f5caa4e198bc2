//! What is counted since the start.

use std::collections::HashMap;
use std::sync::Arc;

use decide::Side;
use foldhash::fast::RandomState;
use gateway::{End, Outcome};

use super::buckets::{Buckets, DURATION_SECONDS, FIRST_BYTE_SECONDS, OVERHEAD_SECONDS};
use crate::observe::parts::{Ending, attempt_outcome, is_rescue, part_of};

#[derive(Debug)]
pub(crate) struct Counts {
    /// Names are the operator's: nobody can choose them to collide.
    pub(super) deployments: HashMap<Arc<str>, DeploymentCounts, RandomState>,
    /// Ended without a route, by how.
    pub(super) unrouted: Tally<&'static str>,
    /// Our own errors, by code.
    pub(super) refusals: Tally<&'static str>,
    pub(super) overhead: Buckets,
    pub(super) rollbacks: Tally<&'static str>,
    pub(super) reload_failures: u64,
}

#[derive(Debug, Default)]
pub(super) struct DeploymentCounts {
    pub(super) blue: SideCounts,
    pub(super) green: SideCounts,
    pub(super) rescues: u64,
}

#[derive(Debug)]
pub(super) struct SideCounts {
    /// By outcome and reason.
    pub(super) requests: Tally<(&'static str, &'static str)>,
    /// By provider and outcome.
    pub(super) attempts: Tally<(Arc<str>, &'static str)>,
    pub(super) duration: Buckets,
    pub(super) first_byte: Buckets,
    /// By type.
    pub(super) tokens: Tally<&'static str>,
    pub(super) cost_nanos: u64,
}

/// The outcome under which a request is counted once more, for the side that failed it.
const RESCUED: &str = "rescued";

impl Default for Counts {
    fn default() -> Counts {
        Counts {
            deployments: HashMap::default(),
            unrouted: Tally::default(),
            refusals: Tally::default(),
            overhead: Buckets::new(&OVERHEAD_SECONDS),
            rollbacks: Tally::default(),
            reload_failures: 0,
        }
    }
}

impl Default for SideCounts {
    fn default() -> SideCounts {
        SideCounts {
            requests: Tally::default(),
            attempts: Tally::default(),
            duration: Buckets::new(&DURATION_SECONDS),
            first_byte: Buckets::new(&FIRST_BYTE_SECONDS),
            tokens: Tally::default(),
            cost_nanos: 0,
        }
    }
}

impl Counts {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        if outcome.monitoring {
            return;
        }
        if let End::Refused(code) | End::Failed(code) = outcome.end {
            self.refusals.add(code, 1);
        }
        if outcome.first_byte.is_some() {
            self.overhead.add(outcome.overhead);
        }
        let Some(deployment) = &outcome.deployment else {
            return self.unrouted.add(Ending::of(outcome).name(), 1);
        };
        let counts = match self.deployments.get_mut(deployment) {
            Some(counts) => counts,
            None => self.deployments.entry(Arc::clone(deployment)).or_default(),
        };
        counts.add(outcome);
    }

    pub(crate) fn rollback(&mut self, cause: &'static str) {
        self.rollbacks.add(cause, 1);
    }

    pub(crate) fn reload_failure(&mut self) {
        self.reload_failures += 1;
    }

    /// Drops what is counted of deployments and providers that are gone.
    pub(crate) fn keep(&mut self, is_deployment: impl Fn(&str) -> bool, is_provider: impl Fn(&str) -> bool) {
        self.deployments.retain(|name, _| is_deployment(name));
        for counts in self.deployments.values_mut() {
            for side in [&mut counts.blue, &mut counts.green] {
                side.attempts.0.retain(|((provider, _), _)| is_provider(provider));
            }
        }
    }
}

impl DeploymentCounts {
    pub(super) fn sides(&self) -> [(Side, &SideCounts); 2] {
        [(Side::Blue, &self.blue), (Side::Green, &self.green)]
    }

    fn side(&mut self, side: Side) -> &mut SideCounts {
        match side {
            Side::Blue => &mut self.blue,
            Side::Green => &mut self.green,
        }
    }

    fn add(&mut self, outcome: &Outcome) {
        let Some(route) = &outcome.route else { return };
        self.rescues += u64::from(is_rescue(outcome));
        let answering = outcome.attempts.last().map_or(route.answered, |last| last.side);
        for side in [Side::Blue, Side::Green] {
            let Some(part) = part_of(outcome, side) else {
                continue;
            };
            let counts = self.side(side);
            counts.tokens(outcome, side);
            counts.cost_nanos = counts.cost_nanos.saturating_add(part.cost.get().unsigned_abs());
            if side != answering && part.failed {
                counts.requests.add((RESCUED, route.chosen_because.name()), 1);
            }
        }
        let counts = self.side(answering);
        let ending = Ending::of(outcome);
        counts.requests.add((ending.name(), route.because.name()), 1);
        if ending == Ending::Ok {
            counts.duration.add(outcome.duration);
        }
        if let Some(first_byte) = outcome.first_byte {
            counts.first_byte.add(first_byte);
        }
        let last = outcome.attempts.len().saturating_sub(1);
        for (number, attempt) in outcome.attempts.iter().enumerate() {
            let word = attempt_outcome(outcome, attempt, number == last);
            self.side(attempt.side).attempt(&attempt.provider, word);
        }
    }
}

impl SideCounts {
    fn attempt(&mut self, provider: &Arc<str>, outcome: &'static str) {
        let known = |(key, _): &&mut ((Arc<str>, &'static str), u64)| key.0 == *provider && key.1 == outcome;
        match self.attempts.0.iter_mut().find(known) {
            Some((_, count)) => *count += 1,
            None => self.attempts.0.push(((Arc::clone(provider), outcome), 1)),
        }
    }

    fn tokens(&mut self, outcome: &Outcome, side: Side) {
        let of_side = outcome.attempts.iter().filter(|attempt| attempt.side == side);
        for usage in of_side.filter_map(|attempt| attempt.usage) {
            self.tokens.add("input", usage.input_tokens);
            self.tokens.add("cached_input", usage.cached_input_tokens);
            self.tokens.add("output", usage.output_tokens);
            self.tokens.add("reasoning", usage.reasoning_tokens);
        }
    }
}

/// A few counts by key: looking through them is faster than hashing.
#[derive(Debug)]
pub(super) struct Tally<K>(pub(super) Vec<(K, u64)>);

impl<K> Default for Tally<K> {
    fn default() -> Tally<K> {
        Tally(Vec::new())
    }
}

impl<K: PartialEq> Tally<K> {
    fn add(&mut self, key: K, more: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, count)) => *count += more,
            None => self.0.push((key, more)),
        }
    }
}
