//! Limits that two gateways share, through the Redis at 127.0.0.1:6379 (`CROSSFADE_TEST_REDIS` names another).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod proxy;

use std::sync::Arc;
use std::time::{Duration, Instant};

use control::config::Secret;
use control::limiter::RedisLimiter;
use gateway::{Asked, Bucket, Granted, Leave, Limit, Limits, SharedLimiter};
use proxy::{Mode, Proxy};
use testkit::wait;

const SOON: Duration = Duration::from_secs(10);

fn redis() -> String {
    std::env::var("CROSSFADE_TEST_REDIS").unwrap_or_else(|_| "127.0.0.1:6379".to_owned())
}

async fn limiter(address: &str) -> Arc<RedisLimiter> {
    let address: Secret = format!("redis://{address}/7").parse().unwrap();
    let limiter = RedisLimiter::start(&address).unwrap();
    wait::until("the limiter is up", SOON, || limiter.is_up()).await;
    limiter
}

/// A request of a key that no other test has.
fn asked(key: &Arc<str>, limits: Limits, tokens: u64) -> Asked {
    let bucket = Bucket {
        key: Arc::clone(key),
        model: None,
        limits,
    };
    Asked {
        buckets: vec![bucket],
        id: fastrand::u64(..),
        tokens,
    }
}

fn key() -> Arc<str> {
    format!("test-{:016x}", fastrand::u64(..)).into()
}

fn requests(count: u64) -> Limits {
    Limits {
        requests_per_minute: Some(count),
        ..Limits::default()
    }
}

