//! Writing a rollout down without anybody waiting for it.
//!
//! Only the newest state matters, so one that could not be written yet is replaced by the next one. Whoever has to know
//! that something is written (an advance, before it is in force) asks for its number.

use std::time::Duration;

use store::rollouts::{Saved, save};
use store::{Store, StoreError};
use tokio::sync::watch;

/// A store that failed is asked again after this long.
const AGAIN: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Saver {
    newest: watch::Sender<(u64, Option<Saved>)>,
    written: watch::Receiver<Written>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// Everything up to this number is in the store.
    pub(super) number: u64,
    /// Another gateway drives the rollout now.
    pub(super) lost: bool,
}

impl Saver {
    pub(super) fn start(store: Store, id: String, owner: String) -> Saver {
        let (newest, to_write) = watch::channel((0, None));
        let (tell, written) = watch::channel(Written::default());
        tokio::spawn(keep_writing(store, id, owner, to_write, tell));
        Saver { newest, written }
    }

    /// Its number.
    pub(super) fn save(&self, saved: Saved) -> u64 {
        let number = self.newest.borrow().0 + 1;
        self.newest.send_replace((number, Some(saved)));
        number
    }

    /// Writes the newest once more; its number.
    pub(super) fn again(&self) -> u64 {
        let (number, saved) = self.newest.borrow().clone();
        self.newest.send_replace((number + 1, saved));
        number + 1
    }

    pub(super) fn written(&self) -> Written {
        *self.written.borrow()
    }

    /// Returns after something more was written; never, if the writer has ended.
    pub(super) async fn progress(&mut self) {
        if self.written.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn keep_writing(
    store: Store,
    id: String,
    owner: String,
    mut to_write: watch::Receiver<(u64, Option<Saved>)>,
    tell: watch::Sender<Written>,
) {
    let mut is_well = true;
    // A newest state is still written after the driver has let go of it.
    while to_write.changed().await.is_ok() {
        loop {
            let (number, saved) = to_write.borrow_and_update().clone();
            let Some(saved) = saved else { break };
            match save_at_common_time(&store, &id, &owner, saved).await {
                Ok(true) => {
                    if !std::mem::replace(&mut is_well, true) {
                        tracing::info!(rollout = id, "the rollout is written down again");
                    }
                    tell.send_replace(Written { number, lost: false });
                    break;
                }
                Ok(false) => {
                    tell.send_replace(Written { number, lost: true });
                    return;
                }
                Err(error) => {
                    if std::mem::replace(&mut is_well, false) {
                        log(&id, &error);
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }
}

/// The others tell by the time whether this gateway is still there.
async fn save_at_common_time(
    store: &Store,
    id: &str,
    owner: &str,
    mut saved: Saved,
) -> Result<bool, StoreError> {
    saved.at = store::clock::common(store, saved.at).await?;
    save(store, id, owner, &saved).await
}

fn log(id: &str, error: &StoreError) {
    tracing::error!(rollout = id, %error, "a rollout cannot be written down; it goes no further until it is");
}
