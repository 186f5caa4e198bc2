//! The official `openai` Python SDK against the gateway: what its users call, and what they never notice.
//!
//! The SDK comes from PyPI into a virtual environment under `target/`, made once. Several of its major versions are
//! tried, since they check answers differently. Only without PyPI is this left out, and loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../e2e/house.rs"]
#[allow(
    dead_code,
    reason = "shared with the tests over raw sockets, which use more of it"
)]
mod house;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output;

use testkit::wait::free_port;
use tokio::process::Command;

use house::*;

/// The newest also carries the load; the others are for the shapes.
const NEWEST: &str = "3.54.0";
const OLDER: [&str; 2] = ["2.54.0", "1.109.1"];
const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_sdk_finds_nothing_missing() {
    let Some(python) = python_with_sdk().await else {
        return;
    };
    let house = house_with(|file| {
        let dead = format!(
            "  dead: {{dialect: openai, base_url: http://127.0.0.1:{}/v1}}\n",
            free_port()
        );
        let dying = "  dying:
    blue: {provider: sim, model: blue-model}
    green: {provider: dead, model: green-model}
    split: {green: 50}
  embeddings: {blue: {provider: sim, model: text-embedding-3-small}}
  limited: {blue: {provider: sim, model: limited-model}}
  hopeless:
    blue: {provider: sim, model: broken-model}
    green: {provider: dead, model: green-model}
    split: {green: 100}
keys:
  - {name: tied, secret: cf-tied-of-the-file-0123456789, models: [assistant], overrides: deny}
";
        file.replace("deployments:", &format!("{dead}deployments:"))
            .replace("keys:\n", dying)
    })
    .await;
    let troubled = |status: u16| serde_json::json!({"error_rate": 1.0, "error_status": status});
    house
        .vendors
        .change_behaviour("limited-model", troubled(429))
        .unwrap();
    house
        .vendors
        .change_behaviour("broken-model", troubled(500))
        .unwrap();
    for version in OLDER {
        run(&python, version, "shapes.py", &house).await;
    }
    run(&python, NEWEST, "shapes.py", &house).await;
    let asked = house.vendors.counters("broken-model").requests;
    assert_eq!(
        asked, 3,
        "once by each version: what both sides failed is not sent again"
    );
    run(&python, NEWEST, "traffic.py", &house).await;
}

async fn run(python: &Path, version: &str, script: &str, house: &House) {
    let ran = Command::new(python)
        .arg(Path::new(HERE).join(script))
        .env("PYTHONPATH", folder_of(version))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SDK_VERSION", version)
        .env("BASE_URL", format!("http://{}/v1", house.gateway.client_addr))
        .env("API_KEY", APP)
        .env("TIED_KEY", "cf-tied-of-the-file-0123456789")
        .env(
            "ADMIN_URL",
            format!("http://{}/admin/v1", house.gateway.admin_addr),
        )
        .env("ADMIN_TOKEN", &house.gateway.admin_token)
        .output()
        .await
        .unwrap();
    assert!(
        ran.status.success(),
        "openai {version}, {script}:\n{}",
        words(&ran)
    );
}

/// An interpreter with what the SDK needs, and each version of the SDK in a folder of its own beside it.
async fn python_with_sdk() -> Option<PathBuf> {
    let environment = folder().join("venv");
    let python = environment.join("bin/python");
    if !python.exists() {
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment)
            .output()
            .await
            .unwrap();
        assert!(made.status.success(), "no virtual environment:\n{}", words(&made));
    }
    let requirements = Path::new(HERE).join("requirements.txt");
    let done = environment.join("installed");
    if std::fs::read(&done).ok() != std::fs::read(&requirements).ok() {
        let file = requirements.display().to_string();
        if !install(&python, &["-r", &file]).await {
            return None;
        }
        std::fs::copy(&requirements, &done).unwrap();
    }
    for version in OLDER.into_iter().chain([NEWEST]) {
        let folder = folder_of(version);
        if !folder.join("openai/_version.py").exists() {
            let (target, package) = (folder.display().to_string(), format!("openai=={version}"));
            if !install(&python, &["--no-deps", "--target", &target, &package]).await {
                return None;
            }
        }
    }
    Some(python)
}

/// Whether pip could do it; no where PyPI cannot be reached, and any other trouble fails the test.
async fn install(python: &Path, what: &[&str]) -> bool {
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--retries",
        "2",
    ];
    let installed = Command::new(python).args(pip).args(what).output().await.unwrap();
    if installed.status.success() {
        return true;
    }
    let said = words(&installed);
    let unreachable = [
        "after connection broken by",
        "Could not fetch URL",
        "Name or service not known",
    ];
    assert!(
        unreachable.iter().any(|sign| said.contains(sign)),
        "pip failed:\n{said}"
    );
    // Not by `eprintln!`, which the test runner hides when a test passes.
    std::io::stderr()
        .write_all(b"SKIPPED the openai SDK: PyPI cannot be reached from here\n")
        .unwrap();
    false
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("openai-sdk")
}

fn folder_of(version: &str) -> PathBuf {
    folder().join(version)
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}
