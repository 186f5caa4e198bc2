//! What to do when an attempt failed before the client saw a byte: try again, let blue answer for
//! green, go to a fallback, or say so.

use crate::Side;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub side: Side,
    /// The client named the side: its error is what the client wants to see.
    pub forced: bool,
    /// Attempts at the environment that is being tried, this one included.
    pub tries: u32,
    /// Green failed before.
    pub rescued: bool,
    /// Index of the fallback that is being tried.
    pub fallback: Option<usize>,
}

impl Position {
    pub fn start(side: Side, forced: bool) -> Position {
        Position {
            side,
            forced,
            tries: 1,
            rescued: false,
            fallback: None,
        }
    }
}

/// What the failure means for the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The caller's own mistake, which no other vendor would mend.
    Caller,
    /// The vendor's trouble, likely gone on a second try.
    Passing,
    /// The vendor's trouble, likely to stay.
    Lasting,
}

/// What the deployment allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    pub rescue: bool,
    /// Fallbacks of the environment that is being tried.
    pub fallbacks: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Retry,
    /// Blue answers.
    Rescue,
    Fallback(usize),
    GiveUp,
}

/// Attempts at one environment, first and retry.
const TRIES: u32 = 2;

/// Decides the next attempt; `budget` takes a retry out of the upstream's budget, if it has one.
///
/// A rescue needs no budget: with a dead green every second request may need one, and each goes
/// to the other environment, once.
pub fn next(at: Position, verdict: Verdict, allowed: Allowed, budget: impl FnOnce() -> bool) -> Next {
    if verdict == Verdict::Caller {
        return Next::GiveUp;
    }
    if at.side == Side::Green && allowed.rescue && !at.forced {
        return Next::Rescue;
    }
    let may_retry = verdict == Verdict::Passing && at.fallback.is_none() && !at.rescued && at.tries < TRIES;
    if may_retry && budget() {
        return Next::Retry;
    }
    let following = at.fallback.map_or(0, |index| index + 1);
    if !at.forced && following < allowed.fallbacks {
        return Next::Fallback(following);
    }
    Next::GiveUp
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLUE: Position = Position {
        side: Side::Blue,
        forced: false,
        tries: 1,
        rescued: false,
        fallback: None,
    };
    const GREEN: Position = Position {
        side: Side::Green,
        ..BLUE
    };
    const ALL: Allowed = Allowed {
        rescue: true,
        fallbacks: 2,
    };
    const NONE: Allowed = Allowed {
        rescue: false,
        fallbacks: 0,
    };

    #[test]
    fn the_next_step_row_by_row() {
        use {Next::*, Verdict::*};
        let rows = [
            (GREEN, Lasting, ALL, Rescue),
            (GREEN, Passing, ALL, Rescue),
            (GREEN, Caller, ALL, GiveUp),
            (
                Position {
                    forced: true,
                    ..GREEN
                },
                Passing,
                ALL,
                Retry,
            ),
            (
                Position {
                    forced: true,
                    tries: 2,
                    ..GREEN
                },
                Passing,
                ALL,
                GiveUp,
            ),
            (Position { forced: true, ..BLUE }, Lasting, ALL, GiveUp),
            (GREEN, Passing, NONE, Retry),
            (GREEN, Lasting, NONE, GiveUp),
            (BLUE, Passing, NONE, Retry),
            (Position { tries: 2, ..BLUE }, Passing, NONE, GiveUp),
            (Position { tries: 2, ..BLUE }, Passing, ALL, Fallback(0)),
            (BLUE, Lasting, ALL, Fallback(0)),
            (BLUE, Caller, ALL, GiveUp),
            (
                Position {
                    fallback: Some(0),
                    ..BLUE
                },
                Passing,
                ALL,
                Fallback(1),
            ),
            (
                Position {
                    fallback: Some(1),
                    ..BLUE
                },
                Passing,
                ALL,
                GiveUp,
            ),
            (
                Position {
                    rescued: true,
                    ..BLUE
                },
                Passing,
                ALL,
                Fallback(0),
            ),
            (
                Position {
                    rescued: true,
                    ..BLUE
                },
                Passing,
                NONE,
                GiveUp,
            ),
        ];
        for (at, verdict, allowed, expected) in rows {
            assert_eq!(
                next(at, verdict, allowed, || true),
                expected,
                "{at:?} {verdict:?} {allowed:?}"
            );
        }
    }

    #[test]
    fn without_budget_nothing_is_retried_but_rescue_goes_on() {
        assert_eq!(next(BLUE, Verdict::Passing, NONE, || false), Next::GiveUp);
        assert_eq!(next(BLUE, Verdict::Passing, ALL, || false), Next::Fallback(0));
        assert_eq!(next(GREEN, Verdict::Passing, ALL, || false), Next::Rescue);
    }

    #[test]
    fn no_request_goes_round_for_ever() {
        for start in [BLUE, GREEN] {
            let (mut at, mut steps) = (start, 0);
            loop {
                steps += 1;
                at = match next(at, Verdict::Passing, ALL, || true) {
                    Next::Retry => Position {
                        tries: at.tries + 1,
                        ..at
                    },
                    Next::Rescue => Position {
                        rescued: true,
                        ..BLUE
                    },
                    Next::Fallback(index) => Position {
                        fallback: Some(index),
                        ..at
                    },
                    Next::GiveUp => break,
                };
            }
            assert_eq!(steps, 4, "{start:?}");
        }
    }
}