fn passed(granted: Option<Granted>) -> bool {
    granted.expect("an answer in time").met.is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_let_through_what_one_limit_says() {
    let gateways = [limiter(&redis()).await, limiter(&redis()).await];
    let key = key();
    let mut tasks = Vec::new();
    for number in 0..60 {
        let (gateway, asked) = (Arc::clone(&gateways[number % 2]), asked(&key, requests(10), 0));
        tasks.push(tokio::spawn(async move {
            // A machine that is busy building may be late; what was granted late is given back.
            loop {
                if let Some(granted) = gateway.enter(asked.clone()).await {
                    return granted.met;
                }
                tokio::task::yield_now().await;
            }
        }));
    }
    let mut through = 0;
    for task in tasks {
        match task.await.unwrap() {
            None => through += 1,
            Some(met) => assert_eq!((met.limit, met.size), (Limit::Requests, 10)),
        }
    }
    assert_eq!(through, 10);
    wait::until("both are heard", SOON, || {
        gateways.iter().all(|gateway| gateway.gateways() >= 2)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_settled_and_places_are_given_back() {
    let gateway = limiter(&redis()).await;
    let key = key();
    let limits = Limits {
        tokens_per_minute: Some(1_000),
        concurrent_requests: Some(2),
        ..Limits::default()
    };
    let first = asked(&key, limits, 900);
    let granted = gateway.enter(first.clone()).await.unwrap();
    assert_eq!(granted.standing.tokens.unwrap().remaining, 100);
    let second = gateway.enter(asked(&key, limits, 900)).await.unwrap();
    assert_eq!(second.met.unwrap().limit, Limit::Tokens);
    gateway.leave(Leave {
        asked: first,
        used: 50,
    });
    let third = asked(&key, limits, 900);
    wait::until_async("the tokens are there again", SOON, async || {
        gateway
            .enter(third.clone())
            .await
            .is_some_and(|granted| granted.met.is_none())
    })
    .await;
    let small = asked(&key, limits, 1);
    assert!(passed(gateway.enter(small).await));
    let full = gateway.enter(asked(&key, limits, 1)).await.unwrap();
    assert_eq!(full.met.unwrap().limit, Limit::Concurrent);
    gateway.leave(Leave {
        asked: third,
        used: 900,
    });
    wait::until_async("a place is free", SOON, async || {
        gateway
            .enter(asked(&key, limits, 1))
            .await
            .is_some_and(|granted| granted.met.is_none())
    })
    .await;
}

/// With a lease of two seconds, to keep the test short.
fn of_two_seconds() -> Arc<RedisLimiter> {
    let address: Secret = format!("redis://{}/7", redis()).parse().unwrap();
    RedisLimiter::start_with(&address, Duration::from_secs(2)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_kept_while_its_gateway_lives_and_is_free_soon_after_it_was_killed() {
    let other = of_two_seconds();
    wait::until("the other is up", SOON, || other.is_up()).await;
    let key = key();
    let one = Limits {
        concurrent_requests: Some(1),
        ..Limits::default()
    };
    // A gateway is a runtime here: what ends with it is what ends with a process.
    let first = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let of_first = first.handle().clone();
    let taken = asked(&key, one, 0);
    let place = of_first.spawn(async move {
        let limiter = of_two_seconds();
        loop {
            let granted = limiter.enter(taken.clone()).await;
            if granted.is_some_and(|granted| granted.met.is_none()) {
                return limiter;
            }
            tokio::task::yield_now().await;
        }
    });
    let _limiter = place.await.unwrap();
    let try_once = async || other.enter(asked(&key, one, 0)).await;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(5) {
        if let Some(granted) = try_once().await {
            assert_eq!(
                granted.met.unwrap().limit,
                Limit::Concurrent,
                "{:?}",
                started.elapsed()
            );
        }
        tokio::task::yield_now().await;
    }
    first.shutdown_background();
    let killed = Instant::now();
    wait::until_async("the place is free", SOON, async || {
        try_once().await.is_some_and(|granted| granted.met.is_none())
    })
    .await;
    assert!(
        killed.elapsed() < Duration::from_secs(4),
        "{:?}",
        killed.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_takes_nothing_of_any_limit() {
    let gateway = limiter(&redis()).await;
    let key = key();
    let mut both = asked(&key, requests(10), 0);
    both.buckets.push(Bucket {
        key: Arc::clone(&key),
        model: Some("m".to_owned()),
        limits: requests(1),
    });
    let first = gateway.enter(both.clone()).await.unwrap();
    assert_eq!((first.met, first.standing.requests.unwrap().remaining), (None, 0));
    for _ in 0..5 {
        let met = gateway.enter(both.clone()).await.unwrap().met.unwrap();
        assert_eq!((met.limit, met.size), (Limit::Requests, 1));
        assert!(met.wait.unwrap() > 0);
    }
    let alone = gateway.enter(asked(&key, requests(10), 0)).await.unwrap();
    assert_eq!(alone.standing.requests.unwrap().remaining, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_stalls_is_left_alone_until_it_answers_and_one_that_is_gone_is_found_again() {
    let proxy = Proxy::start(redis()).await;
    let gateway = limiter(&proxy.address()).await;
    let key = key();
    let enter = async || gateway.enter(asked(&key, requests(1_000), 0)).await;
    for mode in [Mode::Stall, Mode::Close] {
        proxy.set(mode);
        let began = Instant::now();
        wait::until_async("the breaker opens", SOON, async || {
            enter().await;
            !gateway.is_up()
        })
        .await;
        assert!(began.elapsed() < SOON);
        // Nobody waits any more.
        assert!(enter().await.is_none());
        assert!(gateway.gateways() >= 1);
        proxy.set(Mode::Pass);
        wait::until("it is up again", SOON, || gateway.is_up()).await;
        wait::until_async("it answers again", SOON, async || enter().await.is_some()).await;
    }
    assert!(gateway.late() >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_after_nobody_waits_any_more_is_given_back() {
    let gateway = limiter(&redis()).await;
    let key = key();
    let limits = Limits {
        tokens_per_minute: Some(1_000),
        concurrent_requests: Some(1),
        ..requests(1)
    };
    // Dropped at once: the answer finds nobody.
    drop(gateway.enter(asked(&key, limits, 1_000)));
    wait::until_async("all of it is there again", SOON, async || {
        let asked = asked(&key, limits, 1_000);
        gateway
            .enter(asked)
            .await
            .is_some_and(|granted| granted.met.is_none())
    })
    .await;
}
