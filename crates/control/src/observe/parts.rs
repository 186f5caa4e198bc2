//! What one finished request says of each environment it used.
//!
//! One rule for every ending: an environment failed the request if the last thing it was asked for
//! this request failed, and that was not the caller's own mistake. So a retry that helped is no
//! error, a green that blue had to stand in for is, and a client that left is nobody's.

use std::time::Duration;

use decide::Side;
use decide::money::Nano;
use decide::route::Because;
use gateway::{Attempt, End, FailureKind, Outcome};

/// One environment's part in one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    pub failed: bool,
    /// It had the last word: the client's answer came from here.
    pub answered: bool,
    /// From its first attempt's start to its last one's end; only of good answers, since a fast
    /// error is not a fast environment.
    pub latency: Option<Duration>,
    /// To the answer's first byte that says anything.
    pub first_byte: Option<Duration>,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// What is known of what it cost.
    pub cost: Nano,
    /// The time in which `output_tokens` of a good answer were made, as far as it can be seen.
    pub generation: Option<Duration>,
}

/// The part of one side; `None` if the request never used it.
pub fn part_of(outcome: &Outcome, side: Side) -> Option<Part> {
    let mut attempts = of_side(outcome, side);
    let first = attempts.next()?;
    let last = attempts.next_back().unwrap_or(first);
    let usage = of_side(outcome, side).filter_map(|attempt| attempt.usage);
    let (input_tokens, output_tokens) = usage.fold((0, 0), |(input, output), usage| {
        (input + usage.input_tokens, output + usage.output_tokens)
    });
    let costs = of_side(outcome, side).filter_map(|attempt| attempt.cost(outcome.at).known());
    let good = last.failure.is_none() && outcome.end == End::Complete;
    let before = last.started.saturating_sub(first.started);
    Some(Part {
        failed: is_environments(last),
        answered: outcome
            .attempts
            .last()
            .is_some_and(|attempt| attempt.side == side),
        latency: good.then_some(before + last.duration),
        first_byte: last.first_byte.map(|first_byte| before + first_byte),
        input_tokens,
        output_tokens,
        // More than an account can hold is a mistake in a price, and no reason to lose the rest.
        cost: Nano::sum(costs).unwrap_or(Nano::MAX),
        generation: (good && output_tokens > 0).then(|| generation(outcome, last)),
    })
}

fn of_side(outcome: &Outcome, side: Side) -> impl DoubleEndedIterator<Item = &Attempt> {
    outcome
        .attempts
        .iter()
        .filter(move |attempt| attempt.side == side)
}

/// Whether the attempt failed by the environment's doing.
pub fn is_environments(attempt: &Attempt) -> bool {
    attempt.failure.is_some_and(|kind| kind != FailureKind::Caller)
}

/// Whether somebody may want to act on this record at once: green failed.
pub fn is_urgent(outcome: &Outcome) -> bool {
    outcome
        .attempts
        .iter()
        .any(|attempt| attempt.side == Side::Green && is_environments(attempt))
}

/// Whether blue was asked to stand in for green.
pub fn is_rescue(outcome: &Outcome) -> bool {
    outcome
        .attempts
        .iter()
        .any(|attempt| attempt.because == Because::Rescue)
}

/// A stream shows when its first token came, a whole answer only when its last one did.
fn generation(outcome: &Outcome, last: &Attempt) -> Duration {
    let after_first = last.first_byte.map(|first| last.duration.saturating_sub(first));
    match after_first {
        Some(rest) if outcome.stream && !rest.is_zero() => rest,
        _ => last.duration,
    }
}

/// How a request ended, in the words of metrics, logs and `explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Ok,
    /// The vendor did not take the request, and the caller can tell why.
    CallerError,
    /// Nothing was sent upstream.
    Refused,
    /// No attempt gave an answer.
    Failed,
    /// A stream broke after its first byte.
    Broken,
    ClientLeft,
}

impl Ending {
    pub fn of(outcome: &Outcome) -> Ending {
        match outcome.end {
            End::Complete if outcome.status < 400 => Ending::Ok,
            End::Complete => Ending::CallerError,
            End::Refused(_) => Ending::Refused,
            End::Failed(_) => Ending::Failed,
            End::Broken(_) => Ending::Broken,
            End::ClientLeft => Ending::ClientLeft,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Ending::Ok => "ok",
            Ending::CallerError => "caller_error",
            Ending::Refused => "refused",
            Ending::Failed => "failed",
            Ending::Broken => "broken",
            Ending::ClientLeft => "client_left",
        }
    }
}

