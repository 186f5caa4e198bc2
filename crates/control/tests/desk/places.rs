//! Where a test keeps its store, and desks on it: each desk is a gateway of its own.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use control::config::Config;
use control::desk::{Actor, Desk};
use gateway::{Observer, Outcome, Shared, Snapshot};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use store::Store;

pub(crate) struct Place {
    pub(crate) url: String,
    _directory: Option<tempfile::TempDir>,
}

struct Nobody;

impl Observer for Nobody {
    fn observe(&self, _outcome: Box<Outcome>) {}
}

impl Place {
    pub(crate) async fn sqlite() -> Place {
        let directory = tempfile::tempdir().unwrap();
        Place {
            url: format!("sqlite:{}", directory.path().join("store.db").display()),
            _directory: Some(directory),
        }
    }

    /// A gateway with this file's deployment `m`.
    pub(crate) async fn desk(&self, file: &str) -> Desk {
        let store = Store::open(&self.url.parse().unwrap()).await.unwrap();
        let shared = Arc::new(Shared::new(Snapshot::default(), Arc::new(Nobody)));
        Desk::open(config(file), store, shared).await.unwrap()
    }

    /// Runs a statement past the store, as another program would, on a connection that the caller keeps.
    pub(crate) async fn sqlite_connection(&self) -> SqliteConnection {
        SqliteConnection::connect(&self.url).await.unwrap()
    }
}

/// A file with the deployment `m`; `green` is a model, or none.
pub(crate) fn file(blue: &str, green: Option<&str>, start: &str) -> String {
    let green = green
        .map(|green| format!("    green: {{provider: p, model: {green}}}\n    split: {{green: {start}}}\n"));
    format!(
        "providers: {{p: {{dialect: openai, base_url: 'http://127.0.0.1:9/v1'}}}}\ndeployments:\n  m:\n    \
         blue: {{provider: p, model: {blue}}}\n{}",
        green.unwrap_or_default()
    )
}

pub(crate) fn config(file: &str) -> Config {
    Config::parse("test.yaml", file, &|_| None).unwrap()
}

pub(crate) fn operator() -> Actor {
    Actor {
        name: "operator".to_owned(),
        role: "operator",
        reason: None,
    }
}

/// `phase green revision` as the API would show it.
pub(crate) async fn shown(desk: &Desk) -> String {
    let state = desk.deployment("m").await.unwrap();
    format!("{} {} r{}", state.phase.name(), state.green_share, state.revision)
}

/// `green revision` as requests are routed.
pub(crate) fn in_force(desk: &Desk) -> String {
    let snapshot = desk.shared().snapshot();
    let route = &snapshot.table.routes[snapshot.table.names.deployment("m").unwrap()];
    format!("{} r{}", route.green, route.revision)
}

/// Makes two tests of each function: one in `mod sqlite`, one in `mod postgres`.
macro_rules! on_both {
    ($($promise:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(crate::places::Place::sqlite().await).await;
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
    let create = format!("CREATE SCHEMA {schema}");
    admin.execute(AssertSqlSafe(create)).await.unwrap();
    let separator = if server.contains('?') { '&' } else { '?' };
    let place = Place {
        url: format!("{server}{separator}options[search_path]={schema}"),
        _directory: None,
    };
    // As a task, so that the schema is dropped after a panic too.
    let outcome = tokio::spawn(test(place)).await;
    let drop = format!("DROP SCHEMA {schema} CASCADE");
    admin.execute(AssertSqlSafe(drop)).await.unwrap();
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
    format!("crossfade_desk_{}_{now}_{count}", std::process::id())
}
