//! What the users saw, counted as their answers end. Every figure about users is from here and from nowhere else.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::stage::{Commanded, Side, WINDOW_SECONDS};
use super::visit::{Answered, Ask};

/// So many that one of them is almost surely green at 20 % (1 - 0.8^24 is 99.5 %), so few that each comes by often.
pub(super) const SESSIONS: usize = 24;
/// As far as the gateway's own statistics look back, so that the rows can be compared.
const WINDOW: Duration = Duration::from_secs(WINDOW_SECONDS);
/// Complaints that are told word for word; the first ones say what is wrong.
const COMPLAINTS_KEPT: usize = 3;

#[derive(Default)]
pub(super) struct Tally {
    counts: Mutex<Counts>,
}

#[derive(Default)]
pub(super) struct Counts {
    pub(super) answers: u64,
    pub(super) errors: u64,
    pub(super) complaints: Vec<String>,
    pub(super) rescues: u64,
    pub(super) drawn: Drawn,
    pub(super) sessions: Sessions,
    pub(super) rollback: Option<AfterRollback>,
    /// When the last request that came to green was sent.
    last_green_sent: Option<Instant>,
    recent: VecDeque<Recent>,
}

/// Requests without a session, each an independent draw, since the last change of the route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Drawn {
    pub(super) revision: u64,
    pub(super) green: u64,
    pub(super) all: u64,
}

/// On which side each session is, by the newest route that it met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sessions {
    pub(super) sides: [Option<Side>; SESSIONS],
    revisions: [u64; SESSIONS],
    /// Times that one changed sides although the route had not changed.
    pub(super) moved: u64,
}

/// What came to green after a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AfterRollback {
    pub(super) command: Commanded,
    /// Requests that were sent after the gateway's answer and came to green all the same.
    pub(super) green: u64,
    /// Answers to requests that were sent after it.
    pub(super) answers: u64,
}

#[derive(Clone, Copy)]
struct Recent {
    ended: Instant,
    good: Option<Times>,
}

#[derive(Clone, Copy)]
struct Times {
    whole: Duration,
    first_byte: Duration,
}

/// The users' last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct UsersWindow {
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) p50_ms: Option<f64>,
    pub(super) p95_ms: Option<f64>,
    pub(super) first_byte_p50_ms: Option<f64>,
}

impl Tally {
    pub(super) fn add(&self, sent: Instant, ask: Ask, answered: Result<Answered, String>) {
        self.counts().add(sent, Instant::now(), ask, answered);
    }

    /// From now on, watches whether anything still comes to green.
    pub(super) fn rolled_back(&self, command: Commanded) {
        self.counts().rollback = Some(AfterRollback {
            command,
            green: 0,
            answers: 0,
        });
    }

    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        // Counting does not panic halfway.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn add(&mut self, sent: Instant, ended: Instant, ask: Ask, answered: Result<Answered, String>) {
        self.answers += 1;
        self.recent.push_back(Recent {
            ended,
            good: answered.as_ref().ok().map(|answered| Times {
                whole: ended - sent,
                first_byte: answered.first_byte_at.saturating_duration_since(sent),
            }),
        });
        self.forget(ended);
        let answered = match answered {
            Ok(answered) => answered,
            Err(complaint) => {
                self.errors += 1;
                if self.complaints.len() < COMPLAINTS_KEPT {
                    self.complaints.push(complaint);
                }
                return;
            }
        };
        self.rescues += u64::from(answered.rescued);
        match ask.session {
            Some(session) => self.sessions.add(session, &answered),
            None => self.drawn.add(&answered),
        }
        // Whoever splits again after a rollback, or rolls out another green, wants green to get something.
        let later_route = |rollback: &AfterRollback| answered.revision > rollback.command.revision;
        if self.rollback.as_ref().is_some_and(later_route) {
            return;
        }
        let green = answered.chosen == Side::Green;
        if green {
            self.last_green_sent = self.last_green_sent.max(Some(sent));
        }
        if let Some(rollback) = &mut self.rollback
            && sent > rollback.command.in_force
        {
            rollback.answers += 1;
            rollback.green += u64::from(green);
        }
    }

    fn forget(&mut self, now: Instant) {
        while self
            .recent
            .front()
            .is_some_and(|oldest| now.saturating_duration_since(oldest.ended) > WINDOW)
        {
            self.recent.pop_front();
        }
    }

    /// When the last request that came to green was sent, in seconds after the rollback's command; negative:
    /// before it.
    pub(super) fn last_green_after_command(&self) -> Option<f64> {
        let (command, sent) = (self.rollback?.command.sent, self.last_green_sent?);
        Some(match sent.checked_duration_since(command) {
            Some(after) => after.as_secs_f64(),
            None => -(command - sent).as_secs_f64(),
        })
    }

    /// The last ten seconds, as users met them.
    pub(super) fn window(&self) -> UsersWindow {
        let good = || self.recent.iter().filter_map(|recent| recent.good);
        let whole = sorted_ms(good().map(|times| times.whole));
        let first_byte = sorted_ms(good().map(|times| times.first_byte));
        UsersWindow {
            requests: self.recent.len() as u64,
            errors: (self.recent.len() - whole.len()) as u64,
            p50_ms: at_share(&whole, 0.5),
            p95_ms: at_share(&whole, 0.95),
            first_byte_p50_ms: at_share(&first_byte, 0.5),
        }
    }
}

