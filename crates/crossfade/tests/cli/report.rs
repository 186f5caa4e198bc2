//! `report`.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::run::ask;

fn report(requests: u64) -> Value {
    json!({"timestamp": "2026-01-01T00:00:00Z", "deployment": {"name": "gpt-4.1", "blue": {"requests": requests}},
           "metrics": {"total_traffic_split": "blue 90% : green 10%"}})
}

#[test]
fn one_report_is_printed_as_the_gateway_gave_it() {
    let gateway = Gateway::answering(report(1));
    let stdout = ask(&gateway, &["report", "gpt-4.1"]).done();
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap(), report(1));
    assert_eq!(
        gateway.only_request().line,
        "GET /admin/v1/deployments/gpt-4.1/report"
    );
}

#[test]
fn watched_reports_are_a_line_each_and_a_gateway_that_is_away_is_asked_again() {
    let away = json!({"error": {"message": "starting", "code": "overloaded"}});
    let gone = json!({"error": {"message": "no such deployment", "code": "model_not_found"}});
    let gateway = Gateway::with_script(vec![
        (200, report(1).to_string()),
        (503, away.to_string()),
        (200, report(2).to_string()),
        (404, gone.to_string()),
    ]);
    let watched = ask(&gateway, &["report", "gpt-4.1", "--watch", "100ms"]);
    let lines: Vec<Value> = watched
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((watched.code, lines), (1, vec![report(1), report(2)]));
    assert_eq!(
        watched.stderr,
        "starting (overloaded); asking again\nerror: no such deployment (model_not_found)\n"
    );
}
