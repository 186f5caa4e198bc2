//! crossfade beside nginx, HAProxy and a bare hyper proxy, in front of the same upstream on this machine.
//!
//! Absolute times differ from machine to machine and from hour to hour; the proxies in one run, in
//! turn, differ by what they do. So every figure stands beside nginx's, as a ratio.

// A program that prints a table.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bare;
mod canned;
mod counts;
mod instructions;
mod keys;
mod load;
mod process;
mod proxies;
mod size;
mod slices;
mod table;
mod times;
mod upstream;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use process::Process;
use proxies::{COMPARED, Proxy, Starter};
use size::{FULL, QUICK, Size};
use table::Table;

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
    /// Times and memory.
    Times,
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
            "--times" => only = Only::Times,
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
                    "unknown argument '{other}'; there are --quick, --count, --alone, --times, --latency and --crossfade PATH"
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
    if matches!(only, Only::Nothing | Only::Count | Only::Alone) {
        counts::instructions_of(starter, size, only, &mut table).await?;
    }
    if matches!(only, Only::Count | Only::Alone) {
        return Ok(table);
    }
    let whole = only != Only::Latency;
    if whole {
        times::starts(starter, size, &mut table)?;
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
    if whole {
        table.row("memory idle, MiB", times::memory_of(all)?);
        let request = times::requests(all, size, &mut table).await?;
        times::streams(all, size, request, &mut table).await?;
        times::first_events(all, starter, size, &mut table).await?;
        times::at_half_load(all, starter, size, request, &mut table).await?;
    }
    times::latency(all, starter, size, &mut table).await?;
    if whole {
        times::memory(all, size, &mut table).await?;
    }
    processes.into_iter().try_for_each(Process::stop)?;
    Ok(table)
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
