//! Requests of our own: to a green that no user sees yet, and in pairs under thin traffic.
//!
//! A pair asks green, and blue the same if green fails: what blue does with it is evidence at any weight, and needs no
//! user. Pairs cost money, so they are few and counted.

use std::sync::Arc;
use std::time::Duration;

use decide::Share;
use decide::evidence::Witness;
use decide::rollout::{Probe, Report, Stage, State};
use gateway::{Environment, FailureKind, Probed, Prober, Question, Snapshot};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::running::{Message, Rollout};

/// Green's traffic is thin once nothing was seen of it for this long, and then a pair is sent this often: 0.2 a second.
const PAIR_EVERY: Duration = Duration::from_secs(5);
/// Pairs in one rollout: at most 16,000 tokens of answers, whatever the length of its phases.
pub(super) const MOST_PAIRS: u32 = 500;
const PAIR_TOKENS: u32 = 16;
const PAIR_TIMEOUT: Duration = Duration::from_secs(30);
/// After a probe that said nothing (the vendor is full), the next one waits.
const AFTER_NOTHING: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Probing {
    prober: Arc<Prober>,
    messages: mpsc::Sender<Message>,
    /// Of the precheck.
    under_way: u32,
    not_before: Instant,
    pair_under_way: bool,
    pairs: u32,
    green_seen_at: Instant,
}

impl Probing {
    pub(super) fn new(prober: Arc<Prober>, messages: mpsc::Sender<Message>) -> Probing {
        let now = Instant::now();
        Probing {
            prober,
            messages,
            under_way: 0,
            not_before: now,
            pair_under_way: false,
            pairs: 0,
            green_seen_at: now,
        }
    }

    pub(super) fn green_was_seen(&mut self) {
        self.green_seen_at = Instant::now();
    }

    pub(super) fn ended(&mut self, probe: Probe) {
        self.under_way = self.under_way.saturating_sub(1);
        if probe == Probe::Cancelled {
            self.not_before = Instant::now() + AFTER_NOTHING;
        }
    }

    pub(super) fn paired_ended(&mut self) {
        self.pair_under_way = false;
    }

    /// Pairs so far.
    pub(super) fn paired(&self) -> u32 {
        self.pairs
    }

    /// Sends what is due.
    pub(super) fn look(&mut self, rollout: &Rollout, state: &State, report: &Report, snapshot: &Snapshot) {
        let Some(deployment) = super::find(snapshot, &rollout.deployment) else {
            return;
        };
        let Some(green) = &deployment.green else { return };
        self.precheck(rollout, state, report, green);
        if self.is_pair_due(report) {
            self.pair_under_way = true;
            self.pairs += 1;
            self.green_seen_at = Instant::now();
            let (prober, blue) = (Arc::clone(&self.prober), Arc::clone(&deployment.blue));
            let (green, prompt) = (Arc::clone(green), rollout.prompt.clone());
            self.send(async move { Message::Paired(pair(&prober, green, blue, prompt).await) });
        }
    }

    fn precheck(&mut self, rollout: &Rollout, state: &State, report: &Report, green: &Arc<Environment>) {
        let Some(settings) = rollout.plan.phase(report.phase).probes else {
            return;
        };
        let missing = state.probes_missing(&rollout.plan).saturating_sub(self.under_way);
        let free = settings.concurrency.saturating_sub(self.under_way);
        if Instant::now() < self.not_before {
            return;
        }
        for _ in 0..missing.min(free) {
            self.under_way += 1;
            let question = Question::Candidate {
                prompt: rollout.prompt.clone(),
                max_tokens: settings.max_tokens,
            };
            let limit = Duration::try_from_secs_f64(settings.timeout_seconds).unwrap_or(PAIR_TIMEOUT);
            let (prober, green) = (Arc::clone(&self.prober), Arc::clone(green));
            self.send(async move {
                Message::Probed(match prober.ask(green, question, limit).await {
                    Probed::Answered(_) => Probe::Passed,
                    Probed::Misconfigured => Probe::Misconfigured,
                    Probed::Failed(FailureKind::RateLimited) => Probe::Cancelled,
                    // A vendor that does not take a plain question would not take a user's.
                    Probed::Failed(_) | Probed::Unclear => Probe::Failed,
                })
            });
        }
    }

    fn is_pair_due(&self, report: &Report) -> bool {
        let is_judged = matches!(
            report.stage,
            Stage::Progressing | Stage::Held | Stage::Challenged | Stage::Baking | Stage::Promoting
        );
        let is_thin = self.green_seen_at.elapsed() >= PAIR_EVERY;
        is_judged && is_thin && report.share > Share::NONE && !self.pair_under_way && self.pairs < MOST_PAIRS
    }

    fn send(&self, probe: impl Future<Output = Message> + Send + 'static) {
        let messages = self.messages.clone();
        tokio::spawn(async move {
            // The rollout may be over.
            let _ = messages.send(probe.await).await;
        });
    }
}

/// What blue did with what green failed, and how long green had it; `None` if that says nothing.
async fn pair(
    prober: &Prober,
    green: Arc<Environment>,
    blue: Arc<Environment>,
    prompt: String,
) -> Option<(Witness, f64)> {
    let asked = Instant::now();
    let ask = |environment| {
        let question = Question::Candidate {
            prompt: prompt.clone(),
            max_tokens: PAIR_TOKENS,
        };
        prober.ask(environment, question, PAIR_TIMEOUT)
    };
    let of_green = ask(green).await;
    let seconds = asked.elapsed().as_secs_f64();
    match of_green {
        Probed::Answered(_) => Some((Witness::GreenOk, seconds)),
        Probed::Unclear | Probed::Failed(FailureKind::RateLimited) => None,
        Probed::Failed(_) | Probed::Misconfigured => match ask(blue).await {
            Probed::Answered(_) => Some((Witness::BlueOk, seconds)),
            Probed::Unclear | Probed::Failed(FailureKind::RateLimited) => None,
            Probed::Failed(_) | Probed::Misconfigured => Some((Witness::BothFailed, seconds)),
        },
    }
}
