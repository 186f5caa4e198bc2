//! User instructions, which repeat within a percent whatever else the machine does.
//!
//! perf counts them in the processor; where that is not to be had (most virtual machines), callgrind
//! counts them in a simulated one. Either way in a pass of its own, since both distort times.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::process::Process;
use crate::table::NOT_OF_IT;

/// How long a process is watched doing nothing.
const REST: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counter {
    Perf,
    Callgrind,
}

impl Counter {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Counter::Perf => "perf",
            Counter::Callgrind => "callgrind",
        }
    }
}

/// User instructions of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Instructions {
    pub(crate) all: f64,
    /// Those of the thread that took most: under load, the one that carries the requests.
    pub(crate) busiest: f64,
}

impl Instructions {
    pub(crate) const NOT_COUNTED: Instructions = Instructions {
        all: NOT_OF_IT,
        busiest: NOT_OF_IT,
    };

    /// Of one of so many.
    pub(crate) fn each(self, count: f64) -> Instructions {
        Instructions {
            all: self.all / count,
            busiest: self.busiest / count,
        }
    }

    /// Without what `count` others took.
    pub(crate) fn less(self, other: Instructions, count: f64) -> Instructions {
        Instructions {
            all: self.all - other.all * count,
            busiest: self.busiest - other.busiest * count,
        }
    }
}

/// Instructions by thread.
type ByThread = BTreeMap<String, f64>;

/// What can count here; `None` if nothing can.
pub(crate) fn counter() -> Option<Counter> {
    let perf = Command::new("perf")
        .args(["stat", "-e", "instructions:u", "true"])
        .output();
    let counted = perf.is_ok_and(|output| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        output.status.success() && said.contains("instructions") && !said.contains("<not")
    });
    if counted {
        return Some(Counter::Perf);
    }
    let valgrind = Command::new("valgrind").arg("--version").output();
    valgrind
        .is_ok_and(|output| output.status.success())
        .then_some(Counter::Callgrind)
}

/// Counts the instructions of one process, interval after interval.
pub(crate) struct Count<'a> {
    counter: Counter,
    process: &'a Process,
    /// Where callgrind leaves its files.
    files: PathBuf,
    dumps: u32,
    /// What each thread takes in a second in which nothing is asked.
    at_rest: ByThread,
}

impl<'a> Count<'a> {
    /// The command that a process has to be started below, to be counted.
    pub(crate) fn wrapper(counter: Counter, files: &Path) -> Vec<String> {
        match counter {
            Counter::Perf => Vec::new(),
            Counter::Callgrind => vec![
                "valgrind".to_owned(),
                "--tool=callgrind".to_owned(),
                "--separate-threads=yes".to_owned(),
                // Starting is not counted, and takes a tenth of the time so.
                "--instr-atstart=no".to_owned(),
                format!("--callgrind-out-file={}", files.display()),
            ],
        }
    }

    pub(crate) fn new(counter: Counter, process: &'a Process, files: &Path) -> anyhow::Result<Count<'a>> {
        let count = Count {
            counter,
            process,
            files: files.to_owned(),
            dumps: 0,
            at_rest: ByThread::new(),
        };
        if counter == Counter::Callgrind {
            count.control("--instr=on")?;
        }
        Ok(count)
    }

    /// Notes what the process does of itself, and leaves it out from now on: a slow counter would charge it to
    /// requests. Tells what that is in a second.
    pub(crate) async fn rest(&mut self) -> anyhow::Result<f64> {
        let resting = async {
            tokio::time::sleep(REST).await;
            Ok(())
        };
        let (taken, time, ()) = self.count(resting).await?;
        let second = |(thread, taken)| (thread, taken / time.as_secs_f64());
        self.at_rest = taken.into_iter().map(second).collect();
        Ok(self.at_rest.values().sum())
    }

    /// Instructions that the process takes while `work` is done, without what it takes at rest.
    pub(crate) async fn during<T>(
        &mut self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<(Instructions, T)> {
        let (taken, time, done) = self.count(work).await?;
        let mut instructions = Instructions::default();
        for (thread, taken) in taken {
            let at_rest = self.at_rest.get(&thread).copied().unwrap_or_default();
            let own = taken - at_rest * time.as_secs_f64();
            instructions.all += own;
            instructions.busiest = instructions.busiest.max(own);
        }
        Ok((instructions, done))
    }

    async fn count<T>(
        &mut self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<(ByThread, Duration, T)> {
        let perf = match self.counter {
            Counter::Perf => Some(perf(self.process)?),
            Counter::Callgrind => self.dump().map(|_| None)?,
        };
        let began = Instant::now();
        let done = work.await?;
        let time = began.elapsed();
        let taken = match perf {
            Some(perf) => counted(perf)?,
            None => self.dump()?,
        };
        Ok((taken, time, done))
    }

    /// Has callgrind write down what was counted since the last time: a file a thread.
    fn dump(&mut self) -> anyhow::Result<ByThread> {
        self.control("--dump")?;
        self.dumps += 1;
        // A thread that has ended leaves a gap in the numbers.
        let of_this_dump = format!("{}.{}-", self.files.display(), self.dumps);
        let mut counted = ByThread::new();
        for file in std::fs::read_dir(self.files.parent().context("no directory")?)? {
            let file = file?.path().display().to_string();
            let Some(thread) = file.strip_prefix(&of_this_dump) else {
                continue;
            };
            let text = std::fs::read_to_string(&file)?;
            let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
            let total = total.with_context(|| format!("{file} has no total"))?;
            counted.insert(thread.to_owned(), total.trim().parse()?);
        }
        ensure!(!counted.is_empty(), "callgrind left no {of_this_dump}01");
        Ok(counted)
    }

    fn control(&self, command: &str) -> anyhow::Result<()> {
        let id = self.process.id().to_string();
        let asked = Command::new("callgrind_control").args([command, &id]).output()?;
        ensure!(asked.status.success(), "callgrind_control failed: {asked:?}");
        Ok(())
    }
}

fn perf(process: &Process) -> anyhow::Result<Child> {
    let id = process.id().to_string();
    let child = Command::new("perf")
        .args([
            "stat",
            "-x",
            ",",
            "-e",
            "instructions:u",
            "--per-thread",
            "-p",
            &id,
        ])
        .stderr(Stdio::piped())
        .spawn()?;
    // It says nothing when it is ready; attaching takes a few milliseconds.
    std::thread::sleep(Duration::from_millis(300));
    Ok(child)
}

/// A line a thread: its name and number, the count, and more.
fn counted(perf: Child) -> anyhow::Result<ByThread> {
    Command::new("kill")
        .args(["-INT", &perf.id().to_string()])
        .status()?;
    let output = perf.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut counted = ByThread::new();
    for line in said.lines().filter(|line| line.contains("instructions")) {
        let mut cells = line.split(',');
        let thread = cells.next().unwrap_or_default();
        let number = cells.next().unwrap_or_default();
        // So it says of a thread that did not run at all.
        if number != "<not counted>" {
            let number = number
                .parse()
                .with_context(|| format!("perf counted '{number}'"))?;
            counted.insert(thread.to_owned(), number);
        }
    }
    Ok(counted)
}
