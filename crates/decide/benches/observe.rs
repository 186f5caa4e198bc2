//! What judging a request costs, its whole way through `step`: at most 300 ns, whatever it shows.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use decide::evidence::Witness;
use decide::rollout::{Event, Observation, Plan, Probe, Seen, State, Verb, step};
use decide::{Share, Side};

/// A rollout in its first phase, with blue well known.
fn under_way(plan: &Plan) -> State {
    let mut state = State::new(Share::NONE, 0.0);
    let start = Event::Operator {
        verb: Verb::Start,
        note: None,
    };
    state = step(plan, state, start, 0.0).state;
    for n in 0..2000 {
        let seconds = 0.2 + f64::from(n % 100) / 100.0;
        let observation = Observation {
            side: Side::Blue,
            share: Share::NONE,
            unit: None,
            seen: &whole(seconds, Some(Seen::Succeeded)),
        };
        state = step(plan, state, Event::Observed(observation), 0.0).state;
    }
    for _ in 0..20 {
        state = step(plan, state, Event::Probed(Probe::Passed), 0.0).state;
    }
    state
}

/// All that a request shows that took this long.
fn whole<'a>(seconds: f64, end: Option<Seen<'a>>) -> Vec<Seen<'a>> {
    let measured = [
        Seen::Aged { slow: false },
        Seen::FirstByte { seconds },
        Seen::TimePerOutputToken {
            seconds: seconds / 50.0,
        },
        Seen::OutputTokens {
            tokens: 40.0 + seconds,
        },
        Seen::Cost {
            usd: seconds / 1000.0,
        },
    ];
    measured.into_iter().chain(end).collect()
}

fn requests(criterion: &mut Criterion) {
    let Some(Ok(plan)) = Plan::built_in("safe") else {
        return;
    };
    let request_id = "req_0123456789abcdef0123456789abcdef";
    let witnessed = |witness| Seen::Witnessed {
        witness,
        green_seconds: 0.1,
    };
    let mut of_green = whole(0.7, Some(witnessed(Witness::GreenOk)));
    of_green.push(Seen::Succeeded);
    let kinds = [
        ("of blue", Side::Blue, whole(0.7, Some(Seen::Succeeded))),
        ("of green", Side::Green, of_green),
        (
            "that green failed",
            Side::Green,
            vec![witnessed(Witness::BlueOk), Seen::Failed { request_id }],
        ),
        ("that blue failed", Side::Blue, vec![Seen::Failed { request_id }]),
        ("that is slow", Side::Green, vec![Seen::Aged { slow: true }]),
    ];
    let mut group = criterion.benchmark_group("a request");
    for (name, side, seen) in kinds {
        let fresh = under_way(&plan);
        let observation = Observation {
            side,
            share: Share::from_hundredths(500).unwrap_or(Share::NONE),
            unit: None,
            seen: &seen,
        };
        // What fails rolls back soon, so each eight begin with the same states, near the processor as under load. The first step of a state is left out: it
        // asks to be woken for writing down.
        let first = |state: &State| step(&plan, state.clone(), Event::Observed(observation), 0.0).state;
        group.throughput(Throughput::Elements(1));
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || first(&fresh),
                |state| black_box(step(&plan, state, Event::Observed(black_box(observation)), 0.001)),
                BatchSize::NumIterations(8),
            );
        });
    }
    group.finish();
}

criterion_group!(benches, requests);
criterion_main!(benches);
