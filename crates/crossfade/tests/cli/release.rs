//! `split`, `promote`, `rollback`, `finalize`.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::run::ask;

fn deployment(green: f64) -> Value {
    json!({"name": "gpt-4.1", "revision": 8, "split": {"blue": 100.0 - green, "green": green},
           "blue": {"provider": "openai", "model": "gpt-4.1", "in_flight": 3},
           "green": {"provider": "anthropic", "model": "claude-sonnet-4", "in_flight": 1}, "rollout": null})
}

#[test]
fn a_split_may_be_given_by_either_side_or_both() {
    for (flags, body) in [
        (vec!["--green", "10"], json!({"green": 10})),
        (vec!["--blue", "99.5"], json!({"green": 0.5})),
        (
            vec!["--blue", "90", "--green", "11"],
            json!({"blue": 90, "green": 11}),
        ),
        (
            vec!["--green", "0", "--reason", "night"],
            json!({"green": 0, "reason": "night"}),
        ),
    ] {
        let gateway = Gateway::answering(deployment(10.0));
        let stdout = ask(&gateway, &[vec!["split", "gpt-4.1"], flags].concat()).done();
        assert_eq!(stdout, "gpt-4.1: blue 90% : green 10% (revision 8)\n");
        let request = gateway.only_request();
        assert_eq!(
            (request.line.as_str(), request.body),
            ("PUT /admin/v1/deployments/gpt-4.1/split", body)
        );
    }
}

#[test]
fn promote_gives_green_everything_and_tells_what_blue_still_does() {
    let gateway = Gateway::answering(deployment(100.0));
    let stdout = ask(&gateway, &["promote", "gpt-4.1", "--reason", "a good week"]).done();
    insta::assert_snapshot!(stdout, @"gpt-4.1: blue 0% : green 100%, blue finishes 3 in flight; blue stays ready for a rollback (revision 8)");
    let request = gateway.only_request();
    assert_eq!(
        (request.line.as_str(), request.body),
        (
            "POST /admin/v1/deployments/gpt-4.1/promote",
            json!({"reason": "a good week"})
        )
    );
}

#[test]
fn rollback_tells_what_green_still_does() {
    let gateway = Gateway::answering(deployment(0.0));
    insta::assert_snapshot!(ask(&gateway, &["rollback", "gpt-4.1"]).done(), @"gpt-4.1: blue 100% : green 0%, green finishes 1 in flight (revision 8)");
    let request = gateway.only_request();
    assert_eq!(
        (request.line.as_str(), request.body),
        ("POST /admin/v1/deployments/gpt-4.1/rollback", json!({}))
    );
}

#[test]
fn finalize_names_the_new_blue_and_reminds_of_the_file() {
    let gateway = Gateway::answering(
        json!({"name": "org/m 1", "revision": 9, "split": {"blue": 100, "green": 0},
        "blue": {"provider": "anthropic", "model": "claude-sonnet-4"}, "green": null}),
    );
    let done = ask(&gateway, &["finalize", "org/m 1"]);
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (0, "org/m 1: anthropic/claude-sonnet-4 is blue now (revision 9)\n")
    );
    assert!(done.stderr.contains("configuration file"), "{}", done.stderr);
    assert_eq!(
        gateway.only_request().line,
        "POST /admin/v1/deployments/org%2Fm%201/finalize"
    );
}

#[test]
fn a_verb_that_does_not_fit_is_refused_in_the_gateways_words() {
    let gateway = Gateway::refusing(409, "conflict", "there is no green to promote");
    let stderr = ask(&gateway, &["promote", "gpt-4.1"]).failed(1);
    assert_eq!(stderr, "error: there is no green to promote (conflict)\n");
}

#[test]
fn programs_get_answers_and_refusals_as_the_gateway_gave_them() {
    let gateway = Gateway::answering(deployment(0.0));
    let stdout = ask(&gateway, &["rollback", "gpt-4.1", "--json"]).done();
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap(), deployment(0.0));
    let gateway = Gateway::refusing(409, "conflict", "there is no green");
    let stderr = ask(&gateway, &["promote", "gpt-4.1", "--json"]).failed(1);
    assert_eq!(
        serde_json::from_str::<Value>(&stderr).unwrap()["error"]["code"],
        "conflict"
    );
}
