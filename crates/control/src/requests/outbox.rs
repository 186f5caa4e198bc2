//! Finished requests on their way to the store's log.
//!
//! A row costs ten times what counting a request costs, and all of a busy gateway's would fill its
//! disk. So the log takes bursts whole and a bounded number of rows a second for ever; when that is
//! not enough, ordinary requests are left out first, since it is the others that are asked about.

use gateway::Outcome;
use store::requests::FinishedRequest;

use super::record::Record;
use crate::observe::parts::Ending;

/// Rows that wait at most, which is what one batch may hold: a store that hangs costs no memory.
const WAITING: usize = 2_000;
/// Rows taken in a burst.
const BURST: usize = 5_000;
/// The part of the burst that only requests in which something went wrong may take.
const RESERVED: usize = 1_000;
/// Rows taken for ever, each second: at most 6 GB a day.
const A_SECOND: usize = 100;

#[derive(Debug)]
pub(crate) struct Outbox {
    rows: Vec<FinishedRequest>,
    allowance: usize,
    left_out: u64,
}

impl Default for Outbox {
    fn default() -> Outbox {
        Outbox {
            rows: Vec::new(),
            allowance: BURST,
            left_out: 0,
        }
    }
}

impl Outbox {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        // Whoever has no key must not be able to make us write.
        if outcome.key.is_none() {
            return;
        }
        let needed = if is_ordinary(outcome) { RESERVED } else { 0 };
        if self.allowance <= needed || self.rows.len() >= WAITING {
            self.left_out += 1;
            return;
        }
        match serde_json::to_string(&Record::from(outcome)) {
            Ok(detail) => {
                self.allowance -= 1;
                self.rows.push(row(outcome, detail));
            }
            Err(_) => self.left_out += 1,
        }
    }

    /// What waits; called once a second.
    pub(crate) fn take(&mut self) -> Vec<FinishedRequest> {
        self.allowance = (self.allowance + A_SECOND).min(BURST);
        std::mem::take(&mut self.rows)
    }

    /// Rows were taken, but could not be written.
    pub(crate) fn count_lost(&mut self, rows: usize) {
        self.left_out += rows as u64;
    }

    /// Requests that are not in the store's log.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }
}

/// Answered at the first attempt.
fn is_ordinary(outcome: &Outcome) -> bool {
    Ending::of(outcome) == Ending::Ok && outcome.attempts.len() == 1
}

fn row(outcome: &Outcome, detail: String) -> FinishedRequest {
    let took = i64::try_from(outcome.duration.as_millis()).unwrap_or(i64::MAX);
    let at = i64::try_from(outcome.at).unwrap_or(i64::MAX);
    FinishedRequest {
        id: outcome.request_id.clone(),
        at: at.saturating_add(took),
        deployment: outcome.deployment.as_deref().unwrap_or_default().to_owned(),
        key: outcome
            .key
            .as_ref()
            .map(|key| key.name.to_string())
            .unwrap_or_default(),
        detail,
    }
}
