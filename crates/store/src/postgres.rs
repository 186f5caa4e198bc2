//! What is particular to Postgres: the pool and the limits that the server keeps on our behalf.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgPool};

use crate::database::{ACQUIRE_TIMEOUT, in_time};
use crate::{StoreError, schema};

/// Enough for the control plane of one gateway; Postgres allows 100 in all by default, for all gateways together.
const CONNECTIONS: u32 = 8;

/// A connection that nobody used for this long is closed.
const IDLE: Duration = Duration::from_secs(300);

/// Set on each connection rather than in the address, because poolers refuse start-up options. The lock limit is
/// `LOCK_TIMEOUT`, the others end work that its gateway has given up on: without them a gateway that froze inside a
/// transaction would hold up all the others. The last one keeps notices out of our log.
const SESSION: &str = "SET lock_timeout = '2s'; SET statement_timeout = '4s'; \
                       SET idle_in_transaction_session_timeout = '5s'; SET client_min_messages = 'warning'";

pub(crate) async fn open(address: &PgConnectOptions) -> Result<PgPool, StoreError> {
    let mut options = address.clone().disable_statement_logging();
    if options.get_application_name().is_none() {
        options = options.application_name("crossfade");
    }
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(SESSION).await?;
                Ok(())
            })
        })
        .connect_lazy_with(options.clone());
    match pool.acquire().await {
        Ok(mut first) => schema::migrate_postgres(&mut first).await?,
        // The pool tried again and again, as is right while both are starting up, and forgot why it failed.
        Err(sqlx::Error::PoolTimedOut) => {
            in_time(ACQUIRE_TIMEOUT, async { Ok(options.connect().await?) })
                .await?
                .close()
                .await?;
            return Err(sqlx::Error::PoolTimedOut.into());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(pool)
}
