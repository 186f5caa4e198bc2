//! Notices that the file changed, and reads it again. The system's events say when to look, the file's bytes say
//! whether anything changed: editors that write a new file and rename it, Kubernetes swapping a symlink in the
//! directory, and two events for one change all come out right. A slow look from time to time catches what the
//! system does not tell, such as files on a network or bound into a container.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::{Config, ConfigError};

/// How long the file must have been left alone: an editor's save is several events within a few milliseconds.
const QUIET: Duration = Duration::from_millis(100);
/// How often the file is looked at without having been told to.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);
/// Reload requests that may wait; more mean the same as one.
const WAITING_REQUESTS: usize = 4;

/// Starts to watch a file. What it holds now counts as known, so this comes before the first `Config::load`: a change
/// between the two is then read twice and not missed.
pub fn watch(path: &Path) -> Watch {
    let (wake, events) = mpsc::channel(1);
    let (ask, requests) = mpsc::channel(WAITING_REQUESTS);
    let watcher = watcher(path, wake).inspect_err(|error| {
        let seconds = LOOK_ANYWAY.as_secs();
        tracing::warn!(file = %path.display(), %error, "cannot watch the configuration: looking every {seconds} s");
    });
    Watch {
        path: path.to_owned(),
        known: std::fs::read(path).ok(),
        missed: false,
        told_at: None,
        next_look: Instant::now() + LOOK_ANYWAY,
        events,
        requests,
        ask,
        _watcher: watcher.ok(),
    }
}

