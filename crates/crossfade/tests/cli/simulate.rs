//! `simulate`: vendors that answer, take faults, and end at Ctrl-C.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use testkit::wait::post;

use crate::run::{command, run};

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only on a process that has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(args: &[&str]) -> (Running, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(
        folder.path(),
        &[&["simulate", "--listen", "127.0.0.1:0"], args].concat(),
    );
    (Running(command.stdout(Stdio::piped()).spawn().unwrap()), folder)
}

fn interrupt(process: &Running) {
    let sent = Command::new("kill")
        .args(["-INT", &process.0.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[tokio::test]
async fn a_fault_is_set_by_the_printed_means_and_ctrl_c_ends_it_all() {
    let (mut process, _folder) = start(&["--json"]);
    let stdout = BufReader::new(process.0.stdout.take().unwrap());
    let addresses: Value = serde_json::Deserializer::from_reader(stdout)
        .into_iter()
        .next()
        .unwrap()
        .unwrap();
    let addr: SocketAddr = addresses["url"]
        .as_str()
        .unwrap()
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap();
    let ask = json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]});
    assert_eq!(post(addr, "/v1/chat/completions", &[], &ask).await.status, 200);
    post(
        addr,
        "/sim/models/gpt-4.1",
        &[],
        &json!({"error_rate": 1, "error_status": 503}),
    )
    .await;
    assert_eq!(post(addr, "/v1/chat/completions", &[], &ask).await.status, 503);
    interrupt(&process);
    assert_eq!(process.0.wait().unwrap().code(), Some(0));
}

/// All that is printed before it waits, and the URL in it.
fn introduction(process: &mut Running) -> (String, String) {
    let mut stdout = BufReader::new(process.0.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("Ctrl-C") {
        assert_ne!(stdout.read_line(&mut text).unwrap(), 0, "{text}");
    }
    let url = text
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .unwrap()
        .to_owned();
    (text, url)
}

#[tokio::test]
async fn the_printed_settings_are_taken_one_after_the_other() {
    let (mut process, _folder) = start(&[]);
    let (text, url) = introduction(&mut process);
    let addr: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
    let settings: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("/sim/models/gpt-4.1 -d"))
        .collect();
    assert_eq!(settings.len(), 3);
    for line in settings {
        let body = serde_json::from_str(line.split('\'').nth(1).unwrap()).unwrap();
        assert_eq!(
            post(addr, "/sim/models/gpt-4.1", &[], &body).await.status,
            200,
            "{line}"
        );
    }
}

#[test]
fn a_newcomer_is_told_how_to_use_it() {
    let (mut process, _folder) = start(&["--key", "sk-test"]);
    let (text, url) = introduction(&mut process);
    insta::assert_snapshot!(text.replace(&url, "URL"), @r#"
    Simulated vendors listen on URL and know every model name.

    Point providers at them:
      providers:
        openai:    {dialect: openai, base_url: URL/v1, api_key: sk-test}
        anthropic: {dialect: anthropic, base_url: URL, api_key: sk-test}
        gemini:    {dialect: gemini, base_url: URL, api_key: sk-test}

    Ask one:
      curl URL/v1/chat/completions -H 'Authorization: Bearer sk-test' -d '{"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]}'

    Make a model fail, dawdle or break, from the next request on:
      curl URL/sim/models/gpt-4.1 -d '{"error_rate": 0.5, "error_status": 503}'
      curl URL/sim/models/gpt-4.1 -d '{"first_byte_median_ms": 3000, "tokens_per_second": 5}'
      curl URL/sim/models/gpt-4.1 -d '{"faults": {"rate_limit": 0.2, "stall_mid_stream": 0.1, "reset_mid_stream": 0.1}}'

    Make it well again, and see what every model met:
      curl -X DELETE URL/sim/models/gpt-4.1
      curl URL/sim/models

    Ctrl-C ends them.
    "#);
}

#[test]
fn an_address_that_is_taken_is_told_with_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let stderr = run(&["simulate", "--listen", &taken.local_addr().unwrap().to_string()]).failed(1);
    assert!(
        stderr.contains("in use") && stderr.contains("127.0.0.1:0"),
        "{stderr}"
    );
}
