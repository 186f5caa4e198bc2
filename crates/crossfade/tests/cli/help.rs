//! What `--help` says is part of the product.

use crate::run::run;

fn help(verb: &[&str]) -> String {
    run(&[verb, &["--help"]].concat()).done()
}

#[test]
fn the_verbs_are_listed_in_the_order_one_meets_them() {
    insta::assert_snapshot!("crossfade", help(&[]));
}

#[test]
fn every_verb_explains_itself() {
    for verb in [
        "demo",
        "serve",
        "check",
        "simulate",
        "deployments",
        "split",
        "promote",
        "rollback",
        "finalize",
        "report",
        "explain",
        "schema",
    ] {
        insta::assert_snapshot!(verb, help(&[verb]));
    }
}

#[test]
fn every_verb_on_keys_explains_itself() {
    insta::assert_snapshot!("keys", help(&["keys"]));
    for verb in ["create", "list", "rotate", "revoke"] {
        insta::assert_snapshot!(format!("keys_{verb}"), help(&["keys", verb]));
    }
}

#[test]
fn wrong_usage_is_exit_code_2_and_says_what_is_known() {
    for (args, said) in [
        (vec!["splitt", "gpt-4.1"], "split"),
        (vec!["split", "gpt-4.1"], "--green <PERCENT>"),
        (vec!["split", "gpt-4.1", "--green", "100.5"], "between 0 and 100"),
        (vec!["keys", "create", "app", "--budget", "5"], "25/month"),
        (vec!["report", "gpt-4.1", "--watch", "30"], "500ms, 3s"),
        (
            vec!["deployments", "--admin", "ftp://gw", "--token", "x"],
            "http://",
        ),
    ] {
        let stderr = run(&args).failed(2);
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
}

#[test]
fn the_version_is_told() {
    assert_eq!(
        run(&["--version"]).done(),
        concat!("crossfade ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
