//! The two scripts, and what is read from their answers.

use std::sync::LazyLock;
use std::time::Duration;

use decide::limit::TICKS_PER_SECOND;
use gateway::{Asked, Bucket, Granted, Leave, Left, Limit, Met, Standing};
use redis::aio::MultiplexedConnection;
use redis::{RedisError, Script};

/// Ticks in one of Redis's: a sixteenth of a microsecond.
const TICKS: u64 = TICKS_PER_SECOND / 16_000_000;

/// What is kept of a bucket: of requests, tokens, and the requests under way.
const PARTS: [&str; 3] = ["r", "t", UNDER_WAY];
const UNDER_WAY: &str = "c";

static ENTER: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("enter.lua")));
static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("renew.lua")));
static LEAVE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("leave.lua")));

pub(super) async fn enter(
    connection: &MultiplexedConnection,
    asked: &Asked,
    lease: Duration,
) -> Result<Granted, RedisError> {
    let mut call = ENTER.prepare_invoke();
    call.arg(name_of(asked.id)).arg(asked.tokens).arg(millis(lease));
    for bucket in &asked.buckets {
        for part in PARTS {
            call.key(key(bucket, part));
        }
        let limits = &bucket.limits;
        for limit in [
            limits.requests_per_minute,
            limits.tokens_per_minute,
            limits.concurrent_requests,
        ] {
            call.arg(limit.unwrap_or(0));
        }
    }
    let (met, requests, tokens): (Vec<u64>, Vec<u64>, Vec<u64>) =
        call.invoke_async(&mut connection.clone()).await?;
    Ok(Granted {
        met: met_of(&met),
        standing: Standing {
            requests: left_of(&requests),
            tokens: left_of(&tokens),
        },
    })
}

/// A request that was taken has ended.
pub(super) async fn leave(connection: &MultiplexedConnection, leave: &Leave) -> Result<(), RedisError> {
    settle(connection, &leave.asked, leave.used, 0).await
}

/// A request that was taken has never been: nobody waited for the answer any more.
pub(super) async fn undo(connection: &MultiplexedConnection, asked: &Asked) -> Result<(), RedisError> {
    settle(connection, asked, 0, 1).await
}

async fn settle(
    connection: &MultiplexedConnection,
    asked: &Asked,
    used: u64,
    requests_back: u64,
) -> Result<(), RedisError> {
    let mut call = LEAVE.prepare_invoke();
    call.arg(name_of(asked.id))
        .arg(asked.tokens)
        .arg(used)
        .arg(requests_back);
    for bucket in &asked.buckets {
        for part in PARTS {
            call.key(key(bucket, part));
        }
        call.arg(bucket.limits.requests_per_minute.unwrap_or(0));
        call.arg(bucket.limits.tokens_per_minute.unwrap_or(0));
    }
    call.invoke_async::<u64>(&mut connection.clone()).await.map(drop)
}

/// Under which names a request has places.
pub(super) fn places(asked: &Asked) -> impl Iterator<Item = String> {
    let limited = asked.buckets.iter();
    let limited = limited.filter(|bucket| bucket.limits.concurrent_requests.is_some());
    limited.map(|bucket| key(bucket, UNDER_WAY))
}

/// These requests are still under way.
pub(super) async fn renew(
    connection: &MultiplexedConnection,
    place: &str,
    ids: impl IntoIterator<Item = u64>,
    lease: Duration,
) -> Result<(), RedisError> {
    let mut call = RENEW.prepare_invoke();
    call.key(place).arg(millis(lease));
    for id in ids {
        call.arg(name_of(id));
    }
    call.invoke_async::<u64>(&mut connection.clone()).await.map(drop)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn name_of(id: u64) -> String {
    format!("{id:016x}")
}

/// All of a key's buckets lie on one machine of a cluster: what is in braces decides.
fn key(bucket: &Bucket, part: &str) -> String {
    let Bucket { key, model, .. } = bucket;
    match model {
        None => format!("crossfade:limit:{{{key}}}:{part}"),
        Some(model) => format!("crossfade:limit:{{{key}}}:{part}:{model}"),
    }
}

fn met_of(met: &[u64]) -> Option<Met> {
    let [kind, size, wait] = met else { return None };
    let limit = match kind {
        1 => Limit::Requests,
        2 => Limit::Tokens,
        _ => Limit::Concurrent,
    };
    Some(Met {
        limit,
        size: *size,
        wait: Some(wait.saturating_mul(TICKS)),
    })
}

fn left_of(left: &[u64]) -> Option<Left> {
    let [limit, remaining, reset] = left else {
        return None;
    };
    Some(Left {
        limit: *limit,
        remaining: *remaining,
        reset: reset.saturating_mul(TICKS),
    })
}
