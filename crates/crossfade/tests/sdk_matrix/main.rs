//! The vendors' official SDKs against the gateway: every door, with every vendor behind it.
//!
//! An SDK is the strictest reader of an API: it knows fields, events and errors that no specification tells. The
//! scripts in `python` and `node` run the same checks for each of the three simulated vendors, so what an SDK's user
//! gets is the same whoever answers. By default with the newest version of each; with `CROSSFADE_FULL=1` also with
//! older ones, whose users are many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../e2e/house.rs"]
#[allow(
    dead_code,
    reason = "shared with the tests over raw sockets, which use more of it"
)]
mod house;
mod packages;
mod vendors;

use std::path::{Path, PathBuf};
use std::process::Output;

use tokio::process::Command;
use tokio::task::JoinSet;

use house::APP;
use vendors::Vendors;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk_matrix");
const PYTHON: [&str; 4] = ["chat.py", "responses.py", "messages.py", "generate.py"];
const NODE: [&str; 4] = ["openai.mjs", "anthropic.mjs", "google.mjs", "ai-sdk.mjs"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_python_sdks_find_every_vendor_behind_every_door() {
    python("newest").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_sdks_find_every_vendor_behind_every_door() {
    if let Some(project) = packages::node().await {
        let scripts = NODE
            .map(|name| (PathBuf::from("node"), project.join(name)))
            .into();
        run(scripts).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_python_sdks_find_every_vendor_behind_every_door() {
    if std::env::var_os("CROSSFADE_FULL").is_some() {
        python("middle").await;
        python("oldest").await;
    }
}

async fn python(generation: &str) {
    if let Some(python) = packages::python(generation).await {
        let folder = Path::new(HERE).join("python");
        let scripts = PYTHON.map(|name| (python.clone(), folder.join(name))).into();
        run(scripts).await;
    }
}

/// Runs all scripts at the same time against one gateway; fails with what every failing one printed.
async fn run(scripts: Vec<(PathBuf, PathBuf)>) {
    let vendors = Vendors::start().await;
    let mut running = JoinSet::new();
    for (interpreter, script) in scripts {
        let mut command = Command::new(interpreter);
        command
            .arg(&script)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("GATEWAY_URL", format!("http://{}", vendors.gateway.client_addr))
            .env("API_KEY", APP)
            .kill_on_drop(true);
        running.spawn(async move { (script, command.output().await.unwrap()) });
    }
    let failed: Vec<String> = (running.join_all().await.into_iter())
        .filter(|(_, ran)| !ran.status.success())
        .map(|(script, ran)| format!("{}:\n{}", script.display(), words(&ran)))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}
