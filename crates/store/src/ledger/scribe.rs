//! One writer for all of a gateway's requests: what waits is written together, in one transaction, with one sync to
//! the disk for all of it (group commit). While one batch is being written, the next one gathers.
//!
//! Holds are waited for and may fail. Settlements are not waited for and never lost while the process lives: if the
//! store is away, they are kept and tried again, which is safe because what was done before is not done again. If the
//! disk fails, nothing is tried again: after a failed sync nobody knows what is on it. From then on the book is closed
//! until the process is started anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use decide::book::{Applied, Hold, Operation, Refused, Reserve, Settlement};
use tokio::sync::{mpsc, oneshot};

use super::write;
use crate::{Store, StoreError, UnixMilliseconds};

/// Operations in one transaction: enough to share a sync, few enough that the last one does not wait long.
const BATCH: usize = 256;
/// How long marks wait for company: they only have to be there when the process is killed.
const MARKS_WAIT: Duration = Duration::from_millis(40);
/// Between attempts while the store is away.
const AWAY: Duration = Duration::from_millis(250);
/// Settlements kept while the store is away; beyond that the book counts as closed, so that no more work is done that
/// could not be charged.
const KEPT: usize = 100_000;

/// What became of a hold.
pub type Answer = Result<Applied, Unwritten>;

/// Why a hold was not written down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritten {
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store is away, or its disk failed.
    #[error("the ledger cannot be written")]
    Unavailable,
}

/// A handle to the writer; a clone is the same one.
#[derive(Clone, Debug)]
pub struct Scribe {
    store: Store,
    inbox: mpsc::UnboundedSender<Asked>,
    state: Arc<Condition>,
}

#[derive(Debug, Default)]
struct Condition {
    /// The disk failed: nothing is written any more.
    closed: AtomicBool,
    /// Not written yet.
    waiting: AtomicUsize,
}

#[derive(Debug)]
enum Asked {
    Do(Box<Operation>, Option<oneshot::Sender<Answer>>),
    /// Tell when all before it is written.
    Flush(oneshot::Sender<()>),
}

impl Scribe {
    /// Starts the writer on this runtime. `clock` gives Unix milliseconds, `wrong` is told of trouble and of
    /// settlements that were refused.
    pub fn start(
        store: Store,
        clock: impl Fn() -> UnixMilliseconds + Send + 'static,
        wrong: impl Fn(&str, &(dyn std::error::Error + 'static)) + Send + 'static,
    ) -> Scribe {
        let (inbox, asked) = mpsc::unbounded_channel();
        let state = Arc::new(Condition::default());
        let desk = Desk {
            store: store.clone(),
            asked,
            state: Arc::clone(&state),
            kept: Vec::new(),
            clock,
            wrong,
        };
        tokio::spawn(desk.work());
        Scribe { store, inbox, state }
    }

    /// Whether charges can be written down. False is for good once the disk has failed.
    pub fn is_open(&self) -> bool {
        let Condition { closed, waiting } = &*self.state;
        self.store.is_writable() && !closed.load(Ordering::Relaxed) && waiting.load(Ordering::Relaxed) < KEPT
    }

    /// Asks for a hold; it is in the queue when this returns, so a settlement that is sent afterwards comes after it.
    pub fn hold(&self, hold: Hold) -> impl Future<Output = Answer> + Send + use<> {
        self.ask(Operation::Hold(hold))
    }

    /// Asks for a reserve, in the same way.
    pub fn reserve(&self, reserve: Reserve) -> impl Future<Output = Answer> + Send + use<> {
        self.ask(Operation::Reserve(reserve))
    }

    fn ask(&self, operation: Operation) -> impl Future<Output = Answer> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.push(operation, Some(answer));
        async move { answered.await.unwrap_or(Err(Unwritten::Unavailable)) }
    }

    /// Hands an operation over; it is written soon, and never lost while the process lives.
    pub fn send(&self, operation: Operation) {
        self.push(operation, None);
    }

    /// Waits until everything that was handed over before is written, or cannot be.
    pub async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.inbox.send(Asked::Flush(done)).is_ok() {
            let _ = flushed.await;
        }
    }

