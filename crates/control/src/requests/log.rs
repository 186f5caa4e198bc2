//! Writing the request log in the background, and deleting what is older than the operator wants.

use std::sync::Arc;
use std::time::Duration;

use store::{Store, StoreError};
use tokio::time::{Instant, MissedTickBehavior};

use crate::observe::Observatory;

/// A batch is written this often: what a crash may lose.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// Rows older than the retention are deleted this often.
const CLEAN_EVERY: Duration = Duration::from_secs(600);

/// Writes what waits in the observatory's outbox, for ever. `retention` is asked before each
/// clean-up, since the configuration may change. At the end, [`flush`] writes the rest.
///
/// Trouble with the store is logged when it begins and when it is over.
pub async fn keep_log<F>(observatory: Arc<Observatory>, store: Store, mut retention: impl FnMut() -> F + Send)
where
    F: Future<Output = Duration> + Send,
{
    let mut ticks = tokio::time::interval(WRITE_EVERY);
    // After a store that hung, one batch is enough.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut cleaned: Option<Instant> = None;
    let mut writable = true;
    loop {
        ticks.tick().await;
        match flush(&observatory, &store).await {
            Ok(_) if writable => {}
            Ok(0) => continue,
            Ok(_) => tracing::info!("the request log is written again"),
            Err(error) => {
                if writable {
                    tracing::error!(%error, "the request log cannot be written; finished requests are left out of it");
                }
                writable = false;
                continue;
            }
        }
        writable = true;
        if cleaned.is_none_or(|at| at.elapsed() >= CLEAN_EVERY) {
            cleaned = Some(Instant::now());
            clean(&store, retention().await).await;
        }
    }
}

/// Writes what waits, and tells how many rows that were.
///
/// # Errors
/// When the store does not take them; they are lost then, and counted as left out.
pub async fn flush(observatory: &Observatory, store: &Store) -> Result<usize, StoreError> {
    let rows = observatory.take_rows();
    let written = store::requests::append(store, &rows).await;
    if written.is_err() {
        observatory.count_lost_rows(rows.len());
    }
    written.map(|()| rows.len())
}

async fn clean(store: &Store, retention: Duration) {
    let kept = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
    let before = jiff::Timestamp::now().as_millisecond().saturating_sub(kept);
    match store::requests::delete_older_than(store, before).await {
        Ok(0) => {}
        Ok(rows) => tracing::debug!(rows, "old rows of the request log were deleted"),
        Err(error) => tracing::warn!(%error, "old rows of the request log could not be deleted"),
    }
}
