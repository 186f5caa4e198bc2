//! The engine reproduces the reference implementation's numbers to one part in a billion.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use decide::Side;
use decide::evidence::{
    BlueRank, Draw, Engine, Finding, Guard, Metrics, Mixture, Stream, Streams, Tally, Witness,
    effective_weight, error_prices, likelihood_ratio, rank_prices, rank_ratios, tail_prices,
    tolerated_failure_rate, witness_prices,
};
use serde_json::Value;

const CAUTION: f64 = 20.0;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/vectors.json")).unwrap()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("no list {name}"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn side(value: &Value) -> Side {
    if number(value) > 0.5 {
        Side::Green
    } else {
        Side::Blue
    }
}

#[track_caller]
fn same(what: &str, got: f64, want: &Value) {
    let want = number(want);
    let off = (got - want).abs();
    assert!(off <= 1e-9 * want.abs(), "{what}: got {got}, want {want}");
}

fn drawn(side: Side, weight: f64) -> Draw {
    Draw {
        side,
        at_start: weight,
        at_report: weight,
    }
}

fn witness(kind: u64) -> Witness {
    [Witness::GreenOk, Witness::BlueOk, Witness::BothFailed][kind as usize]
}

#[test]
fn prices_are_the_reference_s() {
    let all = vectors();
    for case in list(&all, "lr") {
        let got = likelihood_ratio(side(&case["a"]), number(&case["w"]), number(&case["rho"]));
        same(&format!("lr {case}"), got, &case["lr"]);
    }
    for case in list(&all, "w_eff") {
        let got = effective_weight(number(&case["w_start"]), number(&case["w_now"]));
        same("w_eff", got, &case["w"]);
    }
    for case in list(&all, "latency_rho") {
        let [mild, bad, worst] = rank_ratios(number(&case["r"]));
        let got = match number(&case["theta"]) {
            1.5 => mild,
            3.0 => bad,
            6.0 => worst,
            other => panic!("no shape {other}"),
        };
        same(&format!("latency_rho {case}"), got, &case["rho"]);
    }
    for (place, case) in list(&all, "hard_factors").iter().enumerate() {
        same(
            "green_ok",
            witness_prices(Witness::GreenOk)[place],
            &case["green_ok"],
        );
        same(
            "fail_ok",
            witness_prices(Witness::BlueOk)[place],
            &case["fail_ok"],
        );
        same(
            "fail_fail",
            witness_prices(Witness::BothFailed)[place],
            &case["fail_fail"],
        );
    }
}

#[test]
fn the_shortest_ways_to_a_verdict_are_the_reference_s() {
    let all = vectors();
    for case in list(&all["shortest"], "label") {
        let mut mixture = Mixture::new(20.0);
        for _ in 0..number(&case["green_failures"]) as u32 {
            mixture.settle(error_prices(Side::Green, number(&case["w"])), Tally::default());
        }
        same(&format!("label {case}"), mixture.evidence(), &case["e"]);
    }
    let case = &all["shortest"]["witnessed"];
    let mut mixture = Mixture::new(200.0);
    for _ in 0..number(&case["green_failures"]) as u32 {
        mixture.settle(witness_prices(Witness::BlueOk), Tally::default());
    }
    same("witnessed", mixture.evidence(), &case["e"]);
}

/// Plays one recorded sequence; `prices` reads an event's numbers.
fn play<const N: usize>(sequences: &Value, name: &str, patience: f64, prices: impl Fn(&[Value]) -> [f64; N]) {
    let mut mixture = Mixture::new(patience);
    for (place, line) in list(sequences, name).iter().enumerate() {
        match list(line, "op") {
            [op] if op == "change" => mixture.weight_changed(),
            [_, event @ ..] => mixture.settle(prices(event), Tally::default()),
            other => panic!("{other:?}"),
        }
        same(&format!("{name}[{place}]"), mixture.evidence(), &line["e"]);
    }
}

#[test]
fn sequences_of_events_earn_what_they_earn_in_the_reference() {
    let all = vectors();
    let sequences = &all["sequences"];
    for name in [
        "error_hard_fail",
        "error_mixed",
        "error_common_outage",
        "error_full_weight",
    ] {
        play(sequences, name, 20.0, |e| {
            error_prices(side(&e[0]), number(&e[1]))
        });
    }
    for name in ["hard", "hard_common_outage"] {
        play(sequences, name, 200.0, |e| {
            witness_prices(witness(number(&e[0]) as u64))
        });
    }
    play(sequences, "latency", 200.0, |e| {
        rank_prices(side(&e[0]), number(&e[1]), number(&e[2]))
    });
    play(sequences, "tail", 50.0, |e| {
        tail_prices(side(&e[0]), number(&e[1]))
    });
    assert_eq!(
        sequences.as_object().unwrap().len(),
        8,
        "every sequence is played"
    );
}

/// The generator that the vectors were made with.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = (1_664_525 * self.0 + 1_013_904_223) % (1 << 32);
        (self.0 as f64 + 0.5) / (1u64 << 32) as f64
    }

    /// Seconds, about log-normal around 0.45 s.
    fn latency(&mut self) -> f64 {
        let bell = (0..6).map(|_| self.roll()).sum::<f64>() - 3.0;
        (0.45_f64.ln() + 0.7 * 2.0_f64.sqrt() * bell).exp()
    }
}

