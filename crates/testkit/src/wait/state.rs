//! Waiting for a state, a free port, and a folder that goes away with the test.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Short beside anything that is waited for, long beside the cost of asking.
const PAUSE_BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// Returns once `condition` holds; panics with `what` if it does not within `deadline`.
///
/// # Panics
/// At the deadline.
pub async fn until(what: &str, deadline: Duration, mut condition: impl FnMut() -> bool) {
    until_async(what, deadline, async || condition()).await;
}

/// The same for a condition that has to ask somebody.
///
/// # Panics
/// At the deadline.
pub async fn until_async(what: &str, deadline: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !condition().await {
        assert!(
            started.elapsed() < deadline,
            "waited {deadline:?} in vain until {what}"
        );
        tokio::time::sleep(PAUSE_BETWEEN_LOOKS).await;
    }
}

/// A port of the loopback address that nobody listens on at the moment.
///
/// It lies below the range from which the kernel takes ports for outgoing connections: one of those could
/// otherwise get it before the test listens on it. Processes start their search at different places.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    for _ in 0..PORTS {
        let number = std::process::id()
            .wrapping_mul(97)
            .wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = FIRST_PORT + u16::try_from(number % PORTS).unwrap_or(0);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port among {PORTS} from {FIRST_PORT}");
}

const FIRST_PORT: u16 = 20_000;
/// Up to 32,000; Linux takes ports for outgoing connections from 32,768 on.
const PORTS: u32 = 12_000;

/// A folder for one test's store, configuration and logs; removed at the end.
pub struct TempStore(TempDir);

impl TempStore {
    /// # Panics
    /// If no folder can be made.
    #[must_use]
    pub fn new() -> TempStore {
        match tempfile::Builder::new().prefix("crossfade-test-").tempdir() {
            Ok(folder) => TempStore(folder),
            Err(error) => panic!("no folder for the test: {error}"),
        }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// `sqlite:` and a file in the folder, as the configuration has it.
    #[must_use]
    pub fn sqlite_url(&self) -> String {
        format!("sqlite:{}", self.0.path().join("crossfade.db").display())
    }

    /// Writes a file into the folder and returns where it is.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn write(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.0.path().join(name);
        if let Err(error) = std::fs::write(&path, contents) {
            panic!("{} cannot be written: {error}", path.display());
        }
        path
    }
}

impl Default for TempStore {
    fn default() -> Self {
        TempStore::new()
    }
}
