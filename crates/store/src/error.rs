//! The room's one error. Its variants are what callers do differently: answer 404 or 409, try again, stop charging.
//!
//! No message holds a password: addresses are printed by [`StoreUrl`](crate::StoreUrl) alone, and the databases' own
//! errors never repeat the address. The cause stays reachable through `source()`; the text here does not repeat it.

use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection, or the database is busy, shutting down or closed. Worth another try later.
    #[error("the store is unavailable")]
    Unavailable(#[source] Source),
    /// No answer in time. Worth another try later.
    #[error("the store gave no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The disk is full, read-only or failing. An operator has to act.
    #[error("the store's disk is full, read-only or failing")]
    StorageFailed(#[source] Source),
    /// The store holds something that this version cannot have written, or the file is damaged.
    #[error("the store holds damaged data: {what}")]
    Corrupt {
        what: String,
        #[source]
        source: Option<Source>,
    },
    /// The name is taken.
    #[error("{noun} '{name}' exists already")]
    Exists { noun: &'static str, name: String },
    /// Nothing has this name.
    #[error("{noun} '{name}' does not exist")]
    NotFound { noun: &'static str, name: String },
    /// The thing is in a state that does not allow this.
    #[error("{noun} '{name}' is {state}")]
    Conflict {
        noun: &'static str,
        name: String,
        state: &'static str,
    },
    /// Somebody else saved this route first; `found` is the revision it has now, `None` when it has no row.
    #[error("the route of '{deployment}' has changed meanwhile (revision found: {found:?})")]
    Stale { deployment: String, found: Option<i64> },
    /// The store's address cannot be used as it stands.
    #[error("the store's address is wrong: {0}")]
    BadUrl(String),
    /// The cursor was not one of ours.
    #[error("the cursor is not one that this list gave out")]
    BadCursor,
    /// The tables could not be brought to this version's form.
    #[error("the store's tables cannot be used by this version")]
    Schema(#[source] Source),
    /// The database refused a statement: a defect of this program.
    #[error("the database refused a statement")]
    Refused(#[source] Source),
}

impl StoreError {
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt {
            what: what.into(),
            source: None,
        }
    }
}

/// SQLite's extended codes of a sync that failed: of a file, and of its folder.
const FAILED_SYNCS: [&str; 2] = ["1034", "1290"];

impl StoreError {
    /// SQLite could not bring its file to the disk; <https://sqlite.org/rescode.html#ioerr_fsync>.
    pub(crate) fn is_failed_sync(&self) -> bool {
        let Self::StorageFailed(source) = self else {
            return false;
        };
        let error = source.downcast_ref::<SqliteError>();
        let code = error.and_then(DatabaseError::code);
        code.is_some_and(|code| FAILED_SYNCS.contains(&&*code))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error;
        match error {
            Error::Database(error) => match fault_of(error.as_ref()) {
                Fault::Passing => Self::Unavailable(error.into_error()),
                Fault::Disk => Self::StorageFailed(error.into_error()),
                Fault::Damage => Self::Corrupt {
                    what: "the database says so itself".into(),
                    source: Some(error.into_error()),
                },
                Fault::Statement => Self::Refused(error.into_error()),
            },
            Error::Configuration(_) => Self::BadUrl(error.to_string()),
            Error::ColumnDecode { .. } | Error::Decode(_) | Error::ColumnNotFound(_) => Self::Corrupt {
                what: "a row cannot be read".into(),
                source: Some(error.into()),
            },
            Error::Io(_)
            | Error::Tls(_)
            | Error::Protocol(_)
            | Error::PoolTimedOut
            | Error::PoolClosed
            | Error::WorkerCrashed
            // The connection lost count of its transactions; the next one will not have.
            | Error::BeginFailed
            | Error::InvalidSavePointStatement => Self::Unavailable(error.into()),
            // sqlx's enum is open; everything else is a misuse of its interface.
            other => Self::Refused(other.into()),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            // A disk that is full or a server that went away is no fault of the tables.
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                match Self::from(error) {
                    Self::Refused(source) => Self::Schema(source),
                    other => other,
                }
            }
            other => Self::Schema(other.into()),
        }
    }
}

enum Fault {
    Passing,
    Disk,
    Damage,
    Statement,
}

fn fault_of(error: &(dyn DatabaseError + 'static)) -> Fault {
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<SqliteError>().is_some() {
        fault_of_sqlite(&code)
    } else if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        fault_of_postgres(&code)
    } else {
        Fault::Statement
    }
}

/// <https://sqlite.org/rescode.html>; the low byte of an extended code is the primary one.
fn fault_of_sqlite(code: &str) -> Fault {
    match code.parse::<i32>().unwrap_or_default() & 0xff {
        // BUSY, LOCKED, INTERRUPT
        5 | 6 | 9 => Fault::Passing,
        // PERM, NOMEM, READONLY, IOERR, FULL, CANTOPEN
        3 | 7 | 8 | 10 | 13 | 14 => Fault::Disk,
        // CORRUPT, NOTADB
        11 | 26 => Fault::Damage,
        _ => Fault::Statement,
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>; the first two characters are the class.
fn fault_of_postgres(code: &str) -> Fault {
    match code {
        // disk_full, read_only_sql_transaction (a standby), io_error
        "53100" | "25006" | "58030" => Fault::Disk,
        // lock_not_available
        "55P03" => Fault::Passing,
        _ => match code.get(..2).unwrap_or_default() {
            // connection, authorization, unknown database, rollback (deadlock), resources, shutdown or cancel
            "08" | "28" | "3D" | "40" | "53" | "57" => Fault::Passing,
            "XX" => Fault::Damage,
            _ => Fault::Statement,
        },
    }
}
