//! A disk whose power is cut, and one whose syncs fail: what was acknowledged is there afterwards, and what nobody can
//! know is not built upon. The disk is `disk.c`, between the gateway and libc.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;
use std::sync::OnceLock;

use serde_json::json;
use testkit::bad_upstream::BadUpstream;
use testkit::wait;

use super::cuts::Dice;
use super::*;

/// Compiled with what links Rust's programs too.
fn library() -> &'static str {
    static BUILT: OnceLock<String> = OnceLock::new();
    BUILT.get_or_init(|| {
        let library = concat!(env!("CARGO_TARGET_TMPDIR"), "/disk.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/ledger/disk.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"])
            .status();
        assert!(compiled.unwrap().success());
        library.to_owned()
    })
}

/// A gateway on such a disk.
struct Machine {
    gateway: CrossfadeProcess,
    copies: tempfile::TempDir,
}

impl Machine {
    async fn start(vendor: &BadUpstream, more: &[(&str, &str)]) -> Machine {
        let copies = tempfile::tempdir().unwrap();
        let fails = copies.path().join("fails");
        let mut environment = vec![
            ("LD_PRELOAD", library()),
            ("DISK_COPY", copies.path().to_str().unwrap()),
            ("DISK_FAILS", fails.to_str().unwrap()),
        ];
        environment.extend_from_slice(more);
        let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &environment).await;
        Machine { gateway, copies }
    }

    fn fail_syncs(&self, fail: bool) {
        let marker = self.copies.path().join("fails");
        let changed = if fail {
            std::fs::write(marker, "")
        } else {
            std::fs::remove_file(marker)
        };
        changed.unwrap();
    }

    fn databases(&self) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.gateway.folder()).unwrap();
        let paths = folder.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.to_str().unwrap().contains(".db"))
            .collect()
    }

    /// Kills the gateway, and with `power` what had not been synced; then starts it again.
    async fn cut(&mut self, power: bool) {
        self.gateway.kill9();
        if power {
            let databases = self.databases();
            assert!(databases.len() >= 2, "{databases:?}");
            for database in databases {
                let copy = self.copies.path().join(database.file_name().unwrap());
                if copy.exists() {
                    std::fs::copy(copy, database).unwrap();
                } else {
                    std::fs::remove_file(database).unwrap();
                }
            }
        }
        self.gateway.start_again().await;
    }

    /// Ids of entries of this account, and of their requests.
    async fn entries(&self, account: &str) -> BTreeSet<String> {
        let (mut ids, mut cursor) = (BTreeSet::new(), String::new());
        loop {
            let path = format!("/ledger?account={account}&limit=1000{cursor}");
            let page = look(&self.gateway, &path).await;
            for entry in page["entries"].as_array().unwrap() {
                ids.insert(entry["id"].as_str().unwrap().to_owned());
                ids.extend(entry["request_id"].as_str().map(str::to_owned));
            }
            let Some(next) = page["next"].as_str() else {
                return ids;
            };
            cursor = format!("&cursor={next}");
        }
    }
}

fn correction(id: &str) -> Value {
    json!({"id": id, "amount_usd": usd(1), "reason": "for the test"})
}

fn at_once(tokens: u64) -> Vec<Step> {
    let mut steps = answer_when_told(tokens);
    steps.retain(|step| !matches!(step, Step::PauseUntilReleased(_)));
    steps
}

/// What each round has been told that is written: corrections, requests that were charged.
#[derive(Default)]
struct Told {
    corrections: RefCell<Vec<String>>,
    charged: RefCell<Vec<(String, Value)>>,
    enough: Cell<bool>,
}

async fn correct_until_enough(gateway: &CrossfadeProcess, told: &Told, name: String) {
    let mut number = 0;
    while !told.enough.get() {
        let id = format!("{name}-{number}");
        done(gateway, "POST", "/accounts/acme/correct", correction(&id)).await;
        told.corrections.borrow_mut().push(format!("correction/{id}"));
        number += 1;
    }
}

