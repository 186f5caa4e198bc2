//! Hot restart: a new process takes over, and only when it serves does this one end.
//!
//! SIGUSR2 starts the program again, from the place it was started from, so that a new binary there is what
//! runs. It inherits the listening sockets, opens the store and says that it is ready; from then on this
//! process accepts nothing more and finishes what it has. A successor that ends or stays silent is given up,
//! and nothing has changed.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::UnixDatagram;
use tokio::process::Child;
use tokio::time::timeout;

use super::sockets::Sockets;

/// Names the socket at which a predecessor waits for word.
const PREDECESSOR: &str = "CROSSFADE_PREDECESSOR";
/// Opening a large store takes seconds, a migration more.
const READY_WITHIN: Duration = Duration::from_secs(60);
const READY: &[u8] = b"ready";

/// A new process that is about to take over.
pub(super) struct Successor {
    child: Child,
    word: UnixDatagram,
    /// Holds the socket's file; nobody else may enter.
    _directory: tempfile::TempDir,
}

impl Successor {
    /// Starts the program again with the same arguments.
    pub(super) fn start(sockets: &Sockets) -> anyhow::Result<Successor> {
        let directory = tempfile::Builder::new().prefix("crossfade-").tempdir()?;
        let place = directory.path().join("successor");
        let word = UnixDatagram::bind(&place)?;
        let mut arguments = std::env::args_os();
        // Not what is running: that file may have been replaced, which is the reason to restart.
        let program = arguments.next().unwrap_or_else(|| OsString::from("crossfade"));
        let mut command = Command::new(&program);
        command
            .args(arguments)
            .env(PREDECESSOR, &place)
            .stdin(Stdio::null());
        sockets.hand_down(&mut command)?;
        let mut command = tokio::process::Command::from(command);
        let child = command
            .spawn()
            .with_context(|| format!("'{}' cannot be started", Path::new(&program).display()))?;
        Ok(Successor {
            child,
            word,
            _directory: directory,
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Waits until it serves.
    ///
    /// # Errors
    /// When it ended instead, or takes longer than a minute.
    pub(super) async fn ready(&mut self) -> anyhow::Result<()> {
        let mut said = [0; READY.len()];
        let waited = timeout(READY_WITHIN, async {
            tokio::select! {
                ended = self.child.wait() => bail!("it ended with {}", ended?),
                length = self.word.recv(&mut said) => {
                    let _ = length?;
                    Ok(())
                }
            }
        });
        waited
            .await
            .unwrap_or_else(|_| bail!("it did not say within {READY_WITHIN:?} that it serves"))
    }

    /// Ends it; it has not served anybody.
    pub(super) async fn give_up(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(%error, "the successor was gone already");
        }
    }
}

/// Whether this process takes over from another one, which still finishes what it has under way.
pub(super) fn is_one() -> bool {
    std::env::var_os(PREDECESSOR).is_some()
}

/// Tells whoever waits for it that this process serves: a predecessor, and systemd (sd_notify(3)).
pub(super) fn tell_ready() {
    if let Some(place) = std::env::var_os(PREDECESSOR) {
        let told = std::os::unix::net::UnixDatagram::unbound()
            .and_then(|socket| socket.send_to(READY, Path::new(&place)));
        match told {
            Ok(_) => tracing::info!("took over from the process before this one"),
            Err(error) => {
                tracing::warn!(%error, "the process before this one cannot be told; it will give up on this one")
            }
        }
    }
    tell_systemd(&[
        sd_notify::NotifyState::MainPid(std::process::id()),
        sd_notify::NotifyState::Ready,
    ]);
}

fn tell_systemd(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd cannot be told how it stands");
    }
}
