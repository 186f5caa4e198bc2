//! What takes time and memory, proxy beside proxy.

use std::time::Duration;

use crate::canned::Plan;
use crate::load::{self, Clients};
use crate::process::Process;
use crate::proxies::{COMPARED, Proxy, Starter};
use crate::size::Size;
use crate::slices::{Slice, interleaved, of_median_round, percentile};
use crate::table::{NOT_OF_IT, Table};

pub(crate) fn starts(starter: &Starter, size: &Size, table: &mut Table) -> anyhow::Result<()> {
    let mut medians = [0.0; COMPARED];
    for (proxy, median) in Proxy::COMPARED.into_iter().zip(&mut medians) {
        let mut took = Vec::new();
        for _ in 0..size.starts {
            let process = starter.start(proxy, &[])?;
            took.push(process.start);
            process.stop()?;
        }
        *median = percentile(&mut took, 0.5);
    }
    table.row("start to first answer, ms", medians);
    Ok(())
}

pub(crate) async fn requests(
    all: [&Process; COMPARED],
    size: &Size,
    table: &mut Table,
) -> anyhow::Result<[Slice; COMPARED]> {
    let slices = interleaved(all, 16, Plan::WHOLE, (size.rounds, size.requests)).await?;
    table.row("CPU a request, user, us", slices.map(|slice| slice.user));
    let total = slices.map(|slice| slice.total());
    table.row("CPU a request, user + kernel, us", total);
    table.row("requests a CPU second", total.map(|total| 1e6 / total));
    table.row(
        "requests a second, 16 connections",
        slices.map(|slice| slice.rate),
    );
    Ok(slices)
}

pub(crate) async fn streams(
    all: [&Process; COMPARED],
    size: &Size,
    request: [Slice; COMPARED],
    table: &mut Table,
) -> anyhow::Result<()> {
    // 64 streams with an event each 8 ms: 8,000 a second, each in a write of its own.
    let single = Plan::stream(size.events, 8);
    let slices = interleaved(all, 64, single, (size.rounds.min(5), 1)).await?;
    let events = f64::from(single.events);
    let mut each = slices.map(|slice| slice.total());
    for (each, request) in each.iter_mut().zip(request) {
        *each -= request.total() / events;
    }
    table.row("CPU 1,000 streamed events, ms", each);
    table.row(
        "events that came together, single",
        slices.map(|slice| slice.together),
    );
    // 16 streams with 50 events a write.
    let burst = Plan {
        events: size.events * 20,
        together: 50,
        pause_ms: 5,
    };
    let slices = interleaved(all, 16, burst, (size.rounds.min(5), 1)).await?;
    table.row(
        "CPU 1,000 events in bursts of 50, ms",
        slices.map(|slice| slice.total()),
    );
    table.row(
        "events that came together, bursts",
        slices.map(|slice| slice.together),
    );
    Ok(())
}

pub(crate) async fn latency(
    all: [&Process; COMPARED],
    starter: &Starter,
    size: &Size,
    table: &mut Table,
) -> anyhow::Result<()> {
    const RATE: u32 = 1_000;
    let paid = [Proxy::Postpaid, Proxy::Covered, Proxy::HeldFor].map(|proxy| starter.start(proxy, &[]));
    let [postpaid, covered, held_for] = paid;
    let paid = [postpaid?, covered?, held_for?];
    let [nginx, haproxy, hyper, crossfade] = all.map(|process| process.address);
    let [postpaid, covered, held_for] = paid.each_ref().map(|process| process.address);
    let addresses = [
        starter.upstream,
        postpaid,
        covered,
        held_for,
        nginx,
        haproxy,
        hyper,
        crossfade,
    ];
    let mut took = addresses.map(|_| Vec::<Vec<Duration>>::new());
    let time = Duration::from_secs(size.rate_seconds);
    for _ in 0..size.rounds.min(5) {
        for (address, took) in addresses.into_iter().zip(&mut took) {
            let mut clients = Clients::connect(address, 32).await?;
            clients.burst(Plan::WHOLE, 2).await?;
            took.push(clients.at_rate(RATE, time).await?);
        }
    }
    for process in paid {
        process.stop()?;
    }
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let [direct, postpaid, covered, held_for, proxies @ ..] =
            took.each_mut().map(|took| of_median_round(took, share));
        let figure = format!("latency added at {RATE} requests a second, {name}, ms (direct: {direct:.2})");
        let added = proxies.map(|took| took - direct);
        table.row(&figure, added);
        let [nginx, ..] = added;
        for (which, took) in [
            ("of an account that pays afterwards", postpaid),
            ("covered first, with plenty left", covered),
            ("covered first, each on the disk", held_for),
        ] {
            let figure = format!("the same {which}, {name}, ms");
            table.row(&figure, [nginx, NOT_OF_IT, NOT_OF_IT, took - direct]);
        }
    }
    Ok(())
}

