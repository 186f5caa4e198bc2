//! Requests that arrive at random, are drawn for a side, succeed, fail, hang, and are rescued.
//!
//! What is reported, and when, is what a gateway would: failures when they happen, first bytes as
//! they come, an outcome at the end of an answer, an age when it is reached.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use decide::evidence::Witness;
use decide::rollout::{Event, Observation, Plan, Probe, Seen, Stage, State, Verb, step};
use decide::{Share, Side};

/// How one side behaves.
#[derive(Clone, Copy)]
pub(crate) struct Conduct {
    pub(crate) fails: f64,
    /// No first byte, until the time-out.
    pub(crate) hangs: f64,
    pub(crate) slowdown: f64,
}

/// 1 % of errors, and a first byte after about half a second.
pub(crate) const GOOD: Conduct = Conduct {
    fails: 0.01,
    hangs: 0.0,
    slowdown: 1.0,
};

const TIMEOUT_SECONDS: f64 = 60.0;
const PRECHECK_SECONDS: f64 = 10.0;

pub(crate) struct World {
    pub(crate) requests_per_second: f64,
    pub(crate) green: Conduct,
    /// Green is good until it has this share, for this long.
    pub(crate) turns_bad_at: Option<(Share, f64)>,
    /// Now and then both sides fail together.
    pub(crate) outages: bool,
    /// Every request belongs to a session, and some sessions are in trouble of their own.
    pub(crate) sessions: bool,
    /// Whether the rollout is told which.
    pub(crate) tells_units: bool,
    pub(crate) longest_seconds: f64,
}

impl World {
    pub(crate) fn with(green: Conduct) -> World {
        World {
            requests_per_second: 10.0,
            green,
            turns_bad_at: None,
            outages: false,
            sessions: false,
            tells_units: true,
            longest_seconds: 40_000.0,
        }
    }
}

/// How a rollout ended.
pub(crate) struct End {
    pub(crate) stage: Stage,
    pub(crate) cause: Option<&'static str>,
    /// Requests to green since it was bad, and of those, answers that neither side gave.
    pub(crate) green_requests: u64,
    pub(crate) user_failures: u64,
    pub(crate) requests: u64,
}

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.roll()).ln()
    }

    /// Log-normal: a median of 0.45 s, and 1.4 s at the 95th percentile.
    fn first_byte(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.roll()).ln()).sqrt();
        let bell = radius * (std::f64::consts::TAU * self.roll()).cos();
        0.45 * (0.7 * bell).exp()
    }
}

/// A unit that stays on its side, and whose own trouble it takes to either.
#[derive(Clone, Copy)]
struct Session {
    id: u64,
    /// Green's as long as the share is above it.
    point: f64,
    fails: f64,
}

const OPEN_SESSIONS: usize = 100;
/// Their requests fail on either side: too long a context, a malformed tool.
const TROUBLED_SESSIONS: f64 = 0.03;

impl Drawn {
    fn trouble(self) -> f64 {
        self.session.map_or(0.0, |session| session.fails)
    }
}

/// One request.
#[derive(Clone, Copy)]
struct Drawn {
    side: Side,
    share: Share,
    session: Option<Session>,
}

enum Due {
    Arrival,
    PrecheckPassed,
    Seen(Drawn, Seen<'static>),
    /// Green failed after this long: blue gets the same request.
    Rescue(Drawn, f64),
}

struct Queued {
    at: f64,
    due: Due,
}

impl Ord for Queued {
    /// The earliest is the greatest, as the heap wants it.
    fn cmp(&self, other: &Queued) -> Ordering {
        other.at.total_cmp(&self.at)
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Queued) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Queued) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Queued {}

struct Run<'a> {
    plan: &'a Plan,
    world: &'a World,
    dice: Dice,
    queue: BinaryHeap<Queued>,
    sessions: Vec<Session>,
    state: Option<State>,
    now: f64,
    /// Of the outages: when the present or next one begins and ends, and how bad it is.
    outage: (f64, f64, Conduct),
    bad_since: Option<f64>,
    in_share_since: Option<f64>,
    green_requests: u64,
    user_failures: u64,
    requests: u64,
}

pub(crate) fn run(plan: &Plan, world: &World, seed: u64) -> End {
    let mut run = Run {
        plan,
        world,
        dice: Dice(seed),
        queue: BinaryHeap::new(),
        sessions: Vec::new(),
        state: Some(State::new(Share::NONE, 0.0)),
        now: 0.0,
        outage: (0.0, 0.0, GOOD),
        bad_since: world.turns_bad_at.is_none().then_some(0.0),
        in_share_since: None,
        green_requests: 0,
        user_failures: 0,
        requests: 0,
    };
    run.hear(Event::Operator {
        verb: Verb::Start,
        note: None,
    });
    run.later(0.0, Due::Arrival);
    run.later(PRECHECK_SECONDS, Due::PrecheckPassed);
    while let Some(next) = run.queue.pop() {
        run.now = next.at;
        run.happens(next.due);
        if !run.state().stage().is_judged() || run.now > world.longest_seconds {
            break;
        }
    }
    End {
        stage: run.state().stage(),
        cause: run.state().verdict().map(|verdict| verdict.cause.name()),
        green_requests: run.green_requests,
        user_failures: run.user_failures,
        requests: run.requests,
    }
}

