//! No message shows a credential.

use super::{listed, parse};

#[test]
fn a_credential_in_the_file_is_blotted_out_of_every_line_and_carets_still_fit() {
    let text = "admin_token: sk-tiny
providers: {p: {dialect: openai, api_key: sk-in-the-file, headers: {X-Auth: sk-header}, modles: []}}
store: postgres:/me:sk-database@host/db
keys: [{name: k, secret: \"sk-quoted\", modells: []}]
plans: {x: {notify: [{slack: sk-slack}]}}
";
    let problems = parse(text).unwrap_err();
    let everything = format!(
        "{}{}{problems}{problems:?}",
        problems.render(false),
        listed(&problems)
    );
    assert!(!everything.contains("sk-"), "{everything}");
    insta::assert_snapshot!(problems.render(false), @r"
    error: the admin token is shorter than 16 characters
     --> crossfade.yaml:1:14  admin_token
      |
    1 | admin_token: ***
      |              ^^^
      = help: make one by `openssl rand -hex 24`, or leave the key out and one is made

    error: unknown key `modles`
     --> crossfade.yaml:2:89  providers.p.modles
      |
    2 | providers: {p: {dialect: openai, api_key: ***, headers: {X-Auth: ***}, modles: []}}
      |                                                                        ^^^^^^ did you mean `models`?

    error: this is no store that crossfade knows
     --> crossfade.yaml:3:8  store
      |
    3 | store: ***
      |        ^^^
      = help: write sqlite:FILE or postgres://user:password@host/database

    error: unknown key `modells`
     --> crossfade.yaml:4:39  keys[0].modells
      |
    4 | keys: [{name: k, secret: ***, modells: []}]
      |                               ^^^^^^^ did you mean `models`?

    error: a URL begins with http:// or https://
     --> crossfade.yaml:5:30  plans.x.notify[0].slack
      |
    5 | plans: {x: {notify: [{slack: ***}]}}
      |                              ^^^

    crossfade.yaml: 5 problems
    ");
}

#[test]
fn no_line_of_a_text_that_is_no_yaml_is_shown() {
    for text in [
        "providers: {p: {api_key: sk-a, ]",
        "keys:\n  - secret:\n    sk-a\n   x",
    ] {
        let shown = parse(text).unwrap_err().render(false);
        assert!(
            shown.contains("this is not YAML") && !shown.contains("sk-a"),
            "{shown}"
        );
    }
}

#[test]
fn a_credential_in_a_wrong_place_is_not_shown_either() {
    for text in [
        "providers: {p: {dialect: openai, token: sk-misplaced}}",
        "providers: {p: {dialect: openai, auth: {bearer: [sk-misplaced]}}}",
        "providers: {p: {dialect: openai, api_key: sk-misplaced, api_key: sk-misplaced}}",
        "providers: {p: {dialect: openai, api_key: [sk-misplaced]}}",
        "providers: {p: {dialect: openai}}\nkeys: sk-misplaced",
        "providers: {openai: sk-misplaced}",
    ] {
        let shown = parse(text).unwrap_err().render(false);
        assert!(shown.contains("***") && !shown.contains("misplaced"), "{shown}");
    }
}

#[test]
fn a_read_configuration_prints_no_credential() {
    let text = "{admin_token: ${CROSSFADE_ADMIN_TOKEN}, providers: {p: {dialect: openai, api_key: ${OPENAI_API_KEY}, headers: {x: sk-h}}},
 store: 'postgres://u:sk-p@h/d', keys: [{name: k, secret: sk-k}]}";
    let shown = format!("{:?}", parse(text).unwrap());
    assert!(
        !shown.contains("sk-") && !shown.contains("admin-token"),
        "{shown}"
    );
}
