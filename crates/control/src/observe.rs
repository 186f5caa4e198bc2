//! Where finished requests come in, and what is known of them at any moment.
//!
//! The request path only pushes a record into a bounded queue: no lock, no wait, and a full queue
//! drops the record and counts it. One task takes the records out and folds them into windows,
//! counters and the request log. Whoever reads folds first, so that what it sees includes every
//! request that ended before.

mod histogram;
mod history;
pub mod parts;
#[cfg(test)]
pub(crate) mod sample;
mod window;
mod windows;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use decide::Side;
use gateway::{Observer, Outcome, Shared, Snapshot};
use store::requests::FinishedRequest;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::metrics::Counts;
use crate::requests::{Outbox, Recent, Record};
use crate::usage::Tally;
pub use history::{History, Point, STEP as HISTORY_STEP};
pub use window::{Spread, Window};
use windows::Windows;

/// Records that wait at most: more than half a second's worth at 50,000 requests a second, in 256 KiB.
const WAITING: usize = 32_768;
/// How often waiting records are folded when none is urgent.
const FOLD_EVERY: Duration = Duration::from_millis(20);
/// How often windows and counters of deployments that are gone are dropped.
const FORGET_EVERY: Duration = Duration::from_secs(10);
/// The window, unless another is wanted.
pub const WINDOW_SECONDS: u64 = 60;
/// The longest window; an environment's memory grows with it, up to 7.5 KiB a second.
pub const LONGEST_WINDOW_SECONDS: u64 = 600;

/// Hears of every finished request, probes and refusals included, and before that of those that have shown something
/// early (`Outcome::told` says what was told before), in the order in which they are folded. It must be quick and must
/// not call the observatory.
pub type Listener = Box<dyn FnMut(&Outcome) + Send>;

/// One record that waits to be folded.
enum Waiting {
    Ended(Box<Outcome>),
    /// For listeners alone: statistics know a request by its end.
    SoFar(Box<Outcome>),
}

pub struct Observatory {
    queue: ArrayQueue<Waiting>,
    dropped: AtomicU64,
    /// The usage of records that the full queue did not take: statistics may miss a request, bills may not.
    /// Requests only meet here in an overload, and whoever reads takes what is there and leaves.
    spilled: Mutex<Tally>,
    /// Names the sums that this run writes.
    run: String,
    /// Held while usage is written.
    usage_writer: tokio::sync::Mutex<()>,
    wake: Notify,
    born: Instant,
    /// The control plane's; the request path never takes it.
    fold: Mutex<Fold>,
}

pub(crate) struct Fold {
    windows: Windows,
    pub(crate) counts: Counts,
    recent: Recent,
    outbox: Outbox,
    usage: Tally,
    listeners: Vec<Listener>,
}

impl Observer for Observatory {
    fn observe(&self, outcome: Box<Outcome>) {
        let urgent = parts::is_urgent(&outcome);
        self.push(Waiting::Ended(outcome), urgent);
    }

    fn notice(&self, so_far: Box<Outcome>) {
        let urgent = parts::is_urgent(&so_far);
        self.push(Waiting::SoFar(so_far), urgent);
    }
}

impl Observatory {
    /// Statistics over this many seconds, 1 to [`LONGEST_WINDOW_SECONDS`].
    pub fn new(window_seconds: u64) -> Observatory {
        Observatory {
            queue: ArrayQueue::new(WAITING),
            dropped: AtomicU64::new(0),
            spilled: Mutex::default(),
            run: format!("{:016x}", fastrand::u64(..)),
            usage_writer: tokio::sync::Mutex::default(),
            wake: Notify::new(),
            born: Instant::now(),
            fold: Mutex::new(Fold {
                windows: Windows::new(window_seconds.clamp(1, LONGEST_WINDOW_SECONDS)),
                counts: Counts::default(),
                recent: Recent::default(),
                outbox: Outbox::default(),
                usage: Tally::default(),
                listeners: Vec::new(),
            }),
        }
    }

