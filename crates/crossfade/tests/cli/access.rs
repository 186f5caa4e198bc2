//! How the gateway and its token are found, and what is said when they are not.

use std::fs;

use serde_json::json;

use crate::gateway::{Gateway, TOKEN};
use crate::run::{ask, command, run, run_command, run_in};

fn gateway() -> Gateway {
    Gateway::answering(json!({"deployments": [], "next": null}))
}

#[test]
fn on_its_own_machine_a_gateway_is_found_by_its_file_and_the_token_beside_its_store() {
    let (gateway, folder) = (gateway(), tempfile::tempdir().unwrap());
    let file = format!(
        "admin: {}\nstore: sqlite:state/crossfade.db\nproviders: {{v: {{dialect: openai}}}}\n",
        gateway.addr
    );
    fs::write(folder.path().join("crossfade.yaml"), file).unwrap();
    fs::create_dir(folder.path().join("state")).unwrap();
    fs::write(
        folder.path().join("state/crossfade.admin-token"),
        format!("{TOKEN}\n"),
    )
    .unwrap();
    assert_eq!(run_in(folder.path(), &["deployments"]).code, 0);
    let request = gateway.only_request();
    assert_eq!(
        (request.line.as_str(), request.authorization),
        ("GET /admin/v1/deployments", format!("Bearer {TOKEN}"))
    );
}

#[test]
fn a_file_that_is_being_edited_or_lacks_variables_still_leads_to_its_gateway() {
    let (gateway, folder) = (gateway(), tempfile::tempdir().unwrap());
    let file = folder.path().join("gw.yaml");
    let text = format!(
        "admin: {}\nadmin_token: {TOKEN}\nproviders: {{v: {{dialect: openai, api_key: ${{UNSET}}, oops}}}}\n",
        gateway.addr
    );
    fs::write(&file, text).unwrap();
    assert_eq!(run(&["deployments", "-c", file.to_str().unwrap()]).code, 0);
    assert_eq!(gateway.only_request().authorization, format!("Bearer {TOKEN}"));
}

#[test]
fn flags_win_over_the_environment_and_the_environment_over_the_file() {
    let (by_flag, by_variable, folder) = (gateway(), gateway(), tempfile::tempdir().unwrap());
    fs::write(
        folder.path().join("crossfade.yaml"),
        "admin: 127.0.0.1:1\nadmin_token: the-token-of-the-file\n",
    )
    .unwrap();
    let run_with = |args: &[&str]| {
        let mut command = command(folder.path(), args);
        command
            .env("CROSSFADE_ADMIN_URL", by_variable.url())
            .env("CROSSFADE_ADMIN_TOKEN", "of-the-variable");
        run_command(command).code
    };
    assert_eq!(run_with(&["deployments"]), 0);
    assert_eq!(by_variable.only_request().authorization, "Bearer of-the-variable");
    assert_eq!(
        run_with(&["deployments", "--admin", &by_flag.url(), "--token", "of-the-flag"]),
        0
    );
    assert_eq!(by_flag.only_request().authorization, "Bearer of-the-flag");
}

#[test]
fn the_token_of_this_machine_is_not_sent_to_another() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("crossfade.admin-token"), TOKEN).unwrap();
    let stderr = run_in(
        folder.path(),
        &["deployments", "--admin", "http://gateway.invalid:8081"],
    )
    .failed(1);
    insta::assert_snapshot!(stderr, @r"
    error: no admin token for http://gateway.invalid:8081
    help: give the token with CROSSFADE_ADMIN_TOKEN or --token
    ");
}

#[test]
fn a_token_that_was_never_made_is_explained() {
    insta::assert_snapshot!(run(&["deployments"]).failed(1), @r"
    error: the admin token in crossfade.admin-token cannot be read: No such file or directory (os error 2)
    help: the gateway makes it at its first start: start `crossfade serve`, name its configuration file with -c, or give the token with CROSSFADE_ADMIN_TOKEN or --token
    ");
}

#[test]
fn a_configuration_file_that_is_not_there_is_named() {
    insta::assert_snapshot!(run(&["deployments", "-c", "nowhere.yaml"]).failed(1), @r"
    error: cannot read nowhere.yaml: No such file or directory (os error 2)
    help: name the gateway with --admin URL or CROSSFADE_ADMIN_URL, or its configuration file with -c; `crossfade check` shows every mistake in a file
    ");
}

#[test]
fn a_gateway_that_is_not_there_is_named_with_the_way_out() {
    let stderr = run(&["deployments", "--admin", "127.0.0.1:1", "--token", "x"]).failed(1);
    insta::assert_snapshot!(stderr, @r"
    error: no gateway answers at http://127.0.0.1:1: Connection refused (os error 111)
    help: is `crossfade serve` running? If it is elsewhere, name the gateway with --admin URL or CROSSFADE_ADMIN_URL, or its configuration file with -c
    ");
}

#[test]
fn a_wrong_token_is_told_by_where_it_came_from() {
    let (gateway, folder) = (
        Gateway::refusing(401, "invalid_api_key", "Invalid admin token"),
        tempfile::tempdir().unwrap(),
    );
    fs::write(folder.path().join("crossfade.admin-token"), "an-old-token").unwrap();
    let stderr = run_in(folder.path(), &["deployments", "--admin", &gateway.url()]).failed(1);
    insta::assert_snapshot!(stderr.replace(&gateway.url(), "URL"), @r"
    error: the gateway at URL does not accept the token from crossfade.admin-token
    help: give the token with CROSSFADE_ADMIN_TOKEN or --token; the gateway keeps the one it made beside its store
    ");
}

#[test]
fn something_else_at_the_address_is_not_taken_for_a_gateway() {
    for answer in [
        (200, "<html>".to_owned()),
        (404, "not found".to_owned()),
        (200, json!({"rows": []}).to_string()),
    ] {
        let gateway = Gateway::with_script(vec![answer]);
        let stderr = ask(&gateway, &["deployments"]).failed(1);
        assert!(
            stderr.contains("is not understood") && stderr.contains("not `listen`"),
            "{stderr}"
        );
    }
}

#[test]
fn programs_get_their_errors_in_the_shape_of_the_api() {
    let stderr = run(&["deployments", "--admin", "127.0.0.1:1", "--token", "x", "--json"]).failed(1);
    let error: serde_json::Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!(error["error"]["code"], "gateway_unreachable");
}
