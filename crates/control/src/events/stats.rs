//! The tick of statistics.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::MissedTickBehavior;

use super::{EventKind, Hub};

const EVERY: Duration = Duration::from_secs(1);

/// Publishes what `figures` gives each second while somebody listens, for ever.
pub async fn tick_stats<F>(hub: Arc<Hub>, mut figures: impl FnMut() -> F + Send)
where
    F: Future<Output = Value> + Send,
{
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        if hub.listeners() > 0 {
            hub.publish(EventKind::Stats, figures().await);
        }
    }
}
