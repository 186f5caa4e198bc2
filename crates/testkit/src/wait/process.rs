//! The real binary as a child process, with its own folder, ports and log.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::connection::DEADLINE;
use super::state::{TempStore, free_port, until, until_async};

/// A running `crossfade serve`. Its log is printed if the test fails, and the process ends with the test.
pub struct CrossfadeProcess {
    pub client_addr: SocketAddr,
    pub admin_addr: SocketAddr,
    /// Works on the admin API, unless the configuration sets one itself.
    pub admin_token: String,
    folder: TempStore,
    binary: PathBuf,
    environment: Vec<(String, String)>,
    process: Process,
}

/// Who serves now.
enum Process {
    Child(Child),
    /// A process that took over from the one before it, which has started it.
    Successor(u32),
}

/// Sixteen characters are the least that is accepted.
const ADMIN_TOKEN: &str = "admin-token-of-a-test-0123456789";
/// A look that hangs is given up and taken again.
const PATIENCE_OF_ONE_LOOK: Duration = Duration::from_secs(1);
const CONFIG_FILE: &str = "crossfade.yaml";
const LOG_FILE: &str = "crossfade.log";

/// Starts `binary serve -c <config>` in a folder of its own and returns once it serves.
///
/// `config` is the YAML file. `listen` and `admin` get free ports unless it sets them, and the admin token is
/// given in the environment. `environment` comes on top of the test's own.
///
/// # Panics
/// If the process ends or does not serve within [`DEADLINE`]; the log is part of the message.
pub async fn spawn_crossfade(
    binary: impl AsRef<Path>,
    config: &str,
    environment: &[(&str, &str)],
) -> CrossfadeProcess {
    let folder = TempStore::new();
    let mut whole_config = String::new();
    let client_addr = address_of(config, "listen", &mut whole_config);
    let admin_addr = address_of(config, "admin", &mut whole_config);
    whole_config.push_str(config);
    let _ = folder.write(CONFIG_FILE, &whole_config);
    let mut all: Vec<(String, String)> = vec![("CROSSFADE_ADMIN_TOKEN".into(), ADMIN_TOKEN.into())];
    all.extend(
        environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    let binary = binary.as_ref().to_owned();
    let process = Process::Child(start(&binary, &folder, &all));
    let admin_token = ADMIN_TOKEN.to_owned();
    let mut process = CrossfadeProcess {
        client_addr,
        admin_addr,
        admin_token,
        folder,
        binary,
        environment: all,
        process,
    };
    process.until_serving().await;
    process
}

impl CrossfadeProcess {
    /// The folder that holds configuration, store and log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    #[must_use]
    pub fn config_path(&self) -> PathBuf {
        self.folder.path().join(CONFIG_FILE)
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// All that the process has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join(LOG_FILE)).unwrap_or_default()
    }

    /// SIGKILL, and waits until the process is gone.
    ///
    /// # Panics
    /// If it cannot be killed.
    pub fn kill9(&mut self) {
        if let Err(error) = self.process.kill() {
            panic!("process {} cannot be killed: {error}", self.id());
        }
    }

    /// Has a new process take over (SIGUSR2) and returns once it serves, with the process before it if that was a
    /// child of this one.
    ///
    /// # Panics
    /// If none has taken over by the deadline.
    pub async fn succeed(&mut self, deadline: Duration) -> Option<Child> {
        let before = self.log().len();
        self.signal("USR2");
        let mut successor = None;
        until("another process takes over", deadline, || {
            let log = self.log();
            let since = log.get(before..).unwrap_or_default();
            successor = since.lines().find_map(started_process);
            since.contains("another process has taken over")
        })
        .await;
        let Some(successor) = successor else {
            panic!("the log does not name the process that took over")
        };
        match std::mem::replace(&mut self.process, Process::Successor(successor)) {
            Process::Child(child) => Some(child),
            Process::Successor(_) => None,
        }
    }

    /// SIGTERM; returns at once.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal by its name, such as `HUP`.
    ///
    /// # Panics
    /// If it cannot be sent.
    pub fn signal(&self, name: &str) {
        assert!(send(self.id(), name), "SIG{name} could not be sent");
    }

    /// Waits for the end by itself.
    ///
    /// # Panics
    /// If the process lives on at the deadline, or is not a child of this one.
    pub async fn wait(&mut self, deadline: Duration) -> ExitStatus {
        let Process::Child(child) = &mut self.process else {
            panic!("only a parent hears how a process ended")
        };
        let mut status = None;
        until("crossfade ends by itself", deadline, || {
            status = child.try_wait().ok().flatten();
            status.is_some()
        })
        .await;
        match status {
            Some(status) => status,
            None => panic!("crossfade lives on"),
        }
    }

    /// Starts it again in the same folder with the same addresses, after [`Self::kill9`] or [`Self::wait`].
    ///
    /// # Panics
    /// If the process ends or does not serve within [`DEADLINE`].
    pub async fn start_again(&mut self) {
        self.process = Process::Child(start(&self.binary, &self.folder, &self.environment));
        self.until_serving().await;
    }

    /// Replaces the configuration file in one step; the addresses stay unless it sets them.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn replace_config(&self, config: &str) {
        let mut whole = String::new();
        for (key, addr) in [("listen", self.client_addr), ("admin", self.admin_addr)] {
            if !has_key(config, key) {
                whole.push_str(&format!("{key}: {addr}\n"));
            }
        }
        whole.push_str(config);
        let written = self.folder.write("crossfade.yaml.new", &whole);
        if let Err(error) = std::fs::rename(written, self.config_path()) {
            panic!("the configuration cannot be replaced: {error}");
        }
    }

    async fn until_serving(&mut self) {
        let addr = self.client_addr;
        let process = &mut self.process;
        until_async("crossfade serves", DEADLINE, async || {
            if let Process::Child(child) = &mut *process {
                let ended = child.try_wait().ok().flatten();
                assert!(ended.is_none(), "crossfade ended with {ended:?} before it served");
            }
            tokio::time::timeout(PATIENCE_OF_ONE_LOOK, is_well(addr))
                .await
                .is_ok_and(|answer| answer.unwrap_or(false))
        })
        .await;
    }
}

