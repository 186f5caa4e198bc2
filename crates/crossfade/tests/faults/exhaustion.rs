//! The machine runs out: who cannot be served is told so, nobody else is blamed, and the operator still gets through.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::wait::{self, CrossfadeProcess, RawConnection, TempStore};

use crate::house::*;
use crate::invariants;
use crate::leaving::request_with;
use crate::measure::{figure, is_full, sized};
use crate::vendors::futures_of;

/// A program that runs the gateway under limits of the shell's.
fn limited(folder: &TempStore, limits: &str) -> std::path::PathBuf {
    let script = format!("#!/bin/sh\n{limits}\nexec '{BINARY}' \"$@\"\n");
    let place = folder.write("limited", &script);
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o755)).unwrap();
    place
}

/// Rolls back and says how long that took to be answered.
async fn rolls_back(gateway: &CrossfadeProcess) -> Duration {
    let asked = Instant::now();
    let answered = done(gateway, "POST", "/deployments/assistant/rollback", Value::Null).await;
    assert_eq!(answered["state"], "rolled_back", "{answered}");
    asked.elapsed()
}

async fn green_half(gateway: &CrossfadeProcess) {
    done(
        gateway,
        "PUT",
        "/deployments/assistant/split",
        json!({"green": 50}),
    )
    .await;
}

#[tokio::test]
async fn without_descriptors_newcomers_are_told_and_rollback_works() {
    let (folder, vendors) = (TempStore::new(), vendors().await);
    let program = limited(&folder, "ulimit -n 256");
    let gateway = wait::spawn_crossfade(&program, &usual_file(&vendors.url()), &[]).await;
    let before = invariants::before(&gateway);
    green_half(&gateway).await;
    // Both models take their time, so that each client has its own connection to the vendor.
    for model in ["blue-model", "green-model"] {
        vendors.set_behaviour(model, slow(100)).unwrap();
    }
    let mut served = Vec::new();
    let bearer = format!("Bearer {APP}");
    let headers = [("authorization", bearer.as_str())];
    let mut turned_away = None;
    while served.len() < 256 {
        let stream = wait::stream(gateway.client_addr, CHAT, &headers, &streamed()).await;
        if stream.status != 200 {
            turned_away = Some(stream);
            break;
        }
        served.push(stream);
    }
    let mut told = turned_away.expect("descriptors did not run out");
    assert_eq!((told.status, told.header("retry-after")), (503, Some("1")));
    told.collect().await;
    figure("descriptors, streams that 256 carry", served.len());
    assert!(served.len() >= 80, "{} streams", served.len());
    // More than there are descriptors, all at once.
    let crowd: Vec<_> = (0..sized(150, 1_000))
        .map(|_| async {
            let reply = post_to(&gateway, APP, &[], &chat()).await;
            // Some come so late that a stream has ended before them.
            let told = refusal(&reply);
            assert!(told == "503 overloaded" || told == "200 -", "{}", reply.text());
        })
        .collect();
    let (_, took) = tokio::join!(futures_of(crowd), rolls_back(&gateway));
    figure(
        "descriptors, rollback while there are none for clients",
        format!("{:.0} ms", took.as_secs_f64() * 1e3),
    );
    assert!(
        took < Duration::from_secs(if is_full() { 1 } else { 3 }),
        "{took:?}"
    );
    for mut stream in served {
        assert_eq!(
            stream.collect().await.last().unwrap().data,
            "[DONE]",
            "a stream was cut"
        );
    }
    wait::until_async("it serves again", SOON, async || {
        post_to(&gateway, APP, &[], &chat()).await.status == 200
    })
    .await;
    for model in ["blue-model", "green-model"] {
        assert_eq!(vendors.counters(model).troubled, 0);
    }
    invariants::hold(&gateway, &before).await;
}

/// One client connection may carry many requests, each of which wants a connection of its own to the vendor.
#[tokio::test]
async fn a_lack_of_descriptors_for_vendors_is_not_the_vendors_fault() {
    let (folder, vendors) = (TempStore::new(), vendors().await);
    let program = limited(&folder, "ulimit -n 128");
    let probed = "model: blue-model, health: {interval: 1s, timeout: 1s, retries: 1}";
    let file = usual_file(&vendors.url()).replace("model: blue-model", probed);
    let gateway = wait::spawn_crossfade(&program, &file, &[]).await;
    let before = invariants::before(&gateway);
    green_half(&gateway).await;
    let health = async || look(&gateway, "/deployments/assistant").await["blue"]["health"].clone();
    wait::until_async("blue is known to be healthy", SOON, async || {
        health().await == "healthy"
    })
    .await;
    for model in ["blue-model", "green-model"] {
        vendors.set_behaviour(model, slow(200)).unwrap();
    }
    let mut frames = crate::wire2::Frames::begin();
    for number in 0..200 {
        frames.request(number * 2 + 1, &chat().to_string());
    }
    let mut client = tokio::net::TcpStream::connect(gateway.client_addr).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut client, &frames.bytes)
        .await
        .unwrap();
    wait::until("connections to vendors cannot be made", SOON, || {
        gateway.log().contains("\"capacity\"")
    })
    .await;
    let took = rolls_back(&gateway).await;
    assert!(
        took < Duration::from_secs(if is_full() { 1 } else { 3 }),
        "{took:?}"
    );
    for line in gateway
        .log()
        .lines()
        .filter(|line| line.contains("an attempt failed"))
    {
        assert!(line.contains("\"capacity\""), "the vendor is blamed: {line}");
    }
    // Probes have nothing left to ask with either.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        assert_eq!(health().await, "healthy");
    }
    drop(client);
    wait::until_async("it serves again", SOON, async || {
        post_to(&gateway, APP, &[], &chat()).await.status == 200
    })
    .await;
    invariants::hold(&gateway, &before).await;
}

/// Large bodies take all memory that there is for them: rollback works meanwhile, and small requests are served.
#[tokio::test]
async fn without_memory_small_requests_and_rollback_work() {
    let house = house_with(|file| file + "limits: {body: 16MiB, memory: 48MiB}\n").await;
    let before = invariants::before(&house.gateway);
    house.split(50.0).await;
    let mut body = chat();
    body["messages"][0]["content"] = json!("a".repeat(15 << 20));
    let request = request_with(&body.to_string());
    // Bodies that are whole but for a byte take their memory and keep it.
    let mut holders = Vec::new();
    let mut told = 0;
    for _ in 0..4 {
        let mut client = RawConnection::open(house.gateway.client_addr).await;
        client.send(&request[..request.len() - 1]).await;
        holders.push(client);
    }
    wait::until_async("memory runs out", SOON, async || {
        told = house.page("/metrics").await.matches("overloaded").count();
        let small = house.chat(&[]).await;
        assert_eq!(small.status, 200, "{}", small.text());
        let mut client = RawConnection::open(house.gateway.client_addr).await;
        client.send(&request).await;
        let reply = client.read_reply().await;
        assert!(matches!(reply.status, 200 | 503), "{}", reply.text());
        reply.status == 503
    })
    .await;
    let took = rolls_back(&house.gateway).await;
    figure(
        "memory, rollback while there is none for bodies",
        format!("{:.0} ms", took.as_secs_f64() * 1e3),
    );
    assert!(
        took < Duration::from_secs(if is_full() { 1 } else { 3 }),
        "{took:?}"
    );
    drop(holders);
    wait::until_async("it takes large ones again", SOON, async || {
        let mut client = RawConnection::open(house.gateway.client_addr).await;
        client.send(&request).await;
        client.read_reply().await.status == 200
    })
    .await;
    invariants::hold(&house.gateway, &before).await;
}
