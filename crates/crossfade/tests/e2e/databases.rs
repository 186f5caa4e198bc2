//! A database of its own for a test on Postgres, gone afterwards whatever the test did.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

const SERVER: &str = "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable";

/// Runs `test` with the URL of an empty database; says loudly why it does not.
pub(crate) async fn on_postgres<Test>(test: impl FnOnce(String) -> Test)
where
    Test: Future<Output = ()> + 'static,
{
    if std::env::var_os("CROSSFADE_SKIP_POSTGRES").is_some_and(|value| value == "1") {
        // Not by `eprintln!`, which the test runner hides when a test passes.
        std::io::stderr()
            .write_all(b"SKIPPED on Postgres: CROSSFADE_SKIP_POSTGRES=1 is set\n")
            .unwrap();
        return;
    }
    let server = std::env::var("CROSSFADE_TEST_POSTGRES").unwrap_or_else(|_| SERVER.to_owned());
    let mut connection = connect(&server).await;
    let database = name_of_its_own();
    let create = format!("CREATE DATABASE {database}");
    connection.execute(AssertSqlSafe(create)).await.unwrap();
    // As a task, so that the database is dropped after a panic too.
    let task = tokio::task::LocalSet::new();
    let outcome = task
        .run_until(async { tokio::task::spawn_local(test(with_database(&server, &database))).await })
        .await;
    let drop = format!("DROP DATABASE {database} WITH (FORCE)");
    connection.execute(AssertSqlSafe(drop)).await.unwrap();
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

/// The server's URL with another database in it.
fn with_database(server: &str, database: &str) -> String {
    let (address, options) = server.split_once('?').unwrap_or((server, ""));
    let (host, _) = address.rsplit_once('/').unwrap();
    format!("{host}/{database}?{options}")
}

fn name_of_its_own() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("crossfade_e2e_{}_{now}_{count}", std::process::id())
}