    fn push(&self, operation: Operation, answer: Option<oneshot::Sender<Answer>>) {
        self.state.waiting.fetch_add(1, Ordering::Relaxed);
        // The writer ends with the process; a hold then hears that its answer's sender is gone.
        let _ = self.inbox.send(Asked::Do(Box::new(operation), answer));
    }
}

struct Desk<Clock, Wrong> {
    store: Store,
    asked: mpsc::UnboundedReceiver<Asked>,
    state: Arc<Condition>,
    /// Operations whose writing failed, to be tried again first.
    kept: Vec<Operation>,
    clock: Clock,
    wrong: Wrong,
}

#[derive(Default)]
struct Batch {
    operations: Vec<Operation>,
    answers: Vec<Option<oneshot::Sender<Answer>>>,
    flushes: Vec<oneshot::Sender<()>>,
}

impl Batch {
    fn add(&mut self, asked: Asked) {
        match asked {
            Asked::Do(operation, answer) => {
                self.operations.push(*operation);
                self.answers.push(answer);
            }
            Asked::Flush(done) => self.flushes.push(done),
        }
    }

    /// Nobody is waiting for any of it.
    fn can_wait(&self) -> bool {
        let is_mark = |operation: &Operation| matches!(operation, Operation::Mark(..));
        self.flushes.is_empty() && self.operations.iter().all(is_mark)
    }

    fn is_full(&self) -> bool {
        self.operations.len() >= BATCH || !self.flushes.is_empty()
    }
}

