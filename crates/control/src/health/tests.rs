#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use decide::Side;
use gateway::{Deployment, FailureKind, Probed, Prober, Shared, Snapshot};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::board::Board;
use super::{Health, Key, Status, keep_probing};
use crate::config::Period;
use crate::config::{HealthProbe, Probe};
use crate::events::{EventKind, Hub};
use crate::observe::sample::{environment, provider, provider_at, snapshot};
use crate::observe::{Observatory, WINDOW_SECONDS};

const GOOD: Probed = Probed::Answered(Duration::ZERO);
const BAD: Probed = Probed::Failed(FailureKind::Refused);

fn key(side: Side) -> Key {
    ("gpt-4.1".into(), side)
}

fn settings(probe: Probe) -> HashMap<Key, HealthProbe> {
    let probe = HealthProbe {
        probe,
        ..HealthProbe::default()
    };
    [Side::Blue, Side::Green]
        .map(|side| (key(side), probe.clone()))
        .into()
}

fn board(snapshot: &Snapshot, probe: Probe) -> Board {
    let mut board = Board::default();
    board.configure(settings(probe), Duration::ZERO, "start");
    board.follow(snapshot, Duration::ZERO, "start");
    board
}

/// Lets every due probe find the same, and tells both statuses.
fn round(board: &mut Board, probed: Probed, second: u64) -> [Status; 2] {
    let now = Duration::from_secs(second);
    for job in board.due(now) {
        board.found(&job, probed, now, &format!("second {second}"));
    }
    statuses(board)
}

fn statuses(board: &Board) -> [Status; 2] {
    [Side::Blue, Side::Green].map(|side| board.health_of("gpt-4.1", side).status)
}

#[test]
fn an_environment_is_ill_after_retries_in_a_row_and_well_at_the_first_answer() {
    use Status::{Healthy, Unhealthy, Unknown};
    let mut board = board(&snapshot(), Probe::Models);
    let rows = [
        (BAD, Unknown, "start"),
        (BAD, Unknown, "start"),
        (BAD, Unhealthy, "second 45"),
        (BAD, Unhealthy, "second 45"),
        (GOOD, Healthy, "second 75"),
        (BAD, Healthy, "second 75"),
        (BAD, Healthy, "second 75"),
        (Probed::Unclear, Healthy, "second 75"),
        (GOOD, Healthy, "second 75"),
        (BAD, Healthy, "second 75"),
        (BAD, Healthy, "second 75"),
        (BAD, Unhealthy, "second 180"),
    ];
    for (number, (probed, status, since)) in rows.into_iter().enumerate() {
        let second = 15 * (number as u64 + 1);
        assert_eq!(round(&mut board, probed, second), [status; 2], "round {number}");
        assert_eq!(
            board.health_of("gpt-4.1", Side::Blue).since.as_deref(),
            Some(since)
        );
    }
    assert_eq!(board.health_of("gpt-4.1", Side::Blue).last_error, Some("refused"));
}

#[test]
fn each_environment_is_probed_once_an_interval_at_a_place_of_its_own() {
    let mut board = board(&snapshot(), Probe::Prompt);
    let mut probed: HashMap<Side, Vec<u64>> = HashMap::new();
    for tenth in 0..1_000 {
        let now = Duration::from_millis(100 * tenth);
        for job in board.due(now) {
            assert_eq!(job.keys.len(), 1, "prompts are not shared");
            probed.entry(job.keys[0].1).or_default().push(tenth);
            board.found(&job, GOOD, now, "");
        }
    }
    assert!(probed.values().all(|tenths| tenths[0] <= 10), "{probed:?}");
    for tenths in probed.values() {
        assert!((10..=11).contains(&tenths.len()), "{probed:?}");
        assert!(
            tenths
                .windows(2)
                .skip(1)
                .all(|pair| (99..=101).contains(&(pair[1] - pair[0])))
        );
    }
    assert_ne!(probed[&Side::Blue][1] % 100, probed[&Side::Green][1] % 100);
}

