//! What a key's limits add to a request: taking it, saying what is left, settling it.
//!
//!     cargo bench -p gateway --bench limits
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use gateway::{KeyLimits, Limits, Meters};

/// Large enough that nothing is refused.
const LIMITS: Limits = Limits {
    requests_per_minute: Some(1_000_000_000),
    tokens_per_minute: Some(1_000_000_000_000),
    concurrent_requests: Some(1_000),
};

fn limits(bench: &mut Criterion) {
    let meters = Meters::default();
    let of_key = KeyLimits {
        all: LIMITS,
        by_model: BTreeMap::new(),
    };
    let of_model = KeyLimits {
        all: LIMITS,
        by_model: BTreeMap::from([("gpt-4.1".to_owned(), LIMITS)]),
    };
    for (name, limits) in [
        ("a key's three limits", of_key),
        ("and three of a model", of_model),
    ] {
        let meter = meters.of(&name.into(), &limits).unwrap();
        let mut now = 0;
        bench.bench_function(name, |bencher| {
            bencher.iter(|| {
                now += 64_000;
                let entered = meter.enter("gpt-4.1", black_box(1_500), 1, now);
                let standing = meter.standing("gpt-4.1", 1, now);
                meter.leave("gpt-4.1", 1_500, black_box(700), 1, now);
                black_box((entered, standing))
            });
        });
    }
    let body = vec![b'a'; 2_048];
    bench.bench_function("the tokens of a prompt of 2 KiB", |bencher| {
        bencher.iter(|| dialect::prompt_tokens(black_box(&body)));
    });
    let long = "a word and another one, ".repeat(5_000);
    bench.bench_function("the tokens of a prompt of 117 KiB", |bencher| {
        bencher.iter(|| dialect::prompt_tokens(black_box(long.as_bytes())));
    });
}

criterion_group!(benches, limits);
criterion_main!(benches);
