//! `explain`.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::run::ask;

fn request() -> Value {
    json!({"id": "req-1", "deployment": "gpt-4.1", "key": "app", "status": 200,
           "routing": {"chosen": "green", "answered": "blue", "reason": "rescue", "revision": 7},
           "timing": {"duration_ms": 1210.5, "gateway_ms": 0.12},
           "charge_usd": "0.006704", "estimated": false, "explanation": "Request req-1 asked for gpt-4.1. Green failed.",
           "attempts": [
               {"environment": "green", "provider": "anthropic", "upstream_model": "claude-sonnet-4", "status": null,
                "outcome": "connect_timeout", "ttft_ms": null, "input_tokens": 0, "output_tokens": 0, "cost_usd": "0"},
               {"environment": "blue", "provider": "openai", "upstream_model": "gpt-4.1", "status": 200,
                "outcome": "ok", "ttft_ms": 152.3, "input_tokens": 812, "output_tokens": 140, "cost_usd": "0.006704"}]})
}

#[test]
fn a_request_is_told_with_all_its_attempts() {
    let gateway = Gateway::answering(request());
    insta::assert_snapshot!(ask(&gateway, &["explain", "req-1"]).done(), @r"
    Request req-1 asked for gpt-4.1. Green failed.

    id          req-1
    deployment  gpt-4.1
    key         app
    status      200
    charge usd  0.006704
    estimated   false

    routing
    chosen    green
    answered  blue
    reason    rescue
    revision  7

    timing
    duration ms  1210.5
    gateway ms   0.12

    ATTEMPT  ENVIRONMENT  TARGET                     STATUS  OUTCOME          FIRST TOKEN  INPUT  OUTPUT  COST IN USD
          1  green        anthropic/claude-sonnet-4       -  connect_timeout            -      0       0            0
          2  blue         openai/gpt-4.1                200  ok                    152 ms    812     140     0.006704
    ");
    assert_eq!(gateway.only_request().line, "GET /admin/v1/requests/req-1");
}

#[test]
fn a_request_that_never_left_the_gateway_says_so() {
    let gateway = Gateway::answering(json!({"id": "req-2", "status": 401, "attempts": []}));
    insta::assert_snapshot!(ask(&gateway, &["explain", "req-2"]).done(), @r"
    id      req-2
    status  401

    attempts: none, nothing was sent to a vendor
    ");
}

#[test]
fn programs_get_the_gateways_own_answer() {
    let gateway = Gateway::answering(request());
    let stdout = ask(&gateway, &["explain", "req-1", "--json"]).done();
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap(), request());
}
