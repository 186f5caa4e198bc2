//! A store that stops: what is known goes on, what cannot be known is not called wrong, and a rollback is in force.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection, Executor, SqliteConnection};
use testkit::wait::{self, TempStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::databases::on_postgres;
use crate::house::*;
use crate::invariants;
use crate::measure::{figure, is_full, sized};

/// A way to a server that can be frozen: what is sent arrives once it is thawed.
struct Way {
    address: std::net::SocketAddr,
    frozen: watch::Sender<bool>,
}

impl Way {
    async fn to(server: String) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (frozen, watched) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else {
                    continue;
                };
                let ((a, b), (c, d)) = (client.into_split(), server.into_split());
                tokio::spawn(carry(a, d, watched.clone()));
                tokio::spawn(carry(c, b, watched.clone()));
            }
        });
        Way { address, frozen }
    }
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut frozen: watch::Receiver<bool>,
) {
    let mut bytes = vec![0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if frozen.wait_for(|frozen| !*frozen).await.is_err() || to.write_all(&bytes[..length]).await.is_err()
        {
            return;
        }
    }
}

async fn secret(house: &House, name: &str) -> String {
    let made = house.done("POST", "/keys", json!({"name": name})).await;
    made["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_frozen_database_stops_no_known_key_and_calls_no_unknown_one_wrong() {
    on_postgres(async |store| {
        let (before_server, rest) = store.split_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let way = Way::to(server.to_owned()).await;
        let store = format!("{before_server}@{}/{database}", way.address);
        let house = house_with(|file| format!("store: {store}\n{file}")).await;
        let known = secret(&house, "known").await;
        house.split(50.0).await;
        let before = invariants::before(&house.gateway);
        assert_eq!(
            [
                house.status(&known).await,
                house.status("cf-unknown-key-0123456789").await
            ],
            [200, 401]
        );
        way.frozen.send_replace(true);
        let frozen = Instant::now();
        assert_eq!(
            house.status("cf-unknown-key-0123456789").await,
            503,
            "the first one"
        );
        let took = frozen.elapsed();
        figure(
            "frozen store, the first unknown key gets 503 after",
            format!("{:.1} s", took.as_secs_f64()),
        );
        // The look that it waits for, and its patience.
        assert!(took < Duration::from_secs(2), "{took:?}");
        for _ in 0..sized(40, 2_000) {
            assert_eq!(house.status(&known).await, 200);
            assert_eq!(house.status("cf-unknown-key-0123456789").await, 503);
        }
        let asked = Instant::now();
        let (answered, ()) = tokio::join!(
            house.admin("POST", "/deployments/assistant/rollback", Value::Null),
            async {
                // In force before it is saved.
                wait::until_async("the rollback is in force", Duration::from_secs(2), async || {
                    let mut sides = Vec::new();
                    for _ in 0..10 {
                        sides.push(house.routed(&[]).await);
                    }
                    sides.iter().all(|side| side == "blue split")
                })
                .await;
                figure(
                    "frozen store, rollback in force after",
                    format!("{:.0} ms", asked.elapsed().as_secs_f64() * 1e3),
                );
            }
        );
        figure(
            "frozen store, rollback answered",
            format!("{} after {:.1} s", answered.status, asked.elapsed().as_secs_f64()),
        );
        // Within a second on a machine that is not busy; the store itself would take five.
        assert!(
            asked.elapsed() < Duration::from_secs(3),
            "the rollback waited for the store"
        );
        way.frozen.send_replace(false);
        wait::until_async("unknown keys are wrong again", SOON * 3, async || {
            house.status("cf-unknown-key-0123456789").await == 401
        })
        .await;
        let later = secret(&house, "later").await;
        assert_eq!(house.status(&later).await, 200);
        invariants::hold(&house.gateway, &before).await;
    })
    .await;
}

/// Somebody else holds SQLite's lock.
#[tokio::test]
async fn a_locked_file_stops_no_request_and_no_rollback() {
    let house = house().await;
    let known = secret(&house, "known").await;
    house.split(50.0).await;
    let before = invariants::before(&house.gateway);
    let file = house.gateway.folder().join("crossfade.db");
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", file.display()))
        .await
        .unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    for _ in 0..sized(40, 2_000) {
        assert_eq!(house.status(&known).await, 200);
    }
    let asked = Instant::now();
    let rollback = house.admin("POST", "/deployments/assistant/rollback", Value::Null);
    let in_force = async {
        wait::until_async("the rollback is in force", Duration::from_secs(2), async || {
            let mut sides = Vec::new();
            for _ in 0..10 {
                sides.push(house.routed(&[]).await);
            }
            sides.iter().all(|side| side == "blue split")
        })
        .await;
        figure(
            "locked store, rollback in force after",
            format!("{:.0} ms", asked.elapsed().as_secs_f64() * 1e3),
        );
    };
    let (answered, ()) = tokio::join!(rollback, in_force);
    figure(
        "locked store, rollback answered",
        format!("{} after {:.1} s", answered.status, asked.elapsed().as_secs_f64()),
    );
    // Within a second on a machine that is not busy; the store itself would take five.
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "the rollback waited for the store"
    );
    other.execute("ROLLBACK").await.unwrap();
    wait::until_async("changes are taken again", SOON * 2, async || {
        house
            .admin("POST", "/keys", json!({"name": "later"}))
            .await
            .status
            < 300
    })
    .await;
    invariants::hold(&house.gateway, &before).await;
}

