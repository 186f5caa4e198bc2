//! Promises across processes: what was acknowledged survives `kill -9`, and many may open a new store at once.
//!
//! The other process is this test binary again, told by [`WORK`] to be [`the_other_process`] and nothing else.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use decide::book::{Billing, Operation};
use store::{Store, accounts, changes, ledger, meta};

use crate::ledger::{account, adds_up, hold, paid, payer, scribe};
use crate::places::Place;

on_both! {
    every_acknowledged_hold_survives_a_kill
    every_acknowledged_write_survives_a_kill
    processes_that_open_a_new_store_at_once_all_succeed
}

/// What the other process is to do: `write` or `open`. Unset in the test run itself.
const WORK: &str = "CROSSFADE_TEST_OTHER_PROCESS";
const URL: &str = "CROSSFADE_TEST_OTHER_PROCESS_URL";

async fn every_acknowledged_write_survives_a_kill(place: Place) {
    let mut writer = start("write", &place);
    let mut said = BufReader::new(writer.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut acknowledged: Vec<String> = said.by_ref().filter_map(acknowledgement).take(40).collect();
    // SIGKILL, in the middle of the next write. What it still managed to say counts too.
    writer.kill().unwrap();
    writer.wait().unwrap();
    acknowledged.extend(said.filter_map(acknowledgement));
    assert!(acknowledged.len() >= 40, "{acknowledged:?}");

    let store = place.open().await;
    for name in &acknowledged {
        assert_eq!(
            meta::get(&store, name).await.unwrap().as_deref(),
            Some("written"),
            "{name}"
        );
    }
    meta::set(&store, "after", "the kill").await.unwrap();
}

async fn every_acknowledged_hold_survives_a_kill(place: Place) {
    let mut writer = start("hold", &place);
    let mut said = BufReader::new(writer.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut acknowledged: Vec<String> = said.by_ref().filter_map(acknowledgement).take(200).collect();
    writer.kill().unwrap();
    writer.wait().unwrap();
    acknowledged.extend(said.filter_map(acknowledgement));
    assert!(acknowledged.len() >= 200, "{acknowledged:?}");

    let store = place.open().await;
    adds_up(&store).await;
    let orphans = ledger::orphans(&store, "next", i64::MAX).await.unwrap();
    let found = |charge: &String| {
        let is = |operation: &Operation| matches!(operation, Operation::Settle(settled) if settled.charge == *charge);
        orphans.iter().any(is)
    };
    assert!(acknowledged.iter().all(found));
    ledger::write(&store, &orphans, 2_000).await.unwrap();
    let standing = ledger::standing(&store, "acme").await.unwrap();
    assert_eq!((standing.available, standing.held), (1_000_000, 0));
    adds_up(&store).await;
}

async fn processes_that_open_a_new_store_at_once_all_succeed(place: Place) {
    let mut openers: Vec<Child> = (0..4).map(|_| start("open", &place)).collect();
    // Each says that it is ready and then waits for its input to end.
    for opener in &mut openers {
        let mut said = BufReader::new(opener.stdout.as_mut().unwrap()).lines();
        assert!(said.any(|line| line.unwrap().contains("ready")));
    }
    for opener in &mut openers {
        drop(opener.stdin.take());
    }
    for opener in openers {
        let output = opener.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_eq!(changes::latest(&place.open().await).await.unwrap(), 4);
}

fn start(work: &str, place: &Place) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::the_other_process", "--nocapture"])
        .env(WORK, work)
        .env(URL, &place.url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn acknowledgement(line: String) -> Option<String> {
    line.strip_prefix("acknowledged ").map(str::to_owned)
}

/// No promise of its own: the body of the processes started above.
#[tokio::test]
async fn the_other_process() {
    let Ok(work) = std::env::var(WORK) else { return };
    let url = std::env::var(URL).unwrap().parse().unwrap();
    match work.as_str() {
        "write" => {
            let store = Store::open(&url).await.unwrap();
            say("");
            for number in 0_u64.. {
                let name = format!("n{number}");
                meta::set(&store, &name, "written").await.unwrap();
                say(&format!("acknowledged {name}"));
            }
        }
        "hold" => {
            let store = Store::open(&url).await.unwrap();
            accounts::create(&store, &account("acme", Billing::Prepaid), 0)
                .await
                .unwrap();
            ledger::write(&store, &[paid("t", "acme", 1_000_000)], 0)
                .await
                .unwrap();
            let scribe = scribe(&store);
            // Eight requests at a time, each acknowledged on its own; fewer than what orphans are read at once.
            let requests = (0..8).map(|lane| {
                let scribe = scribe.clone();
                tokio::spawn(async move {
                    for number in 0..120 {
                        let charge = format!("c{lane}-{number}");
                        scribe.hold(hold(&charge, payer("acme"), 10)).await.unwrap();
                        say(&format!("acknowledged {charge}"));
                    }
                })
            });
            for request in requests.collect::<Vec<_>>() {
                request.await.unwrap();
            }
            std::io::stdin().lines().for_each(drop);
        }
        "open" => {
            say("ready");
            std::io::stdin().lines().for_each(drop);
            let store = Store::open(&url).await.unwrap();
            meta::set(&store, &std::process::id().to_string(), "was here")
                .await
                .unwrap();
        }
        other => panic!("unknown work: {other}"),
    }
}

/// A line of its own: the test runner leaves its own line unfinished.
fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{words}").unwrap();
    out.flush().unwrap();
}
