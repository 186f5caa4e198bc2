//! The two scripts, and what is read from their answers.

use std::sync::LazyLock;
use std::time::Duration;

use decide::limit::TICKS_PER_SECOND;
use gateway::{Asked, Bucket, Granted, Leave, Left, Limit, Met, Standing};
use redis::aio::MultiplexedConnection;
use redis::{RedisError, Script};

/// How long a request's place is held for a gateway that says nothing more of it: one that was killed gives its
/// places back after this. Longer than an answer usually takes at most.
const LEASE: Duration = Duration::from_secs(900);

/// Ticks in one of Redis's: a sixteenth of a microsecond.
const TICKS: u64 = TICKS_PER_SECOND / 16_000_000;

static ENTER: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("enter.lua")));
static LEAVE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("leave.lua")));

pub(super) async fn enter(connection: &MultiplexedConnection, asked: &Asked) -> Result<Granted, RedisError> {
    let mut call = ENTER.prepare_invoke();
    call.arg(name_of(asked)).arg(asked.tokens).arg(LEASE.as_secs());
    for bucket in &asked.buckets {
        for part in ["r", "t", "c"] {
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

pub(super) async fn leave(connection: &MultiplexedConnection, leave: &Leave) -> Result<(), RedisError> {
    let asked = &leave.asked;
    let mut call = LEAVE.prepare_invoke();
    call.arg(name_of(asked)).arg(asked.tokens).arg(leave.used);
    for bucket in &asked.buckets {
        call.key(key(bucket, "t")).key(key(bucket, "c"));
        call.arg(bucket.limits.tokens_per_minute.unwrap_or(0));
    }
    call.invoke_async::<u64>(&mut connection.clone()).await.map(drop)
}

fn name_of(asked: &Asked) -> String {
    format!("{:016x}", asked.id)
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