    fn push(&self, record: Waiting, urgent: bool) {
        if let Err(record) = self.queue.push(record) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            if let Waiting::Ended(outcome) = record {
                self.spilled().add(&outcome);
            }
        }
        if urgent {
            self.wake.notify_one();
        }
    }

    /// From now on, tells `listener` of every request.
    pub fn listen(&self, listener: Listener) {
        self.up_to_date().listeners.push(listener);
    }

    /// Folds records as they come, for ever, and forgets deployments that are gone.
    pub async fn watch(self: Arc<Self>, shared: Arc<Shared>) {
        let mut forget_at = Instant::now() + FORGET_EVERY;
        loop {
            // An urgent record is folded at once, the others when the time is up.
            let _ = tokio::time::timeout(FOLD_EVERY, self.wake.notified()).await;
            drop(self.up_to_date());
            if Instant::now() >= forget_at {
                forget_at = Instant::now() + FORGET_EVERY;
                self.forget_gone(&shared.snapshot());
            }
        }
    }

    /// An environment's statistics, up to this moment.
    pub fn window(&self, deployment: &str, side: Side) -> Window {
        let now = self.now();
        self.up_to_date().windows.read(deployment, side, now)
    }

    /// Starts an environment's statistics over: there is a new candidate.
    pub fn reset(&self, deployment: &str, side: Side) {
        self.up_to_date().windows.reset(deployment, side);
    }

    /// One of the last requests.
    pub fn request(&self, id: &str) -> Option<Record> {
        self.up_to_date().recent.find(id).map(Record::from)
    }

    /// Requests that no statistics know of, since records came faster than they were folded.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// A rollback happened, by this cause; causes are a closed set of words.
    pub fn count_rollback(&self, cause: &'static str) {
        self.up_to_date().counts.rollback(cause);
    }

    /// A changed configuration file was refused.
    pub fn count_reload_failure(&self) {
        self.up_to_date().counts.reload_failure();
    }

    /// The name of this run's sums.
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    pub(crate) fn usage_writer(&self) -> &tokio::sync::Mutex<()> {
        &self.usage_writer
    }

    /// The sums of usage that have grown since they were written.
    pub(crate) fn changed_usage(&self) -> Vec<(store::usage::Of, store::usage::Sums)> {
        let mut spilled = std::mem::take(&mut *self.spilled());
        let mut fold = self.up_to_date();
        if !spilled.is_empty() {
            fold.usage.absorb(&mut spilled);
        }
        fold.usage.changed()
    }

    /// These sums are in the store.
    pub(crate) fn wrote_usage(&self, rows: &[(store::usage::Of, store::usage::Sums)]) {
        self.up_to_date().usage.written(rows);
    }

    fn spilled(&self) -> MutexGuard<'_, Tally> {
        self.spilled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take_rows(&self) -> Vec<FinishedRequest> {
        self.up_to_date().outbox.take()
    }

    pub(crate) fn count_lost_rows(&self, rows: usize) {
        self.up_to_date().outbox.count_lost(rows);
    }

    /// Drops what is kept of deployments and providers that the snapshot does not have.
    pub(crate) fn forget_gone(&self, snapshot: &Snapshot) {
        let now = self.now();
        let mut fold = self.up_to_date();
        let is_known = |name: &str| is_known(snapshot, name);
        fold.windows.keep(is_known, now);
        fold.counts.keep(is_known, |provider| {
            snapshot.providers.iter().any(|known| *known.name == *provider)
        });
    }

    /// The fold, with every record in it that was handed over before.
    pub(crate) fn up_to_date(&self) -> MutexGuard<'_, Fold> {
        // A panic while folding loses one record; what was folded before is still good.
        let mut fold = self.fold.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        // No more than are there now: under load, the queue never gets empty.
        for _ in 0..self.queue.len() {
            match self.queue.pop() {
                Some(Waiting::Ended(outcome)) => fold.take(outcome, now),
                Some(Waiting::SoFar(outcome)) => fold.tell(&outcome),
                None => break,
            }
        }
        fold
    }

    /// Seconds since the start.
    fn now(&self) -> u64 {
        self.born.elapsed().as_secs()
    }
}

impl Fold {
    fn take(&mut self, outcome: Box<Outcome>, now: u64) {
        self.windows.add(&outcome, now);
        self.counts.add(&outcome);
        self.outbox.add(&outcome);
        self.usage.add(&outcome);
        self.tell(&outcome);
        self.recent.add(outcome);
    }

    fn tell(&mut self, outcome: &Outcome) {
        for listener in &mut self.listeners {
            listener(outcome);
        }
    }

    /// Requests that are not in the store's log.
    pub(crate) fn left_out(&self) -> u64 {
        self.outbox.left_out()
    }
}

impl fmt::Debug for Observatory {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Observatory({} waiting)", self.queue.len())
    }
}

