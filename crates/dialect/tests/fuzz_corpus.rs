//! Replays what fuzzing has kept: every file of `fuzz/corpus` and, cut and bent in all places, a few of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

#[path = "../fuzz/checks.rs"]
#[allow(unreachable_pub)]
mod checks;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
        .into_iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

/// The file itself, cut short, and with one byte changed, at up to 30 places.
fn bent(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![bytes.to_vec()];
    for at in (0..bytes.len()).step_by(bytes.len() / 30 + 1) {
        all.push(bytes[..at].to_vec());
        for byte in [b'"', b'{', b'\n', b'0', 0xff] {
            let mut changed = bytes.to_vec();
            changed[at] = byte;
            all.push(changed);
        }
    }
    all
}

fn replay(target: &str, check: impl Fn(&[u8])) {
    for bytes in corpus(target).iter().flat_map(|bytes| bent(bytes)) {
        check(&bytes);
    }
}

#[test]
fn requests_are_refused_or_strict_json_for_every_vendor() {
    replay("requests", checks::requests);
}

#[test]
fn streams_tell_the_same_wherever_they_are_cut() {
    replay("streams", checks::streams);
}

#[test]
fn whole_answers_are_refused_or_json_for_every_client() {
    replay("wholes", checks::wholes);
}

#[test]
fn forms_keep_the_model_that_was_put_in() {
    replay("forms", checks::forms);
}