impl Drawn {
    /// An answer may overtake those of the route before it; they count for neither.
    fn add(&mut self, answered: &Answered) {
        if answered.revision > self.revision {
            *self = Drawn {
                revision: answered.revision,
                ..Drawn::default()
            };
        }
        if answered.revision == self.revision {
            self.all += 1;
            self.green += u64::from(answered.chosen == Side::Green);
        }
    }

    pub(super) fn green_percent(&self) -> Option<f64> {
        (self.all > 0).then(|| 100.0 * self.green as f64 / self.all as f64)
    }
}

impl Sessions {
    fn add(&mut self, session: usize, answered: &Answered) {
        let (Some(side), Some(revision)) = (self.sides.get_mut(session), self.revisions.get_mut(session))
        else {
            return;
        };
        if answered.revision < *revision {
            return;
        }
        let other = side.is_some_and(|side| side != answered.chosen);
        self.moved += u64::from(other && answered.revision == *revision);
        *side = Some(answered.chosen);
        *revision = answered.revision;
    }

    pub(super) fn on(&self, wanted: Side) -> u64 {
        self.sides.iter().filter(|side| **side == Some(wanted)).count() as u64
    }
}

fn sorted_ms(times: impl Iterator<Item = Duration>) -> Vec<f64> {
    let mut times: Vec<f64> = times.map(|time| time.as_secs_f64() * 1000.0).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// The value below which this share of all lies.
fn at_share(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn answered(chosen: Side, revision: u64, at: Instant) -> Answered {
        Answered {
            chosen,
            rescued: false,
            revision,
            first_byte_at: at,
        }
    }

    const ALONE: Ask = Ask {
        stream: false,
        session: None,
    };

    #[test]
    fn the_split_that_users_met_starts_over_with_each_route() {
        let (mut counts, now) = (Counts::default(), Instant::now());
        for (side, revision) in [
            (Side::Blue, 1),
            (Side::Green, 2),
            (Side::Blue, 1),
            (Side::Blue, 2),
        ] {
            counts.add(now, now, ALONE, Ok(answered(side, revision, now)));
        }
        assert_eq!(counts.drawn.green_percent(), Some(50.0));
        assert_eq!(counts.answers, 4);
    }

    #[test]
    fn a_session_may_move_with_the_route_but_not_without_it() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        sessions.add(3, &answered(Side::Blue, 1, now));
        sessions.add(3, &answered(Side::Green, 2, now));
        sessions.add(3, &answered(Side::Blue, 1, now));
        assert_eq!((sessions.moved, sessions.on(Side::Green)), (0, 1));
        sessions.add(3, &answered(Side::Blue, 2, now));
        assert_eq!(sessions.moved, 1);
    }

    #[test]
    fn green_after_a_rollback_counts_only_if_it_was_asked_after_the_answer() {
        let (tally, start) = (Tally::default(), Instant::now());
        let millis = |millis| start + Duration::from_millis(millis);
        tally.rolled_back(Commanded {
            revision: 5,
            sent: millis(100),
            in_force: millis(103),
        });
        let mut counts = tally.counts();
        for (sent, revision) in [(80, 4), (101, 4), (200, 6)] {
            counts.add(
                millis(sent),
                millis(300),
                ALONE,
                Ok(answered(Side::Green, revision, start)),
            );
        }
        assert_eq!(counts.rollback.unwrap().green, 0);
        assert_eq!(counts.last_green_after_command(), Some(0.001));
        counts.add(
            millis(104),
            millis(300),
            ALONE,
            Ok(answered(Side::Green, 5, start)),
        );
        assert_eq!(counts.rollback.unwrap().green, 1);
    }

    #[test]
    fn an_error_is_counted_and_its_first_words_are_kept() {
        let (mut counts, now) = (Counts::default(), Instant::now());
        for _ in 0..5 {
            counts.add(now, now, ALONE, Err("status 502".to_owned()));
        }
        assert_eq!((counts.errors, counts.complaints.len()), (5, COMPLAINTS_KEPT));
        assert_eq!(counts.window().errors, 5);
    }
}