/// A deployment of this name, or what stands for the requests that name a provider.
fn is_known(snapshot: &Snapshot, name: &str) -> bool {
    let of_provider = |provider: &str| name.strip_suffix("/*").is_some_and(|start| start == provider);
    snapshot.deployments.iter().any(|known| *known.name == *name)
        || snapshot.providers.iter().any(|known| of_provider(&known.name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::sample::{ordinary, refused, rescued, snapshot};
    use super::*;

    fn after(outcomes: impl IntoIterator<Item = Box<Outcome>>) -> Observatory {
        let observatory = Observatory::new(WINDOW_SECONDS);
        outcomes
            .into_iter()
            .for_each(|outcome| observatory.observe(outcome));
        observatory
    }

    fn figures(observatory: &Observatory, side: Side) -> (u64, u64) {
        let window = observatory.window("gpt-4.1", side);
        (window.requests, window.errors)
    }

    #[test]
    fn whoever_reads_sees_every_request_that_ended_before() {
        let observatory = after([ordinary(), rescued(), refused()]);
        assert_eq!(figures(&observatory, Side::Blue), (2, 0));
        assert_eq!(figures(&observatory, Side::Green), (1, 1));
        let blue = observatory.window("gpt-4.1", Side::Blue);
        assert_eq!(blue.latency_ms.avg, Some(100.0));
        assert_eq!((blue.seconds, blue.output_tokens), (60, 60));
    }

    #[test]
    fn probes_are_in_no_statistics_but_can_be_explained() {
        let mut probe = ordinary();
        probe.monitoring = true;
        let observatory = after([probe]);
        assert_eq!(figures(&observatory, Side::Blue), (0, 0));
        assert!(observatory.request("req_1").unwrap().monitoring);
    }

    #[test]
    fn a_full_queue_drops_and_counts_and_never_waits() {
        let observatory = after((0..WAITING + 3).map(|_| ordinary()));
        assert_eq!(observatory.dropped(), 3);
        let usage = observatory.changed_usage();
        assert_eq!(usage[0].1.requests, WAITING as i64 + 3, "usage is not dropped");
        assert_eq!(figures(&observatory, Side::Blue), (WAITING as u64, 0));
    }

    #[test]
    fn a_new_candidate_starts_over_and_blue_goes_on() {
        let observatory = after([rescued()]);
        observatory.reset("gpt-4.1", Side::Green);
        assert_eq!(figures(&observatory, Side::Green), (0, 0));
        assert_eq!(figures(&observatory, Side::Blue), (1, 0));
    }

    #[test]
    fn deployments_that_are_gone_are_forgotten() {
        let mut of_provider = ordinary();
        of_provider.deployment = Some("openai/*".into());
        let observatory = after([ordinary(), of_provider]);
        observatory.forget_gone(&snapshot());
        assert_eq!(figures(&observatory, Side::Blue), (1, 0));
        assert_eq!(observatory.window("openai/*", Side::Blue).requests, 1);
        observatory.forget_gone(&Snapshot::default());
        assert_eq!(figures(&observatory, Side::Blue), (0, 0));
        assert_eq!(observatory.window("openai/*", Side::Blue).requests, 0);
    }

    #[test]
    fn listeners_hear_of_every_request() {
        let observatory = after([]);
        let heard = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&heard);
        observatory.listen(Box::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        }));
        observatory.observe(ordinary());
        observatory.observe(refused());
        drop(observatory.up_to_date());
        assert_eq!(heard.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn what_is_told_early_is_for_listeners_and_in_no_statistics() {
        let observatory = after([]);
        let heard = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&heard);
        observatory.listen(Box::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        }));
        observatory.notice(rescued());
        assert_eq!(figures(&observatory, Side::Green), (0, 0));
        assert!(observatory.request("req_1").is_none());
        assert_eq!(heard.load(Ordering::Relaxed), 1);
    }

    /// With the clock standing still, only a wake-up can have folded it.
    #[tokio::test(start_paused = true)]
    async fn what_green_failed_is_folded_at_once_and_the_rest_soon() {
        let observatory = Arc::new(Observatory::new(WINDOW_SECONDS));
        let shared = Arc::new(Shared::new(
            snapshot(),
            Arc::clone(&observatory) as Arc<dyn Observer>,
        ));
        let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
        observatory.listen(Box::new(move |outcome| {
            let _ = heard.send((outcome.attempts.len(), Instant::now()));
        }));
        let start = Instant::now();
        tokio::spawn(Arc::clone(&observatory).watch(shared));
        tokio::task::yield_now().await;
        observatory.observe(rescued());
        assert_eq!(hears.recv().await, Some((2, start)));
        observatory.observe(ordinary());
        let (attempts, at) = hears.recv().await.unwrap();
        assert!(attempts == 1 && at > start && at <= start + 2 * FOLD_EVERY);
    }
}
