//! User instructions, which repeat within a percent whatever else the machine does.
//!
//! perf counts them in the processor; where that is not to be had (most virtual machines), callgrind
//! counts them in a simulated one. Either way in a pass of its own, since both distort times.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::process::Process;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counter {
    Perf,
    Callgrind,
}

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
}

impl<'a> Count<'a> {
    /// The command that a process has to be started below, to be counted.
    pub(crate) fn wrapper(counter: Counter, files: &Path) -> Vec<String> {
        match counter {
            Counter::Perf => Vec::new(),
            Counter::Callgrind => vec![
                "valgrind".to_owned(),
                "--tool=callgrind".to_owned(),
                format!("--callgrind-out-file={}", files.display()),
            ],
        }
    }

    pub(crate) fn new(counter: Counter, process: &'a Process, files: &Path) -> Count<'a> {
        Count {
            counter,
            process,
            files: files.to_owned(),
            dumps: 0,
        }
    }

    /// Instructions that the process takes while `work` is done.
    pub(crate) async fn during<T>(
        &mut self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<(f64, Duration, T)> {
        match self.counter {
            Counter::Perf => {
                let perf = perf(self.process)?;
                let began = Instant::now();
                let done = work.await?;
                let time = began.elapsed();
                Ok((counted(perf)?, time, done))
            }
            Counter::Callgrind => {
                self.dump()?;
                let began = Instant::now();
                let done = work.await?;
                let time = began.elapsed();
                Ok((self.dump()?, time, done))
            }
        }
    }

    /// Has callgrind write down what was counted since the last time.
    fn dump(&mut self) -> anyhow::Result<f64> {
        let id = self.process.id().to_string();
        let asked = Command::new("callgrind_control").args(["--dump", &id]).output()?;
        ensure!(asked.status.success(), "callgrind_control failed: {asked:?}");
        self.dumps += 1;
        let file = format!("{}.{}", self.files.display(), self.dumps);
        let text = std::fs::read_to_string(&file).with_context(|| format!("callgrind left no {file}"))?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        Ok(total
            .with_context(|| format!("{file} has no total"))?
            .trim()
            .parse()?)
    }
}

fn perf(process: &Process) -> anyhow::Result<Child> {
    let id = process.id().to_string();
    let child = Command::new("perf")
        .args(["stat", "-x", ",", "-e", "instructions:u", "-p", &id])
        .stderr(Stdio::piped())
        .spawn()?;
    // It says nothing when it is ready; attaching takes a few milliseconds.
    std::thread::sleep(Duration::from_millis(300));
    Ok(child)
}

fn counted(perf: Child) -> anyhow::Result<f64> {
    Command::new("kill")
        .args(["-INT", &perf.id().to_string()])
        .status()?;
    let output = perf.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let number = said.lines().find(|line| line.contains("instructions"));
    let number = number
        .and_then(|line| line.split(',').next())
        .context("perf counted nothing")?;
    // So it says of a process that did not run at all.
    if number == "<not counted>" {
        return Ok(0.0);
    }
    number.parse().with_context(|| format!("perf counted '{number}'"))
}
