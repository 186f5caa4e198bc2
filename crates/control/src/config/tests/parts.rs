//! Parts that arrive by the admin API: the same rules, against the configuration in force.

use super::{listed, parse};

fn running() -> super::Config {
    parse("{providers: {openai: {dialect: openai}}, plans: {mine: {}}}").unwrap()
}

#[test]
fn a_deployment_is_read_from_json() {
    let body = r#"{"blue": {"provider": "openai", "model": "gpt-4.1"}, "green": {"provider": "openai", "model": "o3", "set": {"temperature": 0.2}}, "split": {"blue": 90, "green": 10}, "rollout": "mine"}"#;
    let deployment = running().read_deployment("gpt-4.1", body).unwrap();
    assert_eq!(deployment.split.green.hundredths(), 1000);
    let again = serde_json::to_string(&deployment).unwrap();
    assert_eq!(running().read_deployment("gpt-4.1", &again).unwrap(), deployment);
}

#[test]
fn a_bad_deployment_is_refused_with_every_mistake() {
    let body =
        r#"{"blue": {"provider": "opena", "modle": "${HOME}"}, "split": {"green": 101}, "rollout": "minne"}"#;
    insta::assert_snapshot!(listed(&running().read_deployment("openai/x", body).unwrap_err()), @r"
    1:1 : `openai/x` already means a model of the provider `openai` (rename one of them)
    1:23 blue.provider: there is no provider `opena` [openai] (providers: openai)
    1:32 blue.modle: unknown key `modle` [model]
    1:72 split.green: 101 is not between 0 and 100 (write a percentage from 0 to 100 in steps of 0.01)
    1:89 rollout: there is no rollout plan `minne` [mine] (plans: fast, mine, safe)
    ");
}

#[test]
fn the_gateways_environment_cannot_be_read_through_the_api() {
    let body = r#"{"blue": {"provider": "openai", "model": "${OPENAI_API_KEY}"}}"#;
    assert_eq!(
        running().read_deployment("m", body).unwrap().blue.model,
        "${OPENAI_API_KEY}"
    );
}

#[test]
fn a_plan_is_read_and_checked() {
    assert_eq!(
        running()
            .read_plan(r#"{"phases": [{"weight": 5}, {"weight": 100}]}"#)
            .unwrap()
            .phases
            .len(),
        2
    );
    let bad = running()
        .read_plan(r#"{"phases": [{"weight": 5}, {"wieght": 4}], "on_regression": "rollbak"}"#)
        .unwrap_err();
    insta::assert_snapshot!(listed(&bad), @r"
    1:28 phases[1].weight: the weight does not rise: 4 comes after 5 (each phase gives green more than the one before)
    1:28 phases[1].weight: the last phase's weight is 4 and not 100 (end with {name: cutover, weight: 100})
    1:29 phases[1].wieght: unknown key `wieght` [weight]
    1:61 on_regression: expected one of rollback, pause, notify, found `rollbak` [rollback]
    ");
}

#[test]
fn problems_are_json_for_programs() {
    let bad = running().read_plan("{phases: [{weight: 101}]}").unwrap_err();
    insta::assert_snapshot!(serde_json::to_string(&bad).unwrap(), @r#"{"file":"plan","problems":[{"path":"phases[0].weight","line":1,"column":20,"message":"101 is not between 0 and 100","help":"write a percentage from 0 to 100 in steps of 0.01"}]}"#);
}
