//! The tasks of one HTTP/2 connection, one for each stream that is answered, and the time that clients have.
//!
//! hyper asks an answer for its next piece when the client's window has room. If it does not ask for a minute
//! after it was given one, the client has stopped reading: the task is dropped, which resets this stream alone.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::http1::WRITE_LIMIT;
use super::inbox::REST_LIMIT;

tokio::task_local! {
    /// Since when the stream of this task waits for its client.
    static WAITS: Cell<Option<Instant>>;
}

/// Says whether a piece was handed over just now, so that the client is waited for.
pub(super) fn offered(piece: bool) {
    // Outside such a task there is nobody to tell.
    let _ = WAITS.try_with(|waits| waits.set(piece.then(Instant::now)));
}

/// Runs what hyper makes of a connection's streams, on the worker they belong to.
#[derive(Clone, Default)]
pub(super) struct Turns(Rc<Count>);

#[derive(Default)]
struct Count {
    running: Cell<usize>,
    /// One has begun or ended.
    changed: Notify,
}

impl Turns {
    /// Returns once nothing was asked for so long that a client of HTTP/1.1 would be let go.
    pub(super) async fn rested(&self) {
        loop {
            let changed = self.0.changed.notified();
            if self.0.running.get() > 0 {
                changed.await;
            } else if tokio::time::timeout(REST_LIMIT, changed).await.is_err() {
                return;
            }
        }
    }

    /// Returns when the last one has ended, and the client has had this long to read the rest.
    pub(super) async fn are_over(&self, patience: Duration) {
        loop {
            let changed = self.0.changed.notified();
            if self.0.running.get() > 0 {
                changed.await;
            } else if tokio::time::timeout(patience, changed).await.is_err() {
                return;
            }
        }
    }
}

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for Turns {
    fn execute(&self, task: F) {
        let running = Running::begin(&self.0);
        // Each move into another future could keep room for one more of these, and they are large.
        let task = Box::pin(task);
        tokio::task::spawn_local(WAITS.scope(Cell::default(), async move {
            until_stuck(task).await;
            drop(running);
        }));
    }
}

/// Counts one as long as it is there.
struct Running(Rc<Count>);

impl Running {
    fn begin(count: &Rc<Count>) -> Running {
        count.running.set(count.running.get() + 1);
        count.changed.notify_waiters();
        Running(Rc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get().saturating_sub(1));
        self.0.changed.notify_waiters();
    }
}

/// Runs a stream's task to its end, or until its client has taken nothing for too long.
async fn until_stuck(mut task: Pin<Box<impl Future>>) {
    let mut alarm = pin!(sleep_until(Instant::now()));
    std::future::poll_fn(|cx| {
        if task.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let Ok(Some(since)) = WAITS.try_with(Cell::get) else {
            return Poll::Pending;
        };
        let due = since + WRITE_LIMIT;
        if alarm.deadline() != due {
            alarm.as_mut().reset(due);
        }
        alarm.as_mut().poll(cx)
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::timeout;

    use super::*;

    async fn run(stream: impl Future<Output = ()>) {
        WAITS.scope(Cell::default(), until_stuck(Box::pin(stream))).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_nobody_reads_is_dropped_after_its_time() {
        let started = Instant::now();
        run(async {
            offered(true);
            pending().await
        })
        .await;
        assert!(started.elapsed() >= WRITE_LIMIT && started.elapsed() < WRITE_LIMIT * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_waits_for_its_vendor_or_is_read_slowly_is_not() {
        let waits = run(async {
            offered(true);
            offered(false);
            pending().await
        });
        assert!(timeout(WRITE_LIMIT * 10, waits).await.is_err());
        let slow = run(async {
            loop {
                offered(true);
                tokio::time::sleep(WRITE_LIMIT / 2).await;
            }
        });
        assert!(timeout(WRITE_LIMIT * 10, slow).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_rests_only_while_nothing_runs() {
        let turns = Turns::default();
        let running = Running::begin(&turns.0);
        assert!(timeout(REST_LIMIT * 2, turns.rested()).await.is_err());
        drop(running);
        let started = Instant::now();
        turns.rested().await;
        assert!(started.elapsed() >= REST_LIMIT);
    }
}