/// The system's events about the file. They can be had no more when all of its watches are taken.
fn watcher(path: &Path, wake: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let names = names(path);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.map_or(true, |event| concerns(&event, &names)) {
            // A full channel means that a look is due already.
            let _ = wake.try_send(());
        }
    })?;
    for directory in directories(path) {
        watcher.watch(&directory, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// Attempts to reload, one after another.
pub struct Watch {
    path: PathBuf,
    /// The bytes of the last attempt, good or bad, so that a bad file is reported once.
    known: Option<Vec<u8>>,
    /// Whether the file was gone at the last look: between removing and writing it, it is for a moment.
    missed: bool,
    /// When the first event came that no look has answered yet.
    told_at: Option<Instant>,
    next_look: Instant,
    events: mpsc::Receiver<()>,
    requests: mpsc::Receiver<()>,
    ask: mpsc::Sender<()>,
    /// Only kept: dropping it ends the events.
    _watcher: Option<RecommendedWatcher>,
}

/// Asks for an attempt from elsewhere, such as a signal's handler.
#[derive(Debug, Clone)]
pub struct Reloader(mpsc::Sender<()>);

/// One attempt. If it failed, the configuration in force stays.
#[derive(Debug)]
pub struct Reload {
    /// Why the file was read.
    pub cause: Cause,
    /// The new configuration, checked whole, or everything that is wrong with it.
    pub outcome: Result<Config, ConfigError>,
}

/// Why a file was read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its bytes are other ones.
    Changed,
    /// Somebody asked, by a signal or the admin API.
    Asked,
}

impl Reloader {
    /// Reads the file now, changed or not: files that it names may have changed.
    pub fn reload(&self) {
        // A full channel means that an attempt is due already.
        let _ = self.0.try_send(());
    }
}

impl Watch {
    /// A handle to ask for attempts.
    pub fn reloader(&self) -> Reloader {
        Reloader(self.ask.clone())
    }

    /// Waits for the next attempt. May be dropped and called again without missing one.
    pub async fn next(&mut self) -> Reload {
        loop {
            tokio::select! {
                Some(()) = self.requests.recv() => return self.asked(),
                Some(()) = self.events.recv() => self.plan_look(),
                () = sleep_until(self.next_look) => {
                    let told = self.told_at.take().is_some();
                    self.next_look = Instant::now() + LOOK_ANYWAY;
                    if let Some(reload) = self.look(told) {
                        return reload;
                    }
                }
            }
        }
    }

    /// Looks when the file has been left alone, but not for ever later.
    fn plan_look(&mut self) {
        let now = Instant::now();
        let first = *self.told_at.get_or_insert(now);
        self.next_look = (now + QUIET).min(first + LOOK_ANYWAY);
    }

    fn asked(&mut self) -> Reload {
        let outcome = match std::fs::read(&self.path) {
            Ok(bytes) => {
                self.known = Some(bytes.clone());
                Config::from_bytes(&self.path, bytes)
            }
            Err(source) => Err(ConfigError::Unreadable {
                path: self.path.clone(),
                source,
            }),
        };
        Reload {
            cause: Cause::Asked,
            outcome,
        }
    }

    fn look(&mut self, told: bool) -> Option<Reload> {
        let outcome = match std::fs::read(&self.path) {
            Ok(bytes) if self.known.as_ref() == Some(&bytes) => {
                self.missed = false;
                return None;
            }
            Ok(bytes) => {
                self.missed = false;
                self.known = Some(bytes.clone());
                Config::from_bytes(&self.path, bytes)
            }
            // A file that is away when an event comes is probably being replaced: the next look decides.
            Err(_) if told || self.missed => return None,
            Err(source) => {
                self.missed = true;
                self.known = None;
                Err(ConfigError::Unreadable {
                    path: self.path.clone(),
                    source,
                })
            }
        };
        Some(Reload {
            cause: Cause::Changed,
            outcome,
        })
    }
}

/// The file's directory, and the one where the file really is if a link leads elsewhere.
fn directories(path: &Path) -> Vec<PathBuf> {
    let parent = |path: &Path| match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut directories = vec![parent(path)];
    if let Ok(real) = path.canonicalize() {
        let real = parent(&real);
        if parent(path).canonicalize().ok().as_ref() != Some(&real) {
            directories.push(real);
        }
    }
    directories
}

/// The names under which the file itself appears in events.
fn names(path: &Path) -> Vec<OsString> {
    let real = path.canonicalize().ok();
    [Some(path), real.as_deref()]
        .into_iter()
        .flatten()
        .filter_map(|path| path.file_name().map(OsString::from))
        .collect()
}

/// Whether an event may be about the file. The store often lies beside it and is written all the time; and reading
/// the file is an event too, to which looking again would be an endless answer.
fn concerns(event: &Event, names: &[OsString]) -> bool {
    if let EventKind::Access(access) = event.kind
        && access != AccessKind::Close(AccessMode::Write)
    {
        return false;
    }
    let is_named = |path: &PathBuf| {
        path.file_name().is_none_or(|name| {
            // Kubernetes swaps `..data`, to which the file's link leads.
            names.iter().any(|ours| ours == name) || name.as_encoded_bytes().starts_with(b"..")
        })
    };
    event.paths.is_empty() || event.paths.iter().any(is_named)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::fs;

    const GOOD: &str = "providers: {a: {dialect: openai, base_url: http://127.0.0.1:1}}\n";
    const OTHER: &str = "providers: {b: {dialect: openai, base_url: http://127.0.0.1:1}}\n";

    fn watched(text: &str) -> (tempfile::TempDir, PathBuf, Watch) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("crossfade.yaml");
        fs::write(&path, text).unwrap();
        let watch = watch(&path);
        (directory, path, watch)
    }

    /// The next attempt's providers, or its error; fails when none comes.
    async fn attempt(watch: &mut Watch) -> Result<Vec<String>, String> {
        let patience = Duration::from_secs(30);
        let reload = tokio::time::timeout(patience, watch.next())
            .await
            .expect("no attempt to reload");
        match reload.outcome {
            Ok(config) => Ok(config.providers.keys().cloned().collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[tokio::test]
    async fn a_file_written_in_place_is_read_again() {
        let (_directory, path, mut watch) = watched(GOOD);
        fs::write(&path, OTHER).unwrap();
        assert_eq!(attempt(&mut watch).await, Ok(vec!["b".to_owned()]));
    }

    #[tokio::test]
    async fn a_file_that_an_editor_replaces_is_read_again_and_again() {
        let (directory, path, mut watch) = watched(GOOD);
        for (text, name) in [(OTHER, "b"), (GOOD, "a")] {
            let new = directory.path().join("crossfade.yaml~");
            fs::write(&new, text).unwrap();
            fs::rename(&new, &path).unwrap();
            assert_eq!(attempt(&mut watch).await, Ok(vec![name.to_owned()]));
        }
    }

    #[tokio::test]
    async fn a_link_that_kubernetes_swaps_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for (version, text) in [("..1", GOOD), ("..2", OTHER)] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("crossfade.yaml"), text).unwrap();
        }
        std::os::unix::fs::symlink("..1", at("..data")).unwrap();
        std::os::unix::fs::symlink("..data/crossfade.yaml", at("crossfade.yaml")).unwrap();
        let mut watch = watch(&at("crossfade.yaml"));
        std::os::unix::fs::symlink("..2", at("..data_new")).unwrap();
        fs::rename(at("..data_new"), at("..data")).unwrap();
        assert_eq!(attempt(&mut watch).await, Ok(vec!["b".to_owned()]));
    }

    #[tokio::test]
    async fn a_bad_file_gives_its_errors_once_and_a_good_one_after_it_is_read() {
        let (_directory, path, mut watch) = watched(GOOD);
        fs::write(&path, "provders: {}").unwrap();
        let errors = attempt(&mut watch).await.unwrap_err();
        assert!(errors.contains("did you mean `providers`?"), "{errors}");
        fs::write(&path, GOOD).unwrap();
        assert_eq!(attempt(&mut watch).await, Ok(vec!["a".to_owned()]));
    }

    #[tokio::test]
    async fn an_asked_reload_reads_an_unchanged_file_too() {
        let (_directory, _path, mut watch) = watched(GOOD);
        watch.reloader().reload();
        let reload = watch.next().await;
        assert_eq!(reload.cause, Cause::Asked);
        assert!(reload.outcome.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn without_the_systems_events_the_file_is_looked_at_from_time_to_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("not-yet").join("crossfade.yaml");
        let mut watch = watch(&path);
        assert!(watch._watcher.is_none());
        let missing = attempt(&mut watch).await.unwrap_err();
        assert!(missing.starts_with("cannot read"), "{missing}");
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, GOOD).unwrap();
        assert_eq!(attempt(&mut watch).await, Ok(vec!["a".to_owned()]));
    }

    #[tokio::test]
    async fn a_caller_that_is_interrupted_all_the_time_misses_nothing() {
        let (_directory, path, mut watch) = watched(GOOD);
        fs::write(&path, OTHER).unwrap();
        let patience = Instant::now() + Duration::from_secs(30);
        while Instant::now() < patience {
            let interrupted = tokio::time::timeout(Duration::from_millis(1), watch.next()).await;
            if let Ok(reload) = interrupted {
                assert_eq!(reload.cause, Cause::Changed);
                return;
            }
        }
        panic!("no attempt to reload");
    }

    #[tokio::test]
    async fn a_file_that_is_removed_and_written_again_is_no_error() {
        let (_directory, path, mut watch) = watched(GOOD);
        fs::remove_file(&path).unwrap();
        fs::write(&path, OTHER).unwrap();
        assert_eq!(attempt(&mut watch).await, Ok(vec!["b".to_owned()]));
    }

    #[test]
    fn reading_the_file_and_writing_the_store_beside_it_wake_nobody() {
        let names = [OsString::from("crossfade.yaml")];
        let event = |kind, name: &str| Event::new(kind).add_path(PathBuf::from("/etc").join(name));
        let read = EventKind::Access(AccessKind::Open(AccessMode::Any));
        let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
        assert!(!concerns(&event(read, "crossfade.yaml"), &names));
        assert!(!concerns(&event(written, "crossfade.db-wal"), &names));
        assert!(concerns(&event(written, "crossfade.yaml"), &names));
        assert!(concerns(&event(EventKind::Any, "..data"), &names));
    }
}
