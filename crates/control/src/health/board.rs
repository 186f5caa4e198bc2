//! Who is to be probed when, and what probes have found so far. Time is an argument.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use decide::Side;
use gateway::{Environment, FailureKind, Probed, Snapshot};

use super::{EnvironmentHealth, Key, Status};
use crate::config::{HealthProbe, Probe};

/// A new environment is probed within this time, so that its health is soon known.
const FIRST_WITHIN: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Board {
    settings: HashMap<Key, HealthProbe>,
    watched: HashMap<Key, Watched>,
}

#[derive(Debug)]
struct Watched {
    environment: Arc<Environment>,
    health: EnvironmentHealth,
    failed_in_a_row: u32,
    /// Since the start.
    due: Duration,
    being_probed: bool,
}

/// A probe to be made, and for whom.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) keys: Vec<Key>,
    pub(super) environment: Arc<Environment>,
    pub(super) settings: HealthProbe,
}

/// An environment's status changed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    pub(super) key: Key,
    pub(super) now: EnvironmentHealth,
}

impl Board {
    pub(super) fn configure(&mut self, settings: HashMap<Key, HealthProbe>, now: Duration, moment: &str) {
        for (key, watched) in &mut self.watched {
            if settings.get(key) != self.settings.get(key) {
                watched.due = now + first_wait(key);
            }
            let is_left_alone = settings.get(key).is_none_or(|probe| probe.probe == Probe::Off);
            if is_left_alone && watched.health.status != Status::Unknown {
                watched.failed_in_a_row = 0;
                watched.health = EnvironmentHealth {
                    since: Some(moment.to_owned()),
                    ..EnvironmentHealth::default()
                };
            }
        }
        self.settings = settings;
    }

    pub(super) fn follow(&mut self, snapshot: &Snapshot, now: Duration, moment: &str) {
        let mut before = std::mem::take(&mut self.watched);
        for deployment in &snapshot.deployments {
            for side in [Side::Blue, Side::Green] {
                let Some(environment) = deployment.environment(side) else {
                    continue;
                };
                let key = (Arc::clone(&deployment.name), side);
                // The count of requests under way stays with an environment wherever it goes.
                let other = match side {
                    Side::Blue => Side::Green,
                    Side::Green => Side::Blue,
                };
                let same = [side, other]
                    .map(|side| (Arc::clone(&key.0), side))
                    .into_iter()
                    .find(|known| {
                        let watched = before.get(known);
                        watched.is_some_and(|watched| {
                            Arc::ptr_eq(&watched.environment.flight, &environment.flight)
                        })
                    });
                let moved = same.as_ref().is_some_and(|same| *same != key);
                let mut watched = match same.and_then(|same| before.remove(&same)) {
                    // A probe under way answers to the old place.
                    Some(watched) => Watched {
                        being_probed: watched.being_probed && !moved,
                        ..watched
                    },
                    None => Watched {
                        environment: Arc::clone(environment),
                        health: EnvironmentHealth {
                            since: Some(moment.to_owned()),
                            ..EnvironmentHealth::default()
                        },
                        failed_in_a_row: 0,
                        due: now + first_wait(&key),
                        being_probed: false,
                    },
                };
                watched.environment = Arc::clone(environment);
                self.watched.insert(key, watched);
            }
        }
    }

    pub(super) fn health_of(&self, deployment: &str, side: Side) -> EnvironmentHealth {
        let found = self.watched.get(&(Arc::from(deployment), side));
        found.map(|watched| watched.health.clone()).unwrap_or_default()
    }

    /// The probes that are due. The list of models of one account is asked for once, for all
    /// environments that want it.
    pub(super) fn due(&mut self, now: Duration) -> Vec<Job> {
        let mut jobs: Vec<Job> = Vec::new();
        let is_due = |(key, watched): &(&Key, &Watched)| watched.is_due(now) && self.is_wanted(key);
        let due: Vec<Key> = self
            .watched
            .iter()
            .filter(is_due)
            .map(|(key, _)| key.clone())
            .collect();
        for key in due {
            let (Some(settings), Some(watched)) = (self.settings.get(&key), self.watched.get_mut(&key))
            else {
                continue;
            };
            watched.being_probed = true;
            let companion = jobs
                .iter_mut()
                .find(|job| shares_answer(job, &watched.environment, settings));
            match companion {
                Some(job) => job.keys.push(key),
                None => jobs.push(Job {
                    keys: vec![key],
                    environment: Arc::clone(&watched.environment),
                    settings: settings.clone(),
                }),
            }
        }
        jobs
    }

    fn is_wanted(&self, key: &Key) -> bool {
        self.settings
            .get(key)
            .is_some_and(|probe| probe.probe != Probe::Off)
    }

    /// Takes in what a probe found.
    pub(super) fn found(&mut self, job: &Job, probed: Probed, now: Duration, moment: &str) -> Vec<Change> {
        let mut changes = Vec::new();
        for key in &job.keys {
            let (Some(settings), Some(watched)) = (self.settings.get(key), self.watched.get_mut(key)) else {
                continue;
            };
            watched.being_probed = false;
            let is_asked = Arc::ptr_eq(&watched.environment.flight, &job.environment.flight);
            if !is_asked && !shares_answer(job, &watched.environment, settings) {
                // Another environment is there by now.
                continue;
            }
            watched.due = next_slot(key, settings.interval.duration(), now);
            if settings.probe != Probe::Off && watched.take(probed, settings.retries, moment) {
                changes.push(Change {
                    key: key.clone(),
                    now: watched.health.clone(),
                });
            }
        }
        changes
    }
}

impl Watched {
    fn is_due(&self, now: Duration) -> bool {
        !self.being_probed && self.due <= now
    }

    /// True if the status changed.
    fn take(&mut self, probed: Probed, retries: u32, moment: &str) -> bool {
        let status = match probed {
            Probed::Answered(_) => {
                self.failed_in_a_row = 0;
                self.health.last_error = None;
                Status::Healthy
            }
            Probed::Failed(_) | Probed::Misconfigured => {
                let kind = match probed {
                    Probed::Failed(kind) => kind,
                    _ => FailureKind::Status,
                };
                self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
                self.health.last_error = Some(FailureKind::name(kind));
                if self.failed_in_a_row < retries.max(1) {
                    return false;
                }
                Status::Unhealthy
            }
            Probed::Unclear => return false,
        };
        if status == self.health.status {
            return false;
        }
        self.health.status = status;
        self.health.since = Some(moment.to_owned());
        true
    }
}

fn shares_answer(job: &Job, environment: &Arc<Environment>, settings: &HealthProbe) -> bool {
    job.settings == *settings
        && settings.probe == Probe::Models
        && Arc::ptr_eq(&job.environment.provider, &environment.provider)
}

fn spread(key: &Key) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&*key.0, key.1).hash(&mut hasher);
    hasher.finish()
}

fn first_wait(key: &Key) -> Duration {
    FIRST_WITHIN.mul_f64(spread(key) as f64 / u64::MAX as f64)
}

/// The environment's next turn, at least half an interval away: each has its own place in the
/// interval, so that probes do not come in bursts.
fn next_slot(key: &Key, interval: Duration, now: Duration) -> Duration {
    let interval = interval.max(Duration::from_millis(1));
    let place = interval.mul_f64(spread(key) as f64 / u64::MAX as f64);
    let earliest = now + interval / 2;
    let rounds = (earliest.saturating_sub(place).as_secs_f64() / interval.as_secs_f64()).ceil();
    place + interval.mul_f64(rounds)
}
