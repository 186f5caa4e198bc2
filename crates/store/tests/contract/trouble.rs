//! Promises about bad days: the database is locked by others, full, frozen or away. Errors, never a hang.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use store::{OPERATION_TIMEOUT, Store, StoreError, meta};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::places::{Kind, Place, on_postgres};

on_both! {
    a_lock_that_is_not_given_back_is_an_error_and_passes
    a_dropped_write_leaves_the_store_working
}

async fn a_lock_that_is_not_given_back_is_an_error_and_passes(place: Place) {
    let store = place.open().await;
    meta::set(&store, "a", "before").await.unwrap();
    let started = Instant::now();
    let written = match &place.kind {
        Kind::Sqlite(_) => {
            let mut other = SqliteConnection::connect(&place.url).await.unwrap();
            other.execute("BEGIN IMMEDIATE").await.unwrap();
            meta::set(&store, "a", "during").await
        }
        Kind::Postgres => {
            let mut other = PgConnection::connect(&place.url).await.unwrap();
            other
                .execute("BEGIN; UPDATE changes SET number = number")
                .await
                .unwrap();
            meta::set(&store, "a", "during").await
        }
    };
    assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
    assert!(started.elapsed() < OPERATION_TIMEOUT + Duration::from_secs(1));

    // The other one is gone now, and its lock with it.
    meta::set(&store, "a", "after").await.unwrap();
    assert_eq!(meta::get(&store, "a").await.unwrap().as_deref(), Some("after"));
}

async fn a_dropped_write_leaves_the_store_working(place: Place) {
    let store = place.open().await;
    for number in 0_u32..50 {
        let value = number.to_string();
        let write = meta::set(&store, "a", &value);
        // Polled a few times, then dropped wherever it is: before, in or after its transaction.
        let polls = tokio::task::unconstrained(async {
            for _ in 0..number % 10 {
                tokio::task::yield_now().await;
            }
        });
        tokio::select! { biased; _ = write => {}, () = polls => {} }
    }
    meta::set(&store, "a", "last").await.unwrap();
    assert_eq!(meta::get(&store, "a").await.unwrap().as_deref(), Some("last"));
}

/// On virtual time: the clock moves when nothing else does, so the limits pass at once.
#[tokio::test(start_paused = true)]
async fn a_postgres_that_is_away_is_reported_with_its_cause() {
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("postgres://me:hunter2@{free}/gate").parse().unwrap();
    let refused = Store::open(&url).await.unwrap_err();
    let StoreError::Unavailable(source) = &refused else {
        panic!("{refused:?}")
    };
    assert!(source.to_string().contains("refused"), "{source}");
    assert!(!format!("{refused:?} {url:?}").contains("hunter2"));
}

/// On virtual time too.
#[tokio::test(start_paused = true)]
async fn a_postgres_that_never_answers_is_given_up_on() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://me@{}/gate", silent.local_addr().unwrap())
        .parse()
        .unwrap();
    let refused = Store::open(&url).await;
    assert!(matches!(refused, Err(StoreError::TimedOut(_))), "{refused:?}");
}

#[tokio::test]
async fn connections_that_postgres_closed_are_replaced_without_an_error() {
    on_postgres(async |place: Place| {
        let name = format!("crossfade_test_{}", std::process::id());
        let url = format!("{}&application_name={name}", place.url).parse().unwrap();
        let store = Store::open(&url).await.unwrap();
        meta::set(&store, "a", "before").await.unwrap();

        // As a restart of the server does.
        let close =
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1";
        let mut admin = PgConnection::connect(&place.url).await.unwrap();
        let closed: i64 = sqlx::query_scalar(close)
            .bind(&name)
            .fetch_one(&mut admin)
            .await
            .unwrap();
        assert!(closed > 0);

        meta::set(&store, "a", "after").await.unwrap();
        assert_eq!(meta::get(&store, "a").await.unwrap().as_deref(), Some("after"));
    })
    .await;
}

#[tokio::test]
async fn a_postgres_that_falls_silent_is_an_error_and_the_store_recovers() {
    on_postgres(async |place: Place| {
        let silent = watch::Sender::new(false);
        let store = Store::open(
            &through_a_wire(&place.url, silent.subscribe())
                .await
                .parse()
                .unwrap(),
        )
        .await
        .unwrap();
        meta::set(&store, "a", "before").await.unwrap();

        silent.send_replace(true);
        let started = Instant::now();
        let (read, written) = tokio::join!(meta::get(&store, "a"), meta::set(&store, "a", "during"));
        for error in [read.unwrap_err(), written.unwrap_err()] {
            assert!(
                matches!(error, StoreError::TimedOut(_) | StoreError::Unavailable(_)),
                "{error:?}"
            );
        }
        assert!(started.elapsed() < OPERATION_TIMEOUT * 2);

        silent.send_replace(false);
        let mut attempts = 0;
        while let Err(error) = meta::set(&store, "a", "after").await {
            attempts += 1;
            assert!(attempts < 5, "{error:?}");
        }
        assert_eq!(meta::get(&store, "a").await.unwrap().as_deref(), Some("after"));
    })
    .await;
}

/// The same address through a wire that can fall silent: what is connected then, or connects while it is, stays silent
/// for ever, like connections through a firewall that forgot them.
async fn through_a_wire(url: &str, silent: watch::Receiver<bool>) -> String {
    let options: PgConnectOptions = url.parse().unwrap();
    let server = format!("{}:{}", options.get_host(), options.get_port());
    let wire = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rerouted = url.replacen(&server, &wire.local_addr().unwrap().to_string(), 1);
    assert_ne!(
        rerouted, url,
        "the test's Postgres has to be named with host and port"
    );
    tokio::spawn(async move {
        while let Ok((mut client, _)) = wire.accept().await {
            let (server, mut silent) = (server.clone(), silent.clone());
            tokio::spawn(async move {
                let mut upstream = TcpStream::connect(server).await.unwrap();
                tokio::select! {
                    biased;
                    () = async { drop(silent.wait_for(|silent| *silent).await) } => std::future::pending().await,
                    _ = copy_bidirectional(&mut client, &mut upstream) => {}
                }
            });
        }
    });
    rerouted
}
