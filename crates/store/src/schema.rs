//! Brings a database to this version's tables: forward only, all or nothing, one gateway at a time.
//!
//! sqlx keeps the books (which migration ran, with a checksum each) and refuses a database that a newer version has
//! been to. Its own lock is missing on SQLite and outlives a transaction on Postgres, so the lock is ours: the whole run
//! is one transaction that first takes SQLite's writer lock, or an advisory lock of Postgres. A second gateway waits,
//! then finds nothing left to do.
//!
//! An older gateway may still be running, so statements name the columns they read: after a `SELECT *` whose table has
//! grown, the driver's SQLite worker panics and the caller sees an empty result, and Postgres refuses it.
//!
//! A migration is portable SQL: `BIGINT`, `TEXT`, `BYTEA`, `BOOLEAN`, no serial columns, no functions. One that has
//! been released is never edited.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection, Executor, PgConnection, SqlSafeStr, SqlitePool};

use crate::StoreError;

/// In their order; the position is the version. `include_str!` has cargo watch the files.
const MIGRATIONS: [(&str, &str); 13] = [
    (
        "changes and meta",
        include_str!("../migrations/0001_changes_and_meta.sql"),
    ),
    ("keys", include_str!("../migrations/0002_keys.sql")),
    ("routes", include_str!("../migrations/0003_routes.sql")),
    ("deployments", include_str!("../migrations/0004_deployments.sql")),
    ("audit", include_str!("../migrations/0005_audit.sql")),
    (
        "finished requests",
        include_str!("../migrations/0006_finished_requests.sql"),
    ),
    ("rollouts", include_str!("../migrations/0007_rollouts.sql")),
    (
        "prices and usage",
        include_str!("../migrations/0008_prices_and_usage.sql"),
    ),
    ("accounts", include_str!("../migrations/0009_accounts.sql")),
    ("ledger", include_str!("../migrations/0010_ledger.sql")),
    ("topups", include_str!("../migrations/0011_topups.sql")),
    ("buttons", include_str!("../migrations/0012_buttons.sql")),
    (
        "expiring credit",
        include_str!("../migrations/0013_expiring_credit.sql"),
    ),
];

/// Not sqlx's default name, which another program in the same database may use.
const BOOKS: &str = "crossfade_migrations";

/// Held until the transaction ends, for this schema only: several installations may share one database. The first
/// number is arbitrary but fixed for ever, it names this lock. The session's limits are too short for a wait here.
const LOCK_POSTGRES: &str = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; \
                             SELECT pg_advisory_xact_lock(1128485318, hashtext(current_schema()))";

pub(crate) async fn migrate_sqlite(writer: &SqlitePool) -> Result<(), StoreError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    migrator().run_direct(None, &mut *transaction, false).await?;
    Ok(transaction.commit().await?)
}

pub(crate) async fn migrate_postgres(connection: &mut PgConnection) -> Result<(), StoreError> {
    let mut transaction = connection.begin().await?;
    transaction.execute(LOCK_POSTGRES).await?;
    migrator().run_direct(None, &mut *transaction, false).await?;
    Ok(transaction.commit().await?)
}

fn migrator() -> Migrator {
    let numbered = (1_i64..).zip(MIGRATIONS).map(|(version, (description, sql))| {
        Migration::new(
            version,
            description.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    let mut migrator = Migrator::with_migrations(numbered.collect());
    migrator.set_locking(false);
    migrator.dangerous_set_table_name(BOOKS);
    migrator
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_file_in_migrations_is_run_in_the_order_of_its_number() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut files: Vec<_> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert_eq!(files.len(), MIGRATIONS.len());
        for ((number, file), (description, sql)) in (1..).zip(files).zip(MIGRATIONS) {
            let expected = format!("{number:04}_{}.sql", description.replace(' ', "_"));
            assert_eq!(file.file_name().unwrap().to_str(), Some(expected.as_str()));
            assert_eq!(std::fs::read_to_string(file).unwrap(), sql);
        }
    }

    #[test]
    fn every_statement_names_the_columns_it_reads() {
        let mut directories = vec![std::path::PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src"
        ))];
        // Put together here, so that this file does not find itself.
        let forbidden = [["SELECT *", "FROM"].join(" "), ["RETURNING", "*"].join(" ")];
        while let Some(directory) = directories.pop() {
            for path in std::fs::read_dir(directory)
                .unwrap()
                .map(|entry| entry.unwrap().path())
            {
                if path.is_dir() {
                    directories.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for words in &forbidden {
                    assert!(!text.contains(words), "{}: '{words}'", path.display());
                }
            }
        }
    }
}
