//! The heartbeat: it connects, finds out whether Redis answers in time, and how many gateways there are.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use tokio::time::{Instant, MissedTickBehavior, timeout};

use super::{Connected, RedisLimiter, WAIT, calls};

const BEAT_EVERY: Duration = Duration::from_millis(500);
/// A gateway that was not heard for so long takes no share any more.
const HEARD_WITHIN_SECONDS: u64 = 5;
/// Connecting may take longer than an answer.
const CONNECT: Duration = Duration::from_secs(1);
/// After that a command is given up; requests have long gone on by then.
const COMMAND: Duration = Duration::from_secs(2);

/// After so many missed beats another connection is tried: one whose other end is gone without a word never
/// breaks by itself.
const RENEW_AFTER: u32 = 4;

/// Tells the others that this gateway is there, and counts them.
const BEAT: &str = "
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('EXPIRE', KEYS[1], 60)
return redis.call('ZCARD', KEYS[1])";

impl RedisLimiter {
    pub(super) async fn keep_beating(self: Arc<Self>) {
        let name = format!("{:016x}", fastrand::u64(..));
        let mut ticks = tokio::time::interval(BEAT_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut said_down = false;
        let mut missed = 0;
        let mut renewed = Instant::now();
        loop {
            ticks.tick().await;
            match self.beat(&name).await {
                Ok(gateways) => {
                    self.state.gateways.store(gateways, Ordering::Relaxed);
                    self.state.failures.store(0, Ordering::Relaxed);
                    if !self.state.up.swap(true, Ordering::Relaxed) {
                        tracing::info!(gateways, "limits are shared with the other gateways");
                    }
                    said_down = false;
                    missed = 0;
                    self.renew_places(&mut renewed).await;
                }
                Err(reason) => {
                    missed += 1;
                    if missed >= RENEW_AFTER {
                        missed = 0;
                        self.state.connection.store(None);
                    }
                    let was_up = self.state.up.swap(false, Ordering::Relaxed);
                    if was_up || !said_down {
                        tracing::warn!(
                            reason,
                            "the shared limiter cannot be used; this gateway takes its share of each limit"
                        );
                    }
                    said_down = true;
                }
            }
        }
    }

    /// Three times a lease, so that one missed beat costs no place.
    async fn renew_places(&self, renewed: &mut Instant) {
        if renewed.elapsed() < self.lease / 3 {
            return;
        }
        let Some(connected) = self.state.connection.load_full() else {
            return;
        };
        for (place, ids) in self.state.places.taken() {
            if let Err(error) = calls::renew(&connected.0, &place, ids, self.lease).await {
                tracing::debug!(%error, "places of requests under way were not renewed");
                return;
            }
        }
        *renewed = Instant::now();
    }

    /// The number of gateways.
    async fn beat(&self, name: &str) -> Result<u64, String> {
        let mut connection = self.connection().await?;
        let script = redis::Script::new(BEAT);
        let mut call = script.prepare_invoke();
        call.key("crossfade:gateways").arg(name).arg(HEARD_WITHIN_SECONDS);
        match timeout(WAIT, call.invoke_async::<u64>(&mut connection)).await {
            Ok(Ok(gateways)) => Ok(gateways.max(1)),
            Ok(Err(error)) => {
                // A connection that is broken never recovers; the next beat makes another.
                self.state.connection.store(None);
                Err(error.kind_text())
            }
            Err(_) => Err(format!("no answer within {WAIT:?}")),
        }
    }

    async fn connection(&self) -> Result<MultiplexedConnection, String> {
        if let Some(connected) = self.state.connection.load_full() {
            return Ok(connected.0.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(COMMAND));
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        let connection = connecting.await.map_err(|error| error.kind_text())?;
        self.state
            .connection
            .store(Some(Arc::new(Connected(connection.clone()))));
        Ok(connection)
    }
}

/// What went wrong, without anything that was sent.
trait KindText {
    fn kind_text(&self) -> String;
}

impl KindText for redis::RedisError {
    fn kind_text(&self) -> String {
        self.category().to_owned()
    }
}
