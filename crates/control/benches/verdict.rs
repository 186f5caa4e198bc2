//! From an outcome that is seen to a snapshot without green, under load: the 99th percentile is to be at most 10 ms.
//!
//! The driver with its store in memory; two threads that hand over outcomes as the gateway's workers do, 10,000 a second;
//! green dies, and the rollout is rolled back. The time runs from the moment in which the deciding outcome is handed over
//! to the first look, ten a millisecond, that finds green out of the snapshot. `cargo bench -p control --bench verdict`,
//! with `-- 500` for so many rollouts.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sample;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use control::driver::Driver;
use control::observe::Observatory;
use decide::{Share, Side};
use gateway::{Observer, Shared};
use sample::{house, outcome, start};

/// Of each thread.
const REQUESTS_PER_MILLISECOND: u32 = 5;
const THREADS: u64 = 2;
const LOOK_EVERY: Duration = Duration::from_micros(100);
/// Healthy traffic before green dies.
const HEALTHY: Duration = Duration::from_millis(200);
const USUAL_ROLLOUTS: usize = 200;

#[derive(Default)]
struct Load {
    green_is_dead: AtomicBool,
    is_over: AtomicBool,
    sent: AtomicU64,
    /// When green's failures were handed over.
    failures: Mutex<HashMap<String, Instant>>,
}

fn main() {
    let asked = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok());
    let rollouts = asked.unwrap_or(USUAL_ROLLOUTS);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let mut times = runtime.block_on(measure(rollouts));
    times.sort_unstable();
    show(&times);
}

async fn measure(rollouts: usize) -> Vec<Duration> {
    let observatory = Arc::new(Observatory::new(60));
    let (shared, driver) = house(Arc::clone(&observatory)).await;
    tokio::spawn(Arc::clone(&observatory).watch(Arc::clone(&shared)));
    let load = Arc::new(Load::default());
    for thread in 0..THREADS {
        let (load, shared, observatory) = (Arc::clone(&load), Arc::clone(&shared), Arc::clone(&observatory));
        std::thread::spawn(move || send(thread, &load, &shared, &observatory));
    }
    let began = Instant::now();
    let mut times = Vec::with_capacity(rollouts);
    for _ in 0..rollouts {
        times.push(one_rollout(&driver, &shared, &load).await);
    }
    let rate = load.sent.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    println!("{rollouts} rollouts under {rate:.0} requests a second");
    load.is_over.store(true, Ordering::Relaxed);
    times
}

async fn one_rollout(driver: &Driver, shared: &Arc<Shared>, load: &Arc<Load>) -> Duration {
    load.green_is_dead.store(false, Ordering::Relaxed);
    load.failures.lock().unwrap().clear();
    start(driver).await;
    tokio::time::sleep(HEALTHY).await;
    let watched = Arc::clone(shared);
    let watch = std::thread::spawn(move || {
        while green(&watched) != Share::NONE {
            std::thread::sleep(LOOK_EVERY);
        }
        Instant::now()
    });
    load.green_is_dead.store(true, Ordering::Relaxed);
    let out_at = tokio::task::spawn_blocking(move || watch.join().unwrap())
        .await
        .unwrap();
    let rollout = loop {
        let rollout = driver.board().view("m");
        if rollout["state"] == "rolled_back" && driver.board().under_way("m").is_none() {
            break rollout;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    // The machine looks after every event: the last failure that it names has decided.
    let ids = rollout["verdict"]["request_ids"].as_array().unwrap();
    let decided = ids.last().and_then(serde_json::Value::as_str).unwrap();
    let seen_at = load.failures.lock().unwrap()[decided];
    out_at.saturating_duration_since(seen_at)
}

fn green(shared: &Shared) -> Share {
    shared.snapshot().table.routes[0].green
}

fn send(thread: u64, load: &Load, shared: &Shared, observatory: &Observatory) {
    let mut dice = fastrand::Rng::with_seed(thread);
    let mut number = 0_u64;
    while !load.is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        for _ in 0..REQUESTS_PER_MILLISECOND {
            number += 1;
            let share = green(shared);
            let side = match dice.f64() < share.fraction() {
                true => Side::Green,
                false => Side::Blue,
            };
            let fails = side == Side::Green && load.green_is_dead.load(Ordering::Relaxed);
            let outcome = outcome(format!("{thread}-{number}"), side, share, fails);
            if fails {
                let mut failures = load.failures.lock().unwrap();
                failures.insert(outcome.request_id.clone(), Instant::now());
            }
            observatory.observe(outcome);
        }
        load.sent
            .fetch_add(u64::from(REQUESTS_PER_MILLISECOND), Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(1).saturating_sub(began.elapsed()));
    }
}

fn show(times: &[Duration]) {
    let at = |part: f64| times[((times.len() - 1) as f64 * part).round() as usize].as_secs_f64() * 1_000.0;
    println!(
        "outcome seen to green out: p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
    let mut limit = Duration::from_micros(125);
    let mut below = 0;
    while below < times.len() {
        let count = times.partition_point(|time| *time < limit);
        println!(
            "  < {:>7.3} ms  {:>4}  {}",
            limit.as_secs_f64() * 1_000.0,
            count - below,
            "#".repeat(60 * (count - below) / times.len())
        );
        below = count;
        limit *= 2;
    }
}
