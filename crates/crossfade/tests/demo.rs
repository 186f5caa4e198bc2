//! `crossfade demo` as a newcomer runs it: the real binary, in an empty folder that must stay empty.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_crossfade");
/// A show of a few seconds on a machine that is busy with other tests.
const DEADLINE: Duration = Duration::from_secs(60);

struct Show {
    folder: TempDir,
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Show {
    fn start(arguments: &[&str]) -> Show {
        let folder = TempDir::new().unwrap();
        let mut child = Command::new(BINARY)
            .arg("demo")
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Show { folder, child, lines }
    }

    /// Reads JSON lines up to the first one of this kind.
    fn until(&mut self, event: &str) -> Value {
        loop {
            let mut line = String::new();
            assert!(
                self.lines.read_line(&mut line).unwrap() > 0,
                "it ended before `{event}`"
            );
            let value: Value = serde_json::from_str(&line).unwrap();
            if value["event"] == event {
                return value;
            }
        }
    }

    fn interrupt(&self) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// The rest of what it prints; fails unless it ends in time, with exit code 0, without a word on standard error
    /// and without a file.
    fn ends_well(mut self) -> String {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        let deadline = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::yield_now();
        };
        let mut complaints = String::new();
        let mut standard_error = self.child.stderr.take().unwrap();
        standard_error.read_to_string(&mut complaints).unwrap();
        assert_eq!(status.code(), Some(0), "{complaints}\n{rest}");
        assert_eq!(complaints, "");
        let left: Vec<_> = fs::read_dir(self.folder.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        rest
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        // It has ended already, unless the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {value}"))
}

#[test]
fn every_scene_is_told_in_plain_lines_and_users_see_no_error() {
    let told = Show::start(&["--seconds", "12"]).ends_well();
    for expected in [
        "1/6  Blue answers everything",
        "assistant: blue is openai/gpt-4.1 with 100 %, green is anthropic/claude-opus-4-7 with 0 %",
        "2/6  Green gets 20 % of the requests",
        "anthropic/claude-opus-4-7 got ",
        "3/6  Green dies, and nobody notices",
        "4/6  Rollback: one command, in force at once",
        "0 came to green; users saw 0 errors",
        "5/6  A rollout: a better green gets everything, step by step",
        "phase 2 of 5, 10 % to green: ",
        "phase 5 of 5, 100 % to green: ",
        "anthropic/claude-opus-4-8 has 100 %, users saw 0 errors: ",
        "6/6  A rollout: green begins to fail, and is rolled back by itself",
        "green's vendor begins to fail",
        "openai/gpt-5.2 has 0 %, users saw 0 errors: Rolled back at ",
        "curl -i http://127.0.0.1:",
        "answers checked, users saw 0 errors. Nothing is left behind.",
    ] {
        assert!(told.contains(expected), "`{expected}` is missing in:\n{told}");
    }
    assert!(!told.contains('\u{1b}'), "a pipe gets no colours:\n{told}");
}

#[test]
fn the_figures_of_a_show_add_up() {
    let mut show = Show::start(&["--json", "--seconds", "12"]);
    let mut ends_of_scenes = Vec::new();
    for _ in 0..6 {
        ends_of_scenes.push(show.until("scene_ends"));
    }
    let [alone, split, dead, rollback, promoted, rolled_back] = &ends_of_scenes[..] else {
        panic!("{ends_of_scenes:?}");
    };
    assert_eq!(alone["figures"]["actual_green"], 0.0);
    assert_eq!(split["figures"]["target_green"], 20.0);
    assert!(split["figures"]["actual_green"].as_f64() > Some(0.0), "{split}");
    assert!(dead["figures"]["rescues"].as_u64() > Some(0), "{dead}");
    assert_eq!(dead["figures"]["target_green"], 20.0, "the split stays: {dead}");
    assert!(
        dead["figures"]["green"]["error_rate"].as_f64() > Some(0.0),
        "{dead}"
    );
    assert_eq!(rollback["figures"]["rollback"]["green_since"], 0, "{rollback}");
    for (scene, state, green) in [(promoted, "succeeded", 100.0), (rolled_back, "rolled_back", 0.0)] {
        let figures = &scene["figures"];
        assert_eq!(figures["rollout"]["state"], state, "{scene}");
        assert_eq!(figures["target_green"], green, "{scene}");
        let sentence = text(&figures["rollout"], "sentence");
        assert!(!sentence.is_empty(), "{scene}");
        let outcome = text(scene, "outcome");
        assert!(
            outcome.contains(sentence),
            "in the gateway's own words: {outcome}"
        );
    }
    let ends = show.until("ends");
    assert_eq!(ends["ok"], true, "{ends}");
    assert_eq!(ends["figures"]["errors"], 0, "{ends}");
    assert!(ends["figures"]["answers"].as_u64() > Some(100), "{ends}");
    show.ends_well();
}

#[test]
fn ctrl_c_ends_it_cleanly_in_any_scene() {
    for (number, seconds) in [(0, "40"), (1, "8"), (3, "8"), (4, "8"), (5, "8"), (6, "8")] {
        let mut show = Show::start(&["--json", "--seconds", seconds]);
        show.until("opens");
        for _ in 0..number {
            show.until("scene_begins");
        }
        show.interrupt();
        let rest = show.ends_well();
        assert!(
            rest.trim_end().ends_with('}') && rest.contains("\"event\":\"ends\""),
            "{rest}"
        );
    }
}

#[test]
fn the_lines_to_copy_work_until_ctrl_c() {
    let mut show = Show::start(&["--json", "--scenes-in", "2"]);
    let serving = show.until("serving");
    let clients = text(&serving, "url").trim_start_matches("http://").to_owned();
    let answer = ask(&clients, text(&serving, "key"));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("x-deployment-environment: blue"), "{answer}");
    let split = verb(&serving, &["split", "assistant", "--green", "100"]);
    assert!(split.status.success(), "{split:?}");
    let answer = ask(&clients, text(&serving, "key"));
    assert!(answer.contains("x-deployment-environment: green"), "{answer}");
    let vendors = text(&serving, "vendors_url")
        .trim_start_matches("http://")
        .to_owned();
    post(&vendors, "/sim/models/gpt-5.2", "", r#"{"error_rate": 1}"#);
    let answer = ask(&clients, text(&serving, "key"));
    assert!(answer.contains("x-deployment-reason: rescue"), "{answer}");
    let happened = show.until("happened");
    assert_eq!(text(&happened, "text"), "the split is 100 % green now");
    show.interrupt();
    show.ends_well();
    assert!(TcpStream::connect(&clients).is_err(), "somebody still listens");
}

#[test]
fn a_reader_that_leaves_ends_it() {
    let mut show = Show::start(&["--seconds", "30"]);
    let mut first = String::new();
    show.lines.read_line(&mut first).unwrap();
    // As `crossfade demo | head -1` does.
    let nobody = Command::new("true")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
        .stdout;
    drop(std::mem::replace(
        &mut show.lines,
        BufReader::new(nobody.unwrap()),
    ));
    show.ends_well();
}

fn ask(address: &str, key: &str) -> String {
    let body = r#"{"model":"assistant","messages":[{"role":"user","content":"Hi"}]}"#;
    post(address, "/v1/chat/completions", key, body)
}

/// The whole answer, its head included.
fn post(address: &str, path: &str, key: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn verb(serving: &Value, arguments: &[&str]) -> Output {
    Command::new(BINARY)
        .args(arguments)
        .env("CROSSFADE_ADMIN_URL", text(serving, "admin_url"))
        .env("CROSSFADE_ADMIN_TOKEN", text(serving, "admin_token"))
        .output()
        .unwrap()
}