/// The disk is full: files of the process cannot grow any more, until they can.
#[tokio::test]
async fn a_full_disk_stops_no_request_and_no_rollback() {
    let (folder, vendors) = (TempStore::new(), vendors().await);
    // In units of 512 bytes; without the trap the signal would end the process, as no full disk does.
    let script = format!("#!/bin/sh\ntrap '' XFSZ\nulimit -S -f 3000\nexec '{BINARY}' \"$@\"\n");
    let program = folder.write("limited", &script);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let gateway = wait::spawn_crossfade(&program, &usual_file(&vendors.url()), &[]).await;
    let house = House { vendors, gateway };
    let known = secret(&house, "known").await;
    house.split(50.0).await;
    let before = invariants::before(&house.gateway);
    let mut sent = 0;
    wait::until_async("the disk is full", SOON * 6, async || {
        for _ in 0..50 {
            assert_eq!(house.status(&known).await, 200);
            sent += 1;
        }
        let log = house.gateway.log();
        log.contains("disk is full") || log.contains("disk I/O error")
    })
    .await;
    for _ in 0..sized(50, 500) {
        assert_eq!(house.status(&known).await, 200);
    }
    let asked = Instant::now();
    let answered = house
        .admin("POST", "/deployments/assistant/rollback", Value::Null)
        .await;
    let took = asked.elapsed();
    figure(
        "full disk, rollback",
        format!(
            "{} after {:.0} ms, disk full after {sent} requests",
            answered.status,
            took.as_secs_f64() * 1e3
        ),
    );
    assert!(
        took < Duration::from_secs(if is_full() { 1 } else { 3 }),
        "{took:?}"
    );
    for _ in 0..20 {
        assert_eq!(house.routed(&[]).await, "blue split");
    }
    let freed = tokio::process::Command::new("prlimit")
        .args(["--fsize=unlimited:", "--pid"])
        .arg(house.gateway.id().to_string())
        .status()
        .await
        .unwrap();
    assert!(freed.success());
    wait::until_async("changes are taken again", SOON * 2, async || {
        house
            .admin("POST", "/keys", json!({"name": "later"}))
            .await
            .status
            < 300
    })
    .await;
    assert_eq!(house.deployment().await["state"], "rolled_back");
    invariants::hold(&house.gateway, &before).await;
}
