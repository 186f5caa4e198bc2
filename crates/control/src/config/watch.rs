//! Notices that the file changed, and reads it again. Its stamp says when to look, its bytes say whether anything
//! changed: editors that write a new file and rename it, Kubernetes swapping a link on the way to it, and files on a
//! network or bound into a container all come out right. The system's events would come for everything in the file's
//! directory, and the store, which often lies there, is written a thousand times a second.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::{Config, ConfigError};

/// How often the stamp is looked at, and how long it must have stayed: an editor's save is several changes within a
/// few milliseconds.
const GLANCE_EVERY: Duration = Duration::from_millis(100);
/// How often the file is read whatever its stamp says.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);
/// Reload requests that may wait; more mean the same as one.
const WAITING_REQUESTS: usize = 4;

/// Starts to watch a file. What it holds now counts as known, so this comes before the first `Config::load`: a change
/// between the two is then read twice and not missed.
pub fn watch(path: &Path) -> Watch {
    let (ask, requests) = mpsc::channel(WAITING_REQUESTS);
    let now = Instant::now();
    Watch {
        stamp: Stamp::of(path),
        path: path.to_owned(),
        known: std::fs::read(path).ok(),
        missed: false,
        moved_at: None,
        next_glance: now + GLANCE_EVERY,
        next_look: now + LOOK_ANYWAY,
        requests,
        ask,
    }
}

/// What changes when a file is written or replaced, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds, of the bytes and of the rest.
    times: [i64; 4],
}

impl Stamp {
    fn of(path: &Path) -> Option<Stamp> {
        let file = std::fs::metadata(path).ok()?;
        Some(Stamp {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            times: [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()],
        })
    }
}

/// Attempts to reload, one after another.
pub struct Watch {
    path: PathBuf,
    /// The bytes of the last attempt, good or bad, so that a bad file is reported once.
    known: Option<Vec<u8>>,
    /// Whether the file was gone at the last look: between removing and writing it, it is for a moment.
    missed: bool,
    /// At the last glance; `None` for a file that is not there.
    stamp: Option<Stamp>,
    /// When the stamp changed first since the file was last read.
    moved_at: Option<Instant>,
    next_glance: Instant,
    next_look: Instant,
    requests: mpsc::Receiver<()>,
    ask: mpsc::Sender<()>,
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
                () = sleep_until(self.next_glance) => {
                    let now = Instant::now();
                    self.next_glance = now + GLANCE_EVERY;
                    if let Some(moved) = self.glance(now)
                        && let Some(reload) = self.look(moved)
                    {
                        return reload;
                    }
                }
            }
        }
    }

    /// Whether the file is to be read now, and if so whether that is because its stamp has changed.
    fn glance(&mut self, now: Instant) -> Option<bool> {
        let stamp = Stamp::of(&self.path);
        let moves = std::mem::replace(&mut self.stamp, stamp) != stamp;
        if moves {
            self.moved_at.get_or_insert(now);
        }
        let due = match self.moved_at {
            // Once it is left alone, but not for ever later.
            Some(moved_at) => !moves || now >= moved_at + LOOK_ANYWAY,
            None => now >= self.next_look,
        };
        due.then(|| {
            self.next_look = now + LOOK_ANYWAY;
            self.moved_at.take().is_some()
        })
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

    fn look(&mut self, moved: bool) -> Option<Reload> {
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
            // A file that has just gone is probably being replaced: the next look decides.
            Err(_) if moved || self.missed => return None,
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
    async fn a_file_that_is_missing_is_told_once_and_read_when_it_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("not-yet").join("crossfade.yaml");
        let mut watch = watch(&path);
        let missing = attempt(&mut watch).await.unwrap_err();
        assert!(missing.starts_with("cannot read"), "{missing}");
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, GOOD).unwrap();
        assert_eq!(attempt(&mut watch).await, Ok(vec!["a".to_owned()]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_whose_stamp_tells_nothing_is_read_from_time_to_time() {
        let (_directory, path, mut watch) = watched(GOOD);
        fs::write(&path, OTHER).unwrap();
        watch.stamp = Stamp::of(&path);
        let began = Instant::now();
        assert_eq!(attempt(&mut watch).await, Ok(vec!["b".to_owned()]));
        assert!(began.elapsed() >= LOOK_ANYWAY - GLANCE_EVERY);
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_written_again_and_again_is_left_alone_first_but_not_for_ever() {
        let (_directory, path, mut watch) = watched(GOOD);
        for round in 0..40_u32 {
            fs::write(&path, format!("{OTHER}# {}\n", "x".repeat(round as usize))).unwrap();
            let now = watch.next_glance;
            watch.next_glance = now + GLANCE_EVERY;
            assert_eq!(watch.glance(now), None, "round {round}");
        }
        let last = watch.next_glance;
        assert_eq!(watch.glance(last), Some(true), "left alone");
        fs::write(&path, GOOD).unwrap();
        assert_eq!(watch.glance(last + GLANCE_EVERY), None);
        fs::write(&path, OTHER).unwrap();
        assert_eq!(
            watch.glance(last + GLANCE_EVERY + LOOK_ANYWAY),
            Some(true),
            "for long enough"
        );
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
    fn reading_the_file_and_writing_the_store_beside_it_change_no_stamp() {
        let (directory, path, _watch) = watched(GOOD);
        let before = Stamp::of(&path);
        fs::read(&path).unwrap();
        fs::write(directory.path().join("crossfade.db-wal"), "x").unwrap();
        assert!(before.is_some());
        assert_eq!(Stamp::of(&path), before);
    }
}
