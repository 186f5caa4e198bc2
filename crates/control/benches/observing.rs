//! What it costs that a finished request is known: on the request path, where its record is handed over, and on the
//! control plane's threads, where it is folded into statistics, without a rollout and with one that judges it.
//!
//! What judging then costs in the rollout itself is `decide`'s bench `observe`. `cargo bench -p control --bench observing`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sample;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use control::observe::Observatory;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use decide::{Share, Side};
use gateway::{Observer, Outcome};

/// Fits the queue with room to spare.
const BATCH: u64 = 8_192;

// They are handed over in boxes, which are made while nobody measures.
#[allow(clippy::vec_box)]
fn outcomes() -> Vec<Box<Outcome>> {
    let share = Share::from_percent(25.0).unwrap();
    let side = |number| if number % 4 == 0 { Side::Green } else { Side::Blue };
    (0..BATCH)
        .map(|number| sample::outcome(format!("req_{number:032x}"), side(number), share, false))
        .collect()
}

/// Batches are made and taken out again while nobody measures.
fn timed(
    rounds: u64,
    observatory: &Observatory,
    mut hand_over: impl FnMut(Vec<Box<Outcome>>) -> Duration,
    mut fold: impl FnMut() -> Duration,
) -> [Duration; 2] {
    let mut times = [Duration::ZERO; 2];
    for _ in 0..rounds.div_ceil(BATCH) {
        times[0] += hand_over(outcomes());
        times[1] += fold();
        assert_eq!(observatory.dropped(), 0);
    }
    times.map(|time| time.mul_f64(rounds as f64 / (rounds.div_ceil(BATCH) * BATCH) as f64))
}

fn observing(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut group = criterion.benchmark_group("a finished request");
    group.throughput(Throughput::Elements(1));
    for (handed_over, folded, is_judged) in [
        ("handed over", "folded", false),
        ("handed over, a rollout", "folded, a rollout", true),
    ] {
        let observatory = Arc::new(Observatory::new(60));
        let (_, driver) = runtime.block_on(sample::house(Arc::clone(&observatory)));
        if is_judged {
            runtime.block_on(sample::start(&driver));
        }
        let hand_over = |outcomes: Vec<Box<Outcome>>| {
            let began = Instant::now();
            for outcome in outcomes {
                observatory.observe(black_box(outcome));
            }
            began.elapsed()
        };
        let fold = || {
            let began = Instant::now();
            black_box(observatory.window("m", Side::Blue));
            let time = began.elapsed();
            // The rollout takes what was put into its inbox.
            runtime.block_on(async {
                for _ in 0..BATCH {
                    tokio::task::yield_now().await;
                }
            });
            time
        };
        for (name, which) in [(handed_over, 0), (folded, 1)] {
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|rounds| timed(rounds, &observatory, hand_over, fold)[which]);
            });
        }
        if is_judged {
            let judged = driver.board().view("m");
            assert!(judged["checks"][1]["n_blue"].as_u64() > Some(BATCH), "{judged:#}");
        }
    }
    group.finish();
}

criterion_group!(benches, observing);
criterion_main!(benches);
