//! One piece of portable SQL, run on whichever database this is.
//!
//! Both databases understand the SQL of this room (`$1`, `RETURNING`, `ON CONFLICT`), but sqlx gives each its own
//! types, and its type-erased driver is broken on Postgres. So the Rust around a statement is compiled twice, once for
//! each, by [`on_database!`]: the only macro here, and the only place with two arms.
//!
//! Nothing waits for ever. A connection is handed out within [`ACQUIRE_TIMEOUT`], the work on it ends within
//! [`OPERATION_TIMEOUT`], and a connection that failed is thrown away instead of being given to the next one.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::{PgPool, SqlitePool};

use crate::url::Location;
use crate::{StoreError, StoreUrl, postgres, sqlite};

/// The longest a statement or transaction may take. The databases' own limits (busy, lock and statement timeouts) are
/// shorter, so that normally they give up first and say why.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest wait for a connection, opening one included.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a lock held by somebody else is waited for: above any honest transaction here, below [`OPERATION_TIMEOUT`].
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// Opening waits for another gateway that is just bringing the tables up to date.
const OPEN_TIMEOUT: Duration = Duration::from_secs(30);

/// The store, open. A clone is the same store.
#[derive(Clone)]
pub struct Store(Arc<Opened>);

struct Opened {
    url: StoreUrl,
    database: Database,
    /// A sync of the file failed. What it was to write is lost without a trace if the system says that the next one
    /// succeeded, so nothing is written any more.
    sync_failed: AtomicBool,
}

pub(crate) enum Database {
    Lite(Lite),
    Pg(PgPool),
}

/// SQLite allows one writer at a time: one connection writes, so that writers queue here, in order, instead of
/// failing on its lock. Readers never wait for it (WAL).
pub(crate) struct Lite {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

impl Store {
    /// Opens the store, makes it if it is a new SQLite file, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Schema`] when a newer version of the program has been here; else whatever keeps it from opening.
    pub async fn open(url: &StoreUrl) -> Result<Self, StoreError> {
        let database = in_time(OPEN_TIMEOUT, async {
            match &url.0 {
                Location::Memory => sqlite::open_memory().await.map(Database::Lite),
                Location::File(path) => sqlite::open_file(path).await.map(Database::Lite),
                Location::Postgres(options) => postgres::open(options).await.map(Database::Pg),
            }
        })
        .await?;
        Ok(Self(Arc::new(Opened {
            url: url.clone(),
            database,
            sync_failed: AtomicBool::new(false),
        })))
    }

    /// Where this store is.
    #[must_use]
    pub fn url(&self) -> &StoreUrl {
        &self.0.url
    }

    /// Finishes what is running and closes every connection. Later calls fail with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        match &self.0.database {
            Database::Lite(lite) => {
                lite.readers.close().await;
                lite.writer.close().await;
            }
            Database::Pg(pool) => pool.close().await,
        }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    /// Whether anything can still be written, until the process is started anew.
    pub(crate) fn is_writable(&self) -> bool {
        !self.0.sync_failed.load(Ordering::Relaxed)
    }

    pub(crate) fn note<T>(&self, outcome: &Result<T, StoreError>) {
        if outcome.as_ref().is_err_and(StoreError::is_failed_sync) {
            self.0.sync_failed.store(true, Ordering::Relaxed);
        }
    }

    /// # Errors
    /// When a sync has failed before.
    pub(crate) fn check_writable(&self) -> Result<(), StoreError> {
        match self.is_writable() {
            true => Ok(()),
            false => Err(StoreError::StorageFailed("a sync failed before".into())),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Store({})", self.0.url)
    }
}

/// Runs `work`, or gives up on it.
pub(crate) async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or(Err(StoreError::TimedOut(limit)))
}

/// Whether a connection is better thrown away than used again. After a full disk SQLite has rolled back by itself; the
/// driver then fails to, keeps on counting an open transaction, and would refuse every later one on that connection.
pub(crate) fn leaves_the_connection_in_doubt(error: &StoreError) -> bool {
    match error {
        StoreError::Unavailable(_)
        | StoreError::TimedOut(_)
        | StoreError::StorageFailed(_)
        | StoreError::Corrupt { .. } => true,
        StoreError::Exists { .. }
        | StoreError::NotFound { .. }
        | StoreError::Conflict { .. }
        | StoreError::Stale { .. }
        | StoreError::BadUrl(_)
        | StoreError::BadCursor
        | StoreError::Schema(_)
        | StoreError::Refused(_) => false,
    }
}

/// `on_database!(store, read connection => ...)` runs on a connection that only reads.
/// `on_database!(store, write transaction => ...)` runs in a transaction and commits unless the work fails.
/// `on_database!(store, change transaction, number => ...)` counts a change first (see `changes`): `number` is its
/// number, and on both databases changes then run one after the other until they commit.
macro_rules! on_database {
    ($store:expr, read $connection:ident => $work:expr) => {
        match $store.database() {
            $crate::database::Database::Lite(lite) => {
                $crate::database::on_database!(@connection lite.readers, $connection => $work)
            }
            $crate::database::Database::Pg(pool) => {
                $crate::database::on_database!(@connection pool, $connection => $work)
            }
        }
    };
    ($store:expr, write $transaction:ident => $work:expr) => {{
        $store.check_writable()?;
        let written = match $store.database() {
            // IMMEDIATE: take the lock now and wait for it. A reader that turns writer would fail at once instead.
            $crate::database::Database::Lite(lite) => {
                $crate::database::on_database!(@transaction lite.writer, "BEGIN IMMEDIATE", $transaction => $work)
            }
            $crate::database::Database::Pg(pool) => {
                $crate::database::on_database!(@transaction pool, "BEGIN", $transaction => $work)
            }
        };
        $store.note(&written);
        written
    }};
    ($store:expr, change $transaction:ident, $number:ident => $work:expr) => {
        $crate::database::on_database!($store, write $transaction => {
            let $number: i64 =
                sqlx::query_scalar($crate::changes::COUNT_ONE).fetch_one(&mut *$transaction).await?;
            $work
        })
    };
    (@transaction $pool:expr, $begin:literal, $transaction:ident => $work:expr) => {
        $crate::database::on_database!(@connection $pool, connection => {
            let mut begun = sqlx::Connection::begin_with(connection, $begin).await?;
            let $transaction = &mut *begun;
            let done = $work;
            begun.commit().await?;
            done
        })
    };
    (@connection $pool:expr, $connection:ident => $work:expr) => {{
        let mut pooled = $pool.acquire().await?;
        let outcome = $crate::database::in_time($crate::OPERATION_TIMEOUT, async {
            let $connection = &mut *pooled;
            Ok($work)
        })
        .await;
        if outcome.as_ref().is_err_and($crate::database::leaves_the_connection_in_doubt) {
            pooled.close_on_drop();
        }
        outcome
    }};
}
pub(crate) use on_database;
