//! A new process takes over the sockets: no connection is refused, no request lost, no stream cut.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use testkit::wait::{self, CrossfadeProcess, RawConnection};

use crate::house::*;

/// Processes that follow one another in the test of many, and connections in the time of each.
fn restarts() -> (u64, u64) {
    if std::env::var_os("CROSSFADE_FULL").is_some_and(|value| value == "1") {
        (50, 4_000)
    } else {
        (4, 20)
    }
}

/// A gateway that was started from a file of its own, which may be replaced.
async fn house_of_a_copy() -> (House, PathBuf, tempfile::TempDir) {
    let place = tempfile::tempdir().unwrap();
    let binary = place.path().join("crossfade");
    std::fs::copy(BINARY, &binary).unwrap();
    let vendors = vendors().await;
    let gateway = wait::spawn_crossfade(&binary, &usual_file(&vendors.url()), &[]).await;
    (House { vendors, gateway }, binary, place)
}

/// Clients that connect anew for each request, until they are told to stop.
struct Crowd {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    clients: Vec<tokio::task::JoinHandle<()>>,
}

impl Crowd {
    fn start(gateway: &CrossfadeProcess, clients: usize) -> Crowd {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let address = gateway.client_addr;
        let one = |_| {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            tokio::spawn(async move {
                let bearer = format!("Bearer {APP}");
                while !stop.load(Ordering::Relaxed) {
                    let reply = wait::post(address, CHAT, &[("authorization", &bearer)], &chat()).await;
                    assert_eq!((reply.status, reply.complete), (200, true), "{}", reply.text());
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        let clients = (0..clients).map(one).collect();
        Crowd {
            stop,
            answered,
            clients,
        }
    }

    /// Waits until so many more were answered.
    async fn goes_on(&self, more: u64) {
        let wanted = self.answered.load(Ordering::Relaxed) + more;
        wait::until("the crowd is answered", SOON * 12, || {
            self.clients.iter().all(|client| !client.is_finished())
                && self.answered.load(Ordering::Relaxed) >= wanted
        })
        .await;
    }

    async fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await.unwrap();
        }
        self.answered.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn processes_follow_one_another_and_no_client_notices() {
    let mut house = house().await;
    house.split(10.0).await;
    house.vendors.set_behaviour("blue-model", slow(3)).unwrap();
    house.vendors.set_behaviour("green-model", slow(3)).unwrap();
    let crowd = Crowd::start(&house.gateway, 8);
    let (restarts, connections) = restarts();
    for _ in 0..restarts {
        crowd.goes_on(connections).await;
        let mut stream = house.stream(&[]).await;
        house.gateway.succeed(SOON).await;
        let events = stream.collect().await;
        assert_eq!(events.last().unwrap().data, "[DONE]");
        assert!(stream.ended_orderly());
    }
    crowd.goes_on(20).await;
    assert!(crowd.end().await >= restarts * connections);
    // What was changed in the first process holds in the last, and its key works.
    assert_eq!(house.deployment().await["split"]["green"], 10);
}

#[tokio::test]
async fn the_process_that_was_succeeded_finishes_its_streams_and_ends_with_0() {
    let mut house = house().await;
    house.vendors.set_behaviour("blue-model", slow(60)).unwrap();
    let mut stream = house.stream(&[]).await;
    let mut first = house.gateway.succeed(SOON).await.unwrap();
    assert!(
        first.try_wait().unwrap().is_none(),
        "it left with a stream under way"
    );
    assert_eq!(house.chat(&[]).await.status, 200);
    assert_eq!(stream.collect().await.last().unwrap().data, "[DONE]");
    wait::until("the first process ends", SOON, || {
        first.try_wait().unwrap().is_some()
    })
    .await;
    assert_eq!(first.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_broken_new_binary_leaves_the_old_process_serving() {
    let (house, binary, _place) = house_of_a_copy().await;
    let broken = binary.with_extension("new");
    std::fs::write(&broken, "#!/bin/sh\nexit 3\n").unwrap();
    std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(&broken, &binary).unwrap();
    let crowd = Crowd::start(&house.gateway, 2);
    house.gateway.signal("USR2");
    wait::until("it says that no process took over", SOON, || {
        house.gateway.log().contains("no process took over")
    })
    .await;
    crowd.goes_on(10).await;
    crowd.end().await;
    assert_eq!(house.deployment().await["blue"]["model"], "blue-model");
}

#[tokio::test]
async fn a_configuration_that_is_refused_leaves_the_old_process_serving() {
    let house = house().await;
    house.gateway.replace_config("deployments: {}\nnonsense: 1\n");
    house.gateway.signal("USR2");
    wait::until("it says that no process took over", SOON, || {
        house.gateway.log().contains("no process took over")
    })
    .await;
    assert_eq!(house.chat(&[]).await.status, 200);
}

#[tokio::test]
async fn a_kept_connection_is_answered_once_more_by_the_process_that_has_it() {
    let mut house = house().await;
    house.vendors.set_behaviour("blue-model", slow(40)).unwrap();
    let mut half = RawConnection::open(house.gateway.client_addr).await;
    half.send("GET /ready HTTP/1.1\r\nhost: a\r\n").await;
    let mut stream = house.stream(&[]).await;
    house.gateway.succeed(SOON).await;
    half.send("\r\n").await;
    // The old process is on its way out; the new one is ready.
    assert_eq!(half.read_reply().await.status, 503);
    assert_eq!(
        wait::get(house.gateway.client_addr, "/ready", &[]).await.status,
        200
    );
    assert_eq!(stream.collect().await.last().unwrap().data, "[DONE]");
}
