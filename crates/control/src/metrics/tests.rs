#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway::{End, FailureKind, Observer, Shared, Snapshot};

use super::Metrics;
use crate::events::Hub;
use crate::health::Health;
use crate::observe::sample::{failed, ordinary, outcome, refused, rescued, snapshot};
use crate::observe::{Observatory, WINDOW_SECONDS};

struct Scraped {
    series: BTreeMap<String, f64>,
    types: BTreeMap<String, String>,
}

impl Scraped {
    /// The value of a series, labels in the order in which they are written.
    fn value(&self, series: &str) -> Option<f64> {
        self.series.get(&format!("crossfade_{series}")).copied()
    }
}

fn scrape(observatory: &Arc<Observatory>, snapshot: Snapshot) -> Scraped {
    let shared = Arc::new(Shared::new(
        snapshot,
        Arc::clone(observatory) as Arc<dyn Observer>,
    ));
    let health = Arc::new(Health::new(Arc::new(Hub::new(0))));
    let text = Metrics::new(Arc::clone(observatory), shared, health, Arc::default())
        .text()
        .unwrap();
    parse(&text)
}

fn parse(text: &str) -> Scraped {
    assert!(text.ends_with("# EOF\n"), "{text}");
    let (mut series, mut types) = (BTreeMap::new(), BTreeMap::new());
    for line in text.lines() {
        if let Some(described) = line.strip_prefix("# TYPE ") {
            let (name, kind) = described.split_once(' ').unwrap();
            assert!(
                types.insert(name.to_owned(), kind.to_owned()).is_none(),
                "twice: {name}"
            );
        } else if !line.starts_with('#') {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(
                series.insert(name.to_owned(), value.parse().unwrap()).is_none(),
                "twice: {name}"
            );
        }
    }
    Scraped { series, types }
}

fn after(outcomes: impl IntoIterator<Item = Box<gateway::Outcome>>) -> Arc<Observatory> {
    let observatory = Arc::new(Observatory::new(WINDOW_SECONDS));
    outcomes
        .into_iter()
        .for_each(|outcome| observatory.observe(outcome));
    observatory
}

#[test]
fn a_scrape_tells_what_happened() {
    let observatory = after([ordinary(), rescued(), refused()]);
    observatory.count_rollback("operator");
    observatory.count_reload_failure();
    let page = scrape(&observatory, snapshot());
    let (blue, green) = (
        r#"deployment="gpt-4.1",environment="blue""#,
        r#"deployment="gpt-4.1",environment="green""#,
    );
    let rows = [
        (
            format!(r#"requests_total{{{blue},outcome="ok",reason="split"}}"#),
            1.0,
        ),
        (
            format!(r#"requests_total{{{blue},outcome="ok",reason="rescue"}}"#),
            1.0,
        ),
        (
            format!(r#"requests_total{{{green},outcome="rescued",reason="split"}}"#),
            1.0,
        ),
        (
            r#"requests_total{deployment="",environment="",outcome="refused",reason=""}"#.to_owned(),
            1.0,
        ),
        (
            format!(r#"upstream_attempts_total{{{green},provider="openai",outcome="status"}}"#),
            1.0,
        ),
        (
            format!(r#"upstream_attempts_total{{{blue},provider="openai",outcome="ok"}}"#),
            2.0,
        ),
        (r#"rescues_total{deployment="gpt-4.1"}"#.to_owned(), 1.0),
        (format!(r#"request_duration_seconds_count{{{blue}}}"#), 2.0),
        (
            format!(r#"request_duration_seconds_bucket{{le="0.1",{blue}}}"#),
            0.0,
        ),
        (
            format!(r#"request_duration_seconds_bucket{{le="0.25",{blue}}}"#),
            2.0,
        ),
        (
            format!(r#"request_duration_seconds_bucket{{le="+Inf",{blue}}}"#),
            2.0,
        ),
        (format!(r#"time_to_first_byte_seconds_sum{{{blue}}}"#), 0.1),
        ("gateway_overhead_seconds_count".to_owned(), 2.0),
        (format!(r#"tokens_total{{{blue},type="input"}}"#), 24.0),
        (format!(r#"cost_usd_total{{{blue}}}"#), 0.0),
        (r#"errors_total{code="invalid_api_key"}"#.to_owned(), 1.0),
        (r#"rollbacks_total{cause="operator"}"#.to_owned(), 1.0),
        ("config_reload_failures_total".to_owned(), 1.0),
        ("records_dropped_total".to_owned(), 0.0),
    ];
    for (series, value) in rows {
        assert_eq!(page.value(&series), Some(value), "{series} in {:#?}", page.series);
    }
}

#[test]
fn a_scrape_tells_how_things_stand() {
    let page = scrape(&after([]), snapshot());
    let rows = [
        (
            r#"split_ratio{deployment="gpt-4.1",environment="blue"}"#,
            Some(0.9),
        ),
        (
            r#"split_ratio{deployment="gpt-4.1",environment="green"}"#,
            Some(0.1),
        ),
        (
            r#"in_flight_requests{deployment="gpt-4.1",environment="green"}"#,
            Some(0.0),
        ),
        (
            r#"environment_healthy{deployment="gpt-4.1",environment="blue"}"#,
            None,
        ),
        (r#"revision{deployment="gpt-4.1"}"#, Some(7.0)),
    ];
    for (series, value) in rows {
        assert_eq!(page.value(series), value, "{series}");
    }
    let kinds = ["revision", "requests", "request_duration_seconds", "build"]
        .map(|name| &*page.types[&format!("crossfade_{name}")]);
    assert_eq!(kinds, ["gauge", "counter", "histogram", "info"]);
}

#[test]
fn no_label_holds_what_a_client_wrote() {
    let mut odd = refused();
    odd.request_id = "client-id".to_owned();
    odd.path = "/v1/client-path".to_owned();
    let observatory = after([odd]);
    let page = scrape(&observatory, Snapshot::default());
    assert!(
        page.series.keys().all(|series| !series.contains("client-")),
        "{:?}",
        page.series
    );
}

#[test]
fn series_of_what_is_gone_are_dropped() {
    let failing = outcome(
        vec![failed(decide::Side::Blue, FailureKind::Tls)],
        End::Failed("upstream_tls_error"),
    );
    let observatory = after([rescued(), failing]);
    observatory.forget_gone(&Snapshot::default());
    let page = scrape(&observatory, Snapshot::default());
    assert!(
        page.series.keys().all(|series| !series.contains("gpt-4.1")),
        "{:?}",
        page.series
    );
}

#[test]
fn probes_are_not_counted() {
    let mut probe = rescued();
    probe.monitoring = true;
    let page = scrape(&after([probe]), Snapshot::default());
    assert!(
        page.series.keys().all(|series| !series.contains("gpt-4.1")),
        "{:?}",
        page.series
    );
}