/// What each adds to the time to a stream's first event.
pub(crate) async fn first_events(
    all: [&Process; COMPARED],
    starter: &Starter,
    size: &Size,
    table: &mut Table,
) -> anyhow::Result<()> {
    let [nginx, haproxy, hyper, crossfade] = all.map(|process| process.address);
    let addresses = [starter.upstream, nginx, haproxy, hyper, crossfade];
    let mut took = addresses.map(|_| Vec::<Vec<Duration>>::new());
    for _ in 0..size.rounds {
        for (address, took) in addresses.into_iter().zip(&mut took) {
            let mut client = load::Client::connect(address).await?;
            client.first_events(2).await?;
            took.push(client.first_events(size.first_events).await?);
        }
    }
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let [direct, proxies @ ..] = took.each_mut().map(|took| of_median_round(took, share));
        let figure = format!("added to a stream's first event, {name}, ms (direct: {direct:.2})");
        table.row(&figure, proxies.map(|took| took - direct));
    }
    Ok(())
}

/// What each adds to a request's time at half of the rate that it reached itself. Each beside the upstream alone at
/// the same rate; timers are of 1 ms, so requests come in small bursts.
pub(crate) async fn at_half_load(
    all: [&Process; COMPARED],
    starter: &Starter,
    size: &Size,
    request: [Slice; COMPARED],
    table: &mut Table,
) -> anyhow::Result<()> {
    let mut added = [[0.0; COMPARED]; 2];
    let mut direct_at_last = [0.0; 2];
    for (which, (process, slice)) in all.into_iter().zip(request).enumerate() {
        let rate = (slice.rate / 2.0) as u32;
        let addresses = [starter.upstream, process.address];
        let mut took = addresses.map(|_| Vec::<Vec<Duration>>::new());
        for _ in 0..size.rounds {
            for (address, took) in addresses.into_iter().zip(&mut took) {
                let mut clients = Clients::connect(address, 64).await?;
                clients.burst(Plan::WHOLE, 2).await?;
                took.push(clients.at_rate(rate, Duration::from_secs(1)).await?);
            }
        }
        let shares = [0.5, 0.99].into_iter().zip(&mut added);
        for ((share, added), alone) in shares.zip(&mut direct_at_last) {
            let [direct, through] = took.each_mut().map(|took| of_median_round(took, share));
            *alone = direct;
            if let Some(added) = added.get_mut(which) {
                *added = through - direct;
            }
        }
    }
    for ((name, added), direct) in ["p50", "p99"].into_iter().zip(added).zip(direct_at_last) {
        let figure =
            format!("latency added at half of its own rate, {name}, ms (direct at crossfade's: {direct:.2})");
        table.row(&figure, added);
    }
    Ok(())
}

pub(crate) async fn memory(all: [&Process; COMPARED], size: &Size, table: &mut Table) -> anyhow::Result<()> {
    table.row("memory after the load above, MiB", memory_of(all)?);
    let mut held = [0.0; COMPARED];
    for (process, held) in all.into_iter().zip(&mut held) {
        let streams =
            load::hold_streams(process.address, size.slow_streams, Plan::stream(3_600, 1_000)).await?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        *held = process.memory()?;
        drop(streams);
    }
    let figure = format!("memory with {} slow streams, MiB", size.slow_streams);
    table.row(&figure, held);
    Ok(())
}

pub(crate) fn memory_of(all: [&Process; COMPARED]) -> anyhow::Result<[f64; COMPARED]> {
    let mut memory = [0.0; COMPARED];
    for (process, memory) in all.into_iter().zip(&mut memory) {
        *memory = process.memory()?;
    }
    Ok(memory)
}
