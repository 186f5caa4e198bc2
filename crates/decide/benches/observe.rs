//! What an observation costs on its way through `step`: at most 300 ns, whatever it is.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
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
        let seen = Seen::FirstByte {
            seconds: 0.2 + f64::from(n % 100) / 100.0,
        };
        let observation = Observation {
            side: Side::Blue,
            share: Share::NONE,
            unit: None,
            seen,
        };
        state = step(plan, state, Event::Observed(observation), 0.0).state;
    }
    for _ in 0..20 {
        state = step(plan, state, Event::Probed(Probe::Passed), 0.0).state;
    }
    state
}

fn observations(criterion: &mut Criterion) {
    let Some(Ok(plan)) = Plan::built_in("safe") else {
        return;
    };
    let mut group = criterion.benchmark_group("observe");
    let kinds = [
        ("succeeded", Side::Green, Seen::Succeeded),
        (
            "failed",
            Side::Blue,
            Seen::Failed {
                request_id: "request",
            },
        ),
        (
            "witnessed",
            Side::Green,
            Seen::Witnessed {
                witness: Witness::GreenOk,
                green_seconds: 0.1,
            },
        ),
        ("first byte", Side::Blue, Seen::FirstByte { seconds: 0.7 }),
        ("aged", Side::Green, Seen::Aged { slow: false }),
        ("cost", Side::Blue, Seen::Cost { usd: 0.01 }),
    ];
    for (name, side, seen) in kinds {
        let mut state = Some(under_way(&plan));
        let mut now = 0.0;
        group.throughput(Throughput::Elements(1));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                now += 0.0001;
                let share = Share::from_hundredths(500).unwrap_or(Share::NONE);
                let event = Event::Observed(Observation {
                    side,
                    share,
                    unit: None,
                    seen,
                });
                let before = state.take().unwrap_or_else(|| under_way(&plan));
                let stepped = step(&plan, before, black_box(event), now);
                black_box(stepped.report);
                state = Some(stepped.state);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, observations);
criterion_main!(benches);
