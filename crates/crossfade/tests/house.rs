//! The house rules that a test can hold: which room may know which, what pure rooms may use, and
//! how long a file may get.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each room with the rooms it may know. The binary wires together what it starts.
const ARROWS: [(&str, &[&str]); 7] = [
    ("decide", &[]),
    ("dialect", &[]),
    ("gateway", &["decide", "dialect"]),
    ("store", &["decide"]),
    ("control", &["decide", "gateway", "store"]),
    ("testkit", &[]),
    ("crossfade", &["control", "gateway", "store", "testkit"]),
];

/// All that the pure rooms may depend on: nothing that reads a clock, a file or a socket.
const PURE: [(&str, &[&str]); 2] = [
    ("decide", &["strsim", "thiserror", "xxhash-rust"]),
    (
        "dialect",
        &[
            "base64",
            "memchr",
            "serde_json",
            "thiserror",
            "wide",
            "xxhash-rust",
        ],
    ),
];

/// Words that have no place in a pure room's sources.
const IMPURE: [&str; 9] = [
    "std::fs",
    "std::net",
    "std::time::Instant",
    "SystemTime",
    "std::thread",
    "async fn",
    "println!",
    "tracing::",
    "rand::",
];

/// Lines of a source file, tests not counted.
const FILE_LINES: usize = 500;

#[test]
fn rooms_know_only_the_rooms_their_arrows_lead_to() {
    let rooms: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    for (room, allowed) in ARROWS {
        for known in dependencies(room)
            .iter()
            .filter(|name| rooms.contains(name.as_str()))
        {
            assert!(
                allowed.contains(&known.as_str()),
                "{room} must not depend on {known}"
            );
        }
    }
}

#[test]
fn pure_rooms_stay_pure() {
    for (room, allowed) in PURE {
        for dependency in dependencies(room) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{room} must not depend on {dependency}"
            );
        }
        for file in sources(&crate_folder(room).join("src")) {
            let text = without_tests(&std::fs::read_to_string(&file).unwrap());
            for word in IMPURE {
                assert!(!text.contains(word), "{} uses {word}", file.display());
            }
        }
    }
}

#[test]
fn sql_stays_in_the_store() {
    for (room, _) in ARROWS.iter().filter(|(room, _)| *room != "store") {
        assert!(!dependencies(room).contains("sqlx"), "{room} must not know SQL");
    }
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let mut long = Vec::new();
    for (room, _) in ARROWS {
        for file in sources(&crate_folder(room).join("src"))
            .into_iter()
            .filter(|file| !is_test(file))
        {
            let lines = without_tests(&std::fs::read_to_string(&file).unwrap())
                .lines()
                .count();
            if lines > FILE_LINES {
                long.push(format!("{} ({lines})", file.display()));
            }
        }
    }
    assert!(long.is_empty(), "over {FILE_LINES} lines without tests: {long:?}");
}

fn crate_folder(room: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(room)
}

/// The names in a room's `[dependencies]`; those of its tests are free.
fn dependencies(room: &str) -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(crate_folder(room).join("Cargo.toml")).unwrap();
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split(['.', '=', ' ']).next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn is_test(file: &Path) -> bool {
    let in_tests = file.components().any(|part| part.as_os_str() == "tests");
    in_tests
        || file
            .file_stem()
            .and_then(|stem| stem.to_str())
            .is_some_and(|stem| stem.ends_with("tests"))
}

fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}
