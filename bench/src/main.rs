//! crossfade beside nginx, HAProxy and a bare hyper proxy, in front of the same upstream on this machine.
//!
//! Absolute times differ from machine to machine and from hour to hour; the proxies in one run, in
//! turn, differ by what they do. So every figure stands beside nginx's, as a ratio.

// A program that prints a table.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bare;
mod canned;
mod instructions;
mod keys;
mod load;
mod process;
mod proxies;
mod size;
mod slices;
mod table;
mod upstream;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use canned::Plan;
use instructions::{Count, Counter, Instructions};
use load::Clients;
use process::Process;
use proxies::{COMPARED, Proxy, Scale, Starter};
use size::{FULL, QUICK, Size};
use slices::{Slice, interleaved, percentile};
use table::{NOT_OF_IT, Table};

/// Where the table goes, below the repository's root.
const TABLE: &str = "docs/benchmarks-table.md";

/// A part of it alone: for looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    Nothing,
    /// The instructions of all.
    Count,
    /// Crossfade's.
    Alone,
    Latency,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let (mut size, mut only, mut crossfade) = (&FULL, Only::Nothing, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => size = &QUICK,
            "--count" => only = Only::Count,
            "--alone" => only = Only::Alone,
            "--latency" => only = Only::Latency,
            "--crossfade" => crossfade = arguments.next().map(PathBuf::from),
            "--bare-proxy" => {
                let mut next = || {
                    arguments
                        .next()
                        .context("--bare-proxy takes a port and an upstream")
                };
                return bare::serve(next()?.parse()?, next()?.parse()?);
            }
            other => {
                anyhow::bail!(
                    "unknown argument '{other}'; there are --quick, --count, --alone, --latency and --crossfade PATH"
                )
            }
        }
    }
    let crossfade = crossfade.context("--crossfade PATH is missing; bench/run gives it")?;
    let directory = std::env::temp_dir().join(format!("crossfade-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let starter = Starter {
        crossfade: crossfade.canonicalize().context("there is no crossfade")?,
        upstream: upstream::start()?,
        pinned: std::thread::available_parallelism().is_ok() && processors() >= 2,
        directory: directory.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let measured = runtime.block_on(measure(&starter, size, only));
    if measured.is_ok() && !matches!(only, Only::Count | Only::Alone) {
        std::fs::remove_dir_all(&directory)?;
    } else {
        eprintln!("bench: logs and counts are in {}", directory.display());
    }
    let text = measured?.markdown(&machine());
    println!("{text}");
    if only == Only::Nothing && std::ptr::eq(size, &FULL) {
        std::fs::write(TABLE, text).with_context(|| format!("{TABLE} cannot be written"))?;
    }
    Ok(())
}

async fn measure(starter: &Starter, size: &Size, only: Only) -> anyhow::Result<Table> {
    let mut table = Table::default();
    if only != Only::Latency {
        instructions_of(starter, size, only, &mut table).await?;
    }
    if matches!(only, Only::Count | Only::Alone) {
        return Ok(table);
    }
    if only == Only::Nothing {
        starts(starter, size, &mut table)?;
    }
    let mut processes = Vec::with_capacity(COMPARED);
    for proxy in Proxy::COMPARED {
        processes.push(starter.start(proxy, &[])?);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let [nginx, haproxy, hyper, crossfade] = &processes[..] else {
        anyhow::bail!("a proxy is missing");
    };
    let all = [nginx, haproxy, hyper, crossfade];
    if only == Only::Nothing {
        table.row("memory idle, MiB", memory_of(all)?);
        let request = requests(all, size, &mut table).await?;
        streams(all, size, request, &mut table).await?;
        at_half_load(all, starter, size, request, &mut table).await?;
    }
    latency(all, starter, size, &mut table).await?;
    if only == Only::Nothing {
        memory(all, size, &mut table).await?;
    }
    processes.into_iter().try_for_each(Process::stop)?;
    Ok(table)
}

async fn instructions_of(
    starter: &Starter,
    size: &Size,
    only: Only,
    table: &mut Table,
) -> anyhow::Result<()> {
    let Some(counter) = instructions::counter() else {
        table.missing(
            "user instructions",
            "neither perf's counter nor valgrind works here",
        );
        return Ok(());
    };
    count(starter, size, (counter, only == Only::Alone), table).await?;
    if only == Only::Alone {
        return Ok(());
    }
    scaled(starter, size, counter, table).await
}

fn starts(starter: &Starter, size: &Size, table: &mut Table) -> anyhow::Result<()> {
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

async fn requests(
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

async fn streams(
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

async fn latency(
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
    let mut took = addresses.map(|_| Vec::new());
    let time = Duration::from_secs(size.rate_seconds);
    for _ in 0..size.rounds.min(5) {
        for (address, took) in addresses.into_iter().zip(&mut took) {
            let mut clients = Clients::connect(address, 32).await?;
            clients.burst(Plan::WHOLE, 2).await?;
            took.extend(clients.at_rate(RATE, time).await?);
        }
    }
    for process in paid {
        process.stop()?;
    }
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let [direct, postpaid, covered, held_for, proxies @ ..] =
            took.each_mut().map(|took| percentile(took, share));
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

/// What each adds to a request's time at half of the rate that it reached itself. Each beside the upstream alone at
/// the same rate; timers are of 1 ms, so requests come in small bursts.
async fn at_half_load(
    all: [&Process; COMPARED],
    starter: &Starter,
    size: &Size,
    request: [Slice; COMPARED],
    table: &mut Table,
) -> anyhow::Result<()> {
    let mut added = [[0.0; COMPARED]; 2];
    for (which, (process, slice)) in all.into_iter().zip(request).enumerate() {
        let rate = (slice.rate / 2.0) as u32;
        let addresses = [starter.upstream, process.address];
        let mut took = addresses.map(|_| Vec::new());
        for _ in 0..size.rounds.min(5) {
            for (address, took) in addresses.into_iter().zip(&mut took) {
                let mut clients = Clients::connect(address, 64).await?;
                clients.burst(Plan::WHOLE, 2).await?;
                let time = Duration::from_secs(size.rate_seconds);
                took.extend(clients.at_rate(rate, time).await?);
            }
        }
        for (share, added) in [0.5, 0.99].into_iter().zip(&mut added) {
            let [direct, through] = took.each_mut().map(|took| percentile(took, share));
            if let Some(added) = added.get_mut(which) {
                *added = through - direct;
            }
        }
    }
    let [p50, p99] = added;
    table.row("latency added at half of its own rate, p50, ms", p50);
    table.row("latency added at half of its own rate, p99, ms", p99);
    Ok(())
}

async fn memory(all: [&Process; COMPARED], size: &Size, table: &mut Table) -> anyhow::Result<()> {
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

fn memory_of(all: [&Process; COMPARED]) -> anyhow::Result<[f64; COMPARED]> {
    let mut memory = [0.0; COMPARED];
    for (process, memory) in all.into_iter().zip(&mut memory) {
        *memory = process.memory()?;
    }
    Ok(memory)
}

/// `alone`: crossfade only, as after each of many changes.
async fn count(
    starter: &Starter,
    size: &Size,
    (counter, alone): (Counter, bool),
    table: &mut Table,
) -> anyhow::Result<()> {
    let mut counted = [Counted::NOTHING; COMPARED];
    for (proxy, counted) in Proxy::COMPARED.into_iter().zip(&mut counted) {
        if alone && proxy != Proxy::Crossfade {
            continue;
        }
        let files = starter.directory.join(format!("callgrind-{}", proxy.name()));
        let process = starter.start(proxy, &Count::wrapper(counter, &files))?;
        *counted = count_one(&process, size, counter, &files).await?;
        process.stop()?;
    }
    let mut rows = |figure: &str, each: [Instructions; COMPARED]| {
        let name = format!("user instructions a {figure} ({})", counter.name());
        table.row(&name, each.map(|each| each.all));
        table.row(
            "those of the thread that carries requests",
            each.map(|each| each.busiest),
        );
    };
    rows("request", counted.map(|counted| counted.request));
    rows("event in bursts of 50", counted.map(|counted| counted.burst));
    let event = counted.map(|counted| counted.event);
    match event.contains(&None) {
        false => rows("streamed event", event.map(Option::unwrap_or_default)),
        true => table.missing(
            "user instructions a streamed event",
            "events came together: the machine is too busy, or the build too slow",
        ),
    }
    Ok(())
}

/// What a request, a start and rest cost crossfade that has many deployments, or many keys.
async fn scaled(starter: &Starter, size: &Size, counter: Counter, table: &mut Table) -> anyhow::Result<()> {
    for scale in size.scales {
        for which in ["first", "next"] {
            let process = starter.start_scaled(&[], *scale).await?;
            let figure = format!("{which} start to first answer, ms, {scale}");
            table.alone(&figure, process.start.as_secs_f64() * 1e3);
            if which == "next" {
                table.alone(&format!("memory idle, MiB, {scale}"), process.memory()?);
            }
            process.stop()?;
        }
        count_scaled(starter, size, (counter, *scale), table).await?;
    }
    Ok(())
}

async fn count_scaled(
    starter: &Starter,
    size: &Size,
    (counter, scale): (Counter, Scale),
    table: &mut Table,
) -> anyhow::Result<()> {
    let name = format!("callgrind-{}-{}", scale.deployments, scale.keys);
    let files = starter.directory.join(name);
    let wrapper = Count::wrapper(counter, &files);
    let process = starter.start_scaled(&wrapper, scale).await?;
    let mut counting = Count::new(counter, &process, &files)?;
    let mut clients = Clients::connect(process.address, 8).await?;
    clients.burst(Plan::WHOLE, 50).await?;
    let at_rest = counting.rest().await?;
    let (taken, _) = counting
        .during(clients.burst(Plan::WHOLE, size.counted / 8))
        .await?;
    process.stop()?;
    let figure = format!("user instructions a request, of the thread that carries it, {scale}");
    table.alone(&figure, taken.busiest / f64::from(size.counted));
    table.alone(
        &format!("user instructions a second at rest, thousand, {scale}"),
        at_rest / 1e3,
    );
    Ok(())
}

/// User instructions.
#[derive(Clone, Copy)]
struct Counted {
    request: Instructions,
    /// `None` where events did not come one by one.
    event: Option<Instructions>,
    burst: Instructions,
}

impl Counted {
    const NOTHING: Counted = Counted {
        request: Instructions::NOT_COUNTED,
        event: Some(Instructions::NOT_COUNTED),
        burst: Instructions::NOT_COUNTED,
    };
}

async fn count_one(
    process: &Process,
    size: &Size,
    counter: Counter,
    files: &std::path::Path,
) -> anyhow::Result<Counted> {
    let mut counting = Count::new(counter, process, files)?;
    let mut clients = Clients::connect(process.address, 8).await?;
    clients.burst(Plan::WHOLE, 50).await?;
    clients.burst(Plan::stream(20, 10), 1).await?;
    exhaust_the_log(&mut clients).await?;
    counting.rest().await?;
    let (whole, _) = counting
        .during(clients.burst(Plan::WHOLE, size.counted / 8))
        .await?;
    let request = whole.each(f64::from(size.counted));
    // What the requests left behind for the log is written before events are counted.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let single = Plan::stream(size.counted / 16, 50);
    let (stream, seen) = counting.during(clients.burst(single, 1)).await?;
    // Those that end a stream may come together, and a busy machine joins some.
    let apart = seen.reads * 100 >= seen.events * 85;
    let each = |stream: Instructions, events: u64| stream.less(request, 8.0).each(events as f64);
    let event = apart.then(|| each(stream, seen.events));
    let burst = Plan {
        events: size.counted * 2,
        together: 50,
        pause_ms: 20,
    };
    let (stream, seen) = counting.during(clients.burst(burst, 1)).await?;
    Ok(Counted {
        request,
        event,
        burst: each(stream, seen.events),
    })
}

/// crossfade's request log takes bursts whole and after that 100 requests a second, as it does for ever on a busy
/// gateway. What is counted is the latter, so the burst is used up first: 2,000 rows fit into the log each second.
async fn exhaust_the_log(clients: &mut Clients) -> anyhow::Result<()> {
    for _ in 0..3 {
        clients.burst(Plan::WHOLE, 250).await?;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    Ok(())
}

/// Of the machine, not only those this process may use.
fn processors() -> usize {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    text.lines().filter(|line| line.starts_with("processor")).count()
}

fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("an unknown processor", |model| {
        model.trim_start_matches([':', '\t', ' '])
    });
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} x {model}, Linux {}", processors(), kernel.trim())
}
