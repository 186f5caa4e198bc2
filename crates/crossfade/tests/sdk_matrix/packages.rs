//! The SDKs, installed from PyPI and npm into folders under `target/`, once for each list of versions.
//!
//! Only where a registry cannot be reached are the tests left out, and loudly.

use std::io::Write;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::{HERE, words};

/// What pip and npm say when it is the network, and not what was asked of them.
const UNREACHABLE: [&str; 8] = [
    "after connection broken by",
    "Could not fetch URL",
    "Name or service not known",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ETIMEDOUT",
    "ENETUNREACH",
];

/// The interpreter of a virtual environment with one generation of the SDKs.
pub(crate) async fn python(generation: &str) -> Option<PathBuf> {
    let list = Path::new(HERE).join(format!("python/{generation}.txt"));
    let folder = folder().join(generation);
    let python = folder.join("bin/python");
    if !is_done(&folder, &list) {
        std::fs::create_dir_all(&folder).unwrap();
        let mut making = Command::new("python3");
        making.args(["-m", "venv", "--clear"]).arg(&folder);
        assert!(
            works(making, "PyPI").await,
            "no virtual environment could be made"
        );
        let mut installing = Command::new(&python);
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--retries",
            "2",
            "-r",
        ];
        installing.args(pip).arg(&list);
        if !works(installing, "PyPI").await {
            return None;
        }
        std::fs::copy(&list, folder.join("installed")).unwrap();
    }
    Some(python)
}

/// A project with the SDKs for Node, and the scripts beside them, where their imports lead to it.
pub(crate) async fn node() -> Option<PathBuf> {
    let (scripts, folder) = (Path::new(HERE).join("node"), folder().join("node"));
    std::fs::create_dir_all(&folder).unwrap();
    for file in std::fs::read_dir(&scripts).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    let list = scripts.join("package-lock.json");
    if !is_done(&folder, &list) {
        let mut installing = Command::new("npm");
        installing
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder);
        if !works(installing, "npm's registry").await {
            return None;
        }
        std::fs::copy(&list, folder.join("installed")).unwrap();
    }
    Some(folder)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("sdk-matrix")
}

fn is_done(folder: &Path, list: &Path) -> bool {
    std::fs::read(folder.join("installed")).ok() == Some(std::fs::read(list).unwrap())
}

/// Whether a command could do it; no where the registry cannot be reached, and any other trouble fails the test.
async fn works(mut command: Command, registry: &str) -> bool {
    let ran = command.output().await.unwrap();
    if ran.status.success() {
        return true;
    }
    let said = words(&ran);
    assert!(
        UNREACHABLE.iter().any(|sign| said.contains(sign)),
        "{command:?} failed:\n{said}"
    );
    // Not by `eprintln!`, which the test runner hides when a test passes.
    let line = format!("SKIPPED the SDK matrix: {registry} cannot be reached from here\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    false
}
