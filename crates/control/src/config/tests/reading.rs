//! Files that are good.

use super::super::{Config, Dialect, Period, Plan, Share, Sticky, Store};
use super::{parse, variables};

const EXAMPLE: &str = include_str!("../../../../../crossfade.example.yaml");

#[test]
fn the_example_file_is_good_and_shows_every_section() {
    let text = EXAMPLE;
    let config = parse(text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    assert_eq!(
        config.deployments["gpt-4.1"]
            .green
            .as_ref()
            .unwrap()
            .max_concurrency,
        Some(200)
    );
    let keys = super::super::schema()["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect::<Vec<_>>();
    for key in keys {
        assert!(
            text.lines()
                .any(|line| line.trim_start_matches("# ").starts_with(&format!("{key}:"))),
            "{key}"
        );
    }
}

#[test]
fn references_work_in_every_kind_of_scalar_and_keep_their_value_as_it_is() {
    let config = parse(
        r#"
providers:
  flow: {dialect: openai, api_key: ${OPENAI_API_KEY}, base_url: ${NONE:-http://127.0.0.1:1/v1}}
  quoted: {dialect: "openai", api_key: "${APP_KEY}"}
  block:
    dialect: gemini
    api_key: ${GEMINI_API_KEY}   # not ${THIS}, nor ${THAT
deployments:
  m:
    blue: {provider: flow, model: "$${literal}"}
    green: {provider: flow, model: pre-${NONE:-x}-post}
    split: {green: ${GREEN}}
"#,
    )
    .unwrap();
    let secret = |name: &str| {
        config.providers[name]
            .api_key
            .as_ref()
            .unwrap()
            .expose()
            .to_owned()
    };
    assert_eq!(
        [secret("flow"), secret("quoted")],
        ["sk-OPENAI_API_KEY", "secret-APP_KEY"]
    );
    assert_eq!(
        config.providers["flow"].effective_base_url(),
        "http://127.0.0.1:1/v1"
    );
    assert_eq!(config.deployments["m"].blue.model, "${literal}");
    assert_eq!(
        config.deployments["m"].green.as_ref().unwrap().model,
        "pre-x-post"
    );
    assert_eq!(config.deployments["m"].split.green.hundredths(), 1250);
}

#[test]
fn a_value_from_the_environment_is_never_read_as_yaml() {
    let odd = "a: [b] # c, {d}";
    let text = "providers: {p: {dialect: openai, api_key: ${ODD}}}";
    let config = Config::parse("f", text, &|_| Some(odd.to_owned())).unwrap();
    assert_eq!(config.providers["p"].api_key.as_ref().unwrap().expose(), odd);
}

#[test]
fn names_that_look_like_numbers_are_names() {
    let config =
        parse("{providers: {p: {dialect: openai}}, deployments: {4.10: {blue: {provider: p, model: 4.10}}}}");
    assert_eq!(config.unwrap().deployments["4.10"].blue.model, "4.10");
}

#[test]
fn a_key_with_nothing_behind_it_is_a_key_left_out() {
    let config = parse(
        "providers: {p: {dialect: openai, api_key: , models: ~}}\nservices:\nkeys:\ndeployments:\n  m:\n    blue: {provider: p, model: m}\n    green:\n",
    )
    .unwrap();
    assert!(config.services.is_empty() && config.keys.is_empty() && config.deployments["m"].green.is_none());
}

#[test]
fn what_is_left_out_has_the_documented_default() {
    let config =
        parse("{providers: {p: {dialect: openai}}, deployments: {m: {blue: {provider: p, model: m}}}}")
            .unwrap();
    let deployment = &config.deployments["m"];
    assert_eq!(config.listen.socket().to_string(), "127.0.0.1:8080");
    assert_eq!(config.limits.body.bytes(), 64 << 20);
    assert_eq!(
        (deployment.sticky, deployment.rescue, deployment.rollout.as_str()),
        (Sticky::Auto, true, "safe")
    );
    assert_eq!(deployment.blue.timeouts.first_byte, Period::seconds(300));
    assert_eq!(config.providers["p"].dialect, Dialect::Openai);
}

#[test]
fn anchors_and_merged_keys_are_read() {
    let config = parse(
        "providers: {p: {dialect: openai}}
deployments:
  a:
    blue: &blue {provider: p, model: a, timeouts: &times {connect: 1s}}
  b:
    blue: {<<: *blue, model: b}
    green: {provider: p, model: g, timeouts: *times}
",
    )
    .unwrap();
    let b = &config.deployments["b"];
    assert_eq!((b.blue.provider.as_str(), b.blue.model.as_str()), ("p", "b"));
    assert_eq!(b.green.as_ref().unwrap().timeouts.connect, Period::seconds(1));
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("crossfade.yaml");
    std::fs::write(directory.path().join("ca.pem"), "").unwrap();
    std::fs::write(
        &file,
        "{store: 'sqlite:state/x.db', providers: {p: {dialect: openai, ca_file: ca.pem}}}",
    )
    .unwrap();
    let config = Config::load(&file).unwrap();
    let Store::Sqlite(store) = config.store.store() else {
        panic!("not SQLite")
    };
    assert_eq!(store, directory.path().join("state/x.db"));
    assert_eq!(
        config.providers["p"].ca_file.as_deref(),
        Some(directory.path().join("ca.pem").as_path())
    );
}

#[test]
fn the_built_in_plans_pass_their_own_checks() {
    let config = parse("providers: {p: {dialect: openai}}").unwrap();
    for (name, last) in [("safe", "cutover"), ("fast", "")] {
        let plan = config.plan(name).unwrap();
        let end = plan.phases.last().unwrap();
        assert_eq!(
            (end.weight, end.name.as_deref().unwrap_or("")),
            (Share::ALL, last)
        );
        assert_eq!(plan.phases[0].probes.as_ref().unwrap().count, 20);
    }
    assert_eq!(Plan::fast().phase_defaults.min_requests, 20);
    assert!(config.plan("slow").is_none());
}

#[test]
fn a_plan_takes_what_it_leaves_out_from_safe() {
    let text =
        "{providers: {p: {dialect: openai}}, plans: {mine: {deadline: 1h}, two: {phases: [{weight: 100}]}}}";
    let config = Config::parse("f", text, &variables).unwrap();
    assert_eq!(config.plan("mine").unwrap().phases, Plan::safe().phases);
    assert_eq!(config.plan("two").unwrap().phases.len(), 1);
}

#[test]
fn a_raised_least_time_takes_the_longest_along() {
    let text = "{providers: {p: {dialect: openai}}, plans: {mine: {phases: [{weight: 5, min_duration: 2h}, {weight: 100}]}}}";
    let plan = parse(text).unwrap().plan("mine").unwrap();
    let gates: Vec<_> = plan
        .phases
        .iter()
        .map(|phase| plan.gates(phase))
        .map(|g| (g.min_duration, g.max_duration))
        .collect();
    assert_eq!(
        gates,
        [
            (Period::seconds(7200), Period::seconds(7200)),
            (Period::seconds(60), Period::seconds(1800))
        ]
    );
}

#[test]
fn files_from_other_systems_are_read() {
    let text = "\u{feff}listen: 127.0.0.1:9\r\nproviders:\r\n  p: {dialect: openai, api_key: ${APP_KEY}}\r\n";
    let config = parse(text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    assert_eq!(config.listen.socket().port(), 9);
    assert_eq!(
        config.providers["p"].api_key.as_ref().unwrap().expose(),
        "secret-APP_KEY"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_so_is_the_line_that_is_no_text() {
    let directory = tempfile::tempdir().unwrap();
    let missing = Config::load(&directory.path().join("none.yaml"))
        .unwrap_err()
        .to_string();
    assert!(
        missing.starts_with("cannot read ") && missing.contains("none.yaml: No such file"),
        "{missing}"
    );
    let file = directory.path().join("latin.yaml");
    std::fs::write(&file, b"listen: 127.0.0.1:1\n# caf\xe9\n").unwrap();
    let latin = Config::load(&file).unwrap_err().to_string();
    assert!(
        latin.ends_with("latin.yaml:2:1: this line is not UTF-8 text"),
        "{latin}"
    );
}

proptest::proptest! {
    /// The example with a piece cut out and another put in: read or refused, never a panic, never a line of a text
    /// that is no YAML.
    #[test]
    fn no_text_makes_the_reading_panic(from in 0usize..6_000, length in 0usize..40, piece in "[ -~\n${}:,'\"&*é]{0,12}") {
        let characters: Vec<char> = EXAMPLE.chars().collect();
        let from = from.min(characters.len());
        let rest = characters.iter().skip(from + length);
        let changed: String = characters.iter().take(from).copied().chain(piece.chars()).chain(rest.copied()).collect();
        if let Err(problems) = parse(&changed) {
            proptest::prop_assert!(!problems.problems.is_empty());
            let shown = problems.render(false);
            proptest::prop_assert!(!shown.contains("not YAML") || !shown.contains("^"), "{shown}");
        }
    }
}
