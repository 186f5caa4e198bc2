//! What tests wait with: states, answers, events, processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::json;
use testkit::bad_upstream::{BadUpstream, Step, chunk, last_chunk, stream_head};
use testkit::wait::{TempStore, free_port, get, raw, spawn_crossfade, stream, until};
use tokio::sync::Mutex;

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
#[should_panic(expected = "in vain until the moon is full")]
async fn a_state_that_never_comes_fails_the_test_by_name() {
    until("the moon is full", Duration::from_millis(20), || false).await;
}

#[test]
fn free_ports_are_free_and_differ() {
    let (one, two) = (free_port(), free_port());
    assert_ne!(one, two);
    assert!(TcpListener::bind(("127.0.0.1", one)).is_ok());
}

#[test]
fn a_folder_goes_away_with_its_test() {
    let folder = TempStore::new();
    let path = folder.write("a.txt", "a");
    assert!(path.exists() && folder.sqlite_url().starts_with("sqlite:/"));
    drop(folder);
    assert!(!path.exists());
}

#[tokio::test]
async fn raw_bytes_go_out_and_come_back_unchanged() {
    let upstream = BadUpstream::start(vec![
        Step::ReadBytes(3),
        Step::send([0xff, 0x00, b'\n']),
        Step::Close,
    ])
    .await;
    assert_eq!(raw(upstream.addr(), [1, 2, 3]).await, [0xff, 0x00, b'\n']);
    assert_eq!(upstream.truth()[0].received, [1, 2, 3]);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_told_from_a_whole_one() {
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    let unended = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    let until_close = "HTTP/1.1 200 OK\r\n\r\nhalf";
    for (answer, complete) in [(short, false), (unended, false), (until_close, true)] {
        let upstream = BadUpstream::start(vec![Step::ReadRequest, Step::send(answer), Step::Close]).await;
        let reply = get(upstream.addr(), "/", &[]).await;
        assert_eq!(
            (reply.text().as_str(), reply.complete),
            ("half", complete),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn events_are_put_together_across_chunks_and_line_ends() {
    let upstream = BadUpstream::start(vec![
        Step::ReadRequest,
        stream_head(),
        chunk(": waiting\n\nevent: a\nda"),
        chunk("ta: one\ndata: two\n"),
        chunk("\r\n\r\n"),
        chunk("data:{}\r\n\r\ndata: left"),
        last_chunk(),
        Step::Close,
    ])
    .await;
    let mut events = stream(upstream.addr(), "/", &[], &json!({})).await;
    let all = events.collect().await;
    assert_eq!(all[0].comment, "waiting");
    assert_eq!(
        (all[1].event.as_deref(), all[1].data.as_str()),
        (Some("a"), "one\ntwo")
    );
    assert_eq!((all[2].data.as_str(), all.len()), ("{}", 3));
    assert!(all.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert_eq!(
        (events.leftover(), events.ended_orderly()),
        (b"data: left".as_slice(), true)
    );
}

/// A file that is still open for writing cannot be executed, and a process that starts beside this test inherits
/// what is open at that moment.
static ONE_PROCESS_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A shell script in the place of the binary: prints its arguments and serves one health page with Python.
fn stand_in(folder: &TempStore, last_line: &str) -> std::path::PathBuf {
    let script = format!(
        "#!/bin/sh\necho \"called with $1 $2\"\necho \"token $CROSSFADE_ADMIN_TOKEN $EXTRA\"\n{last_line}\n"
    );
    let path = folder.write("stand-in", &script);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

const SERVE: &str = r#"port=$(sed -n 's/^listen: 127.0.0.1://p' "$3")
exec python3 -c "
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header('content-length', '0'); self.end_headers()
http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Page).serve_forever()" "$port""#;

#[tokio::test]
async fn a_process_is_started_with_free_ports_killed_and_started_again() {
    let _alone = ONE_PROCESS_AT_A_TIME.lock().await;
    let folder = TempStore::new();
    let binary = stand_in(&folder, SERVE);
    let mut process = spawn_crossfade(&binary, "store: sqlite:x.db\n", &[("EXTRA", "set")]).await;
    let config = std::fs::read_to_string(process.config_path()).unwrap();
    assert_eq!(
        config,
        format!(
            "listen: {}\nadmin: {}\nstore: sqlite:x.db\n",
            process.client_addr, process.admin_addr
        )
    );
    assert!(process.log().contains("called with serve -c"));
    assert!(
        process
            .log()
            .contains(&format!("token {} set", process.admin_token))
    );
    process.kill9();
    process.start_again().await;
    assert_eq!(get(process.client_addr, "/health", &[]).await.status, 200);
    process.terminate();
    assert!(!process.wait(SOON).await.success());
}

#[tokio::test]
#[should_panic(expected = "before it served")]
async fn a_process_that_ends_at_once_fails_the_test() {
    let _alone = ONE_PROCESS_AT_A_TIME.lock().await;
    let folder = TempStore::new();
    let binary = stand_in(&folder, "exit 1");
    spawn_crossfade(&binary, "", &[]).await;
}
