//! Limits that several gateways share, kept in Redis or Valkey.
//!
//! The arithmetic of `decide::limit` runs there as a script, so a request is one round trip and one decision. The
//! clock is Redis's own: gateways need not agree on the time.
//!
//! A request waits at most [`WAIT`] for it. After [`FAILURES`] such waits in a row nobody asks any more until a
//! heartbeat gets through; meanwhile each gateway goes by its own meters and takes its share, as many as
//! gateways were heard last. What Redis granted after nobody waited any more is given back.
//!
//! A request's place of `concurrent_requests` is leased: the gateway renews it while the request is under way, and one
//! that was killed gives its places back when [`LEASE`] is over.

mod beat;
mod calls;
mod places;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use gateway::{Asked, Granted, Leave, SharedLimiter};
use redis::aio::MultiplexedConnection;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::config::Secret;
use places::Places;

/// The longest that a request waits for an answer.
pub const WAIT: Duration = Duration::from_millis(20);

/// How long a place is held for a gateway that says nothing more of it: six heartbeats may be missed at least, and
/// a Redis that is away for less loses no place.
pub const LEASE: Duration = Duration::from_secs(15);

/// So many late answers in a row, and nobody asks until a heartbeat gets through.
const FAILURES: u32 = 3;

/// The address cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("'limiter' is no address of a Redis: {0}")]
pub struct BadAddress(String);

/// Keeps limits in Redis, for this gateway and all others that use the same one.
#[derive(Debug)]
pub struct RedisLimiter {
    client: redis::Client,
    /// Where connections live; requests come from other threads.
    runtime: Handle,
    state: Arc<State>,
    lease: Duration,
}

#[derive(Debug)]
struct State {
    connection: ArcSwapOption<Connected>,
    /// Whether requests ask; a heartbeat sets it, failures take it away.
    up: AtomicBool,
    failures: AtomicU32,
    gateways: AtomicU64,
    /// Answers that came too late, or not.
    late: AtomicU64,
    places: Places,
}

/// A connection has no text of its own for debugging.
struct Connected(MultiplexedConnection);

impl std::fmt::Debug for Connected {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Connected")
    }
}

impl RedisLimiter {
    /// Connects in the background, on the runtime that calls this, and begins to share limits as soon as that
    /// has succeeded.
    ///
    /// # Errors
    /// [`BadAddress`] for what is no `redis://` address.
    pub fn start(address: &Secret) -> Result<Arc<RedisLimiter>, BadAddress> {
        RedisLimiter::start_with(address, LEASE)
    }

    /// The same with another lease than [`LEASE`], for all gateways on this Redis.
    ///
    /// # Errors
    /// As [`RedisLimiter::start`].
    pub fn start_with(address: &Secret, lease: Duration) -> Result<Arc<RedisLimiter>, BadAddress> {
        // The library's own words may hold the address, and with it a password.
        let client = redis::Client::open(address.expose())
            .map_err(|error| BadAddress(error.detail().unwrap_or("it cannot be read").to_owned()))?;
        let limiter = Arc::new(RedisLimiter {
            client,
            runtime: Handle::current(),
            lease,
            state: Arc::new(State {
                connection: ArcSwapOption::empty(),
                up: AtomicBool::new(false),
                failures: AtomicU32::new(0),
                gateways: AtomicU64::new(1),
                late: AtomicU64::new(0),
                places: Places::default(),
            }),
        });
        let beating = Arc::clone(&limiter);
        tokio::spawn(async move { beating.keep_beating().await });
        Ok(limiter)
    }

    /// Whether requests are decided together now.
    pub fn is_up(&self) -> bool {
        self.state.up.load(Ordering::Relaxed)
    }

    /// Answers that came too late, or not at all.
    pub fn late(&self) -> u64 {
        self.state.late.load(Ordering::Relaxed)
    }
}

impl SharedLimiter for RedisLimiter {
    fn enter(&self, asked: Asked) -> Pin<Box<dyn Future<Output = Option<Granted>> + Send>> {
        let state = Arc::clone(&self.state);
        let connected = state.connection.load_full().filter(|_| self.is_up());
        let Some(connected) = connected else {
            return Box::pin(std::future::ready(None));
        };
        let (tell, told) = oneshot::channel();
        let waiting = Waiting {
            told,
            undo: Undo {
                state: Arc::clone(&state),
                runtime: self.runtime.clone(),
                connected: Arc::clone(&connected),
                asked: asked.clone(),
            },
        };
        let lease = self.lease;
        let places = Arc::clone(&state);
        self.runtime.spawn(async move {
            let granted = calls::enter(&connected.0, &asked, lease).await;
            if let Err(error) = &granted {
                tracing::debug!(%error, "the shared limiter did not answer");
            }
            let taken = granted.as_ref().is_ok_and(|granted| granted.met.is_none());
            if taken {
                places.places.take(&asked);
            }
            // Whoever asked has decided alone since then, or is gone: nobody would ever give it back.
            if tell.send(granted.ok()).is_err() && taken {
                places.places.leave(&asked);
                let _ = calls::undo(&connected.0, &asked).await;
            }
        });
        Box::pin(async move {
            let mut waiting = waiting;
            let granted = tokio::time::timeout(WAIT, &mut waiting.told).await.ok();
            let granted = granted.and_then(Result::ok).flatten();
            state.note(granted.is_some());
            granted
        })
    }

    fn leave(&self, leave: Leave) {
        self.state.places.leave(&leave.asked);
        let Some(connected) = self.state.connection.load_full() else {
            return;
        };
        self.runtime.spawn(async move {
            if let Err(error) = calls::leave(&connected.0, &leave).await {
                // The place is free when its lease ends; the tokens stay reserved for at most a minute.
                tracing::debug!(%error, "the shared limiter was not told of a request's end");
            }
        });
    }

    fn gateways(&self) -> u64 {
        self.state.gateways.load(Ordering::Relaxed).max(1)
    }
}

/// Whoever waits for an answer. It may leave just when that is there: then it is taken back.
struct Waiting {
    told: oneshot::Receiver<Option<Granted>>,
    undo: Undo,
}

struct Undo {
    state: Arc<State>,
    runtime: Handle,
    connected: Arc<Connected>,
    asked: Asked,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.told.close();
        let unheard = self.told.try_recv().ok().flatten();
        if unheard.is_some_and(|granted| granted.met.is_none()) {
            let Undo {
                state,
                runtime,
                connected,
                asked,
            } = &self.undo;
            state.places.leave(asked);
            let (connected, asked) = (Arc::clone(connected), asked.clone());
            runtime.spawn(async move { calls::undo(&connected.0, &asked).await });
        }
    }
}

impl State {
    fn note(&self, answered: bool) {
        if answered {
            self.failures.store(0, Ordering::Relaxed);
            return;
        }
        self.late.fetch_add(1, Ordering::Relaxed);
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures >= FAILURES && self.up.swap(false, Ordering::Relaxed) {
            tracing::warn!(
                gateways = self.gateways.load(Ordering::Relaxed),
                "the shared limiter does not answer in time; this gateway takes its share of each limit until it does"
            );
        }
    }
}