impl Run<'_> {
    fn state(&self) -> &State {
        self.state.as_ref().unwrap()
    }

    fn hear(&mut self, event: Event<'_>) {
        let state = self.state.take().unwrap();
        self.state = Some(step(self.plan, state, event, self.now).state);
    }

    fn later(&mut self, seconds: f64, due: Due) {
        let at = self.now + seconds;
        self.queue.push(Queued { at, due });
    }

    fn happens(&mut self, due: Due) {
        match due {
            Due::Arrival => {
                self.arrives();
                let gap = self.dice.exponential(1.0 / self.world.requests_per_second);
                self.later(gap, Due::Arrival);
            }
            Due::PrecheckPassed => {
                while self.state().stage() == Stage::Prechecking {
                    self.hear(Event::Probed(Probe::Passed));
                }
            }
            Due::Seen(drawn, seen) => self.hear(Event::Observed(Observation {
                side: drawn.side,
                share: drawn.share,
                unit: drawn
                    .session
                    .filter(|_| self.world.tells_units)
                    .map(|session| session.id),
                seen: &[seen],
            })),
            Due::Rescue(drawn, green_seconds) => {
                let fails = self.conduct(Side::Blue).fails.max(drawn.trouble());
                let failed = self.dice.roll() < fails;
                self.user_failures += u64::from(failed);
                let witness = if failed {
                    Witness::BothFailed
                } else {
                    Witness::BlueOk
                };
                let seconds = self.dice.first_byte();
                let seen = Seen::Witnessed {
                    witness,
                    green_seconds,
                };
                self.later(seconds, Due::Seen(drawn, seen));
            }
        }
    }

    /// How a side behaves now.
    fn conduct(&mut self, side: Side) -> Conduct {
        let base = match side {
            Side::Green if self.is_bad() => self.world.green,
            Side::Green | Side::Blue => GOOD,
        };
        if !self.world.outages {
            return base;
        }
        while self.now > self.outage.1 {
            let begins = self.outage.1 + self.dice.exponential(300.0);
            let ends = begins + 10.0 + 170.0 * self.dice.roll();
            let worse = Conduct {
                fails: self.dice.roll().powi(2),
                hangs: 0.1 * self.dice.roll(),
                slowdown: 1.0 + 4.0 * self.dice.roll(),
            };
            self.outage = (begins, ends, worse);
        }
        let (begins, _, worse) = self.outage;
        if self.now < begins {
            return base;
        }
        Conduct {
            fails: base.fails + worse.fails * (1.0 - base.fails),
            hangs: base.hangs.max(worse.hangs),
            slowdown: base.slowdown * worse.slowdown,
        }
    }

    fn is_bad(&mut self) -> bool {
        if let Some((share, seconds)) = self.world.turns_bad_at {
            if self.state().share() == share && self.in_share_since.is_none() {
                self.in_share_since = Some(self.now);
            }
            if self.bad_since.is_none()
                && self
                    .in_share_since
                    .is_some_and(|since| self.now - since >= seconds)
            {
                self.bad_since = Some(self.now);
            }
        }
        self.bad_since.is_some()
    }

    /// A request of its own is drawn on its own; one of a session goes where the session goes.
    fn draws(&mut self) -> Drawn {
        let share = self.state().share();
        let roll = self.dice.roll();
        let session = self.world.sessions.then(|| self.some_session());
        let point = session.map_or(roll, |session| session.point);
        let side = if point < share.fraction() {
            Side::Green
        } else {
            Side::Blue
        };
        Drawn { side, share, session }
    }

    /// One of the sessions that are open; each ends after thirty requests on average.
    fn some_session(&mut self) -> Session {
        let place = (self.dice.roll() * OPEN_SESSIONS as f64) as usize;
        let ends = self.dice.roll() < 1.0 / 30.0;
        if self.sessions.len() <= place || ends {
            let (id, point, trouble) = (self.dice.roll().to_bits(), self.dice.roll(), self.dice.roll());
            let fails = if trouble < TROUBLED_SESSIONS { 0.7 } else { 0.0 };
            let session = Session { id, point, fails };
            if self.sessions.len() <= place {
                self.sessions.push(session);
                return session;
            }
            self.sessions[place] = session;
        }
        self.sessions[place]
    }

    fn arrives(&mut self) {
        self.requests += 1;
        let drawn = self.draws();
        let side = drawn.side;
        let conduct = self.conduct(side);
        if side == Side::Green && self.is_bad() {
            self.green_requests += 1;
        }
        let slow_after = self.state().slow_after();
        let first_byte = self.dice.first_byte() * conduct.slowdown;
        let hangs = self.dice.roll() < conduct.hangs;
        let fails = hangs || self.dice.roll() < conduct.fails.max(drawn.trouble());
        let ends = match (hangs, fails) {
            (true, _) => TIMEOUT_SECONDS,
            // A refusal is quicker than an answer.
            (false, true) => 0.1 * first_byte,
            (false, false) => first_byte.min(TIMEOUT_SECONDS),
        };
        if slow_after < ends || !fails {
            let slow = ends > slow_after;
            let seen = Seen::Aged { slow };
            if slow_after.is_finite() {
                self.later(ends.min(slow_after), Due::Seen(drawn, seen));
            }
        }
        if fails {
            let seen = Seen::Failed {
                request_id: "simulated",
            };
            self.later(ends, Due::Seen(drawn, seen));
            if side == Side::Green {
                self.later(ends, Due::Rescue(drawn, ends));
            }
            return;
        }
        let seen = Seen::FirstByte { seconds: ends };
        self.later(ends, Due::Seen(drawn, seen));
        let answered = ends + 2.0 * self.dice.roll();
        self.later(answered, Due::Seen(drawn, Seen::Succeeded));
        if side == Side::Green {
            let seen = Seen::Witnessed {
                witness: Witness::GreenOk,
                green_seconds: answered,
            };
            self.later(answered, Due::Seen(drawn, seen));
        }
    }
}
