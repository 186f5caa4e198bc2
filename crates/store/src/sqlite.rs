//! What is particular to SQLite: the file, its mode, its durability, its two pools.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlitePool};
use tokio::fs::OpenOptions;
use tokio::time::Instant;

use crate::database::{ACQUIRE_TIMEOUT, LOCK_TIMEOUT, Lite};
use crate::{StoreError, schema};

/// Two readers: a long list must not hold up the poll for changes. Each costs a thread, so they are opened on demand.
const READERS: u32 = 2;

/// A reader that nobody used for this long is closed.
const READER_IDLE: Duration = Duration::from_secs(60);

/// After a burst the WAL is cut back to 16 MiB instead of keeping its greatest size for ever.
const WAL_BYTES_KEPT: &str = "16777216";

/// How long opening tries again while others keep the file busy: well within the time that opening has.
const BUSY_AT_OPENING: Duration = Duration::from_secs(15);
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(20);

pub(crate) async fn open_file(path: &Path) -> Result<Lite, StoreError> {
    make_private_file(path)
        .await
        .map_err(|error| StoreError::StorageFailed(error.into()))?;
    let options = options().filename(path);
    let writer = open_writer(&options).await?;
    // `query_only` rather than opening read-only: a reader may have to make the WAL's index file.
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .idle_timeout(READER_IDLE)
        .max_lifetime(None)
        .connect_lazy_with(options.pragma("query_only", "ON"));
    Ok(Lite { writer, readers })
}

/// While another gateway makes the file a WAL one, SQLite answers "busy" at once instead of waiting; and bringing the
/// tables up to date may take the other one longer than a lock is waited for. So: again, for a while.
async fn open_writer(options: &SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    let given_up_at = Instant::now() + BUSY_AT_OPENING;
    loop {
        let opened = async {
            let writer = one_lasting_connection().connect_with(options.clone()).await?;
            schema::migrate_sqlite(&writer).await?;
            Ok(writer)
        };
        match opened.await {
            Err(StoreError::Unavailable(_)) if Instant::now() < given_up_at => {
                tokio::time::sleep(BETWEEN_ATTEMPTS).await;
            }
            outcome => return outcome,
        }
    }
}

/// For tests and the demo: everything on one connection, gone when it closes.
pub(crate) async fn open_memory() -> Result<Lite, StoreError> {
    let only = one_lasting_connection()
        .connect_with(options().in_memory(true).filename(":memory:"))
        .await?;
    schema::migrate_sqlite(&only).await?;
    Ok(Lite {
        writer: only.clone(),
        readers: only,
    })
}

fn options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL loses acknowledged commits when the power fails, and these commits are money and latches.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(LOCK_TIMEOUT)
        .pragma("journal_size_limit", WAL_BYTES_KEPT)
        .disable_statement_logging()
}

fn one_lasting_connection() -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // There is no network between us and the file that could have gone away.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// Makes the file for its owner alone, before SQLite would make it for everybody; SQLite gives its companions (`-wal`,
/// `-shm`) the same mode. A file that exists keeps the mode its operator gave it.
async fn make_private_file(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .await
    {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(std::io::Error::new(
            error.kind(),
            format!("cannot make {}: {error}", path.display()),
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use crate::database::Database;
    use crate::requests::{self, FinishedRequest};
    use crate::{Store, StoreError, meta};

    async fn store_in(directory: &tempfile::TempDir) -> Store {
        let file = directory.path().join("store.db");
        Store::open(&format!("sqlite:{}", file.display()).parse().unwrap())
            .await
            .unwrap()
    }

    fn pools(store: &Store) -> &super::Lite {
        match store.database() {
            Database::Lite(lite) => lite,
            Database::Pg(_) => panic!("not SQLite"),
        }
    }

    #[tokio::test]
    async fn a_commit_is_on_the_disk_before_it_is_acknowledged() {
        let directory = tempfile::tempdir().unwrap();
        let store = store_in(&directory).await;
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(&pools(&store).writer)
            .await
            .unwrap();
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
            .fetch_one(&pools(&store).writer)
            .await
            .unwrap();
        // 2 is FULL.
        assert_eq!((journal.as_str(), synchronous), ("wal", 2));
    }

    #[tokio::test]
    async fn a_reader_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let store = store_in(&directory).await;
        let written = sqlx::query("DELETE FROM changes")
            .execute(&pools(&store).readers)
            .await;
        assert!(matches!(
            StoreError::from(written.unwrap_err()),
            StoreError::StorageFailed(_)
        ));
    }

    #[tokio::test]
    async fn a_full_store_says_so_still_reads_and_works_again_once_there_is_room() {
        let directory = tempfile::tempdir().unwrap();
        let store = store_in(&directory).await;
        meta::set(&store, "a", "kept").await.unwrap();
        let row = FinishedRequest {
            id: "r".into(),
            at: 0,
            deployment: "gpt".into(),
            key: "app".into(),
            detail: "x".repeat(1_000_000),
        };

        sqlx::query("PRAGMA max_page_count = 100")
            .execute(&pools(&store).writer)
            .await
            .unwrap();
        let full = requests::append(&store, std::slice::from_ref(&row)).await;
        assert!(matches!(full, Err(StoreError::StorageFailed(_))), "{full:?}");
        assert_eq!(meta::get(&store, "a").await.unwrap().as_deref(), Some("kept"));

        sqlx::query("PRAGMA max_page_count = 1000000")
            .execute(&pools(&store).writer)
            .await
            .unwrap();
        requests::append(&store, &[row]).await.unwrap();
    }
}
