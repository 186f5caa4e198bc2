//! Everything that was learned, as a plain list of numbers, so that it outlives a restart.
//!
//! Each type names its numbers once, for saving and for restoring: the two cannot drift apart.
//! Settings (bounds, patience) are not among them; they come from the program.

use super::counted::{Cases, Ranked};
use super::engine::Engine;
use super::guard::Guard;
use super::mixture::{Mixture, Tally};
use super::window::Window;

pub trait Numbers: Clone {
    /// Shows every number, always in the same order.
    fn each(&mut self, visit: &mut dyn FnMut(&mut f64));

    fn to_numbers(&self) -> Vec<f64> {
        let mut all = Vec::new();
        self.clone().each(&mut |number| all.push(*number));
        all
    }

    /// Takes exactly as many numbers as it has; `None`, and a useless value, if there are fewer or
    /// one is not finite.
    fn take_numbers(&mut self, from: &mut dyn Iterator<Item = f64>) -> Option<()> {
        let mut whole = true;
        self.each(&mut |number| match from.next() {
            Some(saved) if saved.is_finite() => *number = saved,
            _ => whole = false,
        });
        whole.then_some(())
    }
}

impl Numbers for Tally {
    fn each(&mut self, visit: &mut dyn FnMut(&mut f64)) {
        visit(&mut self.green_n);
        visit(&mut self.green_sum);
        visit(&mut self.blue_n);
        visit(&mut self.blue_sum);
        visit(&mut self.at);
    }
}

impl<const N: usize> Numbers for Mixture<N> {
    fn each(&mut self, visit: &mut dyn FnMut(&mut f64)) {
        visit(&mut self.reserve);
        visit(&mut self.trickle);
        visit(&mut self.events);
        for bet in &mut self.bets {
            visit(&mut bet.wealth);
            visit(&mut bet.gain);
            bet.counted_at_lowest.each(visit);
        }
    }
}

impl<const N: usize> Numbers for Cases<N> {
    fn each(&mut self, visit: &mut dyn FnMut(&mut f64)) {
        self.mixture.each(visit);
        self.counts.each(visit);
    }
}

impl<const BUCKETS: usize> Numbers for Ranked<BUCKETS> {
    fn each(&mut self, visit: &mut dyn FnMut(&mut f64)) {
        self.mixture.each(visit);
        self.counts.each(visit);
        self.blue.tree.iter_mut().for_each(&mut *visit);
        visit(&mut self.blue.total);
        visit(&mut self.blue.newest);
    }
}

impl Numbers for Engine {
    fn each(&mut self, visit: &mut dyn FnMut(&mut f64)) {
        self.error.each(visit);
        self.blue_error.each(visit);
        self.hard.each(visit);
        self.tail.each(visit);
        self.latency.each(visit);
        self.time_per_output_token.each(visit);
        self.cost.each(visit);
        self.output_length.each(visit);
    }
}

impl Numbers for Guard {
    fn each(&mut self, visit: &mut dyn FnMut(&mut f64)) {
        self.mixture.each(visit);
        let mut active = if self.active { 1.0 } else { 0.0 };
        visit(&mut active);
        self.active = active > 0.5;
    }
}

impl Numbers for Window {
    fn each(&mut self, visit: &mut dyn FnMut(&mut f64)) {
        for part in &mut self.parts {
            visit(&mut part.number);
            visit(&mut part.requests);
            visit(&mut part.failed);
            visit(&mut part.answered);
            visit(&mut part.slow);
        }
    }
}
