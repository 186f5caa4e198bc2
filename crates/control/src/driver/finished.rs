//! What a finished request says about a rollout.
//!
//! Left out: requests whose side the client forced, probes, what the gateway itself refused, retries, rescues and
//! fallbacks (only the first attempt was drawn), and clients that left before anything was known. A vendor's 4xx and 5xx
//! count as failures on either side, the caller's own mistakes too: they hit both sides alike and cancel. A 429 says
//! that a vendor is full, which is no failure.
//!
//! A request that goes on elsewhere says early what is known of it: how its first attempt failed, then that blue's answer
//! to it has begun. `Outcome::told` is what was said before, and is not said again.

use decide::evidence::Witness;
use decide::route::Because;
use decide::{Share, Side};
use gateway::{Attempt, End, FailureKind, Outcome, Told, token_of};

use crate::observe::parts::part_of;

/// What one drawn request has shown, at its end or before.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finished {
    pub(super) side: Side,
    pub(super) share: Share,
    pub(super) unit: Option<u64>,
    /// By which it was known while it waited.
    pub(super) token: u64,
    /// From its head to its end.
    pub(super) seconds: f64,
    pub(super) ending: Ending,
    pub(super) witness: Option<(Witness, f64)>,
    /// Of a success.
    pub(super) first_byte: Option<f64>,
    /// How long the first attempt was without a byte.
    pub(super) silent_seconds: f64,
    pub(super) output_tokens: Option<f64>,
    pub(super) time_per_output_token: Option<f64>,
    /// What a success cost, in US dollars, where the price is known.
    pub(super) usd: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ending {
    Succeeded,
    Failed {
        request_id: String,
    },
    OutOfCapacity,
    /// The client left, and the attempt had not failed.
    Left,
    /// How the first attempt failed was said before.
    Told,
}

/// `None` for a request that says nothing.
pub(super) fn finished(outcome: &Outcome) -> Option<Finished> {
    let route = outcome.route?;
    let first = outcome.attempts.first()?;
    let is_left_out = outcome.monitoring || !route.is_drawn() || outcome.told == Told::Rescue;
    if is_left_out || first.failure == Some(FailureKind::Capacity) {
        return None;
    }
    let ending = match (first.failure, outcome.end) {
        (Some(FailureKind::RateLimited), _) => Ending::OutOfCapacity,
        (Some(_), _) => Ending::Failed {
            request_id: outcome.request_id.clone(),
        },
        (None, End::Complete) => Ending::Succeeded,
        (None, End::ClientLeft) => Ending::Left,
        (None, End::Refused(_) | End::Failed(_) | End::Broken(_)) => return None,
    };
    let witness = witness(outcome, first, &ending);
    let ending = match outcome.told {
        Told::Nothing => ending,
        Told::Failure | Told::Rescue => Ending::Told,
    };
    if ending == Ending::Told && witness.is_none() {
        return None;
    }
    let part = part_of(outcome, first.side).filter(|_| ending == Ending::Succeeded);
    let tokens = part
        .map(|part| part.output_tokens as f64)
        .filter(|tokens| *tokens > 0.0);
    let generation = part
        .and_then(|part| part.generation)
        .map(|time| time.as_secs_f64());
    Some(Finished {
        side: first.side,
        share: route.share,
        unit: route.unit,
        token: token_of(&outcome.request_id),
        seconds: outcome.duration.as_secs_f64(),
        witness,
        first_byte: part
            .and(first.first_byte)
            .map(|first_byte| first_byte.as_secs_f64()),
        silent_seconds: first.first_byte.unwrap_or(first.duration).as_secs_f64(),
        output_tokens: tokens,
        time_per_output_token: generation.zip(tokens).map(|(time, tokens)| time / tokens),
        usd: part
            .map(|part| part.cost.get() as f64 / 1e9)
            .filter(|usd| *usd > 0.0),
        ending,
    })
}

