//! `check` and `schema`.

use std::fs;

use serde_json::Value;

use crate::run::{command, run, run_command, run_in};

const WRONG: &str = "\
providers:
  openai: {dialect: openai, api_key: k-1}
deployments:
  gpt-4.1:
    blue: {provider: opnai, modle: gpt-4.1}
";

const RIGHT: &str = "\
admin: 0.0.0.0:8081
providers:
  openai: {dialect: openai, api_key: k-1, models: [gpt-4.1-mini]}
  anthropic: {dialect: anthropic}
deployments:
  gpt-4.1:
    blue: {provider: openai, model: gpt-4.1}
    green: {provider: anthropic, model: claude-sonnet-4}
    split: {green: 12.5}
  same:
    blue: {provider: openai, model: gpt-4.1}
    green: {provider: openai, model: gpt-4.1}
aliases: {gpt-4: gpt-4.1}
keys:
  - {name: old, secret: s-1, expires_at: 2020-01-01T00:00:00Z}
";

fn folder_with(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("crossfade.yaml"), text).unwrap();
    folder
}

#[test]
fn every_mistake_is_shown_with_its_line_and_the_nearest_names() {
    let checked = run_in(folder_with(WRONG).path(), &["check"]);
    assert_eq!((checked.code, checked.stderr.as_str()), (1, ""));
    insta::assert_snapshot!(checked.stdout, @r"
    error: there is no provider `opnai`
     --> crossfade.yaml:5:22  deployments.gpt-4.1.blue.provider
      |
    5 |     blue: {provider: opnai, modle: gpt-4.1}
      |                      ^^^^^ did you mean `openai`?
      = help: providers: openai

    error: unknown key `modle`
     --> crossfade.yaml:5:29  deployments.gpt-4.1.blue.modle
      |
    5 |     blue: {provider: opnai, modle: gpt-4.1}
      |                             ^^^^^ did you mean `model`?

    crossfade.yaml: 2 problems
    ");
}

#[test]
fn programs_get_every_mistake_as_json() {
    let checked = run_in(folder_with(WRONG).path(), &["check", "--json"]);
    let result: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!(
        (checked.code, &result["valid"], &result["file"]),
        (1, &Value::from(false), &Value::from("crossfade.yaml"))
    );
    let paths: Vec<&str> = result["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["path"].as_str().unwrap())
        .collect();
    assert!(paths.contains(&"deployments.gpt-4.1.blue.modle"), "{paths:?}");
}

#[test]
fn a_valid_file_is_summed_up_with_what_may_not_be_meant() {
    insta::assert_snapshot!(run_in(folder_with(RIGHT).path(), &["check"]).done(), @r"
    crossfade.yaml: valid
      listen       127.0.0.1:8080
      admin        0.0.0.0:8081
      store        sqlite:crossfade.db
      providers    2: anthropic, openai
      deployments  2: gpt-4.1, same
                   gpt-4.1: blue openai/gpt-4.1, green anthropic/claude-sonnet-4 (starts at 12.5%)
                   same: blue openai/gpt-4.1, green openai/gpt-4.1 (starts at 0%)
      models       1: gpt-4.1-mini
      aliases      1: gpt-4 -> gpt-4.1
      keys         1: old
    warning: admin: the admin API listens on 0.0.0.0, not on this machine alone: keep it off the public network
    warning: providers.anthropic: there is no `api_key`, and https://api.anthropic.com wants one
    warning: deployments.same.green: green is the same as blue, so there is nothing to compare
    warning: keys[0]: the key old has expired
    ");
}

#[test]
fn programs_get_the_summary_as_json() {
    let stdout = run_in(
        folder_with(RIGHT).path(),
        &["--json", "check", "-c", "crossfade.yaml"],
    )
    .done();
    insta::assert_json_snapshot!(serde_json::from_str::<Value>(&stdout).unwrap());
}

#[test]
fn without_a_file_the_environment_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let mut check = command(folder.path(), &["check"]);
    check.env("OPENAI_API_KEY", "k-1");
    insta::assert_snapshot!(run_command(check).done(), @r"
    the environment: valid
      listen       127.0.0.1:8080
      admin        127.0.0.1:8081
      store        sqlite:crossfade.db
      providers    1: openai
      deployments  none
      keys         none
    warning: keys: none in the file: unless the store has some, every request is refused; make one by `crossfade keys create NAME`
    ");
}

#[test]
fn with_nothing_to_check_the_variables_are_named() {
    let stderr = run(&["check"]).failed(1);
    assert!(
        stderr.contains("OPENAI_API_KEY") && stderr.contains("-c"),
        "{stderr}"
    );
}

#[test]
fn the_schema_is_json_and_the_reference_markdown() {
    let schema: Value = serde_json::from_str(&run(&["schema"]).done()).unwrap();
    assert_eq!(schema["title"], "crossfade configuration");
    assert!(
        run(&["schema", "--reference"])
            .done()
            .starts_with("# Configuration reference\n")
    );
}