#[test]
fn one_list_of_models_answers_for_every_environment_of_the_account() {
    let mut board = board(&snapshot(), Probe::Models);
    let now = Duration::from_secs(1);
    let jobs = board.due(now);
    assert_eq!((jobs.len(), jobs[0].keys.len()), (1, 2));
    assert!(board.due(now).is_empty(), "both are being probed");
    assert_eq!(board.found(&jobs[0], GOOD, now, "").len(), 2);
}

#[test]
fn without_settings_or_with_probes_off_nothing_is_known() {
    let mut off = board(&snapshot(), Probe::Off);
    assert_eq!(round(&mut off, GOOD, 60), [Status::Unknown; 2]);
    let mut known = board(&snapshot(), Probe::Models);
    assert_eq!(round(&mut known, GOOD, 60), [Status::Healthy; 2]);
    known.configure(HashMap::new(), Duration::ZERO, "later");
    assert_eq!(statuses(&known), [Status::Unknown; 2]);
    assert!(known.due(Duration::from_secs(1_000)).is_empty());
}

#[test]
fn health_moves_with_an_environment_that_becomes_blue() {
    let first = snapshot();
    let mut board = board(&first, Probe::Models);
    round(&mut board, GOOD, 10);
    let green = first.deployments[0].green.clone().unwrap();
    let mut finalized = snapshot();
    finalized.deployments = vec![Arc::new(Deployment {
        name: "gpt-4.1".into(),
        blue: green,
        green: Some(environment(&provider())),
        rescue: true,
        list: None,
    })];
    board.follow(&finalized, Duration::from_secs(11), "later");
    assert_eq!(statuses(&board), [Status::Healthy, Status::Unknown]);
    board.follow(&Snapshot::default(), Duration::from_secs(12), "gone");
    assert_eq!(board.health_of("gpt-4.1", Side::Blue).since, None);
}

#[test]
fn a_probe_of_what_is_gone_says_nothing_of_what_took_its_place() {
    let mut board = board(&snapshot(), Probe::Models);
    let jobs = board.due(Duration::from_secs(1));
    board.follow(&snapshot(), Duration::from_secs(2), "replaced");
    let changes = board.found(&jobs[0], GOOD, Duration::from_secs(3), "");
    assert_eq!((changes, statuses(&board)), (Vec::new(), [Status::Unknown; 2]));
    assert_eq!(board.due(Duration::from_secs(20)).len(), 1);
}

/// A vendor that answers every connection with an empty list of models.
async fn vendor() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = connection.read(&mut request).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            let _ = connection.write_all(answer).await;
        }
    });
    base_url
}

#[tokio::test]
async fn environments_of_the_snapshot_are_probed_and_listeners_are_told() {
    let (good, bad) = (provider_at(&vendor().await), provider());
    let mut route = snapshot();
    route.deployments = vec![Arc::new(Deployment {
        name: "gpt-4.1".into(),
        blue: environment(&good),
        green: Some(environment(&bad)),
        rescue: true,
        list: None,
    })];
    let observatory = Arc::new(Observatory::new(WINDOW_SECONDS));
    let shared = Arc::new(Shared::new(route, observatory));
    let hub = Arc::new(Hub::new(0));
    let health = Arc::new(Health::new(Arc::clone(&hub)));
    let mut quick = settings(Probe::Models);
    for probe in quick.values_mut() {
        (probe.interval, probe.retries) = (Period::milliseconds(20), 2);
    }
    health.configure(quick);
    let mut events = hub.subscribe(None);
    let prober = Prober::start(Arc::clone(&shared)).unwrap();
    tokio::spawn(keep_probing(Arc::clone(&health), shared, prober));
    let mut told = HashMap::new();
    while told.len() < 2 {
        let event = tokio::time::timeout(Duration::from_secs(20), events.next()).await;
        let event = event.unwrap().unwrap();
        assert_eq!(event.kind, EventKind::Health);
        let text = |name: &str| event.data[name].as_str().map(str::to_owned);
        told.insert(
            text("environment").unwrap(),
            (text("health").unwrap(), text("last_error")),
        );
    }
    assert_eq!(told["blue"], ("healthy".to_owned(), None));
    assert_eq!(
        told["green"],
        ("unhealthy".to_owned(), Some("refused".to_owned()))
    );
    assert_eq!(health.of("gpt-4.1", Side::Green).status, Status::Unhealthy);
}