impl<Clock, Wrong> Desk<Clock, Wrong>
where
    Clock: Fn() -> UnixMilliseconds + Send + 'static,
    Wrong: Fn(&str, &(dyn std::error::Error + 'static)) + Send + 'static,
{
    async fn work(mut self) {
        while let Some(batch) = self.gather().await {
            self.enter(batch).await;
        }
    }

    /// The next batch: what is there, and company for marks that are alone. `None` when nobody can ask any more.
    async fn gather(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        if self.kept.is_empty() {
            batch.add(self.asked.recv().await?);
        } else {
            // Tried again after a while; what was asked meanwhile goes with it.
            tokio::time::sleep(AWAY).await;
        }
        let patience = tokio::time::sleep(MARKS_WAIT);
        tokio::pin!(patience);
        loop {
            while !batch.is_full() {
                match self.asked.try_recv() {
                    Ok(asked) => batch.add(asked),
                    Err(_) => break,
                }
            }
            if batch.is_full() || !batch.can_wait() || !self.kept.is_empty() {
                return Some(batch);
            }
            tokio::select! {
                asked = self.asked.recv() => batch.add(asked?),
                () = &mut patience => return Some(batch),
            }
        }
    }

    async fn enter(&mut self, batch: Batch) {
        let Batch {
            operations: new,
            answers,
            flushes,
        } = batch;
        let before = self.kept.len();
        let mut operations = std::mem::take(&mut self.kept);
        operations.extend(new);
        if self.state.closed.load(Ordering::Relaxed) {
            self.done(operations.len());
            answers.into_iter().flatten().for_each(|answer| {
                let _ = answer.send(Err(Unwritten::Unavailable));
            });
            return;
        }
        match write(&self.store, &operations, (self.clock)()).await {
            Ok(applied) => {
                self.done(operations.len());
                let answers = std::iter::repeat_with(|| None).take(before).chain(answers);
                for ((operation, applied), answer) in operations.iter().zip(applied).zip(answers) {
                    self.tell(operation, applied, answer);
                }
            }
            Err(error) => self.failed(&error, operations, before, answers),
        }
        flushes.into_iter().for_each(|flushed| {
            let _ = flushed.send(());
        });
    }

    fn tell(
        &self,
        operation: &Operation,
        applied: Result<Applied, Refused>,
        answer: Option<oneshot::Sender<Answer>>,
    ) {
        match (answer, applied) {
            (Some(answer), applied) => {
                // Whoever asked may have left; its settlement gives the hold back.
                let _ = answer.send(applied.map_err(Unwritten::Refused));
            }
            (None, Err(refused)) => {
                let charge = super::owners::charge_of(operation).unwrap_or_default();
                (self.wrong)(charge, &refused);
            }
            (None, Ok(_)) => {}
        }
    }

    fn failed(
        &mut self,
        error: &StoreError,
        operations: Vec<Operation>,
        before: usize,
        answers: Vec<Option<oneshot::Sender<Answer>>>,
    ) {
        (self.wrong)("", error);
        // What is damaged does not get better by being written to again.
        let is_passing = matches!(error, StoreError::Unavailable(_) | StoreError::TimedOut(_));
        if !is_passing {
            self.state.closed.store(true, Ordering::Relaxed);
        }
        let total = operations.len();
        let answers = std::iter::repeat_with(|| None).take(before).chain(answers);
        for (operation, answer) in operations.into_iter().zip(answers) {
            let again = match operation {
                // It may have been written all the same: then it is given back.
                Operation::Hold(hold) | Operation::Reserve(Reserve { hold, .. }) => {
                    Some(Operation::Settle(Settlement::of_nothing(hold)))
                }
                Operation::Settle(_) | Operation::GiveBack(_) | Operation::Move(_) => Some(operation),
                // The next one says more.
                Operation::Mark(..) => None,
            };
            self.kept.extend(again.filter(|_| is_passing));
            if let Some(answer) = answer {
                let _ = answer.send(Err(Unwritten::Unavailable));
            }
        }
        self.done(total - self.kept.len());
    }

    fn done(&self, operations: usize) {
        self.state.waiting.fetch_sub(operations, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use decide::book::Payer;

    use super::*;
    use crate::database::Database;

    fn hold(charge: &str) -> Hold {
        Hold {
            charge: charge.into(),
            payer: Payer {
                account: "later".into(),
                key: "app".into(),
                // A page of its own.
                request_id: "r".repeat(3_000),
                allowance: None,
            },
            owner: "g1".into(),
            nanos: 1,
        }
    }

    async fn pages(store: &Store, most: &str) {
        let Database::Lite(lite) = store.database() else {
            panic!("not SQLite")
        };
        let statement = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {most}"));
        sqlx::query(statement).execute(&lite.writer).await.unwrap();
    }

    #[tokio::test]
    async fn after_the_disk_has_failed_nothing_is_charged_until_the_next_start() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("store.db").display());
        let store = Store::open(&url.parse().unwrap()).await.unwrap();
        let scribe = Scribe::start(store.clone(), || 1, |_, _| {});
        scribe.hold(hold("before")).await.unwrap();

        pages(&store, "1").await;
        let mut number = 0;
        while scribe.hold(hold(&format!("c{number}"))).await.is_ok() {
            number += 1;
            assert!(number < 1_000);
        }
        assert!(!scribe.is_open());

        // There is room again, but nobody knows what of the last write is on the disk.
        pages(&store, "1000000").await;
        assert_eq!(scribe.hold(hold("after")).await, Err(Unwritten::Unavailable));
        let checked = super::super::check(&store).await.unwrap();
        assert_eq!(
            (checked.sum, checked.wrong, checked.entries),
            (0, vec![], number + 1)
        );

        let next = Scribe::start(store, || 1, |_, _| {});
        next.hold(hold("after")).await.unwrap();
    }

    #[tokio::test]
    async fn a_store_that_is_away_gets_every_settlement_once_it_is_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let url = format!("sqlite:{}", path.display());
        let store = Store::open(&url.parse().unwrap()).await.unwrap();
        let scribe = Scribe::start(store.clone(), || 1, |_, _| {});
        let held = hold("c1");
        scribe.hold(held.clone()).await.unwrap();

        // Somebody else holds the file's lock longer than it is waited for.
        let mut other = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url)
            .await
            .unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        let refused = scribe.hold(hold("c2")).await;
        assert_eq!(refused, Err(Unwritten::Unavailable));
        let mut settlement = Settlement::of_nothing(held);
        settlement.billed.push(decide::book::Billed {
            attempt: 1,
            charge: 7,
            cost: 5,
            reason: "answered".into(),
        });
        scribe.send(Operation::Settle(settlement));
        sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
        scribe.flush().await;
        scribe.flush().await;
        assert!(scribe.is_open());
        let standing = super::super::standing(&store, "later").await.unwrap();
        assert_eq!((standing.available, standing.held), (-7, 0));
    }
}
