//! crossfade beside nginx, in front of the same upstream on this machine.
//!
//! Absolute times differ from machine to machine and from hour to hour; both proxies in one run, in
//! turn, differ by what they do. So every figure stands beside nginx's, as a ratio.

// A program that prints a table.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod canned;
mod instructions;
mod load;
mod process;
mod proxies;
mod slices;
mod table;
mod upstream;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};

use canned::Plan;
use instructions::{Count, Counter};
use load::Clients;
use process::Process;
use proxies::{Proxy, Starter};
use slices::{Slice, interleaved, percentile};
use table::Table;

/// Where the table goes, below the repository's root.
const TABLE: &str = "docs/benchmarks-table.md";

/// How much of everything.
struct Size {
    starts: usize,
    rounds: u32,
    /// Requests of each of the 16 connections in a slice.
    requests: u32,
    /// Events of each stream in a slice.
    events: u32,
    rate_seconds: u64,
    slow_streams: usize,
    /// Requests and events under the instruction counter.
    counted: u32,
}

const FULL: Size = Size {
    starts: 7,
    rounds: 9,
    requests: 1_000,
    events: 200,
    rate_seconds: 3,
    slow_streams: 1_000,
    counted: 2_000,
};

const QUICK: Size = Size {
    starts: 3,
    rounds: 3,
    requests: 250,
    events: 100,
    rate_seconds: 1,
    slow_streams: 200,
    counted: 500,
};

/// A part of it alone: for looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    Nothing,
    Count,
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
            "--latency" => only = Only::Latency,
            "--crossfade" => crossfade = arguments.next().map(PathBuf::from),
            other => {
                anyhow::bail!(
                    "unknown argument '{other}'; there are --quick, --count, --latency and --crossfade PATH"
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
    if measured.is_ok() && only != Only::Count {
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
    if only == Only::Latency {
        let nginx = starter.start(Proxy::Nginx, &[])?;
        let crossfade = starter.start(Proxy::Crossfade, &[])?;
        latency([&nginx, &crossfade], starter, size, &mut table).await?;
        nginx.stop()?;
        crossfade.stop()?;
        return Ok(table);
    }
    match instructions::counter() {
        Some(counter) => count(starter, size, counter, &mut table).await?,
        None => table.missing(
            "user instructions",
            "neither perf's counter nor valgrind works here",
        ),
    }
    if only == Only::Count {
        return Ok(table);
    }
    starts(starter, size, &mut table)?;
    let nginx = starter.start(Proxy::Nginx, &[])?;
    let crossfade = starter.start(Proxy::Crossfade, &[])?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    table.row("memory idle, MiB", nginx.memory()?, crossfade.memory()?);
    let both = [&nginx, &crossfade];
    let request = requests(both, size, &mut table).await?;
    streams(both, size, request, &mut table).await?;
    latency(both, starter, size, &mut table).await?;
    memory(both, size, &mut table).await?;
    nginx.stop()?;
    crossfade.stop()?;
    Ok(table)
}

fn starts(starter: &Starter, size: &Size, table: &mut Table) -> anyhow::Result<()> {
    let mut medians = [0.0; 2];
    for (proxy, median) in Proxy::BOTH.into_iter().zip(&mut medians) {
        let mut took = Vec::new();
        for _ in 0..size.starts {
            let process = starter.start(proxy, &[])?;
            took.push(process.start);
            process.stop()?;
        }
        *median = percentile(&mut took, 0.5);
    }
    let [nginx, crossfade] = medians;
    table.row("start to first answer, ms", nginx, crossfade);
    Ok(())
}

async fn requests(both: [&Process; 2], size: &Size, table: &mut Table) -> anyhow::Result<[Slice; 2]> {
    let slices = interleaved(both, 16, Plan::WHOLE, (size.rounds, size.requests)).await?;
    let [nginx, crossfade] = slices;
    table.row("CPU a request, user, us", nginx.user, crossfade.user);
    table.row(
        "CPU a request, user + kernel, us",
        nginx.total(),
        crossfade.total(),
    );
    table.row(
        "requests a CPU second",
        1e6 / nginx.total(),
        1e6 / crossfade.total(),
    );
    table.row("requests a second, 16 connections", nginx.rate, crossfade.rate);
    Ok(slices)
}

async fn streams(
    both: [&Process; 2],
    size: &Size,
    request: [Slice; 2],
    table: &mut Table,
) -> anyhow::Result<()> {
    // 64 streams with an event each 8 ms: 8,000 a second, each in a write of its own.
    let single = Plan::stream(size.events, 8);
    let [nginx, crossfade] = interleaved(both, 64, single, (size.rounds.min(5), 1)).await?;
    let events = f64::from(single.events);
    let [nginx_event, crossfade_event] = [(nginx, request[0]), (crossfade, request[1])]
        .map(|(slice, request)| slice.total() - request.total() / events);
    table.row("CPU 1,000 streamed events, ms", nginx_event, crossfade_event);
    table.row(
        "events that came together, single",
        nginx.together,
        crossfade.together,
    );
    // 16 streams with 50 events a write.
    let burst = Plan {
        events: size.events * 20,
        together: 50,
        pause_ms: 5,
    };
    let [nginx, crossfade] = interleaved(both, 16, burst, (size.rounds.min(5), 1)).await?;
    table.row(
        "CPU 1,000 events in bursts of 50, ms",
        nginx.total(),
        crossfade.total(),
    );
    table.row(
        "events that came together, bursts",
        nginx.together,
        crossfade.together,
    );
    Ok(())
}

async fn latency(
    both: [&Process; 2],
    starter: &Starter,
    size: &Size,
    table: &mut Table,
) -> anyhow::Result<()> {
    const RATE: u32 = 1_000;
    let paid = [Proxy::Postpaid, Proxy::Covered, Proxy::HeldFor].map(|proxy| starter.start(proxy, &[]));
    let [postpaid, covered, held_for] = paid;
    let paid = [postpaid?, covered?, held_for?];
    let [nginx, crossfade] = both.map(|process| process.address);
    let [postpaid, covered, held_for] = paid.each_ref().map(|process| process.address);
    let addresses = [starter.upstream, nginx, crossfade, postpaid, covered, held_for];
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
        let [direct, nginx, crossfade, postpaid, covered, held_for] =
            took.each_mut().map(|took| percentile(took, share));
        let figure = format!("latency added at {RATE} requests a second, {name}, ms (direct: {direct:.2})");
        table.row(&figure, nginx - direct, crossfade - direct);
        for (which, took) in [
            ("of an account that pays afterwards", postpaid),
            ("covered first, with plenty left", covered),
            ("covered first, each on the disk", held_for),
        ] {
            table.row(
                &format!("the same {which}, {name}, ms"),
                nginx - direct,
                took - direct,
            );
        }
    }
    Ok(())
}

async fn memory(both: [&Process; 2], size: &Size, table: &mut Table) -> anyhow::Result<()> {
    let after = both.map(Process::memory);
    let mut held = Vec::new();
    for process in both {
        let streams =
            load::hold_streams(process.address, size.slow_streams, Plan::stream(3_600, 1_000)).await?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        held.push(process.memory()?);
        drop(streams);
    }
    let [nginx, crossfade] = after;
    table.row("memory after the load above, MiB", nginx?, crossfade?);
    ensure!(held.len() == 2, "memory of one proxy only");
    let figure = format!("memory with {} slow streams, MiB", size.slow_streams);
    table.row(&figure, held[0], held[1]);
    Ok(())
}

async fn count(starter: &Starter, size: &Size, counter: Counter, table: &mut Table) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for proxy in Proxy::BOTH {
        let files = starter.directory.join(format!("callgrind-{}", proxy.name()));
        let process = starter.start(proxy, &Count::wrapper(counter, &files))?;
        rows.push(count_one(&process, size, counter, &files).await?);
        process.stop()?;
    }
    let [nginx, crossfade] = [0, 1].map(|at| rows[at]);
    let name = match counter {
        Counter::Perf => "perf",
        Counter::Callgrind => "callgrind",
    };
    let row = |figure: &str| format!("user instructions a {figure} ({name})");
    table.row(&row("request"), nginx.request, crossfade.request);
    match (nginx.event, crossfade.event) {
        (Some(nginx), Some(crossfade)) => table.row(&row("streamed event"), nginx, crossfade),
        _ => table.missing(
            &row("streamed event"),
            "events came together: the machine is too busy, or the build too slow",
        ),
    }
    table.row(&row("event in bursts of 50"), nginx.burst, crossfade.burst);
    Ok(())
}