/// Requests of an account that has too little for a reserve, so each is held for by itself.
async fn ask_until_enough(gateway: &CrossfadeProcess, told: &Told, secret: &str, name: String) {
    let mut number = 0;
    while !told.enough.get() {
        let id = format!("{name}-{number}");
        let body = json!({"model": "assistant", "max_tokens": 10,
            "messages": [{"role": "user", "content": format!("hello <{id}>")}]});
        let reply = post_to(gateway, secret, &[("x-request-id", &id)], &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let shown = admin(gateway, "GET", &format!("/requests/{id}"), Value::Null).await;
        if shown.status == 200 && !shown.json()["charge_usd"].is_null() {
            told.charged
                .borrow_mut()
                .push((id, shown.json()["charge_usd"].clone()));
        }
        number += 1;
    }
}

/// Works on money until so much is acknowledged; what is under way then stays so.
async fn work(gateway: &CrossfadeProcess, secret: &str, round: u64, acknowledged: usize) -> Rc<Told> {
    let told = Rc::new(Told::default());
    let all = async {
        let name = |what: &str, worker: u64| format!("{what}-{round}-{worker}");
        tokio::join!(
            correct_until_enough(gateway, &told, name("c", 1)),
            correct_until_enough(gateway, &told, name("c", 2)),
            ask_until_enough(gateway, &told, secret, name("r", 1)),
            ask_until_enough(gateway, &told, secret, name("r", 2)),
            ask_until_enough(gateway, &told, secret, name("r", 3)),
        );
    };
    let enough = wait::until("enough is acknowledged", SOON * 3, || {
        told.corrections.borrow().len() + told.charged.borrow().len() >= acknowledged
    });
    tokio::select! {
        () = all => {}
        () = enough => {}
    }
    told
}

/// What the vendor was asked, by the names in the requests.
fn seen(vendor: &BadUpstream) -> BTreeSet<String> {
    let texts = vendor
        .truth()
        .into_iter()
        .map(|connection| connection.received_text());
    texts
        .flat_map(|text| {
            let named = text.split("hello <").skip(1);
            let names = named.filter_map(|rest| rest.split('>').next().map(str::to_owned));
            names.collect::<Vec<_>>()
        })
        .collect()
}

/// Four cuts; a hundred with CROSSFADE_FULL=1. Every second one takes the power too.
#[tokio::test]
async fn what_was_acknowledged_outlives_kills_and_power_cuts() {
    let vendor = BadUpstream::start(at_once(3)).await;
    let mut dice = Dice(11);
    let seed = dice.below(1 << 40).to_string();
    let mut machine = Machine::start(&vendor, &[("DISK_SEED", &seed)]).await;
    let secret = prepaid(&machine.gateway, "acme", 600).await;
    let (mut corrections, mut charged) = (BTreeSet::new(), Vec::new());
    let rounds = if is_full() { 100 } else { 4 };
    for round in 0..rounds {
        let acknowledged = 1 + dice.below(60) as usize;
        let told = work(&machine.gateway, &secret, round, acknowledged).await;
        machine.cut(round % 2 == 1).await;
        corrections.extend(told.corrections.take());
        charged.extend(told.charged.take());

        let entries = machine.entries("acme").await;
        let lost: Vec<_> = corrections.difference(&entries).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?}");
        // Held on the disk before the vendor was asked.
        let asked = seen(&vendor);
        let unheld: Vec<_> = asked.difference(&entries).collect();
        assert!(unheld.is_empty(), "round {round}: {unheld:?}");
        for (id, charge) in &charged {
            assert_eq!(tokens(charge), 3);
            assert!(
                entries
                    .iter()
                    .any(|entry| entry.starts_with(&format!("{id}.")) && entry.ends_with("/1/charge"))
            );
        }
        adds_up(&machine.gateway).await;
        assert_eq!(standing(&machine.gateway, "acme").await[1], 0, "held for nobody");
        // Enough for the next round, too little for a reserve.
        let now = standing(&machine.gateway, "acme").await[0];
        let id = format!("level-{round}");
        let level = json!({"id": id, "amount_usd": signed(600 - now), "reason": "for the next round"});
        done(&machine.gateway, "POST", "/accounts/acme/correct", level).await;
        corrections.insert(format!("correction/{id}"));
    }
    println!(
        "{rounds} cuts: {} corrections and {} charges were acknowledged, {} requests sent; none is missing",
        corrections.len(),
        charged.len(),
        seen(&vendor).len()
    );
}

fn signed(tokens: i64) -> String {
    let sign = if tokens < 0 { "-" } else { "" };
    format!("{sign}{}", usd(tokens.abs()))
}

/// The test above sees what is lost.
#[tokio::test]
async fn a_disk_that_lies_about_its_syncs_loses_what_was_acknowledged() {
    let vendor = BadUpstream::start(at_once(3)).await;
    let mut machine = Machine::start(&vendor, &[("DISK_LIES", "1")]).await;
    prepaid(&machine.gateway, "acme", 600).await;
    machine.cut(false).await;
    assert_eq!(standing(&machine.gateway, "acme").await[0], 600);
    machine.cut(true).await;
    let gone = admin(&machine.gateway, "GET", "/accounts/acme", Value::Null).await;
    assert_eq!(gone.status, 404, "{}", gone.text());
}

#[tokio::test]
async fn after_a_sync_has_failed_nothing_is_charged_until_the_next_start() {
    let vendor = BadUpstream::start(at_once(3)).await;
    let mut machine = Machine::start(&vendor, &[]).await;
    let secret = prepaid(&machine.gateway, "acme", 600).await;
    let later = key(&machine.gateway, json!({"name": "later", "account": "later"})).await;
    assert_eq!(
        ask(&machine.gateway, &secret, &ten_tokens(false)).await.status,
        200
    );
    wait::until_async("it is settled", SOON, async || {
        standing(&machine.gateway, "acme").await == [597, 0, 597]
    })
    .await;

    machine.fail_syncs(true);
    let refused = ask(&machine.gateway, &secret, &ten_tokens(false)).await;
    assert_eq!(refusal(&refused), "503 ledger_unavailable");
    assert_eq!(asked(&vendor), 1);
    // The next sync would say that all is well.
    machine.fail_syncs(false);
    for secret in [&secret, &later] {
        let refused = ask(&machine.gateway, secret, &ten_tokens(false)).await;
        assert_eq!(refusal(&refused), "503 ledger_unavailable");
    }
    let refused = admin(
        &machine.gateway,
        "POST",
        "/accounts/acme/correct",
        correction("lost"),
    )
    .await;
    assert_eq!(refused.status, 503);
    assert_eq!(asked(&vendor), 1);

    machine.cut(true).await;
    assert_eq!(standing(&machine.gateway, "acme").await, [597, 0, 597]);
    done(
        &machine.gateway,
        "POST",
        "/accounts/acme/correct",
        correction("kept"),
    )
    .await;
    for secret in [&secret, &later] {
        assert_eq!(
            ask(&machine.gateway, secret, &ten_tokens(false)).await.status,
            200
        );
    }
    adds_up(&machine.gateway).await;
}
