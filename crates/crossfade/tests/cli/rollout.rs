//! `rollout` and its verbs.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::run::{ask, run_in};

fn rollout(state: &str, verdict: Value) -> Value {
    json!({"id": "ro_1", "deployment": "gpt-4.1", "plan": "fast", "state": state, "phase": 1,
           "phases": [{"name": "precheck", "weight": 0}, {"name": "10%", "weight": 10}, {"name": "cutover", "weight": 100}],
           "split": {"blue": 90, "green": 10}, "target": {"blue": 90, "green": 10},
           "waiting_for": "waiting for 12 of 100 requests to green",
           "checks": [{"stream": "error", "value": 0.2, "baseline": 0.01, "evidence": 12.5, "limit": 250.0,
                       "n_blue": 900, "n_green": 100, "status": "ok"}],
           "verdict": verdict, "drain": {"environment": "green", "in_flight": 3, "seconds_left": 9.6},
           "started_at": "2026-07-01T12:00:00.000Z", "finished_at": null})
}

fn rolled_back() -> Value {
    let verdict = json!({"action": "rollback", "cause": "error", "sentence": "rolled back: green fails", "request_ids": ["req_1"]});
    rollout("rolled_back", verdict)
}

#[test]
fn start_names_the_plan_and_says_where_it_stands() {
    let gateway = Gateway::answering(rollout("prechecking", Value::Null));
    let stdout = ask(
        &gateway,
        &[
            "rollout",
            "start",
            "gpt-4.1",
            "--plan",
            "fast",
            "--reason",
            "new model",
        ],
    )
    .done();
    insta::assert_snapshot!(stdout, @"gpt-4.1: prechecking, phase 2 of 3, blue 90% : green 10%: waiting for 12 of 100 requests to green");
    let request = gateway.only_request();
    assert_eq!(
        (request.line.as_str(), request.body),
        (
            "POST /admin/v1/deployments/gpt-4.1/rollout",
            json!({"plan": "fast", "reason": "new model"})
        )
    );
}

#[test]
fn a_plan_in_a_file_is_read_here_and_its_mistakes_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("bad.yaml"),
        "phases: [{weight: 50}, {weight: 20}]",
    )
    .unwrap();
    let failed = run_in(
        folder.path(),
        &[
            "rollout",
            "start",
            "gpt-4.1",
            "--plan",
            "bad.yaml",
            "--admin",
            "http://127.0.0.1:9",
        ],
    );
    let stderr = failed.failed(1);
    assert!(stderr.contains("the weight does not rise"), "{stderr}");
}

#[test]
fn buttons_go_to_their_own_address() {
    for verb in ["pause", "resume", "skip", "approve", "reject", "cancel"] {
        let gateway = Gateway::answering(rollout("progressing", Value::Null));
        ask(&gateway, &["rollout", verb, "gpt-4.1"]).done();
        let expected = format!("POST /admin/v1/deployments/gpt-4.1/rollout/{verb}");
        assert_eq!(gateway.only_request().line, expected);
    }
}

#[test]
fn status_shows_the_bar_the_checks_and_what_it_waits_for() {
    let gateway = Gateway::answering(rollout("progressing", Value::Null));
    let stdout = ask(&gateway, &["rollout", "status", "gpt-4.1"]).done();
    insta::assert_snapshot!(stdout);
}

#[test]
fn wait_tells_pipelines_how_it_ended_by_its_exit_code() {
    let ends = [
        (rollout("succeeded", Value::Null), 0),
        (rollout("cancelled", Value::Null), 1),
        (rolled_back(), 3),
        (rollout("progressing", Value::Null), 4),
    ];
    for (answer, code) in ends {
        let gateway = Gateway::answering(answer);
        let run = ask(&gateway, &["rollout", "wait", "gpt-4.1", "--timeout", "0s"]);
        assert_eq!(run.code, code, "{} {}", run.stdout, run.stderr);
    }
}

#[test]
fn a_watch_on_a_pipe_is_a_line_for_each_change() {
    let going = rollout("progressing", Value::Null).to_string();
    let script = [going.clone(), going, rolled_back().to_string()];
    let gateway = Gateway::with_script(script.into_iter().map(|answer| (200, answer)).collect());
    let stdout = ask(&gateway, &["rollout", "status", "gpt-4.1", "--watch"]).done();
    insta::assert_snapshot!(stdout, @r"
    gpt-4.1: progressing, phase 2 of 3, blue 90% : green 10%: waiting for 12 of 100 requests to green
    gpt-4.1: rolled_back, phase 2 of 3, blue 90% : green 10%: rolled back: green fails
    ");
}

#[test]
fn explain_is_one_sentence() {
    let gateway = Gateway::answering(rolled_back());
    let stdout = ask(&gateway, &["rollout", "explain", "gpt-4.1"]).done();
    assert_eq!(stdout, "gpt-4.1: rolled_back: rolled back: green fails\n");
}

#[test]
fn a_report_can_be_a_change_ticket() {
    let deployment = json!({"name": "gpt-4.1", "revision": 8, "split": {"blue": 100, "green": 0},
        "blue": {"provider": "openai", "model": "gpt-4.1"}, "green": {"provider": "anthropic", "model": "claude"},
        "rollout": rolled_back()});
    let gateway = Gateway::answering(deployment);
    let stdout = ask(&gateway, &["report", "gpt-4.1", "--markdown"]).done();
    insta::assert_snapshot!(stdout);
}
