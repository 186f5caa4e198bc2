//! Files that are refused for one place alone: unknown keys, wrong kinds, references that lead nowhere.

use super::{parse, problems};

#[test]
fn a_misspelt_key_shows_its_line_and_the_key_that_was_meant() {
    let text = "providers: {openai: {dialect: openai}}
deployments:
  gpt-4.1:
    blue:
      provider: openai
      modle: gpt-4.1
";
    insta::assert_snapshot!(parse(text).unwrap_err().render(false), @r"
    error: unknown key `modle`
     --> crossfade.yaml:6:7  deployments.gpt-4.1.blue.modle
      |
    6 |       modle: gpt-4.1
      |       ^^^^^ did you mean `model`?

    crossfade.yaml: 1 problem
    ");
}

#[test]
fn with_colour_the_same_words_are_painted() {
    let problems = parse("{providers: {p: {dialect: opnai}}}").unwrap_err();
    let painted = problems.render(true);
    assert!(painted.contains("\x1b[1;31merror\x1b[0m"));
    let plain: String = painted
        .split('\x1b')
        .map(|part| {
            part.split_once('m')
                .filter(|(code, _)| code.starts_with('['))
                .map_or(part, |(_, text)| text)
        })
        .collect();
    assert_eq!(plain, problems.render(false));
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = "listen: 8080
providers:
  openai: {dialect: opnai, api_key: ${NOPE}, base_ulr: x}
deployments:
  gpt-4.1:
    blue: {provider: opena, model: gpt-4.1, timeouts: {connect: 3}}
    split: {green: 12.345}
    stikcy: auto
aliases: {gpt-4: gpt-4.2}
keys:
  - {name: app, secret: ${NOPE}, models: [gpt-4.7]}
";
    insta::assert_snapshot!(problems(text), @r#"
    1:9 listen: `8080` is not an address to listen on (write an address and a port, as in 127.0.0.1:8080 or 0.0.0.0:8080)
    3:21 providers.openai.dialect: expected one of openai, anthropic, gemini, found `opnai` [openai]
    3:37 providers.openai.api_key: the environment variable NOPE is not set (set it, or give a default: ${NOPE:-value})
    3:46 providers.openai.base_ulr: unknown key `base_ulr` [base_url]
    6:22 deployments.gpt-4.1.blue.provider: there is no provider `opena` [openai] (providers: openai)
    6:65 deployments.gpt-4.1.blue.timeouts.connect: `3` has no unit (write a number and its unit, as in 500ms, 3s, 10m, 24h or 7d)
    7:20 deployments.gpt-4.1.split.green: 12.345 is not a step of 0.01 (write a percentage from 0 to 100 in steps of 0.01)
    8:5 deployments.gpt-4.1.stikcy: unknown key `stikcy` [sticky]
    9:18 aliases.gpt-4: the alias `gpt-4` leads to `gpt-4.2`, which does not exist [gpt-4.1] (deployments: gpt-4.1)
    11:25 keys[0].secret: the environment variable NOPE is not set (set it, or give a default: ${NOPE:-value})
    11:43 keys[0].models[0]: the key `app` allows `gpt-4.7`, which does not exist [gpt-4.1] (name deployments, aliases or provider/model; "*" allows all)
    "#);
}

#[test]
fn unknown_keys_are_refused_on_every_level() {
    let text = "{porviders: {}, providers: {p: {dialect: openai, htp2: true}}, limits: {bodi: 1MiB}, wholly: 1, retry: {budget_per_second: 5000000000, budget_percent: 101},
 deployments: {m: {blue: {provider: p, model: m, health: {intervall: 1s}}, gren: {}}},
 plans: {x: {phases: [{weight: 100, min_reqests: 1}], analysis: {metrics: {eror: {}}}}}}";
    insta::assert_snapshot!(problems(text), @r"
    1:2 porviders: unknown key `porviders` [providers]
    1:50 providers.p.htp2: unknown key `htp2` [http2]
    1:73 limits.bodi: unknown key `bodi` [body]
    1:86 wholly: unknown key `wholly` (known keys here: listen, admin, admin_token, tokens, admin_hosts, store, workers, drain, keep_previous, key_headers, providers, deployments, aliases, plans, keys, accounts, topups, prices, list_prices, services, limits, limiter, retry, retention, otlp, log)
    1:124 retry.budget_per_second: expected a whole number from 0 to 4294967295, found 5000000000
    1:152 retry.budget_percent: expected a whole number from 0 to 100, found 101
    2:59 deployments.m.blue.health.intervall: unknown key `intervall` [interval]
    2:76 deployments.m.gren: unknown key `gren` [green]
    3:37 plans.x.phases[0].min_reqests: unknown key `min_reqests` [min_requests]
    3:76 plans.x.analysis.metrics.eror: unknown key `eror` [error]
    ");
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    let text = "{providers: [], workers: two, drain: 10, log: {level: loud}, retry: nope, key_headers: X-Key, limits: {body: 1parsec},
 services: {w: {hosts: app, blue: {url: 'tcp://x'}, health: {retries: 0}}},
 deployments: {m: {blue: {provider: [a], model: }, rescue: yes}}}";
    insta::assert_snapshot!(problems(text), @r"
    1:13 providers: expected a mapping, found a list
    1:13 providers: there are no providers, so there is nothing to route to (add one, as in `openai: {dialect: openai, api_key: ${OPENAI_API_KEY}}`)
    1:26 workers: expected a whole number from 1 to 1024, found `two`
    1:38 drain: `10` has no unit (write a number and its unit, as in 500ms, 3s, 10m, 24h or 7d)
    1:55 log.level: expected one of error, warn, info, debug, trace, found `loud`
    1:69 retry: expected a mapping, found a single value
    1:88 key_headers: expected a list, found a single value (write it as [one, another])
    1:110 limits.body: `1parsec` is not a size (write a number and its unit, as in 8KiB or 64MiB)
    2:24 services.w.hosts: expected a list, found a single value (write it as [one, another])
    2:41 services.w.blue.url: a URL begins with http:// or https:// (write the scheme, the host and the path, as in https://api.openai.com/v1)
    2:71 services.w.health.retries: expected a whole number from 1 to 100, found 0
    3:37 deployments.m.blue.provider: expected text, found a list
    3:47 deployments.m.blue.model: expected text, found nothing
    3:60 deployments.m.rescue: expected true or false, found `yes`
    ");
}

#[test]
fn shares_are_from_0_to_100_in_steps_of_a_hundredth() {
    let text = "providers: {p: {dialect: openai}}
deployments:
  a: {blue: &b {provider: p, model: m}, green: *b, split: {green: 100.01}}
  b: {blue: *b, green: *b, split: {green: 0.001}}
  c: {blue: *b, green: *b, split: {green: -1}}
  d: {blue: *b, green: *b, split: {green: half}}
";
    insta::assert_snapshot!(problems(text), @r"
    3:67 deployments.a.split.green: 100.01 is not between 0 and 100 (write a percentage from 0 to 100 in steps of 0.01)
    4:43 deployments.b.split.green: 0.001 is not a step of 0.01 (write a percentage from 0 to 100 in steps of 0.01)
    5:43 deployments.c.split.green: -1 is not between 0 and 100 (write a percentage from 0 to 100 in steps of 0.01)
    6:43 deployments.d.split.green: `half` is not a percentage (write a percentage from 0 to 100 in steps of 0.01)
    ");
}

#[test]
fn missing_variables_and_broken_references_are_named() {
    let text = "providers:
  a: {dialect: openai, api_key: ${NOPE}}
  b: {dialect: openai, api_key: \"${NOPE_TOO\"}
  c: {dialect: openai, base_url: http://${HOST}/v1, models: [\"${1}\"]}
";
    insta::assert_snapshot!(problems(text), @r"
    2:33 providers.a.api_key: the environment variable NOPE is not set (set it, or give a default: ${NOPE:-value})
    3:33 providers.b.api_key: `${` is not a reference to an environment variable (write ${NAME} or ${NAME:-default}; $${ stands for ${ itself)
    4:34 providers.c.base_url: the environment variable HOST is not set (set it, or give a default: ${HOST:-value})
    4:62 providers.c.models[0]: `${1}` is not a reference to an environment variable (write ${NAME} or ${NAME:-default}; $${ stands for ${ itself)
    ");
}

#[test]
fn repeated_keys_are_refused() {
    let text = "providers: {p: {dialect: openai, dialect: gemini}}\nlisten: 127.0.0.1:1\nproviders: {}\n";
    insta::assert_snapshot!(problems(text), @r"
    1:34 providers.p.dialect: the key `dialect` stands here twice (the first is on line 1; keep one of them)
    3:1 providers: the key `providers` stands here twice (the first is on line 1; keep one of them)
    ");
}

#[test]
fn what_is_missing_is_named() {
    let text = "{providers: {p: {}}, keys: [{name: a}], prices: {m: {input: 1}}, deployments: {m: }}";
    insta::assert_snapshot!(problems(text), @r"
    1:17 providers.p.dialect: `dialect` is missing (`dialect` is needed here)
    1:29 keys[0].secret: `secret` is missing (`name` and `secret` are needed here)
    1:53 prices.m.output: `output` is missing (`input` and `output` are needed here)
    1:81 deployments.m.blue: `blue` is missing (`blue` is needed here)
    ");
}

#[test]
fn a_text_that_is_no_yaml_is_told_with_its_place() {
    for (text, shown) in [
        ("listen: [1, 2", "1:9 : this is not YAML: unclosed bracket '['\n"),
        (
            "a: b: c",
            "1:5 : this is not YAML: mapping values are not allowed in this context\n",
        ),
        (
            "a: *nope",
            "1:4 : this is not YAML: while parsing node, found unknown anchor\n",
        ),
        (
            "--- {}\n--- {}",
            "2:1 : a second document begins here; the configuration is one\n",
        ),
        ("a: !secret b", "1:12 : the tag `!secret` means nothing here\n"),
        ("[a]: b", "1:1 : a key is a plain text\n"),
    ] {
        assert_eq!(problems(text), shown, "{text}");
    }
}

#[test]
fn a_text_that_grows_without_end_is_refused() {
    let bomb: String = std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned())
        .chain((1..10).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "))))
        .collect();
    assert!(problems(&bomb).contains("there are more than 200000 values"));
    assert!(problems(&"[".repeat(10_000)).contains("this is not YAML"));
    assert!(problems(&format!("a: {}", "- ".repeat(1_000))).contains("YAML"));
}

#[test]
fn an_empty_file_says_what_is_needed() {
    insta::assert_snapshot!(problems("# nothing yet\n"), @"1:1 providers: there are no providers, so there is nothing to route to (add one, as in `openai: {dialect: openai, api_key: ${OPENAI_API_KEY}}`)");
}