/// What blue did with the request that green had, and how long green had it.
fn witness(outcome: &Outcome, first: &Attempt, ending: &Ending) -> Option<(Witness, f64)> {
    if first.side != Side::Green {
        return None;
    }
    let seconds = first.duration.as_secs_f64();
    let rescue = outcome
        .attempts
        .get(1)
        .filter(|attempt| attempt.because == Because::Rescue);
    match (ending, rescue) {
        (Ending::Succeeded, None) => Some((Witness::GreenOk, seconds)),
        (Ending::Failed { .. }, Some(blue)) => match blue.failure {
            None if blue.first_byte.is_some() => Some((Witness::BlueOk, seconds)),
            // Our own limit, or a client that left: blue said nothing.
            None | Some(FailureKind::Capacity) => None,
            Some(_) => Some((Witness::BothFailed, seconds)),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::observe::sample::{answered, failed, ordinary, outcome, refused, rescued, stands_in};

    fn ending(attempts: Vec<Attempt>, end: End) -> Option<Ending> {
        finished(&outcome(attempts, end)).map(|finished| finished.ending)
    }

    #[test]
    fn a_success_says_what_it_cost_where_the_price_is_known() {
        use decide::price::{Dated, Price, Rates};
        let rates = Rates {
            input: "1.00".parse().unwrap(),
            output: "2.00".parse().unwrap(),
            ..Rates::default()
        };
        let mut attempt = answered(Side::Green);
        attempt.price = Some(std::sync::Arc::new(Dated::always(Price::flat(rates))));
        let priced = finished(&outcome(vec![attempt], End::Complete)).unwrap();
        // 12 tokens in and 30 out.
        assert_eq!(priced.usd, Some(0.000_072));
        assert_eq!(finished(&ordinary()).unwrap().usd, None);
    }

    #[test]
    fn a_success_is_measured_and_a_rescue_is_a_failure_of_greens_with_a_witness() {
        let ok = finished(&ordinary()).unwrap();
        assert_eq!(
            (ok.side, &ok.ending, ok.first_byte, ok.witness),
            (Side::Blue, &Ending::Succeeded, Some(0.04), None)
        );
        assert_eq!((ok.output_tokens, ok.share.percent()), (Some(30.0), 10.0));
        let green = finished(&rescued()).unwrap();
        assert!(matches!(green.ending, Ending::Failed { .. }), "{green:?}");
        assert_eq!(
            (green.side, green.witness, green.first_byte),
            (Side::Green, Some((Witness::BlueOk, 0.02)), None)
        );
    }

    #[test]
    fn what_was_said_early_is_not_said_again() {
        let green = || failed(Side::Green, FailureKind::Refused);
        let early = outcome(vec![green()], End::ClientLeft);
        let seen = finished(&early).unwrap();
        assert!(matches!(seen.ending, Ending::Failed { .. }), "{seen:?}");
        assert_eq!(seen.witness, None);
        let told = |attempts, told| {
            finished(&Outcome {
                told,
                ..*outcome(attempts, End::Complete)
            })
        };
        let begun = told(vec![green(), stands_in()], Told::Failure).unwrap();
        assert_eq!(
            (begun.ending, begun.witness),
            (Ending::Told, Some((Witness::BlueOk, 0.02)))
        );
        assert_eq!(told(vec![green(), stands_in()], Told::Rescue), None);
        let retried = vec![green(), answered(Side::Green)];
        assert_eq!(told(retried, Told::Failure), None);
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        let mut probe = ordinary();
        probe.monitoring = true;
        let mut forced = ordinary();
        forced.route.as_mut().unwrap().chosen_because = Because::Header;
        for left_out in [probe, forced, refused()] {
            assert_eq!(finished(&left_out), None, "{left_out:?}");
        }
        let full = vec![failed(Side::Green, FailureKind::Capacity)];
        assert_eq!(ending(full, End::Failed("overloaded")), None);
        assert_eq!(
            ending(vec![answered(Side::Green)], End::ClientLeft),
            Some(Ending::Left)
        );
    }

    #[test]
    fn capacity_is_no_failure_and_a_client_mistake_is_one() {
        let full = vec![failed(Side::Green, FailureKind::RateLimited), stands_in()];
        let seen = finished(&outcome(full, End::Complete)).unwrap();
        assert_eq!((seen.ending, seen.witness), (Ending::OutOfCapacity, None));
        let mistake = vec![failed(Side::Blue, FailureKind::Caller)];
        assert!(matches!(
            ending(mistake, End::Complete),
            Some(Ending::Failed { .. })
        ));
    }

    #[test]
    fn both_failing_is_the_strongest_word_for_green() {
        let blue = Attempt {
            because: Because::Rescue,
            ..failed(Side::Blue, FailureKind::Status)
        };
        let both = vec![failed(Side::Green, FailureKind::Status), blue];
        let seen = finished(&outcome(both, End::Failed("upstream_unavailable"))).unwrap();
        assert_eq!(seen.witness, Some((Witness::BothFailed, 0.02)));
    }
}
