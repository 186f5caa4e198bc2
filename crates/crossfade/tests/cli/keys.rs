//! `keys create|list|rotate|revoke`.

use serde_json::{Value, json};

use crate::gateway::{Gateway, TOKEN};
use crate::run::{ask, command, run_command};

fn made() -> Value {
    json!({"name": "app", "secret": "cf-secret-1", "models": ["*"]})
}

#[test]
fn a_new_secret_goes_alone_to_standard_output() {
    let gateway = Gateway::with_script(vec![(201, made().to_string())]);
    let created = ask(&gateway, &["keys", "create", "app"]);
    assert_eq!((created.code, created.stdout.as_str()), (0, "cf-secret-1\n"));
    insta::assert_snapshot!(created.stderr, @r#"
    Key app is made. Its secret is shown this once and cannot be read again:


    For clients of the OpenAI API:
      export OPENAI_BASE_URL=http://127.0.0.1:8080/v1
      export OPENAI_API_KEY=<the secret>
    Try it:
      curl http://127.0.0.1:8080/v1/models -H "Authorization: Bearer $OPENAI_API_KEY"
    "#);
    let request = gateway.only_request();
    assert_eq!(
        (request.line.as_str(), request.body),
        ("POST /admin/v1/keys", json!({"name": "app"}))
    );
}

#[test]
fn every_flag_of_a_key_reaches_the_gateway() {
    let gateway = Gateway::with_script(vec![(201, made().to_string())]);
    let flags = "keys create app --models gpt-4.1,claude --overrides deny --account acme --expires 2030-01-01T00:00:00Z \
                 --rpm 600 --tpm 200000 --concurrency 50 --budget 5.00/day --reason launch";
    assert_eq!(
        ask(&gateway, &flags.split_whitespace().collect::<Vec<_>>()).code,
        0
    );
    insta::assert_json_snapshot!(gateway.only_request().body);
}

#[test]
fn programs_get_the_new_key_as_json() {
    let gateway = Gateway::with_script(vec![(201, made().to_string())]);
    let stdout = ask(&gateway, &["keys", "create", "app", "--json"]).done();
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap(), made());
}

#[test]
fn the_addresses_for_clients_are_those_of_the_configuration() {
    let gateway = Gateway::with_script(vec![(201, made().to_string())]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("crossfade.yaml"),
        format!("listen: 0.0.0.0:9000\nadmin: {}\n", gateway.addr),
    )
    .unwrap();
    let created = run_command(command(
        folder.path(),
        &["keys", "create", "app", "--token", TOKEN],
    ));
    assert!(
        created
            .stderr
            .contains("OPENAI_BASE_URL=http://127.0.0.1:9000/v1"),
        "{}",
        created.stderr
    );
}

#[test]
fn the_list_shows_everything_but_secrets() {
    let gateway = Gateway::answering(json!({"keys": [
        {"name": "app", "models": ["gpt-4.1", "claude"], "overrides": "allow", "account": null,
         "limits": {"requests_per_minute": 600, "tokens_per_minute": 200_000, "concurrent_requests": 50},
         "budget": {"usd": "5.00", "per": "day"}, "expires_at": "2999-01-01T00:00:00Z", "revoked_at": null, "managed_by": "store"},
        {"name": "shop", "models": ["*"], "overrides": "deny", "account": "acme", "limits": {}, "budget": null,
         "expires_at": "2020-01-01T00:00:00Z", "revoked_at": null},
        {"name": "stolen", "revoked_at": "2026-01-01T00:00:00Z"}], "next": null}));
    insta::assert_snapshot!(ask(&gateway, &["keys", "list"]).done(), @r"
    NAME    STATE    MODELS          OVERRIDES  ACCOUNT  LIMITS                                  BUDGET    EXPIRES               KEPT IN
    app     active   gpt-4.1,claude  allow      -        600/min, 200000 tokens/min, 50 at once  5.00/day  2999-01-01T00:00:00Z  store
    shop    expired  *               deny       acme     -                                       -         2020-01-01T00:00:00Z  -
    stolen  revoked  *               -          -        -                                       -         -                     -
    ");
}

#[test]
fn without_keys_it_is_said_how_to_make_one() {
    let gateway = Gateway::answering(json!({"keys": [], "next": null}));
    let listed = ask(&gateway, &["keys", "list"]);
    assert!(
        listed.code == 0 && listed.stderr.contains("crossfade keys create"),
        "{}",
        listed.stderr
    );
}

#[test]
fn a_rotation_shows_the_new_secret_and_how_long_the_old_one_works() {
    let gateway = Gateway::answering(json!({"name": "app", "secret": "cf-secret-2"}));
    let rotated = ask(&gateway, &["keys", "rotate", "app", "--grace", "10m"]);
    assert_eq!((rotated.code, rotated.stdout.as_str()), (0, "cf-secret-2\n"));
    assert!(
        rotated.stderr.contains("the old one works for another 10m"),
        "{}",
        rotated.stderr
    );
    let request = gateway.only_request();
    assert_eq!(
        (request.line.as_str(), request.body),
        ("POST /admin/v1/keys/app/rotate", json!({"grace": "10m"}))
    );
}

#[test]
fn a_revocation_is_confirmed() {
    let gateway = Gateway::answering(json!({"name": "app"}));
    assert_eq!(
        ask(&gateway, &["keys", "revoke", "app"]).done(),
        "Key app is revoked\n"
    );
    assert_eq!(gateway.only_request().line, "POST /admin/v1/keys/app/revoke");
}