/// User instructions.
#[derive(Clone, Copy)]
struct Counted {
    request: f64,
    /// `None` where events did not come one by one.
    event: Option<f64>,
    burst: f64,
}

async fn count_one(
    process: &Process,
    size: &Size,
    counter: Counter,
    files: &std::path::Path,
) -> anyhow::Result<Counted> {
    let mut counting = Count::new(counter, process, files);
    let mut clients = Clients::connect(process.address, 8).await?;
    clients.burst(Plan::WHOLE, 50).await?;
    clients.burst(Plan::stream(20, 10), 1).await?;
    // What the process does of itself, by the second; a slow counter would charge it to requests.
    let (idle, time, ()) = counting
        .during(async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            Ok(())
        })
        .await?;
    let idle = idle / time.as_secs_f64();
    let own = |(total, time, seen): (f64, Duration, load::Seen)| (total - idle * time.as_secs_f64(), seen);
    let (whole, _) = own(counting
        .during(clients.burst(Plan::WHOLE, size.counted / 8))
        .await?);
    let request = whole / f64::from(size.counted);
    let single = Plan::stream(size.counted / 16, 50);
    let (stream, seen) = own(counting.during(clients.burst(single, 1)).await?);
    // Those that end a stream may come together, and a busy machine joins some.
    let apart = seen.reads * 100 >= seen.events * 85;
    let event = apart.then(|| (stream - 8.0 * request) / seen.events as f64);
    let burst = Plan {
        events: size.counted * 2,
        together: 50,
        pause_ms: 20,
    };
    let (stream, seen) = own(counting.during(clients.burst(burst, 1)).await?);
    Ok(Counted {
        request,
        event,
        burst: (stream - 8.0 * request) / seen.events as f64,
    })
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