#[test]
fn ranks_and_quantiles_are_the_reference_s() {
    let all = vectors();
    let mut blue: BlueRank<256> = BlueRank::new(0.001, 600.0);
    for case in list(&all, "bucket") {
        let got = blue.bucket(number(&case["seconds"]));
        assert_eq!(got as f64, number(&case["bucket"]), "{case}");
    }
    let mut dice = Dice(7);
    for _ in 0..120 {
        blue.add(dice.latency());
    }
    let want = &all["rank"];
    same("n", blue.remembered(), &want["n"]);
    same("p50", blue.quantile(0.5), &want["p50"]);
    same("p95", blue.quantile(0.95), &want["p95"]);
    for case in list(want, "ranks") {
        same(
            &format!("rank {case}"),
            blue.rank(number(&case["seconds"])),
            &case["r"],
        );
    }
}

/// One request of the recorded traffic, as the reference drew it.
fn request(engine: &mut Engine, dice: &mut Dice, case: &Value, weight: f64) {
    let side = if dice.roll() < weight {
        Side::Green
    } else {
        Side::Blue
    };
    let (chance, slowdown) = match side {
        Side::Green => (number(&case["p_green"]), number(&case["mult_green"])),
        Side::Blue => (number(&case["p_blue"]), number(&case["mult_blue"])),
    };
    let failed = dice.roll() < chance;
    let seconds = dice.latency() * slowdown;
    let blue_fails = dice.roll() < number(&case["p_blue"]);
    let slow_after = engine.slow_after();
    let draw = drawn(side, weight);
    engine.outcome(draw, failed, 0.0);
    if side == Side::Green {
        let seen = match (failed, blue_fails) {
            (false, _) => Witness::GreenOk,
            (true, false) => Witness::BlueOk,
            (true, true) => Witness::BothFailed,
        };
        engine.witnessed(seen, 0.0);
    }
    if !failed {
        engine.first_byte(draw, seconds, 0.0);
        engine.aged(draw, seconds > slow_after, 0.0);
    }
}

fn evidence_is(engine: &Engine, want: &Value, what: &str) {
    for stream in [Stream::Error, Stream::Hard, Stream::Latency, Stream::Tail] {
        let name = stream.name();
        same(&format!("{what} {name}"), engine.evidence(stream), &want[name]);
    }
}

fn rollback_is(engine: &Engine, finding: Finding, n: u64, case: &Value) {
    let want = &case["rollback"];
    assert_eq!(n as f64, number(&want["request"]), "seed {}", case["seed"]);
    let Finding::Regression(stream) = finding else {
        panic!("{finding:?}")
    };
    assert!(list(want, "why").contains(&stream.name().into()), "{stream:?}");
    evidence_is(engine, &want["e"], "rollback");
    same(
        "error effect",
        engine.effect(Stream::Error),
        &want["error_effect"],
    );
    same(
        "latency effect",
        engine.effect(Stream::Latency),
        &want["latency_effect"],
    );
}

#[test]
fn whole_rollouts_are_judged_as_by_the_reference() {
    let all = vectors();
    for case in list(&all, "engine") {
        let (mut engine, mut dice) = (Engine::default(), Dice(number(&case["seed"]) as u64));
        let (mut n, mut rolled_back, mut trace) = (0, false, list(case, "trace").iter());
        for (place, phase) in list(case, "phases").iter().enumerate() {
            if place > 0 && n < number(&list(case, "trace").last().unwrap()["n"]) as u64 {
                engine.weight_changed();
            }
            for _ in 0..number(&phase[1]) as u64 {
                n += 1;
                request(&mut engine, &mut dice, case, number(&phase[0]));
                let finding = engine.finding(&Metrics::STANDARD, CAUTION, Streams::default());
                if matches!(finding, Finding::Regression(_)) && !rolled_back {
                    rolled_back = true;
                    rollback_is(&engine, finding, n, case);
                }
                if n.is_multiple_of(100) {
                    let Some(want) = trace.next() else { break };
                    evidence_is(&engine, want, &format!("seed {} n {n}", case["seed"]));
                    let told = match finding {
                        Finding::Fine => "ok",
                        Finding::Caution(_) => "caution",
                        Finding::Regression(_) => "rollback",
                    };
                    assert_eq!(want["decision"], told, "seed {} n {n}", case["seed"]);
                }
            }
        }
        assert_eq!(trace.len(), 0, "the whole trace was compared");
        assert_eq!(rolled_back, !case["rollback"].is_null(), "seed {}", case["seed"]);
    }
}

#[test]
fn the_guard_rises_and_calms_down_as_in_the_reference() {
    let all = vectors();
    let case = &all["guard"];
    let (fire, cap) = (
        number(&all["constants"]["guard"]["fire"]),
        number(&all["constants"]["guard"]["cap"]),
    );
    let tolerated = tolerated_failure_rate(number(&case["x_b"]), number(&case["n_b"]));
    same("null rate", tolerated, &case["null_rate"]);
    let mut guard = Guard::default();
    for (place, step) in list(case, "steps").iter().enumerate() {
        guard.green_outcome(number(&step["failed"]) > 0.5, tolerated, fire);
        same(&format!("step {place}"), guard.evidence(), &step["e"]);
        assert_eq!(step["active"], guard.is_active(), "step {place}");
        let weight = if guard.is_active() { cap } else { 0.95 };
        same("weight", weight, &step["weight"]);
    }
}
