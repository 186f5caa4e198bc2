//! Sending the probes that are due.

use std::sync::Arc;
use std::time::Duration;

use gateway::{Prober, Question, Shared};

use super::board::Job;
use super::{Health, moment};
use crate::config::Probe;

/// How often we look who is due, and whether the environments changed.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Probes the environments of the snapshot in force, for ever.
pub async fn keep_probing(health: Arc<Health>, shared: Arc<Shared>, prober: Prober) {
    let prober = Arc::new(prober);
    let mut followed = None;
    loop {
        let snapshot = shared.snapshot();
        if followed
            .as_ref()
            .is_none_or(|known| !Arc::ptr_eq(known, &snapshot))
        {
            health.follow(&snapshot);
            followed = Some(snapshot);
        }
        let due = health.board().due(health.now());
        for job in due {
            tokio::spawn(probe(Arc::clone(&health), Arc::clone(&prober), job));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn probe(health: Arc<Health>, prober: Arc<Prober>, job: Job) {
    let question = match job.settings.probe {
        Probe::Prompt => Question::Prompt(job.settings.prompt.clone()),
        Probe::Models | Probe::Off => Question::Models,
    };
    let limit = job.settings.timeout.duration();
    let probed = prober.ask(Arc::clone(&job.environment), question, limit).await;
    let now = health.now();
    let changes = health.board().found(&job, probed, now, &moment());
    health.tell(changes);
}