/// How one attempt ended, in the same words. `last` is whether none came after it.
pub fn attempt_outcome(outcome: &Outcome, attempt: &Attempt, last: bool) -> &'static str {
    match attempt.failure {
        Some(kind) => kind.name(),
        None if last && outcome.end == End::ClientLeft => Ending::ClientLeft.name(),
        None => Ending::Ok.name(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::observe::sample::{answered, failed, ms, outcome, refused, rescued, stands_in};

    /// `requests errors` of blue and of green.
    fn counted(outcome: &Outcome) -> [Option<bool>; 2] {
        [Side::Blue, Side::Green].map(|side| part_of(outcome, side).map(|part| part.failed))
    }

    #[test]
    fn each_ending_is_an_error_of_whom_it_was() {
        use FailureKind::{Caller, IdleTimeout, RateLimited, Reset, Status};
        let (blue, green) = (Side::Blue, Side::Green);
        let (fine, error, unused) = (Some(false), Some(true), None);
        let rows = [
            (
                "answered",
                outcome(vec![answered(blue)], End::Complete),
                [fine, unused],
            ),
            ("refused", refused(), [unused, unused]),
            ("rescued", rescued(), [fine, error]),
            (
                "a retry that helped",
                outcome(vec![failed(green, Reset), answered(green)], End::Complete),
                [unused, fine],
            ),
            (
                "both failed",
                outcome(
                    vec![failed(green, Status), failed(blue, RateLimited)],
                    End::Failed("x"),
                ),
                [error, error],
            ),
            (
                "the caller's mistake",
                outcome(vec![failed(green, Caller)], End::Complete),
                [unused, fine],
            ),
            (
                "a broken stream",
                outcome(vec![failed(green, IdleTimeout)], End::Broken(IdleTimeout)),
                [unused, error],
            ),
            (
                "left before an answer",
                outcome(vec![answered(green)], End::ClientLeft),
                [unused, fine],
            ),
            (
                "left while blue stood in",
                outcome(vec![failed(green, Status), stands_in()], End::ClientLeft),
                [fine, error],
            ),
        ];
        for (name, outcome, expected) in rows {
            assert_eq!(counted(&outcome), expected, "{name}");
        }
    }

    #[test]
    fn a_side_is_timed_by_its_own_attempts() {
        let blue = part_of(&rescued(), Side::Blue).unwrap();
        assert_eq!((blue.latency, blue.first_byte), (Some(ms(100)), Some(ms(40))));
        let retried = vec![
            failed(Side::Blue, FailureKind::Reset),
            Attempt {
                started: ms(30),
                ..answered(Side::Blue)
            },
        ];
        let blue = part_of(&outcome(retried, End::Complete), Side::Blue).unwrap();
        assert_eq!((blue.latency, blue.first_byte), (Some(ms(130)), Some(ms(70))));
    }

    #[test]
    fn bad_answers_and_unfinished_ones_are_not_timed() {
        let bad = [
            outcome(vec![failed(Side::Blue, FailureKind::Status)], End::Failed("x")),
            outcome(vec![failed(Side::Blue, FailureKind::Caller)], End::Complete),
            outcome(vec![answered(Side::Blue)], End::ClientLeft),
        ];
        for outcome in bad {
            let part = part_of(&outcome, Side::Blue).unwrap();
            assert_eq!((part.latency, part.generation), (None, None), "{outcome:?}");
        }
    }

    #[test]
    fn a_stream_is_timed_from_its_first_byte() {
        let mut request = outcome(vec![answered(Side::Blue)], End::Complete);
        assert_eq!(part_of(&request, Side::Blue).unwrap().generation, Some(ms(100)));
        request.stream = true;
        assert_eq!(part_of(&request, Side::Blue).unwrap().generation, Some(ms(60)));
    }

    #[test]
    fn what_green_failed_is_urgent_and_nothing_else() {
        use FailureKind::{Caller, Status};
        assert!(is_urgent(&rescued()));
        for calm in [
            outcome(vec![failed(Side::Blue, Status)], End::Failed("x")),
            outcome(vec![failed(Side::Green, Caller)], End::Complete),
            outcome(vec![answered(Side::Green)], End::Complete),
        ] {
            assert!(!is_urgent(&calm), "{calm:?}");
        }
    }
}
