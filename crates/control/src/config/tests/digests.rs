//! The digest of an environment, by which a new candidate is told from the old one.

use super::super::Environment;
use super::parse;

fn digest(environment: &str) -> String {
    let text = format!(
        "{{providers: {{p: {{dialect: openai}}, q: {{dialect: openai}}}}, deployments: {{m: {{blue: {environment}}}}}}}"
    );
    parse(&text)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
        .deployments["m"]
        .blue
        .digest()
}

#[test]
fn the_digest_is_stable_across_versions() {
    insta::assert_snapshot!(digest("{provider: p, model: m, set: {temperature: 0.2, stop: [a]}, fallback: [{provider: q, model: n}]}"), @"ed299de3a47a8bd2f60bc5d454468addf2fb82d9622f01d82754a01bb6726b76");
}

#[test]
fn order_defaults_and_health_probes_do_not_make_a_new_candidate() {
    let plain = digest("{provider: p, model: m, set: {a: {x: 1, y: 2}, b: 2}}");
    for same in [
        "{model: m, set: {b: 2, a: {y: 2, x: 1}}, provider: p}",
        "{provider: p, model: 'm', set: {a: {x: 1, y: 2}, b: 2}, timeouts: {total: 10m}, default: {}}",
        "{provider: p, model: m, set: {a: {x: 1, y: 2}, b: 2}, health: {interval: 20s}}",
    ] {
        assert_eq!(digest(same), plain, "{same}");
    }
}

#[test]
fn everything_else_makes_a_new_candidate() {
    let all: Vec<String> = [
        "{provider: p, model: m}",
        "{provider: q, model: m}",
        "{provider: p, model: n}",
        "{provider: p, model: m, set: {temperature: 0.2}}",
        "{provider: p, model: m, set: {temperature: 0.3}}",
        "{provider: p, model: m, default: {temperature: 0.2}}",
        "{provider: p, model: m, timeouts: {total: 1s}}",
        "{provider: p, model: m, max_concurrency: 1}",
        "{provider: p, model: m, fallback: [{provider: q, model: m}]}",
    ]
    .map(digest)
    .to_vec();
    let distinct: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}

#[test]
fn an_environment_survives_json_with_its_digest() {
    let text = r#"{"provider": "p", "model": "m", "set": {"temperature": 0.2}, "max_concurrency": 3}"#;
    let environment: Environment = serde_json::from_str(text).unwrap();
    let again: Environment = serde_json::from_str(&serde_json::to_string(&environment).unwrap()).unwrap();
    assert_eq!(environment.digest(), again.digest());
}
