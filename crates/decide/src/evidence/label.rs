//! The prices of the bets: how much more likely an observation is if green is the worse side.
//!
//! Every price has a mean of at most 1 while green is fine, whatever the weight and whatever the
//! failure rate that both sides share. That is all the engine's promise rests on.

use crate::Side;

/// How many times as often a bad green fails. Several, because nobody knows how bad it will be.
pub const ERROR_RATIOS: [f64; 4] = [2.0, 5.0, 20.0, 100.0];
/// How many times as often a bad green has sent nothing by the age at which blue has in 95 of 100.
pub const TAIL_RATIOS: [f64; 3] = [2.0, 5.0, 20.0];
/// A green that fails this many times as often as tolerated.
pub const GUARD_MULTIPLES: [f64; 3] = [2.0, 4.0, 10.0];
/// A single measurement moves the wealth by no more than this, in either direction.
const RANK_RATIO_BOUNDS: (f64, f64) = (0.05, 20.0);

/// What became of a request that green had, where blue could have taken it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    GreenOk,
    /// Green failed before the first byte, blue then answered the same request.
    BlueOk,
    /// Both failed: a common cause, and the strongest word in green's defence.
    BothFailed,
}

/// One bet on witnessed outcomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WitnessStake {
    pub blue_ok: f64,
    pub both_failed: f64,
    /// The largest price of a success that keeps the bet fair or worse for every common failure
    /// rate `p`: `(1-p) * green_ok + p(1-p) * blue_ok + p^2 * both_failed <= 1`.
    pub green_ok: f64,
}

pub const WITNESS_STAKES: [WitnessStake; 4] = [
    WitnessStake {
        blue_ok: 1.1,
        both_failed: 0.25,
        green_ok: 0.996_871_942_266_134_3,
    },
    WitnessStake {
        blue_ok: 1.4,
        both_failed: 0.10,
        green_ok: 0.963_330_765_277_430_2,
    },
    WitnessStake {
        blue_ok: 2.2,
        both_failed: 0.10,
        green_ok: 0.749_545_416_972_754_5,
    },
    WitnessStake {
        blue_ok: 3.6,
        both_failed: 0.02,
        green_ok: 0.186_144_684_872_516_3,
    },
];

/// The price of an observation that a bad green makes `ratio` times as often, for a request that
/// went to `side` when green's weight (0 to 1) was `weight`.
pub fn likelihood_ratio(side: Side, weight: f64, ratio: f64) -> f64 {
    if !(weight > 0.0 && weight < 1.0) {
        // Without both sides in service the side carries no information.
        return 1.0;
    }
    let seen = match side {
        Side::Green => ratio,
        Side::Blue => 1.0,
    };
    seen / (1.0 - weight + weight * ratio)
}

/// The weight to judge a request by that started under one weight and is reported under another.
///
/// Prices fall with the weight for both sides, so the larger one can only lower the evidence; it
/// takes out the bias of one side reporting its failures later than the other. What was in flight
/// when the rollout started is blue with weight 0, and counts with the first weight.
pub fn effective_weight(at_start: f64, at_report: f64) -> f64 {
    at_start.max(at_report)
}

pub fn error_prices(side: Side, weight: f64) -> [f64; 4] {
    ERROR_RATIOS.map(|ratio| likelihood_ratio(side, weight, ratio))
}

pub fn tail_prices(side: Side, weight: f64) -> [f64; 3] {
    TAIL_RATIOS.map(|ratio| likelihood_ratio(side, weight, ratio))
}

/// How many times as likely a measurement at this `rank` (0 to 1) among blue's is on a bad green.
///
/// A bad green's ranks have the density `shape * rank^(shape - 1)` with a shape of 1.5, 3 or 6,
/// spelled out here because a general power costs more than all the rest.
pub fn rank_ratios(rank: f64) -> [f64; 3] {
    let (least, most) = RANK_RATIO_BOUNDS;
    let square = rank * rank;
    [1.5 * rank.sqrt(), 3.0 * square, 6.0 * square * square * rank].map(|ratio| ratio.clamp(least, most))
}

pub fn rank_prices(side: Side, weight: f64, rank: f64) -> [f64; 3] {
    rank_ratios(rank).map(|ratio| likelihood_ratio(side, weight, ratio))
}

/// Needs no concurrent blue traffic, so it works at any weight, 100 % included.
pub fn witness_prices(seen: Witness) -> [f64; 4] {
    WITNESS_STAKES.map(|stake| match seen {
        Witness::GreenOk => stake.green_ok,
        Witness::BlueOk => stake.blue_ok,
        Witness::BothFailed => stake.both_failed,
    })
}

/// Prices without any control: green against the `tolerated` failure rate (0 to 0.5).
pub fn guard_prices(failed: bool, tolerated: f64) -> [f64; 3] {
    GUARD_MULTIPLES.map(|multiple| {
        let bad = (multiple * tolerated).min(0.95);
        if failed {
            bad / tolerated
        } else {
            (1.0 - bad) / (1.0 - tolerated)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_fair_while_the_side_is_a_coin() {
        for weight in [0.01, 0.05, 0.5, 0.95] {
            for ratio in ERROR_RATIOS {
                let green = likelihood_ratio(Side::Green, weight, ratio);
                let blue = likelihood_ratio(Side::Blue, weight, ratio);
                let mean = weight * green + (1.0 - weight) * blue;
                assert!((mean - 1.0).abs() < 1e-12, "{weight} {ratio}: {mean}");
            }
        }
    }

    #[test]
    fn a_witnessed_outcome_is_fair_or_worse_for_every_common_failure_rate() {
        for stake in WITNESS_STAKES {
            let mut dearest: f64 = 0.0;
            for step in 0..10_000 {
                let p = f64::from(step) / 10_000.0;
                let mean =
                    (1.0 - p) * stake.green_ok + p * (1.0 - p) * stake.blue_ok + p * p * stake.both_failed;
                dearest = dearest.max(mean);
            }
            assert!(dearest <= 1.0, "{stake:?}: {dearest}");
            assert!(dearest > 1.0 - 1e-6, "{stake:?} gives money away: {dearest}");
        }
    }
}
