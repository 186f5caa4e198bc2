//! Writing usage in the background.

use std::sync::Arc;
use std::time::Duration;

use store::{Store, StoreError};
use tokio::time::MissedTickBehavior;

use crate::observe::Observatory;

/// What a crash may lose.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// Writes what has grown, for ever. Trouble with the store is logged when it begins and when it is over.
pub async fn keep_usage(observatory: Arc<Observatory>, store: Store) {
    let mut ticks = tokio::time::interval(WRITE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut writable = true;
    loop {
        ticks.tick().await;
        match flush(&observatory, &store).await {
            Ok(0) => {}
            Ok(_) if writable => {}
            Ok(_) => {
                writable = true;
                tracing::info!("usage is written again; nothing of it was lost");
            }
            Err(error) => {
                if writable {
                    tracing::error!(%error, "usage cannot be written; it is kept in memory until it can");
                }
                writable = false;
            }
        }
    }
}

/// Writes what has grown, and tells how many sums that were.
///
/// # Errors
/// When the store does not take them; then they are written next time.
pub async fn flush(observatory: &Observatory, store: &Store) -> Result<usize, StoreError> {
    // One writer at a time: an older sum must not be written after a newer one.
    let _writing = observatory.usage_writer().lock().await;
    let rows = observatory.changed_usage();
    store::usage::write(store, observatory.run(), &rows).await?;
    observatory.wrote_usage(&rows);
    Ok(rows.len())
}
