//! Times, as interleaved slices: one proxy, the next, again and again, so that whatever else the
//! machine does falls on all. Of the slices the median counts.

use std::time::{Duration, Instant};

use anyhow::Context;

use crate::canned::Plan;
use crate::load::Clients;
use crate::process::{Cpu, Process};

/// What one slice cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slice {
    /// Microseconds of CPU a request or event.
    pub(crate) user: f64,
    pub(crate) kernel: f64,
    /// Requests or events a second.
    pub(crate) rate: f64,
    /// Events that reached the client in one read.
    pub(crate) together: f64,
}

impl Slice {
    pub(crate) fn total(&self) -> f64 {
        self.user + self.kernel
    }
}

/// A proxy under load, with its connections.
pub(crate) struct Loaded<'a> {
    pub(crate) process: &'a Process,
    pub(crate) clients: Clients,
}

impl<'a> Loaded<'a> {
    pub(crate) async fn new(process: &'a Process, connections: usize) -> anyhow::Result<Loaded<'a>> {
        let clients = Clients::connect(process.address, connections).await?;
        Ok(Loaded { process, clients })
    }

    /// One slice of `each` requests a connection.
    pub(crate) async fn slice(&mut self, connections: u32, plan: Plan, each: u32) -> anyhow::Result<Slice> {
        let (before, began) = (self.process.cpu()?, Instant::now());
        let seen = self.clients.burst(plan, each).await?;
        let (cpu, took) = (self.process.cpu()?.since(before), began.elapsed());
        let count = if plan.events > 0 {
            seen.events as f64
        } else {
            f64::from(connections * each)
        };
        Ok(of(cpu, took, count, seen.reads as f64))
    }
}

fn of(cpu: Cpu, took: Duration, count: f64, reads: f64) -> Slice {
    Slice {
        user: cpu.user / count,
        kernel: cpu.kernel / count,
        rate: count / took.as_secs_f64(),
        together: count / reads.max(1.0),
    }
}

/// Slices of all proxies in turn; for each proxy the slice with the median cost.
pub(crate) async fn interleaved<const N: usize>(
    processes: [&Process; N],
    connections: u32,
    plan: Plan,
    (rounds, each): (u32, u32),
) -> anyhow::Result<[Slice; N]> {
    let mut loaded = Vec::with_capacity(N);
    for process in processes {
        loaded.push((Loaded::new(process, connections as usize).await?, Vec::new()));
    }
    // One round to warm up, which does not count.
    for round in 0..=rounds {
        for (proxy, slices) in &mut loaded {
            let slice = proxy.slice(connections, plan, each).await?;
            if round > 0 {
                slices.push(slice);
            }
        }
    }
    let mut medians = [Slice::default(); N];
    for (median, (_, slices)) in medians.iter_mut().zip(loaded) {
        *median = of_median_cost(slices)?;
    }
    Ok(medians)
}

fn of_median_cost(mut slices: Vec<Slice>) -> anyhow::Result<Slice> {
    slices.sort_by(|a, b| a.total().total_cmp(&b.total()));
    slices
        .get(slices.len() / 2)
        .copied()
        .context("no slice was measured")
}

/// Milliseconds below which this share of the times of a round lies, in the median of the rounds: what a virtual
/// processor does to one of them is not the proxy's.
pub(crate) fn of_median_round(rounds: &mut [Vec<Duration>], share: f64) -> f64 {
    let mut each: Vec<f64> = rounds.iter_mut().map(|times| percentile(times, share)).collect();
    each.sort_by(f64::total_cmp);
    each.get(each.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Milliseconds below which this share of the times lies.
pub(crate) fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let place = (times.len() as f64 * share) as usize;
    let time = times.get(place.min(times.len().saturating_sub(1)));
    time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}