/// Whether `/health` answers 200. No answer is no failure yet: a port that was found free a moment ago may still
/// be held open by a process that another test is just starting, and vanish under the question.
async fn is_well(addr: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(addr).await?;
    stream
        .write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let status = answer.split(|byte| *byte == b' ').nth(1);
    Ok(status == Some(b"200"))
}

impl Drop for CrossfadeProcess {
    fn drop(&mut self) {
        // Fails only on a process that has ended already.
        let _ = self.process.kill();
        if std::thread::panicking() {
            print_log(&self.log());
        }
    }
}

impl Process {
    fn id(&self) -> u32 {
        match self {
            Process::Child(child) => child.id(),
            Process::Successor(id) => *id,
        }
    }

    /// Ends it and waits until it is gone.
    fn kill(&mut self) -> std::io::Result<()> {
        match self {
            Process::Child(child) => child.kill().and_then(|()| child.wait()).map(|_| ()),
            Process::Successor(id) => {
                let place = PathBuf::from(format!("/proc/{id}"));
                let started = std::time::Instant::now();
                send(*id, "KILL");
                while is_alive(&place) && started.elapsed() < DEADLINE {
                    std::thread::yield_now();
                }
                Ok(())
            }
        }
    }
}

/// Whether a process runs: one that has ended, but was not waited for, does not.
fn is_alive(place: &Path) -> bool {
    let status = std::fs::read_to_string(place.join("stat")).unwrap_or_default();
    let state = status.rsplit(") ").next().and_then(|rest| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// `unsafe` is forbidden here, and the shell's tool does the same call.
fn send(id: u32, signal: &str) -> bool {
    let mut command = Command::new("kill");
    command.arg(format!("-{signal}")).arg(id.to_string());
    command
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The process that a line of the log says is to take over.
fn started_process(line: &str) -> Option<u32> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    line.get("process")?.as_u64()?.try_into().ok()
}

#[allow(
    clippy::print_stderr,
    reason = "a failed test shows what the process had to say"
)]
fn print_log(log: &str) {
    eprintln!("---- crossfade's log ----\n{log}\n---- end of crossfade's log ----");
}

fn start(binary: &Path, folder: &TempStore, environment: &[(String, String)]) -> Child {
    let log_path = folder.path().join(LOG_FILE);
    let open = || File::options().create(true).append(true).open(&log_path);
    let (Ok(out), Ok(err)) = (open(), open()) else {
        panic!("no log file in {}", folder.path().display())
    };
    let mut command = Command::new(binary);
    command
        .arg("serve")
        .arg("-c")
        .arg(folder.path().join(CONFIG_FILE))
        .current_dir(folder.path());
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    match command.stdin(Stdio::null()).stdout(out).stderr(err).spawn() {
        Ok(child) => child,
        Err(error) => panic!("{} cannot be started: {error}", binary.display()),
    }
}

/// The address under `key` at the configuration's top level, or a free one that is added to `additions`.
fn address_of(config: &str, key: &str, additions: &mut String) -> SocketAddr {
    let line = config
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let written = line
        .and_then(|value| value.split('#').next())
        .map(|value| value.trim().trim_matches(['"', '\'']));
    match written.map(str::parse) {
        Some(Ok(addr)) => addr,
        Some(Err(error)) => panic!("{key} in the test's configuration is no address: {error}"),
        None => {
            let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
            additions.push_str(&format!("{key}: {addr}\n"));
            addr
        }
    }
}

fn has_key(config: &str, key: &str) -> bool {
    config
        .lines()
        .any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
}
