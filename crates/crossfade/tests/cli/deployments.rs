//! `deployments`.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::run::ask;

fn deployment() -> Value {
    let window = |requests: u64, errors: u64| {
        json!({"seconds": 60, "requests": requests, "errors": errors, "error_rate": errors as f64 / requests as f64,
               "latency_ms": {"avg": 152.1, "p50": 140, "p95": 280, "p99": 12_450}, "ttft_ms": {"p50": 41.26, "p95": 88},
               "output_tokens_per_second": 71.2, "input_tokens": 81_200, "output_tokens": 40_112, "cost_usd": "1.204113"})
    };
    json!({"name": "gpt-4.1", "kind": "model", "revision": 7, "split": {"blue": 87.5, "green": 12.5}, "sticky": "auto", "managed_by": "file",
           "blue": {"provider": "openai", "model": "gpt-4.1", "health": "healthy", "in_flight": 3, "window": window(812, 4)},
           "green": {"provider": "anthropic", "model": "claude-sonnet-4", "health": "unhealthy", "in_flight": 0, "window": window(116, 29)},
           "rollout": {"id": "r-1", "state": "progressing", "phase": 2}, "a_field_of_tomorrow": true})
}

fn plain_route() -> Value {
    json!({"name": "embed", "revision": 1, "split": {"blue": 100, "green": 0},
           "blue": {"provider": "openai", "model": "text-embedding-3-small"}, "green": null, "rollout": null})
}

#[test]
fn the_list_has_a_line_for_each() {
    let gateway = Gateway::answering(json!({"deployments": [deployment(), plain_route()], "next": null}));
    insta::assert_snapshot!(ask(&gateway, &["deployments"]).done(), @r"
    NAME     SPLIT                     BLUE                           GREEN                                  ROLLOUT               REVISION
    gpt-4.1  blue 87.5% : green 12.5%  openai/gpt-4.1                 anthropic/claude-sonnet-4 (unhealthy)  progressing, phase 2         7
    embed    blue 100%                 openai/text-embedding-3-small  -                                      -                            1
    ");
}

#[test]
fn one_is_shown_with_both_environments_side_by_side() {
    let gateway = Gateway::answering(deployment());
    insta::assert_snapshot!(ask(&gateway, &["deployments", "gpt-4.1"]).done(), @r"
    gpt-4.1  revision 7, kind model, sticky auto, kept in the file
    split    blue 87.5% : green 12.5%
    rollout  progressing, phase 2

                       BLUE            GREEN
    target             openai/gpt-4.1  anthropic/claude-sonnet-4
    health             healthy         unhealthy
    in flight          3               0
    last 60 s:
    requests           812             116
    errors             4 (0.49%)       29 (25%)
    latency avg        152 ms          152 ms
    latency p50        140 ms          140 ms
    latency p95        280 ms          280 ms
    latency p99        12.4 s          12.4 s
    first token p50    41.3 ms         41.3 ms
    first token p95    88 ms           88 ms
    tokens per second  71.2            71.2
    input tokens       81200           81200
    output tokens      40112           40112
    cost in USD        1.204113        1.204113
    ");
    assert_eq!(gateway.only_request().line, "GET /admin/v1/deployments/gpt-4.1");
}

#[test]
fn one_without_green_and_statistics_is_shown_as_far_as_it_is_known() {
    let gateway = Gateway::answering(plain_route());
    insta::assert_snapshot!(ask(&gateway, &["deployments", "embed"]).done(), @r"
    embed  revision 1
    split    blue 100%
    rollout  -

               BLUE
    target     openai/text-embedding-3-small
    health     -
    in flight  -
    ");
}

#[test]
fn programs_get_the_gateways_own_answer() {
    let gateway = Gateway::answering(deployment());
    let stdout = ask(&gateway, &["deployments", "gpt-4.1", "--json"]).done();
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap(), deployment());
}

#[test]
fn a_list_of_several_pages_is_read_to_its_end() {
    let page = |route: Value, next: Value| (200, json!({"deployments": [route], "next": next}).to_string());
    let gateway = Gateway::with_script(vec![
        page(deployment(), json!("a/b")),
        page(plain_route(), Value::Null),
    ]);
    let stdout = ask(&gateway, &["deployments", "--json"]).done();
    let whole: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        whole,
        json!({"deployments": [deployment(), plain_route()], "next": null})
    );
    assert_eq!(gateway.seen()[1].line, "GET /admin/v1/deployments?cursor=a%2Fb");
}

#[test]
fn none_at_all_is_said_beside_the_empty_result() {
    let gateway = Gateway::answering(json!({"deployments": [], "next": null}));
    let shown = ask(&gateway, &["deployments"]);
    assert_eq!((shown.code, shown.stdout.as_str()), (0, ""));
    assert!(shown.stderr.contains("No deployments"), "{}", shown.stderr);
}

#[test]
fn an_unknown_one_is_refused_in_the_gateways_words() {
    let gateway = Gateway::refusing(
        404,
        "model_not_found",
        "Model 'gpt-5' not found, did you mean gpt-4.1?",
    );
    let stderr = ask(&gateway, &["deployments", "gpt-5"]).failed(1);
    assert_eq!(
        stderr,
        "error: Model 'gpt-5' not found, did you mean gpt-4.1? (model_not_found)\n"
    );
}

#[test]
fn a_name_cannot_command_the_terminal() {
    let mut odd = plain_route();
    odd["name"] = json!("a\u{1b}]0;owned\u{7}");
    let gateway = Gateway::answering(json!({"deployments": [odd], "next": null}));
    assert!(!ask(&gateway, &["deployments"]).done().contains('\u{1b}'));
}
