//! Where a test keeps its store: a directory or a schema of its own, gone afterwards whatever the test did.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use store::Store;

/// A place for one store. Every [`Place::open`] is a gateway of its own on the same data.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) kind: Kind,
}

#[derive(Clone)]
pub(crate) enum Kind {
    Sqlite(PathBuf),
    Postgres,
}

impl Place {
    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url.parse().unwrap()).await.unwrap()
    }

    /// Runs a statement past the store, as another program would.
    pub(crate) async fn execute(&self, statement: String) {
        let statement = AssertSqlSafe(statement);
        match &self.kind {
            Kind::Sqlite(_) => {
                SqliteConnection::connect(&self.url)
                    .await
                    .unwrap()
                    .execute(statement)
                    .await
                    .unwrap();
            }
            Kind::Postgres => {
                PgConnection::connect(&self.url)
                    .await
                    .unwrap()
                    .execute(statement)
                    .await
                    .unwrap();
            }
        }
    }
}

/// Makes two tests of each function: one in `mod sqlite`, one in `mod postgres`.
macro_rules! on_both {
    ($($promise:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $promise() {
                crate::places::on_sqlite(super::$promise).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $promise() {
                crate::places::on_postgres(super::$promise).await;
            })*
        }
    };
}

pub(crate) async fn on_sqlite<Test: Future<Output = ()>>(test: impl FnOnce(Place) -> Test) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    test(Place {
        url: format!("sqlite:{}", file.display()),
        kind: Kind::Sqlite(file),
    })
    .await;
}

pub(crate) async fn on_postgres<Test>(test: impl FnOnce(Place) -> Test)
where
    Test: Future<Output = ()> + Send + 'static,
{
    if std::env::var_os("CROSSFADE_SKIP_POSTGRES").is_some_and(|value| value == "1") {
        // Not by `eprintln!`, which the test runner hides when a test passes.
        std::io::stderr()
            .write_all(b"SKIPPED on Postgres: CROSSFADE_SKIP_POSTGRES=1 is set\n")
            .unwrap();
        return;
    }
    let server = std::env::var("CROSSFADE_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable".into());
    let mut admin = connect(&server).await;
    let schema = name_of_its_own();
    admin
        .execute(AssertSqlSafe(format!("CREATE SCHEMA {schema}")))
        .await
        .unwrap();

    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options[search_path]={schema}");
    // As a task, so that the schema is dropped after a panic too.
    let outcome = tokio::spawn(test(Place {
        url,
        kind: Kind::Postgres,
    }))
    .await;

    admin
        .execute(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE")))
        .await
        .unwrap();
    if let Err(error) = outcome {
        std::panic::resume_unwind(error.into_panic());
    }
}

async fn connect(server: &str) -> PgConnection {
    PgConnection::connect(server).await.unwrap_or_else(|error| {
        panic!(
            "\nPostgres cannot be reached ({error}).\n\
             Start it (Debian: `apt install postgresql && service postgresql start`, with `trust` for 127.0.0.1 in \
             pg_hba.conf),\nor name another one: CROSSFADE_TEST_POSTGRES=postgres://user:password@host/database,\n\
             or leave Postgres out: CROSSFADE_SKIP_POSTGRES=1.\n"
        )
    })
}

fn name_of_its_own() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("crossfade_test_{}_{now}_{count}", std::process::id())
}
