//! What must hold after every fault.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::wait::{self, CrossfadeProcess};

use crate::house::{done, look};

/// Longest that a process may take to get back to what it was: closing what clients left, writing down what is owed.
const BACK_WITHIN: Duration = Duration::from_secs(15);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// What an allocator may keep of the memory of a fault, in KiB.
const KEPT_MEMORY: u64 = 64 << 10;
/// SQLite opens readers when it needs them, and each is three files.
const COMING_AND_GOING: usize = 12;
/// Idle connections that one worker keeps to one upstream; the tests' gateways have two workers.
const KEPT_CONNECTIONS: usize = 2 * 256;

/// How the process stood before the fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    /// Without connections to upstreams.
    descriptors: usize,
    /// KiB
    resident: u64,
}

impl Before {
    /// KiB
    pub(crate) fn resident(&self) -> u64 {
        self.resident
    }
}

/// How it stands now; call it once the gateway is warm.
pub(crate) fn before(gateway: &CrossfadeProcess) -> Before {
    let open = Open::of(gateway);
    Before {
        descriptors: open.descriptors - open.upstream,
        resident: resident(gateway),
    }
}

/// Alive, no panic, memory and descriptors back, pools clean, nothing in flight, the book adds up.
pub(crate) async fn hold(gateway: &CrossfadeProcess, before: &Before) {
    let health = wait::get(gateway.client_addr, "/health", &[]).await;
    assert_eq!(health.status, 200, "it does not answer");
    let started = Instant::now();
    while let Some(what) = difference(gateway, before).await {
        assert!(started.elapsed() < BACK_WITHIN, "after {BACK_WITHIN:?}: {what}");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    let checked = look(gateway, "/ledger/check").await;
    assert_eq!(
        (&checked["right"], &checked["sum_nanos"]),
        (&json!(true), &json!("0")),
        "{checked}"
    );
    assert!(!gateway.log().contains("panicked"), "something panicked");
}

/// What is not as it was before, if anything is.
async fn difference(gateway: &CrossfadeProcess, before: &Before) -> Option<String> {
    let open = Open::of(gateway);
    let own = open.descriptors - open.upstream;
    if open.clients > 0 {
        return Some(format!("{} client connections are open", open.clients));
    }
    if own > before.descriptors + COMING_AND_GOING {
        return Some(format!("{own} descriptors, {} before", before.descriptors));
    }
    if open.upstream > KEPT_CONNECTIONS {
        return Some(format!("{} connections to upstreams", open.upstream));
    }
    let resident = resident(gateway);
    if resident > before.resident + KEPT_MEMORY {
        return Some(format!("{resident} KiB, {} before", before.resident));
    }
    let deployments = done(gateway, "GET", "/deployments", Value::Null).await;
    let flying = flights(&deployments);
    (flying > 0).then(|| format!("{flying} requests are in flight"))
}

/// All that is in flight, wherever it stands in an answer of the admin API.
fn flights(value: &Value) -> u64 {
    match value {
        Value::Array(values) => values.iter().map(flights).sum(),
        Value::Object(fields) => {
            let here = fields.get("in_flight").and_then(Value::as_u64).unwrap_or(0);
            here + fields.values().map(flights).sum::<u64>()
        }
        _ => 0,
    }
}

/// Descriptors of a process, by what they are.
pub(crate) struct Open {
    pub(crate) descriptors: usize,
    /// Connections of clients, in whatever state.
    pub(crate) clients: usize,
    /// Connections that the process made.
    pub(crate) upstream: usize,
}

impl Open {
    pub(crate) fn of(gateway: &CrossfadeProcess) -> Open {
        let place = format!("/proc/{}", gateway.id());
        let (mut descriptors, mut sockets) = (0, HashSet::new());
        for entry in std::fs::read_dir(format!("{place}/fd")).unwrap() {
            descriptors += 1;
            let target = entry.and_then(|entry| std::fs::read_link(entry.path()));
            let target = target.map(|target| target.to_string_lossy().into_owned());
            if let Some(socket) = target
                .ok()
                .as_deref()
                .and_then(|name| name.strip_prefix("socket:["))
            {
                sockets.insert(socket.trim_end_matches(']').to_owned());
            }
        }
        let (mut clients, mut upstream) = (0, 0);
        let table = std::fs::read_to_string(format!("{place}/net/tcp")).unwrap();
        for line in table.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (local, state, socket) = (port(fields[1]), fields[3], fields[9]);
            if !sockets.contains(socket) || state == LISTENS {
                continue;
            }
            if local == gateway.client_addr.port() {
                clients += 1;
            } else if local != gateway.admin_addr.port() {
                upstream += 1;
            }
        }
        Open {
            descriptors,
            clients,
            upstream,
        }
    }
}

/// The kernel's number of the state in which a socket listens.
const LISTENS: &str = "0A";

fn port(address: &str) -> u16 {
    let (_, port) = address.rsplit_once(':').unwrap();
    u16::from_str_radix(port, 16).unwrap()
}

/// Memory that the process has in use, in KiB.
pub(crate) fn resident(gateway: &CrossfadeProcess) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB"))
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}
