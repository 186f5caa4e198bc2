//! A process of ours: started, measured through /proc, and ended by its own handle.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

/// Clock ticks a second in /proc; fixed at 100 on every Linux that Rust's standard library runs on.
const TICKS: f64 = 100.0;
/// A process that does not serve within this is broken; ten thousand deployments take valgrind minutes.
const START_LIMIT: Duration = Duration::from_secs(600);
/// How long a process may take to end before it is killed; with ten thousand deployments valgrind takes long over
/// that, too.
const END_LIMIT: Duration = Duration::from_secs(120);

pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From being started to its first good answer.
    pub(crate) start: Duration,
}

/// CPU time used so far, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    pub(crate) user: f64,
    pub(crate) kernel: f64,
}

impl Cpu {
    pub(crate) fn since(self, before: Cpu) -> Cpu {
        Cpu {
            user: self.user - before.user,
            kernel: self.kernel - before.kernel,
        }
    }
}

impl Process {
    /// Starts `command` and waits until `address` answers a health check with 200.
    pub(crate) fn start(mut command: Command, address: SocketAddr, log: &Path) -> anyhow::Result<Process> {
        let output = std::fs::File::create(log)?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let began = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("{command:?} cannot be started"))?;
        let mut process = Process {
            child,
            address,
            start: Duration::ZERO,
        };
        while !is_serving(address) {
            if let Some(status) = process.child.try_wait()? {
                bail!(
                    "{command:?} ended with {status}; it said:\n{}",
                    std::fs::read_to_string(log)?
                );
            }
            ensure!(began.elapsed() < START_LIMIT, "{command:?} does not serve");
            std::thread::sleep(Duration::from_micros(500));
        }
        process.start = began.elapsed();
        Ok(process)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<Cpu> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        // The name in parentheses may hold anything; user and kernel time are the 12th and 13th after it.
        let (_, fields) = stat
            .rsplit_once(')')
            .context("/proc/PID/stat has another shape")?;
        let mut times = fields.split_whitespace().skip(11).map(str::parse::<f64>);
        let mut next = || anyhow::Ok(times.next().context("/proc/PID/stat is short")?? * 1e6 / TICKS);
        Ok(Cpu {
            user: next()?,
            kernel: next()?,
        })
    }

    /// Resident memory in MiB.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kilobytes: f64 = kilobytes.context("/proc/PID/status has no VmRSS")?.parse()?;
        Ok(kilobytes / 1024.0)
    }

    /// Asks it to end (both proxies take SIGTERM), and kills it if it does not.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").arg(self.id().to_string()).status()?;
        let asked = Instant::now();
        while asked.elapsed() < END_LIMIT {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("process {} did not end when asked, and was killed", self.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // After an orderly stop there is nothing left to kill, which is an error nobody needs.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn is_serving(address: SocketAddr) -> bool {
    let asked = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(START_LIMIT))?;
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")?;
        let mut first = [0; 12];
        stream.read_exact(&mut first)?;
        Ok(&first == b"HTTP/1.1 200")
    };
    asked().unwrap_or(false)
}

/// A port that is free now.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
